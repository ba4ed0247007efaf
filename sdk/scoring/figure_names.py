"""The 21 figures of a backtest page: key of ``get_risk()``, label, form; in the page's order.

Labels from left to right as on the platform's result page (real result rows, JOINQUANT.md §8). Percentages are shown
with two decimals, ratios with three.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FigureName:
    """One figure: get_risk key, label of the page, and how it is shown (percent, ratio, count, period)."""

    key: str
    label: str
    form: str


NAMES = (
    FigureName("algorithm_return", "策略收益", "percent"),
    FigureName("annual_algo_return", "策略年化收益", "percent"),
    FigureName("excess_return", "超额收益", "percent"),
    FigureName("benchmark_return", "基准收益", "percent"),
    FigureName("alpha", "阿尔法", "ratio"),
    FigureName("beta", "贝塔", "ratio"),
    FigureName("sharpe", "夏普比率", "ratio"),
    FigureName("win_ratio", "胜率", "ratio"),
    FigureName("profit_loss_ratio", "盈亏比", "ratio"),
    FigureName("max_drawdown", "最大回撤", "percent"),
    FigureName("sortino", "索提诺比率", "ratio"),
    FigureName("avg_excess_return", "日均超额收益", "percent"),
    FigureName("excess_return_max_drawdown", "超额收益最大回撤", "percent"),
    FigureName("excess_return_sharpe", "超额收益夏普比率", "ratio"),
    FigureName("day_win_ratio", "日胜率", "ratio"),
    FigureName("win_count", "盈利次数", "count"),
    FigureName("lose_count", "亏损次数", "count"),
    FigureName("information", "信息比率", "ratio"),
    FigureName("algorithm_volatility", "策略波动率", "ratio"),
    FigureName("benchmark_volatility", "基准波动率", "ratio"),
    FigureName("max_drawdown_period", "最大回撤区间", "period"),
)
