"""Rules about the account, the schedule, corporate actions and the data calls; ``rules.py`` says what a rule is."""

from __future__ import annotations

from sdk.emulator.rule import Rule

DATA_RULES: tuple[Rule, ...] = (
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
    Rule(
        *("day_open_from", "09:27", ("09:25",)),
        "get_current_data()[code].day_open 从几点起可取，此前为 NaN：平台文档所说的 9:27，或集合竞价出开盘价的 9:25",
        "the platform's page: 至少09:27分之后才可获取; but 33 of 1,342 public strategies buy by it at 9:25 or 9:26",
        "documented",
    ),
    # ----------------------------------------------------------------------------------------------- securities
    Rule(
        *("unknown_security", "unlisted", ("error",)),
        "行情包没有、但像交易所代码的标的：当作未上市（无行情、不可交易），run.json 列出；error = 报错",
        "the platform knows every security, a bundle its own; a pool of fifty names should not fail for one",
        "guess",
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
    Rule(
        *("strategy_end_clock", "23:59:59.001", ()),
        "on_strategy_end 的时刻（最后一个交易日）",
        "the last line of smoke_510300_2025/log_a.txt: 2025-01-03 23:59:59.001000; its callback is inferred",
        "inferred",
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
        *("panel_line", "once", ("always", "silent")),
        "get_price 取多只标的而不写 panel=False：WARNING 不建议继续使用panel…，每次回测一条；always = 每次调用一条",
        "§6.1 quotes the line of the platform, not how often it comes; Python shows such a warning once a place",
        "inferred",
    ),
)
