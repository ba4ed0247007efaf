"""The trading days of a made market, one after the other, all stocks at once.

Each day:  ex-reference price → limits → overnight gap → open → close → high and low → volume → money,
everything in whole fen inside the limits. What a limit cuts off a day's move is half made up for on the next
day. A halted stock keeps its last close, trades nothing, and carries open = high = low = close = both limits,
as the platform shows it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sdk.market.exchange_rules import NO_LIMIT, ex_reference, half_up, limit_down, limit_up
from sdk.market.made.cast import Cast
from sdk.market.made.draws import Draws
from sdk.market.made.signal import GivenScores, PlantedSignal

UNLIMITED = np.int64(2**40)
NEW_LISTING_RUN = 8  # trading days a new listing under daily limits keeps rising
LOWEST_PRICE = 120  # fen; below it a made stock is pushed up again


@dataclass(frozen=True)
class Bars:
    """All arrays (stocks, days). Prices in fen, int; 0 in ``high_limit`` = no limit; rows before listing are
    0.

    ``volume`` in shares, ``money`` in CNY, ``shares`` circulating, ``cash_mills`` and ``ratio_tenths`` of ex-
    dates.
    """

    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    pre_close: np.ndarray
    high_limit: np.ndarray
    low_limit: np.ndarray
    volume: np.ndarray
    money: np.ndarray
    factor: np.ndarray
    shares: np.ndarray
    cash_mills: np.ndarray
    ratio_tenths: np.ndarray
    score: np.ndarray


def trade(cast: Cast, draws: Draws, strength: float, score: np.ndarray | None = None) -> Bars:
    """Trade every day of the cast and return the bars; ``score`` (stocks, days) replaces the built-in signal."""
    shape = cast.paused.shape
    whole = {name: np.zeros(shape, dtype=np.int64) for name in WHOLE}
    real = {name: np.zeros(shape) for name in ("money", "factor", "shares")}
    bars = Bars(**whole, **real, score=np.zeros(shape))
    signal = PlantedSignal(cast.first, shape[1]) if score is None else GivenScores(score, cast.days)
    last_close = half_up((draws.price * 1000).astype(np.int64), 10)
    state = _State(last_close, draws.factor.copy(), draws.shares * draws.float_share, np.zeros(shape[0]))
    alive = cast.alive
    for day in range(shape[1]):
        active = alive[:, day] & ~cast.paused[:, day]
        _corporate_action(day, active & (cast.first < day), draws, state, bars)
        _prices(day, active, cast, draws, state, strength * signal.expected_return(day), bars)
        _volume(day, active, draws, state, bars)
        _halt(day, alive[:, day] & cast.paused[:, day], state, bars)
        state.close = np.where(active, bars.close[:, day], state.close)
        real["factor"][:, day], real["shares"][:, day] = state.factor, state.shares
        body, span = bars.close[:, day] - bars.open[:, day], bars.high[:, day] - bars.low[:, day]
        pressure = np.tanh(3.0 * body / np.where(span == 0, 1, span))
        adjusted = state.close * state.factor
        signal.learn(day, adjusted, bars.volume[:, day] / state.factor, pressure, active)
    bars.score[:] = signal.score
    return bars


WHOLE = (
    *("open", "high", "low", "close", "pre_close", "high_limit", "low_limit"),
    *("volume", "cash_mills", "ratio_tenths"),
)


@dataclass
class _State:
    """What a stock carries on: last close (fen), factor, circulating shares, the move cut off by a limit."""

    close: np.ndarray
    factor: np.ndarray
    shares: np.ndarray
    cut_off: np.ndarray


def _corporate_action(day: int, may: np.ndarray, draws: Draws, state: _State, bars: Bars) -> None:
    """Set the ex-reference price of the day; on an ex-date also factor and shares."""
    cash = np.where(may, np.rint(state.close * 10 * draws.dividend_yield[:, day]), 0).astype(np.int64)
    tenths = np.where(may, draws.bonus_tenths[:, day], 10)
    pre_close = np.where((cash > 0) | (tenths != 10), ex_reference(state.close, cash, tenths), state.close)
    state.factor = np.where(pre_close == state.close, state.factor, state.factor * state.close / pre_close)
    state.shares = state.shares * tenths / 10
    bars.pre_close[:, day], bars.cash_mills[:, day], bars.ratio_tenths[:, day] = pre_close, cash, tenths


def _prices(
    day: int, active: np.ndarray, cast: Cast, draws: Draws, state: _State, expected: np.ndarray, bars: Bars
) -> None:
    """Fill in limits, open, high, low and close of the stocks that trade."""
    pre, sigma = bars.pre_close[:, day], draws.volatility[:, day]
    up, down = cast.up[:, day], cast.down[:, day]
    ceiling = np.where(up == NO_LIMIT, UNLIMITED, limit_up(pre, up))
    floor = np.where(down == NO_LIMIT, 1, limit_down(pre, down))
    move = draws.beta * draws.market[day] + expected + draws.own[:, day] + 0.5 * state.cut_off
    move = move + _special_drift(day, cast, draws, state)
    gap = draws.gap_share[:, day] * move + draws.gap_noise[:, day]

    def bounded(price: np.ndarray) -> np.ndarray:
        return np.clip(np.rint(price).astype(np.int64), floor, ceiling)

    close, opened = bounded(pre * np.exp(move)), bounded(pre * np.exp(gap))
    at_limit = (close == ceiling) | (close == floor)
    opened = np.where(at_limit & (draws.chance[:, day] < 0.12), close, opened)
    one_price = at_limit & (opened == close) & (draws.chance[:, day] < 0.7)
    reach = draws.reach[:, :, day] * sigma * np.where(one_price, 0.0, 1.0)
    high = np.maximum(bounded(np.maximum(opened, close) * np.exp(reach[0])), np.maximum(opened, close))
    low = np.minimum(bounded(np.minimum(opened, close) * np.exp(-reach[1])), np.minimum(opened, close))
    state.cut_off = np.where(active & at_limit, move - np.log(close / pre), 0.0)
    for name, values in (("open", opened), ("high", high), ("low", low), ("close", close)):
        getattr(bars, name)[:, day] = np.where(active, values, 0)
    bars.high_limit[:, day] = np.where(active & (up != NO_LIMIT), ceiling, 0)
    bars.low_limit[:, day] = np.where(active & (down != NO_LIMIT), floor, 0)


def _special_drift(day: int, cast: Cast, draws: Draws, state: _State) -> np.ndarray:
    """Return extra returns: new listings rise, a stock about to leave falls, a halt ends with a jump."""
    age = day - cast.first
    new = (cast.first > 0) & (age >= 0) & (age < NEW_LISTING_RUN)
    free = new & (cast.up[:, day] == NO_LIMIT)
    rise = np.where(free, np.where(age == 0, 0.9, 0.0), np.where(new, 0.16 - 0.02 * age + 0.3 * (age == 0), 0.0))
    leaving = (cast.last < cast.paused.shape[1] - 1) & (cast.last - day < 60)
    resumed = cast.paused[:, day - 1] if day else np.zeros(len(age), dtype=bool)
    jump = np.where(resumed, 1.5 * draws.own[:, day], 0.0) + np.where(free, 2.0 * draws.own[:, day], 0.0)
    lift = np.where((state.close < LOWEST_PRICE) & ~leaving, 0.01, 0.0)
    return rise + jump + lift - np.where(leaving, 0.012, 0.0)


def _volume(day: int, active: np.ndarray, draws: Draws, state: _State, bars: Bars) -> None:
    """Fill in volume (lots of 100, some with an odd rest) and money (volume × a price in [low, high])."""
    pre, close, high, low = (getattr(bars, name)[:, day] for name in ("pre_close", "close", "high", "low"))
    surprise = np.abs(np.log(np.where(active, close, pre) / pre)) / draws.volatility[:, day]
    log_turnover = np.log(draws.usual_turnover) + draws.turnover[:, day] + 0.28 * np.minimum(surprise - 0.8, 4.0)
    quiet = np.where(high == low, 0.12, 1.0)
    lots = np.rint(state.shares * np.minimum(np.exp(log_turnover) * quiet, 0.6) / 100).astype(np.int64)
    rest = np.where(draws.chance[:, day] > 0.93, (draws.vwap[:, day] * 99).astype(np.int64), 0)
    volume = np.where(active, np.maximum(lots, 1) * 100 + rest, 0)
    average = low + np.where(high == low, 0.0, draws.vwap[:, day] * (high - low))
    bars.volume[:, day] = volume
    fen = np.clip(np.rint(average * volume), low * volume, high * volume)
    bars.money[:, day] = fen / 100.0


def _halt(day: int, halted: np.ndarray, state: _State, bars: Bars) -> None:
    """A halted stock shows its last close everywhere and trades nothing."""
    for name in ("open", "high", "low", "close", "pre_close", "high_limit", "low_limit"):
        column = getattr(bars, name)[:, day]
        column[halted] = state.close[halted]
