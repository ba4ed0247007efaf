"""Minute bars of a made market that add up to its day bars, each stock and day from its own dice.

A bridge from the open to the close, kept inside [low, high] and made to touch both; volume is U-shaped over the day
and leaned towards dear or cheap minutes until volume × price gives the day's money; what whole shares and fen leave
over goes where a bar has room. All in whole fen, so that the 240 bars give open, high, low, close, volume and money
of the day exactly. As the day lies inside its limits, so do its minutes. Halted days have none.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from sdk.market.exchange_rules import to_yuan
from sdk.market.made.cast import Cast
from sdk.market.made.trading import Bars
from sdk.market.session_minutes import BARS, LABELS

_LEANS = 40
_CURVE = 1.0 + 1.6 * np.exp(-np.arange(BARS) / 14.0) + 0.7 * np.exp(-np.arange(BARS)[::-1] / 20.0)
_AUCTION = 3.0  # the first bar holds the opening auction as well


def minute_frames(
    cast: Cast, bars: Bars, seed: int, first: np.datetime64, last: np.datetime64
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield (month, rows) for the trading days from ``first`` to ``last``; the same rows whatever the range."""
    months = cast.days.astype("datetime64[M]")
    inside = (cast.days >= first) & (cast.days <= last)
    trades = cast.alive & ~cast.paused & inside & (bars.volume > 0)
    codes = np.array(cast.codes, dtype=object)
    for month in np.unique(months[inside]):
        row, day = np.nonzero(trades & (months == month))
        if len(row) == 0:
            continue
        dice = _dice(seed, codes[row], cast.days[day])
        frame = day_minutes(dice, *(getattr(bars, name)[row, day] for name in _DAY))
        keys = {
            "code": np.repeat(codes[row], BARS),
            "date": np.repeat(cast.days[day], BARS).astype("datetime64[ns]"),
            "minute": np.tile(LABELS, len(row)),
        }
        yield str(month).replace("-", ""), pd.DataFrame({**keys, **{k: v.reshape(-1) for k, v in frame.items()}})


_DAY = ("open", "high", "low", "close", "volume", "money")


def _dice(seed: int, codes: np.ndarray, days: np.ndarray) -> np.ndarray:
    """(4, rows, 240) normal numbers; each stock and day has its own stream."""
    dice = np.empty((len(codes), 4, BARS))
    for row, (code, day) in enumerate(zip(codes, days.astype(int).tolist(), strict=True)):
        dice[row] = np.random.default_rng([seed, int(code[:6]), day]).standard_normal((4, BARS))
    return dice.transpose(1, 0, 2)


def day_minutes(
    dice: np.ndarray,
    opened: np.ndarray,
    high: np.ndarray,
    low: np.ndarray,
    close: np.ndarray,
    volume: np.ndarray,
    money: np.ndarray,
) -> dict[str, np.ndarray]:
    """Return field -> (rows, 240) in CNY and shares for day bars in fen, shares and CNY; ``dice`` (4, rows, 240)."""
    top, bottom = high[:, np.newaxis], low[:, np.newaxis]
    path = _bridge(opened, close, money * 100 / volume, dice[0], bottom, top)
    start = np.concatenate([opened[:, np.newaxis], path[:, :-1]], axis=1)
    wick = np.maximum((top - bottom) / 60.0, 0.4)
    highest = np.minimum(np.maximum(start, path) + np.rint(np.abs(dice[1]) * wick).astype(np.int64), top)
    lowest = np.maximum(np.minimum(start, path) - np.rint(np.abs(dice[2]) * wick).astype(np.int64), bottom)
    rows = np.arange(len(opened))
    highest[rows, np.argmax(highest, axis=1)] = high
    lowest[rows, np.argmin(lowest, axis=1)] = low
    weight = _CURVE * np.exp(0.45 * dice[3])
    weight[:, 0] *= _AUCTION
    fen = np.rint(money * 100).astype(np.int64)
    shares = _shares(weight, (highest + lowest) / 2.0, volume, fen)
    # where even the leaned bars cannot hold the day's money, every bar may reach the day's high and low
    tight = (fen < (lowest * shares).sum(axis=1)) | (fen > (highest * shares).sum(axis=1))
    highest[tight], lowest[tight] = top[tight], bottom[tight]
    paid = _paid(shares, lowest, highest, fen)
    prices = {"open": start, "high": highest, "low": lowest, "close": path}
    return {
        **{name: to_yuan(values) for name, values in prices.items()},
        "volume": shares.astype(np.float64),
        "money": paid / 100.0,
    }


