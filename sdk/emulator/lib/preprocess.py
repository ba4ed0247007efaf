"""winsorize, winsorize_med, standardlize of ``jqfactor``: pure functions on Series, DataFrame or array.

    winsorize(scale=k)       [μ − kσ, μ + kσ], σ with n in the denominator
    winsorize(qrange=[a, b]) the ⌊a·n⌋ smallest and ⌊(1 − b)·n⌋ largest values
    winsorize(range=[a, b])  [a, b]
    winsorize_med(scale=k)   [m − k·d, m + k·d], m = median, d = median |x − m|
    standardlize             (x − μ) / σ, σ with n in the denominator

``inclusive=True`` puts a value outside on the border, False makes it NaN. ``inf2nan`` turns ±inf into NaN first;
without it they lie above and below every border (winsorize) or stay as they are (standardlize). NaN stays NaN
and counts nowhere. A DataFrame is worked row by row (``axis=1``) or column by column (``axis=0``).

The border of ``scale``: the outermost value inside, as the platform's published jqfactor_analyzer does it (rule
``winsorize_border``); its documentation says the border itself. Sources: API page 数据处理函数; jqfactor_analyzer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sdk.errors import StrategyError

Row = np.ndarray


def winsorizer(border: str) -> Callable[..., Any]:
    """Return ``winsorize`` with the border of rule ``winsorize_border`` ('value' or 'limit')."""

    def winsorize(
        data: Any,
        scale: float | None = None,
        range: Sequence[float] | None = None,
        qrange: Sequence[float] | None = None,
        inclusive: bool = True,
        inf2nan: bool = True,
        axis: int = 1,
    ) -> Any:
        """Pull in, or blank, what lies outside; give exactly one of scale, range, qrange."""
        if sum(choice is not None for choice in (scale, range, qrange)) != 1:
            raise StrategyError("winsorize: give exactly one of scale=3, range=[low, high], qrange=[0.05, 0.95]")
        if qrange is not None and not (0 <= qrange[0] <= qrange[1] <= 1):
            raise StrategyError(
                f"winsorize: qrange={list(qrange)} must be two numbers from 0 to 1, like [0.05, 0.95]"
            )

        def limits(row: Row) -> tuple[float, float]:
            if range is not None:
                return _side(range[0], -np.inf), _side(range[1], np.inf)
            if qrange is not None:
                return _quantiles(row, qrange)
            return _sigma(row, float(scale or 0.0), border)

        return _each(data, axis, lambda row: _bounded(row, limits, inclusive, inf2nan))

    return winsorize


def winsorize_med(data: Any, scale: float = 1, inclusive: bool = True, inf2nan: bool = True, axis: int = 1) -> Any:
    """Pull in, or blank, what lies more than ``scale`` median distances from the median."""

    def limits(row: Row) -> tuple[float, float]:
        known = row[~np.isnan(row)]
        middle = float(np.median(known))
        distance = float(np.median(np.abs(known - middle)))
        return middle - scale * distance, middle + scale * distance

    return _each(data, axis, lambda row: _bounded(row, limits, inclusive, inf2nan))


def standardlize(data: Any, inf2nan: bool = True, axis: int = 1) -> Any:
    """Mean 0, deviation 1."""

    def work(row: Row) -> Row:
        finite = row[np.isfinite(row)]
        if len(finite) == 0:
            return row
        kept = np.where(np.isinf(row), np.nan, row) if inf2nan else row
        with np.errstate(invalid="ignore", divide="ignore"):
            scaled = (kept - finite.mean()) / finite.std()
        return np.where(np.isinf(kept), kept, scaled)

    return _each(data, axis, work)


# ------------------------------------------------------------------------------------------------------ limits
def _sigma(row: Row, scale: float, border: str) -> tuple[float, float]:
    finite = row[np.isfinite(row)]
    low, high = finite.mean() - scale * finite.std(), finite.mean() + scale * finite.std()
    if border == "limit":
        return low, high
    known = row[~np.isnan(row)]
    above, below = known[known > low], known[known < high]
    return (above.min() if len(above) else low), (below.max() if len(below) else high)


def _quantiles(row: Row, qrange: Sequence[float]) -> tuple[float, float]:
    ordered = np.sort(row[~np.isnan(row)])
    low, high = int(qrange[0] * len(ordered) + 1e-9), int((1 - qrange[1]) * len(ordered) + 1e-9)
    low, high = min(low, len(ordered) - 1), min(high, len(ordered) - 1)
    return float(ordered[low]), float(ordered[len(ordered) - 1 - high])


def _side(value: float, open_end: float) -> float:
    return open_end if np.isnan(value) else float(value)


# ------------------------------------------------------------------------------------------------------- shape
def _bounded(row: Row, limits: Callable[[Row], tuple[float, float]], inclusive: bool, inf2nan: bool) -> Row:
    if not np.isfinite(row).any():
        return row
    kept = np.where(np.isinf(row), np.nan, row) if inf2nan else row
    low, high = limits(kept)
    if inclusive:
        return np.where(np.isnan(kept), np.nan, np.clip(kept, low, high))
    return np.where((kept >= low) & (kept <= high), kept, np.nan)


def _each(data: Any, axis: int, work: Callable[[Row], Row]) -> Any:
    """Apply ``work`` to a series, or to the rows (``axis=1``) or columns of a table; the input is not changed."""
    values = np.asarray(data, dtype=float)
    if values.ndim == 1:
        found = work(values)
    elif values.ndim == 2 and axis in (0, 1):
        lines = values if axis == 1 else values.T
        found = np.array([work(line) for line in lines], dtype=float).reshape(lines.shape)
        found = found if axis == 1 else found.T
    else:
        raise StrategyError(f"axis={axis!r} with {values.ndim} dimensions: give a Series, or a table and axis 0 or 1")
    if isinstance(data, np.ndarray):
        return found
    if values.ndim == 1:
        return type(data)(found, index=data.index, name=data.name)
    return type(data)(found, index=data.index, columns=data.columns)
