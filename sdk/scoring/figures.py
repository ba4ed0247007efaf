"""JoinQuant's performance figures from daily values and sales.

With n sessions, daily simple returns r (strategy) and b (benchmark), total returns P and B, Rf = 0.04 a year,
250 sessions a year (JOINQUANT.md §8; every value of platform run ma_crossover_2026 to 1e-9):

    annual return     Rp = (1 + P)^(250/n) − 1
    alpha             Rp − [Rf + β (Rm − Rf)],  β = cov(r, b) ÷ var(b)
    volatility        std₁(r) × √250                                    std₁: ddof = 1
    sharpe            (Rp − Rf) ÷ volatility
    sortino           (Rp − Rf) ÷ (√250 × std₁ of (r_i − m_i) over r_i < m_i),  m_i = mean(r_1 … r_i),
                      both rounded to 8 decimals
    information       (Rp − Rm) ÷ (std₁(r − b) × √250)
    excess return     (1 + P) ÷ (1 + B) − 1;  E_i the same up to day i, e_i = E_i ÷ E_(i−1) − 1
    excess sharpe     ((1 + excess)^(250/n) − 1 − Rf) ÷ (std₁(e) × √250)
    win ratio         winning ÷ all sales, by the gain without fees
    turnover          mean of (bought + sold) ÷ 2, ÷ mean of the total value in whole cents

# platform: sortino and turnover above are what its numbers are; its documentation says something else.
A ratio without a denominator (no volatility, no losing day) is NaN. Nothing here knows a strategy or a file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

RISK_FREE, SESSIONS_A_YEAR = 0.04, 250
VERSION = 101


@dataclass(frozen=True)
class Sale:
    """One sale: gain against the average cost and that cost, both CNY, without fees."""

    gain: float
    cost: float


@dataclass(frozen=True, eq=False)
class Ledger:
    """What the figures are made of; arrays along ``days``, CNY.

    ``benchmark`` is its level at each close relative to the close before the first day (1.0 = unchanged).
    ``position_days`` counts holdings at each close, ``securities`` the different ones ever held.
    """

    days: np.ndarray
    starting_cash: float
    total_value: np.ndarray
    benchmark: np.ndarray
    bought: np.ndarray
    sold: np.ndarray
    sales: Sequence[Sale] = ()
    position_days: int = 0
    securities: int = 0


def risk_figures(ledger: Ledger) -> dict[str, Any]:
    """Return the figures under the platform's ``get_risk`` names, full precision."""
    n = len(ledger.days)
    value = ledger.total_value / ledger.starting_cash
    r, b = _returns(value), _returns(ledger.benchmark)
    total, bench = float(value[-1] - 1), float(ledger.benchmark[-1] - 1)
    annual, annual_bench = _annual(total, n), _annual(bench, n)
    beta = _ratio(float(np.cov(r, b)[0, 1]), float(np.var(b, ddof=1))) if n > 1 else float("nan")
    excess = np.r_[1.0, value / ledger.benchmark]
    e = excess[1:] / excess[:-1] - 1
    excess_total = float(excess[-1] - 1)
    drawdown, period = max_drawdown(np.r_[1.0, value])
    excess_drawdown, excess_period = max_drawdown(excess)
    return {
        "__version": VERSION,
        "trading_days": n,
        "period_label": str(ledger.days[-1].astype("datetime64[M]")),
        "algorithm_return": total,
        "benchmark_return": bench,
        "annual_algo_return": annual,
        "annual_bm_return": annual_bench,
        "excess_return": excess_total,
        "alpha": annual - (RISK_FREE + beta * (annual_bench - RISK_FREE)),
        "beta": beta,
        "sharpe": _ratio(annual - RISK_FREE, _yearly(r)),
        "sortino": _ratio(annual - RISK_FREE, downside_risk(r)),
        "information": _ratio(annual - annual_bench, _yearly(r - b)),
        "algorithm_volatility": _yearly(r),
        "benchmark_volatility": _yearly(b),
        "max_drawdown": drawdown,
        "max_drawdown_period": _dates(ledger.days, period),
        "max_leverage": 0,
        "treasury_return": RISK_FREE * float((ledger.days[-1] - ledger.days[0]).astype(int)) / 365,
        **sale_figures(ledger.sales),
        "day_win_ratio": float((r > b).sum()) / n,
        "avg_position_days": _ratio(ledger.position_days, ledger.securities, empty=0.0),
        "turnover_rate": float(np.mean((ledger.bought + ledger.sold) / 2) / np.mean(np.round(ledger.total_value, 2))),
        "avg_excess_return": float(e.mean()),
        "excess_return_sharpe": _ratio(_annual(excess_total, n) - RISK_FREE, _yearly(e)),
        "excess_return_max_drawdown": excess_drawdown,
        "excess_return_max_drawdown_period": _dates(ledger.days, excess_period),
    }


def compounded(returns: np.ndarray) -> float:
    """Return what simple returns, one after the other, come to."""
    return float(np.prod(1.0 + returns) - 1.0)


def max_drawdown(levels: np.ndarray) -> tuple[float, tuple[int, int]]:
    """Return the deepest fall from a peak as a positive share, and (peak, trough); the first one of equals."""
    peaks = np.maximum.accumulate(levels)
    falls = 1 - levels / peaks
    trough = int(np.argmax(falls))
    return float(falls[trough]), (int(np.argmax(levels[: trough + 1])), trough)


def downside_risk(r: np.ndarray) -> float:
    """Return the yearly deviation of the days below their running mean; NaN with fewer than two of them."""
    mean = np.cumsum(r) / np.arange(1, len(r) + 1)
    gap = np.round(r, 8) - np.round(mean, 8)
    return _yearly(gap[gap < 0])


def sale_figures(sales: Sequence[Sale]) -> dict[str, Any]:
    """Return the figures that are made of sales alone."""
    gains = np.array([sale.gain for sale in sales])
    won, lost = float(gains[gains > 0].sum()), float(-gains[gains < 0].sum())
    returns = [sale.gain / sale.cost for sale in sales if sale.cost > 0]
    return {
        "win_ratio": float((gains > 0).sum()) / len(gains) if len(gains) else 0.0,
        "win_count": int((gains > 0).sum()),
        "lose_count": int((gains < 0).sum()),
        # platform: without a losing sale the ratio shows the total profit (§8)
        "profit_loss_ratio": won / lost if lost > 0 else won,
        "avg_trade_return": float(np.mean(returns)) if returns else 0.0,
    }


def _returns(levels: np.ndarray) -> np.ndarray:
    return levels / np.r_[1.0, levels[:-1]] - 1


def _annual(total: float, n: int) -> float:
    return (1 + total) ** (SESSIONS_A_YEAR / n) - 1 if total > -1 else -1.0


def _yearly(r: np.ndarray) -> float:
    return float(np.std(r, ddof=1) * np.sqrt(SESSIONS_A_YEAR)) if len(r) > 1 else float("nan")


def _ratio(top: float, bottom: float, empty: float = float("nan")) -> float:
    return top / bottom if bottom else empty


def _dates(days: np.ndarray, period: tuple[int, int]) -> list[dt.date]:
    """Dates of positions in a series that starts with the value before the first day."""
    return [days[max(place - 1, 0)].item() for place in period]