def _bridge(
    opened: np.ndarray, close: np.ndarray, mean: np.ndarray, noise: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """(rows, 240) closes in fen from the open to exactly the close, inside [low, high], bowed towards ``mean``."""
    walk = np.cumsum(noise, axis=1)
    share = np.arange(1, BARS + 1) / BARS
    free = (walk - share * walk[:, -1:]) * (high - low) / np.sqrt(BARS) * 0.45
    line = opened[:, np.newaxis] + share * (close - opened)[:, np.newaxis] + free
    bow = share * (1.0 - share)
    usual = _CURVE / _CURVE.sum()
    lift = (mean - (line * usual).sum(axis=1)) / (bow * usual).sum()
    path = np.clip(np.rint(line + lift[:, np.newaxis] * bow).astype(np.int64), low, high)
    path[:, -1] = close
    return path


def _shares(weight: np.ndarray, price: np.ndarray, volume: np.ndarray, fen: np.ndarray) -> np.ndarray:
    """(rows, 240) whole shares that add up to ``volume``, their mean price near money ÷ volume."""
    target = fen / volume
    spread = np.maximum(price.max(axis=1) - price.min(axis=1), 1.0)[:, np.newaxis]
    away = (price - target[:, np.newaxis]) / spread
    low, high = np.full((len(volume), 1), -12.0), np.full((len(volume), 1), 12.0)
    for _ in range(_LEANS):
        lean = (low + high) / 2.0
        over = (weight * np.exp(lean * away) * away).sum(axis=1, keepdims=True) > 0
        low, high = np.where(over, low, lean), np.where(over, lean, high)
    leaned = weight * np.exp((low + high) / 2.0 * away)
    part = np.cumsum(leaned, axis=1) / leaned.sum(axis=1, keepdims=True)
    ends = np.floor(part * volume[:, np.newaxis]).astype(np.int64)
    ends[:, -1] = volume
    return np.diff(ends, axis=1, prepend=0)


def _paid(shares: np.ndarray, lowest: np.ndarray, highest: np.ndarray, fen: np.ndarray) -> np.ndarray:
    """(rows, 240) money in fen between shares × low and shares × high that adds up to ``fen``."""
    floor, room = lowest * shares, (highest - lowest) * shares
    start = floor + room // 2
    rest = fen - start.sum(axis=1)
    space = np.where(rest[:, np.newaxis] > 0, floor + room - start, start - floor)
    total = np.maximum(space.sum(axis=1), 1)[:, np.newaxis]
    # cumulative shares of |rest| in proportion to the room: whole fen, never more than a bar's room
    ends = np.cumsum(space, axis=1)
    taken = np.floor(ends.astype(np.longdouble) * np.abs(rest)[:, np.newaxis] / total).astype(np.int64)
    part = np.minimum(np.diff(taken, axis=1, prepend=0), space)
    short = np.abs(rest) - part.sum(axis=1)
    for row in np.flatnonzero(short):
        for bar in np.flatnonzero(space[row] > part[row]):
            more = min(int(short[row]), int(space[row, bar] - part[row, bar]))
            part[row, bar] += more
            short[row] -= more
    return start + np.sign(rest)[:, np.newaxis] * part
