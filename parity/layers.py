"""Layers, in the order in which a difference is born, and what is compared in each.

A comparison is one value of one moment and code on both sides. Numbers are compared by the rule of
``sdk.report.numbers``: bit for bit where both files print full floats, within the printed precision where a table
rounds. Figures are sums over a whole run in an order that the platform does not tell: 1e-9 is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sdk.report.numbers import Reading, full_float, same
from sdk.report.plain_text import plain

LAYERS = (
    "inputs",
    "features",
    "score",
    "rank/ties",
    "target",
    "order",
    "size",
    "fill price",
    "fee",
    "cash",
    "position",
    "close valuation",
    "NAV",
    "figure",
)
CHINESE = {
    "inputs": "输入数据",
    "features": "特征",
    "score": "得分",
    "rank/ties": "排序与并列",
    "target": "目标仓位",
    "order": "下单",
    "size": "数量",
    "fill price": "成交价",
    "fee": "手续费",
    "cash": "现金",
    "position": "持仓",
    "close valuation": "收盘估值",
    "NAV": "净值",
    "figure": "指标",
}
_AUDIT, _ORDERS, _FILLS = "AUDIT 行 audit lines", "订单 orders (log.txt, transaction.csv)", "成交 fills"
_POSITIONS, _FIGURES = "position.csv", "指标 figures (run.json, stats.json)"
NEEDS = {
    "inputs": _AUDIT,
    "features": "特征值 (文件不含 no file prints them)",
    "score": _AUDIT,
    "rank/ties": _AUDIT,
    "target": _AUDIT,
    "order": _ORDERS,
    "size": _ORDERS,
    "fill price": _FILLS,
    "fee": _FILLS,
    "cash": _POSITIONS,
    "position": _POSITIONS,
    "close valuation": _POSITIONS,
    "NAV": "position.csv / result.csv",
    "figure": _FIGURES,
}
FIGURE_TOLERANCE = 1e-9
EQUAL, DIFFERENT, UNJUDGED = "equal", "different", "not comparable"
NONE = "无 none"
_LONG_VALUES = 1_000


@dataclass(frozen=True)
class Comparison:
    """One value on both sides. ``moment`` is empty for the whole run; ``why`` says why it could not be judged."""

    layer: str
    field: str
    moment: str
    code: str
    local: str
    platform: str
    outcome: str
    why: str = ""
    where: tuple[str, str] = ("", "")

    def order(self) -> tuple[str, int]:
        """Sort key: time, then layer. A day without a time counts as its open, the whole run as its end."""
        moment = self.moment if len(self.moment) != 10 else f"{self.moment} 09:30:00"
        return moment or "9999", LAYERS.index(self.layer)


@dataclass(frozen=True)
class Rule:
    """One compared field of a record: its layer, its name, and how it is read (None: this file does not say)."""

    layer: str
    name: str
    read: Callable[[Any], Reading | None]


def _text(value: str) -> Reading | None:
    return Reading(value) if value else None


def _number_or_text(value: str) -> Reading | None:
    """A target may be printed as shares or as CNY; ``100`` and ``100.0`` are one target."""
    try:
        return full_float(value)
    except ValueError:
        return _text(value)


def _compact(reason: str) -> str:
    """The engines set blanks differently in one and the same error text."""
    return "".join(reason.split())


def _adjustment(order: Any) -> Reading | None:
    """A log prints the error text, empty for none; a table does not, nor does a log that ends within the order."""
    return Reading(_compact(order.reason)) if order.mode and order.status else None


ORDER_RULES = (
    Rule("order", "买卖 direction", lambda order: _text(order.direction)),
    Rule("order", "委托时间 time", lambda order: _text(order.moment[11:])),
    Rule("order", "下单方式 mode", lambda order: _text(order.mode)),
    Rule("order", "目标 requested", lambda order: order.requested),
    Rule("order", "委托价 limit price", lambda order: order.limit_price),
    Rule("order", "状态 status", lambda order: _text(order.status)),
    Rule("size", "委托数量 ordered", lambda order: order.ordered),
    Rule("size", "数量调整 adjustment", _adjustment),
)
FILL_RULES = (
    Rule("size", "成交数量 amount", lambda fill: fill.amount),
    Rule("fill price", "成交价 price", lambda fill: fill.price),
    Rule("fill price", "成交额 value", lambda fill: fill.value),
    Rule("fee", "手续费 fee", lambda fill: fill.fee),
    Rule("position", "平仓盈亏 closed gain", lambda fill: fill.gain),
)
HOLDING_RULES = (
    Rule("position", "数量 amount", lambda row: row.amount),
    Rule("position", "可用数量 closeable", lambda row: row.closeable),
    Rule("position", "今手数 today", lambda row: row.today_amount),
    Rule("position", "开仓均价 avg_cost", lambda row: row.avg_cost),
    Rule("close valuation", "收盘价 price", lambda row: row.price),
    Rule("close valuation", "市值 value", lambda row: row.value),
    Rule("close valuation", "盈亏 gain", lambda row: row.gain),
    Rule("close valuation", "当日盈亏 day gain", lambda row: row.day_gain),
    Rule("close valuation", "盈亏占比 gain %", lambda row: row.gain_percent),
    Rule("NAV", "组合总值 total value", lambda row: row.total_value),
    Rule("NAV", "仓位占比 weight", lambda row: row.weight),
)
RESULT_RULES = (
    Rule("cash", "当日买入 bought", lambda row: row.bought),
    Rule("cash", "当日卖出 sold", lambda row: row.sold),
    Rule("NAV", "当日盈利 earned", lambda row: row.earned),
    Rule("NAV", "当日亏损 lost", lambda row: row.lost),
    Rule("NAV", "策略收益 return %", lambda row: row.strategy),
    Rule("NAV", "基准收益 benchmark %", lambda row: row.benchmark),
    Rule("NAV", "超额收益 excess %", lambda row: row.excess),
)
INPUTS_FIELD = "输入 inputs"
AUDIT_RULES = (
    Rule("inputs", "信号日 lag", lambda line: _text(line.get("lag"))),
    Rule("inputs", "股票池 pool", lambda line: _text(line.get("pool"))),
    Rule("inputs", INPUTS_FIELD, lambda line: _text(line.get("inputs"))),
    Rule("score", "原始公式 raw tokens", lambda line: _text(line.get("raw"))),
    Rule("score", "修复后公式 repaired tokens", lambda line: _text(line.get("repaired"))),
    Rule("inputs", "成交额 money of the signal day", lambda line: _text(line.get("money"))),
    Rule("inputs", "中性化 neutralised", lambda line: _text(line.get("neutral"))),
    Rule("rank/ties", "同分先后 rank keys", lambda line: _text(",".join(line.rank_keys))),
    Rule("rank/ties", "已持有 held before", lambda line: _text(line.get("held"))),
    Rule("rank/ties", "并列 ties", lambda line: _text(line.get("ties"))),
)
STOCK_RULES = (
    Rule("score", "得分 score", lambda stock: stock.score),
    Rule("rank/ties", "名次 rank", lambda stock: _text(stock.rank)),
    Rule("target", "目标 target", lambda stock: _number_or_text(stock.target)),
)


def judge(
    rules: tuple[Rule, ...], moment: str, code: str, local: Any, platform: Any, where: tuple[str, str] = ("", "")
) -> Iterator[Comparison]:
    """Compare two records of one kind field by field; a field that neither side prints is left out."""
    for rule in rules:
        one, other = rule.read(local), rule.read(platform)
        if one is not None or other is not None:
            yield compare(rule.layer, rule.name, moment, code, one, other, where=where)


def compare(
    layer: str,
    name: str,
    moment: str,
    code: str,
    one: Reading | None,
    other: Reading | None,
    tolerance: float = 0.0,
    where: tuple[str, str] = ("", ""),
) -> Comparison:
    """Compare one value; where a side does not print it, it is not comparable."""
    shown = one.text if one else "", other.text if other else ""
    if one is None or other is None:
        side = "本地 local" if one is None else "平台 platform"
        return Comparison(layer, name, moment, code, *shown, UNJUDGED, f"{side} 未给出 does not print it", where)
    outcome = EQUAL if same(one, other, tolerance) else DIFFERENT
    return Comparison(layer, name, moment, code, *shown, outcome, where=where)


def absent(
    layer: str, name: str, moment: str, code: str, local: str, platform: str, where: tuple[str, str]
) -> Comparison:
    """A record that one side has and the other, though it tells about that moment, has not."""
    return Comparison(layer, name, moment, code, local or NONE, platform or NONE, DIFFERENT, where=where)


def uncovered(layer: str, name: str, moment: str, code: str, local: str, platform: str, why: str) -> Comparison:
    """A record that one side has, of a moment about which the other tells nothing."""
    return Comparison(layer, name, moment, code, local, platform, UNJUDGED, why)


def contrast(one: str, other: str, limit: int) -> tuple[str, str]:
    """Return both texts in at most ``limit`` characters, from shortly before the place where they part."""
    shorter = min(len(one), len(other))
    start = next((at for at in range(shorter) if one[at] != other[at]), shorter)
    if max(len(one), len(other)) <= limit or start < limit // 2:
        return plain(one, limit), plain(other, limit)
    start -= limit // 4
    return plain("…" + one[start:], limit), plain("…" + other[start:], limit)


def shortened(one: Comparison) -> Comparison:
    """Return the comparison with long values cut to where they part, so that a report of many stays small."""
    if len(one.local) + len(one.platform) <= _LONG_VALUES:
        return one
    local, platform = contrast(one.local, one.platform, _LONG_VALUES // 2)
    return replace(one, local=local, platform=platform)
