"""The figures under the names and in the order of JoinQuant's result page, and one line of verdict.

Percentages with two places, ratios with three (JOINQUANT.md §8).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sdk.scoring.figure_names import NAMES

if TYPE_CHECKING:
    from sdk.emulator.result import RunResult


def figure_rows(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the 21 (label, printed value) pairs of the result page."""
    return [(name.label, printed(figures[name.key], name.form)) for name in NAMES]


def printed(value: Any, form: str) -> str:
    """Return a figure as the result page prints it; ``--`` for one that does not exist."""
    if form == "period":
        return ",".join(f"{day:%Y/%m/%d}" for day in value)
    if isinstance(value, float) and not math.isfinite(value):
        return "--"
    return {"percent": f"{value:.2%}", "ratio": f"{value:.3f}", "count": str(value)}[form]


def verdict(result: RunResult) -> str:
    """Return the one line that says how the run went."""
    if result.error is not None:
        day = str(result.days[-1]) if len(result.days) else "开始"
        return f"失败：策略在 {day} 之后出错 {type(result.error).__name__}: {result.error}"
    buys = sum(order.is_buy for order in result.trades)
    return (
        f"完成：{len(result.days)} 个交易日，买 {buys} 笔，卖 {len(result.trades) - buys} 笔，"
        f"总资产 {result.total_value[-1]:,.2f} 元"
    )
