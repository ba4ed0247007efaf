"""What a log message is: one table, kind → pattern.

Sentences of the 2016, 2019 and 2026 engines (platform_runs; JOINQUANT.md §7). The older ones use ASCII colons and
other levels, so a pattern never asks for the level. A message is matched whole, its line breaks included: the error
text of an order may hold several lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FENCE = re.compile(r"\s*```")
OMITTED = re.compile(r"\s*(?:\.{3}|…+)\s*[（(](?P<what>[^（）()]*)[）)]\s*(?:\.{3}|…+)\s*")

TRACEBACK = "Traceback (most recent call last)"

_STOCK_ORDER = r"\w*Order\((?P<order>.*)\)"
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?(?:e[+-]?\d+)?|nan|inf)"


@dataclass(frozen=True)
class Kind:
    """One kind of message; ``opening`` recognises the start of a message of this kind that was cut off."""

    name: str
    label: str
    pattern: re.Pattern[str]
    opening: re.Pattern[str] | None = None


def _kind(name: str, label: str, pattern: str, opening: str = "") -> Kind:
    flags = re.DOTALL | re.ASCII
    return Kind(name, label, re.compile(pattern, flags), re.compile(opening, flags) if opening else None)


KINDS = (
    _kind(
        "rounding",
        "数量取整",
        rf"(?P<why>[^()]*调整为\s*(?P<amount>-?\d+)\s*)[:：]\s*{_STOCK_ORDER}",
        r"(?:开仓|平仓)数量(?:必须|不能)|因为资金有限",
    ),
    _kind("refused", "下单失败", rf"(?P<why>(?:下单失败|[开平]仓数量不能)[^()]*?)[:：]\s*{_STOCK_ORDER}", "下单失败"),
    _kind("quantity_check", "检查数量", rf"下单检查标的数量\s*[:：]\s*{_STOCK_ORDER}", "下单检查标的数量"),
    _kind("submitted", "订单已提交", rf"订单已提交\s*[:：]\s*{_STOCK_ORDER}", "订单已提交"),
    _kind(
        "fill",
        "成交",
        rf"order {_STOCK_ORDER} trade price: (?P<price>{_NUMBER}), amount:\s*(?P<amount>{_NUMBER}), "
        rf"commission: (?P<fee>{_NUMBER})",
        r"order \w*Order\(",
    ),
    _kind("entrusted", "订单已委托", rf"订单已委托\s*[:：]\s*{_STOCK_ORDER}", "订单已委托"),
    _kind("failed", "委托失败", rf"订单委托失败\s*[:：]\s*{_STOCK_ORDER}", "订单委托失败"),
    _kind("cancelled", "订单取消", rf"订单取消完成\s*[:：]\s*{_STOCK_ORDER}", "订单取消"),
    _kind("limit_cancel", "涨跌停撤单", rf"(?P<why>已经[涨跌]停[^()]*?)[:：]\s*{_STOCK_ORDER}", "已经[涨跌]停"),
    _kind(
        "zero_volume",
        "成交量为零",
        rf"(?P<why>该标的截至到目前成交量为0[^()]*?)[:：]\s*{_STOCK_ORDER}",
        "该标的截至到目前成交量",
    ),
    _kind(
        "missing_position",
        "持仓不存在",
        r"Security\(code=(?P<code>[^()\s]+)\) 在 positions 中不存在.*都是 0\s*",
        r"Security\(code=",
    ),
    _kind("audit", "审计行", r"AUDIT\|(?P<audit>.*)", ""),
    _kind("traceback", "异常", rf".*{re.escape(TRACEBACK)}.*", ""),
    _kind("refusal", "调仓中止", r"(?:调仓中止|内核自检: 不一致).*", ""),
)
AUDIT = next(kind for kind in KINDS if kind.name == "audit")
STOPPED = frozenset(("traceback", "refusal"))  # the strategy died, or an exported one would not trade
PLATFORM_SHAPED = re.compile(r"Order\((?:entrust_id|security)=")
_MARKS = re.compile(
    r"Order\(|Security\(code=|\AAUDIT\||Traceback \(|\A(?:调仓中止|内核自检)"
)  # no kind is without one of these
_LONGEST_SENTENCE = 16_000  # no order message comes near; keeps the cost of hostile lines small
LABELS = {kind.name: kind.label for kind in KINDS} | {
    "user": "用户日志",
    "continuation": "续行",
    "blank": "空行",
    "outside": "日志外文字",
    "omitted": "省略标记",
    "cut": "截断",
    "unknown": "未识别",
}


def classify(text: str) -> tuple[str, re.Match[str] | None]:
    """Return the kind of a whole message and its match.

    ``cut``: it starts as a platform sentence but does not end as one. ``unknown``: it shows an order as the platform
    prints them, in a sentence that the table lacks. Everything else the strategy itself wrote: ``user``.
    """
    if not _MARKS.search(text):
        return "user", None
    kinds = KINDS if len(text) <= _LONGEST_SENTENCE else (AUDIT,)
    for kind in kinds:
        match = kind.pattern.fullmatch(text)
        if match:
            return kind.name, match
    for kind in KINDS:
        if kind.opening and kind.opening.match(text) and not _ends_whole(text):
            return "cut", None
    return ("unknown" if PLATFORM_SHAPED.search(text) else "user"), None


def _ends_whole(text: str) -> bool:
    """An order object that is closed was not cut: the sentence is one that the table lacks."""
    return text.rstrip().endswith(")") and not text.startswith("order ")
