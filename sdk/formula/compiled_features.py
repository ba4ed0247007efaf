"""The features as compiled loops over one stock's series: the kernel's steps in the kernel's order, bit for bit.

What is faster here than in the kernel is only *how* an exact result is found: powers of two are taken out of a number
by its exponent, the lower median and the MAD of 120 values are read off a sorted sliding window, and the volumes of a
window are adjusted once for each stretch of days with the same factor. No fast-math; ``tests/formula`` compares every
feature with the kernel.

Inputs are the kernel's, with unknown cells filled; outputs have the full length, 0 where a window is not full.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numba import njit

from jq_strategy.kernel import (
    CLIP,
    LARGEST,
    LN2_HIGH,
    LN2_LOW,
    MIDDLE,
    NORMAL_DAYS,
    RELATIVE_FLOOR,
    ROUNDING_FLOOR,
    SQRT2,
)

_compiled = njit(cache=True, nogil=True, error_model="numpy")


@_compiled
def _ln(x: float) -> float:
    """The kernel's ln: the power of two comes from the exponent, which is the same exact step."""
    mantissa, exponent = math.frexp(x)
    mantissa, power = mantissa * 2.0, exponent - 1.0
    if mantissa > SQRT2:
        mantissa, power = mantissa * 0.5, power + 1.0
    z = (mantissa - 1.0) / (mantissa + 1.0)
    square = z * z
    series = square * (1.0 / 21.0)
    for odd in (19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0):
        series = square * (1.0 / odd + series)
    return power * LN2_HIGH + (2.0 * z + (2.0 * (z * series) + power * LN2_LOW))


@_compiled
def _tanh(x: float) -> float:
    """The kernel's hyperbolic_tangent."""
    y = max(min(x, 20.0), -20.0) * 0.0625
    square = y * y
    fraction = 11.0 + square * (1.0 / 13.0)
    for odd in (9.0, 7.0, 5.0, 3.0, 1.0):
        fraction = odd + square / fraction
    t = y / fraction
    for _ in range(4):
        t = (2.0 * t) / (1.0 + t * t)
    return max(min(t, 1.0), -1.0)


@_compiled
def _place(window: np.ndarray, count: int, value: float) -> int:
    """Return the first place of an ascending window whose value is not below ``value``."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if window[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@_compiled
def _replace(window: np.ndarray, old: float, new: float) -> None:
    """Take one value out of a full ascending window and put another in."""
    gap = _place(window, NORMAL_DAYS, old)
    while gap + 1 < NORMAL_DAYS and window[gap + 1] < new:
        window[gap] = window[gap + 1]
        gap += 1
    while gap > 0 and window[gap - 1] > new:
        window[gap] = window[gap - 1]
        gap -= 1
    window[gap] = new


@_compiled
def _middle_distance(window: np.ndarray, median: float) -> float:
    """Return the 60th smallest distance from the median: the k-th of two ascending runs, found by bisection."""
    low, high = 0, MIDDLE
    while low < high:
        left = (low + high) // 2  # this many from below the median, the others from above
        right = MIDDLE - left
        if window[MIDDLE + right - 1] - median > median - window[MIDDLE - 1 - left]:
            low = left + 1
        else:
            high = left
    right = MIDDLE - low
    below = median - window[MIDDLE - low] if low > 0 else 0.0
    above = window[MIDDLE + right - 1] - median if right > 0 else 0.0
    return max(below, above)


@_compiled
def _robust(window: np.ndarray, x: float) -> float:
    """The kernel's robust_score of the newest value x of a window that is kept sorted."""
    median = window[MIDDLE - 1]
    largest = max(abs(window[0]), abs(window[NORMAL_DAYS - 1]))
    floor = RELATIVE_FLOOR * largest + ROUNDING_FLOOR
    score = (x - median) / (_middle_distance(window, median) + floor)
    return max(min(score, CLIP), -CLIP)


@_compiled
def _normalise(x: np.ndarray, first: int, start: int, stop: int, out: np.ndarray) -> None:
    """Score the days start <= t < stop of a series known from ``first`` on against their last 120 days."""
    start = max(start, first + NORMAL_DAYS - 1)
    if start >= stop:
        return
    window = np.sort(x[start - NORMAL_DAYS + 1 : start + 1])
    out[start] = _robust(window, x[start])
    for t in range(start + 1, stop):
        _replace(window, x[t - NORMAL_DAYS], x[t])
        out[t] = _robust(window, x[t])


@_compiled
def _growth(price: np.ndarray, factor: np.ndarray, t: int, days: int) -> float:
    return (price[t] / price[t - days]) * (factor[t] / factor[t - days])


