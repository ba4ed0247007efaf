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
    # ---------------------------------------------------------------------------------------------------- orders
    Rule(
        *("queued_limit_orders", "day_bar", ("never",)),
        "挂单的限价单在没有分钟线时：收盘时用当日最高、最低价撮合一次，成交价为限价",
        "§3.5 matches every minute; a day bar is the coarsest form of that",
        "inferred",
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
        *("closed_position_leaves", "immediately", ("after_close",)),
        "清仓后何时从 positions 消失",
        "len(positions) right after the sells is how published strategies size their buys; §13.3",
        "inferred",
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
