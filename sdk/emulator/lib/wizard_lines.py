"""The indicators of ``kuanke.wizard``, the library behind strategies that the platform's form-filling editor writes.

Each takes one code or a list and gives code -> values of the last days up to yesterday, oldest first, NaN where an
average has not begun; ``BIAS`` and ``BBI`` give code -> number. They are those of TA-Lib: an exponential average
starts with the plain one of its first n values, unlike that of ``series.py``. Names and argument names are the
platform's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sdk.emulator.lib.series import AVEDEV, HHV, LLV, MA, SMA, STD

Line = np.ndarray


def average(values: Line, size: int) -> Line:
    """Plain average of the last ``size``."""
    return MA(values[np.newaxis], size)[0]


def exponential(values: Line, size: int, start: int | None = None) -> Line:
    """Exponential average, weight 2 ÷ (n + 1), which begins at ``start`` (n − 1) with the plain one."""
    first = size - 1 if start is None else start
    return _running(values, size, first, 2 / (size + 1))


def _running(values: Line, size: int, first: int, weight: float) -> Line:
    found = np.full(len(values), np.nan)
    if len(values) > first >= size - 1:
        found[first] = now = values[first - size + 1 : first + 1].mean()
        for place in range(first + 1, len(values)):
            now += weight * (values[place] - now)
            found[place] = now
    return found


def _after_gap(line: Callable[..., Line | tuple[Line, ...]]) -> Callable[..., Any]:
    """Compute behind the NaN that open the values (a code listed lately) and put them back before the result."""

    def compute(values: Sequence[Line], *sizes: Any) -> Any:
        known = ~np.isnan(np.sum(values, axis=0))
        gap = int(np.argmax(known)) if known.any() else len(known)
        found = line(*(one[gap:] for one in values), *sizes)
        pad = np.full(gap, np.nan)
        return tuple(np.r_[pad, part] for part in found) if isinstance(found, tuple) else np.r_[pad, found]

    return compute


def _macd(close: Line, fast: int, slow: int, signal: int) -> tuple[Line, Line, Line]:
    start = max(fast, slow) - 1
    dif = exponential(close, fast, start) - exponential(close, slow, start)
    dea = exponential(dif[start:], signal)
    dea = np.r_[np.full(min(start, len(close)), np.nan), dea]
    dif = np.where(np.isnan(dea), np.nan, dif)
    return dif, dea, 2 * (dif - dea)


def _kdj(high: Line, low: Line, close: Line, size: int, m1: int, m2: int) -> tuple[Line, Line, Line]:
    top, bottom = HHV(high[np.newaxis], size)[0], LLV(low[np.newaxis], size)[0]
    raw = (close - bottom) / np.where(top > bottom, top - bottom, np.inf) * 100
    raw[: size - 1 + m2 - 1] = 0.0
    k = _smooth(raw, m1)
    d = _smooth(k, m2)
    return k, d, 3 * k - 2 * d


def _smooth(values: Line, size: int) -> Line:
    """((n − 1) × before + now) ÷ n, from the first value on."""
    return SMA(np.nan_to_num(values)[np.newaxis], size)[0]


def _rsi(close: Line, size: int) -> Line:
    change = np.diff(close)
    up, down = (_running(np.maximum(side, 0), size, size - 1, 1 / size) for side in (change, -change))
    whole = up + down
    return np.r_[np.nan, 100 * up / np.where(whole > 0, whole, np.nan)][-1:]


def _cci(close: Line, high: Line, low: Line, size: int) -> Line:
    price = ((high + low + close) / 3)[np.newaxis]
    spread = AVEDEV(price, size)
    return ((price - MA(price, size)) / np.where(spread > 0, 0.015 * spread, np.inf))[0]


def _atr(close: Line, high: Line, low: Line, size: int) -> Line:
    before = close[:-1]
    reach = np.maximum(high[1:] - low[1:], np.maximum(np.abs(high[1:] - before), np.abs(low[1:] - before)))
    return np.r_[np.full(min(1, len(close)), np.nan), _running(reach, size, size - 1, 1 / size)]


def _bands(close: Line, size: int, up: float, down: float) -> tuple[Line, Line, Line]:
    middle, spread = average(close, size), STD(close[np.newaxis], size, ddof=0)[0]
    return middle + up * spread, middle, middle - down * spread


def _trix(close: Line, size: int) -> Line:
    line, gap = close, 0
    for _ in range(3):
        line = exponential(line, size)[size - 1 :]
        gap += size - 1
    gains = (line[1:] / line[:-1] - 1) * 100
    return np.r_[np.full(len(close) - len(gains), np.nan), gains]


def line_names(names: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
    """Return the indicators by name; ``names`` is the strategy's namespace."""

    def of(field: str, days: int, security_list: Any) -> dict[str, Line]:
        codes = [security_list] if isinstance(security_list, str) else list(security_list)
        found = names["history"](days, "1d", field, codes, df=False, skip_paused=True)
        return {code: np.asarray(found[code], dtype=float) for code in codes}

    def each(compute: Callable[..., Any], fields: str, days: int, security_list: Any, *sizes: Any) -> Any:
        columns = [of(field, days, security_list) for field in fields.split()]
        made = {code: compute([column[code] for column in columns], *sizes) for code in columns[0]}
        if not any(isinstance(one, tuple) for one in made.values()):
            return made
        return tuple({code: parts[place] for code, parts in made.items()} for place in range(3))

    ma, ema, trix = _after_gap(average), _after_gap(exponential), _after_gap(_trix)
    macd, kdj, rsi, cci, atr, bands = (_after_gap(line) for line in (_macd, _kdj, _rsi, _cci, _atr, _bands))
    return {
        "MACD": lambda security_list, fastperiod=12, slowperiod=26, signalperiod=9: each(
            macd, "close", slowperiod * 2, security_list, fastperiod, slowperiod, signalperiod
        ),
        "MA": lambda security_list, timeperiod=5: each(ma, "close", timeperiod * 2, security_list, timeperiod),
        "EMA": lambda security_list, timeperiod=30: each(ema, "close", timeperiod * 2, security_list, timeperiod),
        "TRIX": lambda security_list, timeperiod=30: each(trix, "close", timeperiod * 2, security_list, timeperiod),
        "MA_MONEY": lambda security_list, timeperiod=5: each(ma, "money", timeperiod * 2, security_list, timeperiod),
        "MA_VOLUME": lambda security_list, timeperiod=5: each(
            ma, "volume", timeperiod * 2, security_list, timeperiod
        ),
        "RSI": lambda security_list, timeperiod=14: each(rsi, "close", timeperiod * 20, security_list, timeperiod),
        "CCI": lambda security_list, timeperiod=14: each(
            cci, "close high low", timeperiod * 2, security_list, timeperiod
        ),
        "ATR": lambda security_list, timeperiod=14: each(
            atr, "close high low", timeperiod * 2, security_list, timeperiod
        ),
        "KDJ": lambda security_list, N=9, M1=3, M2=3: each(
            kdj, "high low close", max(N, M1, M2) * 10, security_list, N, M1, M2
        ),
        "Bollinger_Bands": lambda security_list, timeperiod=5, nbdevup=2, nbdevdn=2: each(
            bands, "close", timeperiod * 2, security_list, timeperiod, nbdevup, nbdevdn
        ),
        "SMA": lambda security_list, timeperiod=5: {
            code: float(_smooth(values, timeperiod)[-1])
            for code, values in of("close", timeperiod * 2, security_list).items()
        },
        "BIAS": lambda security_list, timeperiod=5: {
            code: values[-1] / values[-timeperiod:].mean() - 1
            for code, values in of("close", timeperiod * 2, security_list).items()
        },
        "BBI": lambda security_list, timeperiod1=3, timeperiod2=6, timeperiod3=12, timeperiod4=24: {
            code: sum(values[-size:].mean() for size in (timeperiod1, timeperiod2, timeperiod3, timeperiod4)) / 4
            for code, values in of("close", timeperiod4 * 2, security_list).items()
        },
    }
