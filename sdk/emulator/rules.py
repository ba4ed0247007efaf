"""What the platform does where its documentation is silent or contradicts itself: rules as data.

Each rule has one value in force, the alternatives the engine also knows, the evidence and how sure we are. The
engine reads the rules; nobody hard-codes one. ``run_backtest(rules={"name": "value"})`` and
``--rule name=value`` choose another value, and the run writes down what differs. ``docs/emulator.md`` is made
from this table (``rules_page.py``).

How sure: ``observed`` = in real platform output; ``documented`` = the platform's text; ``inferred`` = follows
from one of the two; ``guess`` = a choice that still waits for evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sdk.errors import ConfigError, nearest

Sure = Literal["observed", "documented", "inferred", "guess"]


@dataclass(frozen=True)
class Rule:
    """One uncertain point of the platform; ``alternatives`` empty = any number or text of the same kind."""

    name: str
    value: str
    alternatives: tuple[str, ...]
    meaning: str
    evidence: str
    sure: Sure


RULES: tuple[Rule, ...] = (
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
        *("nothing_closeable", "error", ("silent",)),
        "卖出时可平仓数量（T+1）为 0：ERROR 订单委托失败 … 因为可平仓数量有限，下单数量调整为 0（文字未见实例）",
        "§3.9: a sale is limited by closeable_amount; the text is not known",
        "guess",
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
        *("call_auction_volume", "refuse", ("first_minute",)),
        "get_call_auction 的 volume / money：不提供；first_minute = 第一根分钟线（含集合竞价与第一分钟）",
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
    # ---------------------------------------------------------------------------------------------------- account
    Rule(
        *("inout_returns", "principal", ("units",)),
        "出入金后的累计收益 = 总资产 ÷ 累计投入 − 1，当日出入金计入当日本金；units = 按份额净值",
        "the platform's page on inout_cash: 本金是包含当日出入金金额的",
        "documented",
    ),
    Rule(
        *("cash_move_refused", "error_line", ("raise",)),
        "出金、转账超过可取资金：不执行并写 ERROR；raise = 策略出错（文字未见实例）",
        "§2.2 does not say",
        "guess",
    ),
    Rule(
        *("dividend_line", "silent", ("line",)),
        "分红送股是否写一行日志（文字未见实例）",
        "§5.1: a line is emitted, its text is not known",
        "guess",
    ),
    # --------------------------------------------------------------------------------------------------- schedule
    Rule(
        *("before_open_clock", "09:00", ()),
        "'before_open' 的时刻",
        "template_000001_2019 prints 09:00:00",
        "observed",
    ),
    Rule(
        *("after_close_clock", "15:30", ()),
        "'after_close' 的时刻",
        "template_000001_2019 prints 15:30:00",
        "observed",
    ),
    Rule(
        *("strategy_end_clock", "23:59:59.001", ()),
        "on_strategy_end 的时刻（最后一个交易日）",
        "the last line of smoke_510300_2025/log_a.txt: 2025-01-03 23:59:59.001000; its callback is inferred",
        "inferred",
    ),
    Rule(
        *("force_default", "false", ("true",)),
        "run_monthly / run_weekly 的 force 默认值",
        "signature says False, table says True; §1.4",
        "documented",
    ),
    Rule(
        *("out_of_range_n", "nearest", ("skip",)),
        "monthday / weekday 超出该月、该周交易日数：取最近的一天",
        "§1.4: a 4-day week, weekday=5 → day 4",
        "documented",
    ),
    # ------------------------------------------------------------------------------------------ corporate actions
    Rule(
        *("dividend_tax", "0.2", ()),
        "股票现金分红的税率，与持有时间无关；基金为 0",
        "§5.1; 511880 untaxed on 2023-12-29 (gbk_exports_2023)",
        "documented",
    ),
    Rule(
        *("delisted_position", "keep", ("cash",)),
        "退市后的持仓：保留，按最后价计价，不可卖；cash = 退市次日按最后价换成现金",
        "§5.3: no documented treatment",
        "guess",
    ),
    # --------------------------------------------------------------------------------------------------- data API
    Rule(
        *("future_rows_without_guard", "cut", ("give",)),
        "未开 avoid_future_data 时请求未来行：截到已知为止并在 run.json 计数；give = 像平台一样返回",
        "the platform returns them (§6.9); a local run must not know tomorrow",
        "documented",
    ),
    Rule(
        *("adjusted_volume", "integer", ("exact",)),
        "复权成交量 = 原始 ÷ 因子比，取整到股",
        "whole numbers in joinquant_native (§14.9)",
        "observed",
    ),
    Rule(
        *("fund_types", "class", ("fund",)),
        "get_security_info、get_all_securities 的 type：etf、lof、mmf、fja …（按代码与名称）；fund = 一律 fund",
        "the platform's page on both calls lists them; which code is which follows the exchanges' number ranges",
        "documented",
    ),
    Rule(
        *("stored_average", "rounded", ("exact",)),
        "均价 avg：成交额 ÷ 成交量先取到 0.001（股票 2016-02 之前 0.01），再复权取整；exact = 不先取整",
        "joinquant_native: 3,993 of 3,993 traded rows of two stocks; without it 165 differ by a cent",
        "observed",
    ),
    Rule(
        *("indicator_history", "250", ()),
        "技术指标中递推的（EMA、SMA 等）向前取多少根 K 线（不少于参数的 15 倍）",
        "the page's MACD and QACD samples differ by 7e-10, RSI from the exact value by 7e-10: a finite history",
        "inferred",
    ),
    Rule(
        *("winsorize_border", "value", ("limit",)),
        "winsorize(scale=k) 的边界：界内最外的一个值，或 μ ± kσ 本身",
        "the platform's published jqfactor_analyzer takes the value; its documentation says the border",
        "documented",
    ),
    Rule(
        *("numpy_sum", "numpy", ("python",)),
        "不用导入的 sum：numpy 的（列表、数组、DataFrame）；生成器、集合、字典视图仍是 Python 的",
        "13 of 719 public strategies take sum(frame)[0] or sum(frame).iloc[0], some without a star import",
        "inferred",
    ),
    Rule(
        *("fundamentals_default_date", "previous_trading_day", ("calendar_day",)),
        "get_fundamentals 不写 date：前一交易日；calendar_day = 前一自然日（周末公布的报表周一可见）",
        "§6.6: the day before current_dt; whether a weekend counts is not said",
        "inferred",
    ),
    Rule(
        *("statement_seen_from", "pub_date", ("day_after",)),
        "财报自公告日 pubDate 起可见；day_after = 公告日次日起",
        "§6.6; announcements of a day are published the evening before",
        "inferred",
    ),
    Rule(
        *("stat_date_of_the_future", "known", ("error",)),
        "按 statDate 查询：只给出已公布的报表；error = avoid_future_data 时报告期未结束即报错",
        "the platform hands out unpublished ones; BulletTrade refuses statDate (§6.9)",
        "guess",
    ),
    Rule(
        *("fundamentals_row_limit", "5000", ()),
        "get_fundamentals 一次最多返回的行数",
        "§6.6: 5000 in the current page, 10000 in jqdatasdk 1.9.8 and older pages",
        "documented",
    ),
    Rule(
        *("finance_row_limit", "5000", ()),
        "finance.run_query 一次最多返回的行数",
        "§6.6: 4000, newer pages 5000",
        "documented",
    ),
    Rule(
        *("fundamentals_dates", "text", ("date",)),
        "get_fundamentals 结果里 day、pubDate、statDate 的类型：文本 '2019-03-31' 或 datetime.date",
        "jqdatasdk returns text; no platform output seen",
        "guess",
    ),
    Rule(
        *("repeated_columns", "numbered", ("first",)),
        "多表查询里重名的列：第二个叫 code.1；first = 只留第一个",
        "how pandas names repeated columns when it reads the answer",
        "inferred",
    ),
    Rule(
        *("index_weights_without_table", "circulating_value", ("refuse",)),
        "行情包没有权重表时 get_index_weights：按成分股流通市值；refuse = 报错",
        "the index providers weight by free float, which is near",
        "guess",
    ),
    Rule(
        *("future_unlocks", "give", ("cut",)),
        "get_locked_shares 给出今后的解禁；cut = 只到今天",
        "unlock dates are announced in advance; forward_count asks for them (§6.6)",
        "documented",
    ),
    Rule(
        *("style_factors", "zscore", ("raw",)),
        "风格因子 size、beta、momentum、book_to_price_ratio：当日全体股票市值加权去均值、除以标准差；raw = 原值",
        "the platform says winsorised and standardised, without the details",
        "guess",
    ),
    Rule(
        *("panel_line", "once", ("always", "silent")),
        "get_price 取多只标的而不写 panel=False：WARNING 不建议继续使用panel…，每次回测一条；always = 每次调用一条",
        "§6.1 quotes the line of the platform, not how often it comes; Python shows such a warning once a place",
        "inferred",
    ),
    Rule(
        *("log_extra_arguments", "own_line", ("joined",)),
        "print / log.info 的多个参数：各占一条日志",
        "§7.1",
        "documented",
    ),
    Rule(
        *("portfolio_returns", "minus_one", ("ratio",)),
        "portfolio.returns = 总资产 ÷ 投入 − 1",
        "§4.2: the text does not say whether 1 is taken off",
        "inferred",
    ),
    Rule(
        *("first_entrust_id", "1600000000", ()),
        "第一个委托号；平台用运行开始的秒数，本地固定以便两次运行逐字节相同",
        "§3.11",
        "observed",
    ),
)

_TABLE: Mapping[str, Rule] = {rule.name: rule for rule in RULES}


class RuleBook(Mapping[str, str]):
    """The rules in force for one run: the table with a few values changed; ConfigError for what it lacks."""

    def __init__(self, changes: Mapping[str, object] | None = None) -> None:
        self.changes: dict[str, str] = {}
        for name, value in (changes or {}).items():
            self.changes[name] = _checked(name, str(value))

    def __getitem__(self, name: str) -> str:
        return self.changes[name] if name in self.changes else _TABLE[name].value

    def __iter__(self) -> Iterator[str]:
        return iter(_TABLE)

    def __len__(self) -> int:
        return len(_TABLE)


def _checked(name: str, value: str) -> str:
    rule = _TABLE.get(name)
    if rule is None:
        raise ConfigError(f"no rule {name!r}{nearest(name, _TABLE)} (docs/emulator.md lists them)")
    if rule.alternatives and value not in (rule.value, *rule.alternatives):
        raise ConfigError(f"rule {name}={value!r}: choose one of {' '.join((rule.value, *rule.alternatives))}")
    if not rule.alternatives and not _same_form(value, rule.value):
        raise ConfigError(f"rule {name}={value!r}: write it like {rule.value}")
    return value


_NUMBER = r"\d+(\.\d+)?"


def _same_form(value: str, example: str) -> bool:
    """True when ``value`` is a number, a clock time or a list of numbers like ``example``."""
    form = re.sub(_NUMBER, "#", example)
    return re.fullmatch(re.escape(form).replace(re.escape("#"), _NUMBER), value) is not None
