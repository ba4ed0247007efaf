"""Steps of the indicator language (通达信): MA, EMA, SMA, SUM, HHV, LLV, STD, REF … on (codes, bars).

Bars are aligned at the right: the last column is the newest bar of every code; a code with fewer bars has NaN
on the left. NaN rule: a window that holds a NaN gives NaN; a recursion starts at the first known bar.

    SMA(X, N, M)   y = (M·x + (N − M)·y′) / N          EMA(X, N)   y = (2·x + (N − 1)·y′) / (N + 1)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Array = np.ndarray
_FEW = 12


def _windows(values: Array, width: int, fold: Callable[[Array], Array]) -> Array:
    """Fold every window of ``width`` bars that ends at a bar; NaN where it does not fit."""
    found = np.full(values.shape, np.nan)
    if 0 < width <= values.shape[1]:
        found[:, width - 1 :] = fold(sliding_window_view(values, width, axis=1))
    return found


def MA(values: Array, width: int) -> Array:
    """Mean of the last ``width`` bars."""
    return _windows(values, width, lambda rows: rows.mean(axis=-1))


def SUM(values: Array, width: int) -> Array:
    """Sum of the last ``width`` bars."""
    return _windows(values, width, lambda rows: rows.sum(axis=-1))


def HHV(values: Array, width: int) -> Array:
    """Highest of the last ``width`` bars."""
    return _windows(values, width, lambda rows: rows.max(axis=-1))


def LLV(values: Array, width: int) -> Array:
    """Lowest of the last ``width`` bars."""
    return _windows(values, width, lambda rows: rows.min(axis=-1))


def STD(values: Array, width: int, ddof: int = 1) -> Array:
    """Deviation of the last ``width`` bars; 通达信's STD divides by N − 1, its STDP by N."""
    return _windows(values, width, lambda rows: rows.std(axis=-1, ddof=ddof))


def AVEDEV(values: Array, width: int) -> Array:
    """Mean distance from the mean of the last ``width`` bars."""
    return _windows(values, width, lambda rows: np.abs(rows - rows.mean(axis=-1, keepdims=True)).mean(axis=-1))


def SLOPE(values: Array, width: int) -> Array:
    """Slope of the least-squares line through the last ``width`` bars, per bar."""
    place = np.arange(width) - (width - 1) / 2
    return _windows(values, width, lambda rows: rows @ place / (place @ place))


def SINCE_HIGHEST(values: Array, width: int) -> Array:
    """Bars since the highest of the last ``width`` (the newest one of equals)."""
    return _windows(values, width, lambda rows: np.argmax(rows[..., ::-1], axis=-1).astype(float))


def SINCE_LOWEST(values: Array, width: int) -> Array:
    """Bars since the lowest of the last ``width`` (the newest one of equals)."""
    return _windows(values, width, lambda rows: np.argmin(rows[..., ::-1], axis=-1).astype(float))


def REF(values: Array, bars: int = 1) -> Array:
    """The value ``bars`` bars ago."""
    if bars == 0:
        return values
    found = np.full(values.shape, np.nan)
    found[:, bars:] = values[:, :-bars]
    return found


def SMA(values: Array, width: float, weight: float = 1) -> Array:
    """y = (M·x + (N − M)·y′) / N from the first known bar on; N = ``width``, M = ``weight``."""
    rest = width - weight
    if len(values) < _FEW:
        rows = [_recursion(row, width, weight, rest) for row in values.tolist()]
        return np.array(rows, dtype=float).reshape(values.shape)
    found = np.full(values.shape, np.nan)
    last = np.full(values.shape[0], np.nan)
    for bar in range(values.shape[1]):
        now = values[:, bar]
        last = np.where(np.isnan(last), now, (weight * now + rest * last) / width)
        found[:, bar] = last
    return found


def _recursion(row: list[float], width: float, weight: float, rest: float) -> list[float]:
    """One code's SMA with Python's numbers: the same steps, faster than numpy for a few codes."""
    found, last = [], float("nan")
    for now in row:
        last = (weight * now + rest * last) / width if last == last else now
        found.append(last)
    return found


def EMA(values: Array, width: float) -> Array:
    """y = (2·x + (N − 1)·y′) / (N + 1) from the first known bar on."""
    return SMA(values, width + 1, 2)


def DMA(values: Array, weights: Array) -> Array:
    """y = a·x + (1 − a)·y′ with a weight of its own for each bar."""
    found = np.full(values.shape, np.nan)
    last = np.full(values.shape[0], np.nan)
    for bar in range(values.shape[1]):
        now, share = values[:, bar], weights[:, bar]
        last = np.where(np.isnan(last), np.where(np.isnan(share), np.nan, now), share * now + (1 - share) * last)
        found[:, bar] = last
    return found


def IF(test: Array, yes: Array | float, no: Array | float) -> Array:
    """``yes`` where ``test``, else ``no``."""
    return np.where(test, yes, no)


def MAX(left: Array | float, right: Array | float) -> Array:
    """The larger one; NaN where one is NaN."""
    return np.maximum(left, right)


def MIN(left: Array | float, right: Array | float) -> Array:
    """The smaller one; NaN where one is NaN."""
    return np.minimum(left, right)


def KNOWN(flags: Array, *known: Array) -> Array:
    """Flags as 1 and 0, NaN where something they were made from is NaN."""
    unknown = np.logical_or.reduce([np.isnan(values) for values in known])
    return np.where(unknown, np.nan, flags.astype(float))
