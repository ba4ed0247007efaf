"""Rules about prices of fills, quantities, fees and orders; ``rules.py`` says what a rule is."""

from __future__ import annotations

from sdk.emulator.rule import Rule

TRADING_RULES: tuple[Rule, ...] = (
    # ------------------------------------------------------------------------------------------ prices of fills
    Rule(
        *("stock_price_rounding", "nearest", ("floor", "none")),
        "成交价取整：股票，滑点之后到 0.01",
        "219 of 219 fills of small_cap_2021; JOINQUANT.md §14.13",
        "observed",
    ),
    Rule(
        *("index_price_rounding", "floor", ("nearest", "none")),
        "成交价取整：指数，滑点之后到 0.01",
        "4 of 4 fills of ma_crossover_2026; §2.4",
        "observed",
    ),
    Rule(
        *("fund_price_rounding", "nearest", ("floor", "none")),
        "成交价取整：基金，滑点之后到 0.001",
        "smoke_510300_2025: 4.015 is 4.01 × 1.00123 rounded, 4.014 truncated; its bar is not known",
        "inferred",
    ),
    Rule(
        *("limit_test_price", "rounded", ("exact",)),
        "涨跌停判断用的价格：滑点并取整之后，或取整之前",
        "§3.4 speaks of the price with half the spread and does not say whether it is rounded",
        "guess",
    ),
    Rule(
        *("intraday_price_without_minutes", "open", ("close", "average")),
        "没有分钟线时 9:30–15:00 之间的最新价：当日开盘价（15:00 起为收盘价）",
        "the platform uses minute bars (§3.3); a bundle without them knows the open only",
        "guess",
    ),
    Rule(
        *("minute_calls_without_minutes", "day_bar", ("refuse",)),
        "行情包没有分钟线时按分钟取数：用日线拼出（14:59 前为盘中价，15:00 那根含全天其余）；refuse = 报错",
        "the platform always has minute bars; strategies ask for '1m' mostly to learn the latest price",
        "guess",
    ),
    Rule(
        *("newest_minute_bar", "label_now", ("label_before",)),
        "HH:MM 时最新的分钟线：标签为 HH:MM 的那根（刚结束）；label_before = 标签早于 HH:MM；定价与取数同用",
        "§1.3: the call at 14:59 gets the bar of 14:58–14:59; the get_price example of §1.4 shows labels below HH:MM",
        "documented",
    ),
    # ------------------------------------------------------------------------------------------------ quantities
    Rule(
        *("value_order_shares", "target_first", ("delta_first",)),
        "按价值下单：先把目标取整为股数，再减持仓；或先求差再取整",
        "219 of 219 orders of small_cap_2021 against 218; §14.15",
        "observed",
    ),
    Rule(
        *("cash_cap_price", "last", ("fill",)),
        "“因为资金有限”的上限 = 现金 ÷ 最新价（滑点前），不预留手续费",
        "2021-02-01: 23683.87 ÷ 7.12 = 3326; §14.2",
        "observed",
    ),
    Rule(
        *("zero_lot_change", "silent", ("error",)),
        "已有持仓的目标单（或卖出）取整后为 0：不下单、不写日志、不占委托号",
        "small_cap_2021: 12 held stocks with deltas from −74 to +93 left no line and no gap in the ids",
        "observed",
    ),
    Rule(
        *("zero_lot_buy", "error", ("silent",)),
        "其余买入取整后为 0：提示调整为 0，随后 订单委托失败 … 开仓数量不能小于 100",
        "template_000001_2019 from 2019-01-08; 8 cases in 2026 logs (§14.10)",
        "observed",
    ),
    Rule(
        *("zero_quantity_line", "warning", ("silent",)),
        "order / order_value 的股数一开始就是 0：WARNING 下单失败，初步检查下单数量为0",
        "template_000001_2016 (older engine); not seen in 2026",
        "inferred",
    ),
    Rule(
        *("volume_cap_rounding", "share", ("lot",)),
        "成交量上限 = 当日成交量 × order_volume_ratio，取整到股或手",
        "§2.1, §3.4 name the cap, not its rounding",
        "guess",
    ),
    Rule(
        *("star_sell_needs_protect_price", "yes", ("no",)),
        "科创板市价卖单也必须有保护限价",
        "§3.10 says STAR market order; the logs show buys only",
        "inferred",
    ),
    Rule(
        *("t0_funds", "money", ("exchange",)),
        "当日买入当日可卖的基金：仅货币基金；exchange = 另加跨境、债券、黄金 ETF",
        "511880 traded both ways on 2023-09-01 (gbk_exports_2023); others not seen",
        "observed",
    ),
    Rule(
        *("star_partial_sell", "any", ("first_lot",)),
        "科创板部分卖出：任意股数；first_lot = 至少 200 股，余股不足 200 股时一次卖出",
        "exchange rule; not seen on the platform (§13.9)",
        "guess",
    ),
    Rule(
        *("bse_lot", "100/1", ()),
        "北交所每笔买入的最小股数 / 递增单位",
        "exchange rule: 100 起，以 1 股递增; the platform's text names none (§3.9)",
        "guess",
    ),
    Rule(
        *("bond_lot", "10/10", ()),
        "可转债每笔买入的最小张数 / 递增单位；当日可卖",
        "exchange rule; the platform's text names none (§3.9)",
        "guess",
    ),
    Rule(
        *("orders_a_day", "10000", ()),
        "每日下单的最大数量；之后的下单返回 None 并写 ERROR（文字未见实例）",
        "the number is documented (§1.4), what happens beyond it is not",
        "documented",
    ),
    Rule(
        *("close_today_on_stocks", "refuse", ("ignore",)),
        "股票、基金下单时 close_today=True：订单失败；ignore = 不看这个参数",
        "the platform's page: other exchanges 将会报错",
        "documented",
    ),
    # ------------------------------------------------------------------------------------------------------ fees
    Rule(
        *("commission_rounding", "none", ("cent",)),
        "手续费是否四舍五入到分（2018 年的引擎会）",
        "28.196279999999998 in ma_crossover_2026; 28.61 in template_000001_2016",
        "observed",
    ),
    Rule(
        *("fund_default_cost", "0.0003/0.0003/0/5", ()),
        "基金未设置费用时：买佣/卖佣/卖税/最低",
        "commission 5.0 on 9,636 yuan of 510300 (smoke_510300_2025)",
        "inferred",
    ),
    Rule(
        *("money_fund_default_cost", "0/0/0/0", ()),
        "货币基金未设置费用时：买佣/卖佣/卖税/最低",
        "511880 without any fee where only type='stock' was set (gbk_exports_2023)",
        "observed",
    ),
    Rule(
        *("bond_default_cost", "0.0003/0.0003/0/5", ()),
        "可转债未设置费用时：买佣/卖佣/卖税/最低",
        "as for funds; not seen",
        "guess",
    ),
    Rule(
        *("fund_tax", "never", ("as_set",)),
        "基金、可转债的印花税：从不收取，即使 OrderCost 里设了",
        "the platform's page on set_order_cost: 只股票类标的收取，基金与期货不收",
        "documented",
    ),
    Rule(
        *("money_fund_takes_fund_settings", "no", ("yes",)),
        "type='fund' 的费用是否也用于货币基金（mmf）",
        "mmf is a type of its own in the list (§2.3)",
        "inferred",
    ),
    # ---------------------------------------------------------------------------------------------------- orders
    Rule(
        *("queued_limit_orders", "day_bar", ("never",)),
        "挂单的限价单在没有分钟线时：收盘时用当日最高、最低价撮合一次，成交价为限价",
        "§3.5 matches every minute; a day bar is the coarsest form of that",
        "inferred",
    ),
    Rule(
        *("lunch_orders", "queue", ("now",)),
        "11:30 之后、13:00 之前下的单：排队到 13:00 撮合；now = 立即按 11:30 的价格撮合",
        "§3.7: orders outside trading hours are queued; no run with such an order is known",
        "inferred",
    ),
    Rule(
        *("stop_order_price", "last", ("stop",)),
        "止损止盈单被某根分钟线触发后的最新价：该分钟收盘价；stop = 触发价",
        "§3.6 names the trigger, not the price after it; §3.3 takes the last price of the minute",
        "inferred",
    ),
    Rule(
        *("stop_orders_without_minutes", "stop_price", ("close", "never")),
        "没有分钟线时止损止盈单：收盘时用当日最高、最低价触发一次，按触发价成交；close = 按收盘价",
        "§3.6; a day bar is the coarsest form of it",
        "guess",
    ),
    Rule(
        *("sliding_bars_rest", "drop", ("keep",)),
        "Xm / Xd 滑动合成（get_price、history）时开头不足 X 根的部分：丢弃；keep = 保留为一根",
        "§6.1: a sliding window ending at the end point; what is left over is not mentioned",
        "guess",
    ),
    Rule(
        *("call_auction_volume", "nan", ("refuse", "first_minute")),
        "get_call_auction 的 volume / money 与盘口：NaN；refuse = 报错；first_minute = 第一根分钟线",
        "§6.6; no bar separates the auction from the first minute",
        "guess",
    ),
    Rule(
        *("confirm_line_after_cancel", "no", ("yes",)),
        "市价单被撤销后是否还写 订单已委托",
        "§14.6 quotes the WARNING and 订单取消完成 only",
        "inferred",
    ),
    Rule(
        *("paused_order_line", "warning", ("silent",)),
        "停牌下单：WARNING 下单失败，标的停牌（文字未见实例）",
        "§3.10: the call returns None; the text is not known",
        "guess",
    ),
    Rule(
        *("refused_request_line", "warning", ("silent",)),
        "做空、无此仓位、找不到标的、平今：WARNING 下单失败，…（文字未见实例），调用返回 None",
        "§3.10: the call returns None; the text is not known",
        "guess",
    ),
    Rule(
        *("basket_refused_line", "error", ("silent",)),
        "篮子下单校验失败：ERROR 篮子下单失败，全部未委托：…（文字未见实例），返回空列表",
        "the platform's page on batch_submit_orders: 整个委托将会失败; neither text nor return value is named",
        "guess",
    ),
    Rule(
        *("closed_position_leaves", "immediately", ("after_close",)),
        "清仓后何时从 positions 消失",
        "len(positions) right after the sells is how published strategies size their buys; §13.3",
        "inferred",
    ),
    Rule(
        *("signal_limit_price", "limit", ("last",)),
        "match_by_signal 下限价单的成交价：委托价；last = 最新价",
        "§2.1: 不对委托价格和成交数量进行任何检查而直接成交; the price is not named",
        "inferred",
    ),
    Rule(
        *("nothing_closeable", "error", ("silent",)),
        "卖出时可平仓数量（T+1）为 0：ERROR 订单委托失败 … 因为可平仓数量有限，下单数量调整为 0（文字未见实例）",
        "§3.9: a sale is limited by closeable_amount; the text is not known",
        "guess",
    ),
)
