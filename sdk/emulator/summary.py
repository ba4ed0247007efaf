"""The figures under the names and in the order of JoinQuant's result page, and one line of verdict.

Percentages with two places, ratios with three (JOINQUANT.md §8).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sdk.emulator.result import RunResult

LABELS: tuple[tuple[str, str, str], ...] = (
    ("策略收益", "algorithm_return", "%"),
    ("策略年化收益", "annual_algo_return", "%"),
    ("超额收益", "excess_return", "%"),
    ("基准收益", "benchmark_return", "%"),
    ("阿尔法", "alpha", "ratio"),
    ("贝塔", "beta", "ratio"),
    ("夏普比率", "sharpe", "ratio"),
    ("胜率", "win_ratio", "ratio"),
    ("盈亏比", "profit_loss_ratio", "ratio"),
    ("最大回撤", "max_drawdown", "%"),
    ("索提诺比率", "sortino", "ratio"),
    ("日均超额收益", "avg_excess_return", "%"),
    ("超额收益最大回撤", "excess_return_max_drawdown", "%"),
    ("超额收益夏普比率", "excess_return_sharpe", "ratio"),
    ("日胜率", "day_win_ratio", "ratio"),
    ("盈利次数", "win_count", "count"),
    ("亏损次数", "lose_count", "count"),
    ("信息比率", "information", "ratio"),
    ("策略波动率", "algorithm_volatility", "ratio"),
    ("基准波动率", "benchmark_volatility", "ratio"),
    ("最大回撤区间", "max_drawdown_period", "dates"),
)


def figure_rows(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the 21 (label, printed value) pairs of the result page."""
    return [(label, printed(figures[key], form)) for label, key, form in LABELS]


def printed(value: Any, form: str) -> str:
    """Return a figure as the result page prints it; ``--`` for one that does not exist."""
    if form == "dates":
        return ",".join(f"{day:%Y/%m/%d}" for day in value)
    if isinstance(value, float) and not math.isfinite(value):
        return "--"
    return {"%": f"{value:.2%}", "ratio": f"{value:.3f}", "count": str(value)}[form]


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
