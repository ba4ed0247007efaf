"""Monthly and yearly returns from the cumulative returns of result.csv (percent, two decimals).

``r = (1 + c_end) ÷ (1 + c_previous_end) − 1``; the first month starts at the capital. A month at the edge of the run
is shown as far as it goes. NaN where a day prints no return.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Year:
    """One year: twelve monthly returns and the year's, in percent; None where the run has no day."""

    year: str
    months: tuple[float | None, ...]
    total: float


def monthly_returns(days: Sequence[str], cumulative: Sequence[float]) -> list[Year]:
    """Return the years of a curve of cumulative percent returns, oldest first."""
    ends: dict[str, float] = {}
    for day, value in zip(days, cumulative, strict=True):
        if math.isfinite(value):
            ends[day[:7]] = value
    months: dict[str, float] = {}
    before = 0.0
    for month, value in ends.items():
        months[month] = _change(before, value)
        before = value
    years: list[Year] = []
    start = 0.0
    for year in sorted({month[:4] for month in months}):
        own = tuple(months.get(f"{year}-{number:02d}") for number in range(1, 13))
        end = next(value for month, value in reversed(ends.items()) if month[:4] == year)
        years.append(Year(year, own, _change(start, end)))
        start = end
    return years


def drawdown(cumulative: Sequence[float]) -> list[float]:
    """Return the distance from the highest value so far, the starting capital included, in percent (at most 0)."""
    peak, out = 1.0, []
    for value in cumulative:
        wealth = 1.0 + value / 100.0
        peak = max(peak, wealth) if math.isfinite(wealth) else peak
        out.append((wealth / peak - 1.0) * 100.0)
    return out


def _change(before: float, after: float) -> float:
    base = 1.0 + before / 100.0
    return ((1.0 + after / 100.0) / base - 1.0) * 100.0 if base > 0 else math.nan