@_compiled
def _log_return(close: np.ndarray, factor: np.ndarray, market: np.ndarray, days: int, out: np.ndarray) -> None:
    """Normalised log return of some days, less that of the market where there is one."""
    length = close.shape[1]
    raw = np.zeros(length)
    for stock in range(close.shape[0]):
        for t in range(days, length):
            raw[t] = _ln(_growth(close[stock], factor[stock], t, days))
            if market.shape[0]:
                raw[t] = raw[t] - _ln(market[stock, t] / market[stock, t - days])
        _normalise(raw, days, 0, length, out[stock])


@_compiled
def _liq_score(money: np.ndarray, value: np.ndarray, out: np.ndarray) -> None:
    for stock in range(money.shape[0]):
        for t in range(money.shape[1]):
            turnover = 4.0 * money[stock, t] / (value[stock, t] * 1e8)
            turnover = turnover if abs(turnover) <= LARGEST else 0.0
            out[stock, t] = min(max(turnover, 0.0), 1.0)


@_compiled
def _pressure(open_: np.ndarray, high: np.ndarray, low: np.ndarray, close: np.ndarray, out: np.ndarray) -> None:
    for stock in range(open_.shape[0]):
        for t in range(open_.shape[1]):
            span = high[stock, t] - low[stock, t]
            if span > 0.0:
                out[stock, t] = _tanh(3.0 * (close[stock, t] - open_[stock, t]) / span)


@_compiled
def _fomo(volume: np.ndarray, factor: np.ndarray, out: np.ndarray) -> None:
    length = volume.shape[1]
    rate, raw = np.zeros(length), np.zeros(length)
    for stock in range(volume.shape[0]):
        v, f = volume[stock], factor[stock]
        for t in range(1, length):
            today = v[t] * (f[t - 1] / f[t])
            rate[t] = (today - v[t - 1]) / v[t - 1] if v[t - 1] > 0.0 else 0.0
        for t in range(2, length):
            raw[t] = max(min(rate[t] - rate[t - 1], 5.0), -5.0)
        _normalise(raw, 2, 0, length, out[stock])


@_compiled
def _dev(close: np.ndarray, factor: np.ndarray, out: np.ndarray) -> None:
    length = close.shape[1]
    raw, part = np.zeros(length), np.zeros(20)
    for stock in range(close.shape[0]):
        c, f = close[stock], factor[stock]
        for t in range(19, length):
            for place in range(20):
                j = t - 19 + place
                part[place] = (c[j] / c[t]) * (f[j] / f[t])
            for place in range(8):
                part[place] = part[place] + part[place + 8]
            for place in range(4):
                part[place] = part[place] + part[place + 4]
            for place in range(2):
                part[place] = part[place] + part[place + 2]
            oldest = part[0] + part[1]
            newest = (part[16] + part[18]) + (part[17] + part[19])
            mean = (oldest + newest) / 20.0
            raw[t] = (1.0 - mean) / mean
        _normalise(raw, 19, 0, length, out[stock])


@_compiled
def _log_vol(volume: np.ndarray, factor: np.ndarray, out: np.ndarray) -> None:
    """Adjust the volumes once for each stretch of days with the same factor, then score that stretch."""
    length = volume.shape[1]
    raw = np.zeros(length)
    for stock in range(volume.shape[0]):
        v, f = volume[stock], factor[stock]
        start = 0
        while start < length:
            stop = start + 1
            while stop < length and f[stop] == f[start]:
                stop += 1
            for j in range(max(0, start - NORMAL_DAYS + 1), stop):
                raw[j] = _ln(1.0 + v[j] * (f[start] / f[j]))
            _normalise(raw, 0, start, stop, out[stock])
            start = stop


def _on(function: Callable[..., None], *arguments: np.ndarray) -> np.ndarray:
    out = np.zeros(arguments[0].shape)
    function(*[np.ascontiguousarray(argument) for argument in arguments], out)
    return out


def _returns(days: int) -> Callable[..., np.ndarray]:
    def compute(close: np.ndarray, factor: np.ndarray, benchmark: np.ndarray | None = None) -> np.ndarray:
        market = np.zeros((0, 0)) if benchmark is None else np.ascontiguousarray(benchmark)
        out = np.zeros(close.shape)
        _log_return(np.ascontiguousarray(close), np.ascontiguousarray(factor), market, days, out)
        return out

    return compute


# name -> function of the kernel's inputs (stocks, days), the benchmark repeated for each stock -> (stocks, days)
COMPILED: dict[str, Callable[..., np.ndarray]] = {
    "RET": _returns(1),
    "LIQ_SCORE": lambda *inputs: _on(_liq_score, *inputs),
    "PRESSURE": lambda *inputs: _on(_pressure, *inputs),
    "FOMO": lambda *inputs: _on(_fomo, *inputs),
    "DEV": lambda *inputs: _on(_dev, *inputs),
    "LOG_VOL": lambda *inputs: _on(_log_vol, *inputs),
    "MOM20": _returns(20),
    "REL_MOM20": _returns(20),
}
