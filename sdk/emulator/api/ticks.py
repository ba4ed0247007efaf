"""get_current_tick as far as bars know it: the latest price, and the day's high, low, volume and money so far.

With minute bars it is the state at the newest finished minute; without them only the prices that a day bar shows now,
volume and money unknown (NaN). The order book (``a1_p`` … ``b5_v``) stands in no bar: NaN. Nothing before 09:30, and
nothing for what does not trade today. Source: JOINQUANT.md §6.6.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np

from sdk.emulator.api.prices import PriceReader, code_list
from sdk.emulator.clock import CLOSE, OPEN
from sdk.emulator.minutes import MinuteStore
from sdk.emulator.quotes import Quotes
from sdk.emulator.unsupported import unsupported

_BOOK = tuple(f"{side}{level}_{kind}" for side in "ab" for level in range(1, 6) for kind in "pv")
_FIELDS = ("datetime", "current", "high", "low", "volume", "money")


@dataclass(frozen=True)
class Tick:
    """The state of one security now; prices in CNY, volume in shares and money in CNY since the open."""

    code: str
    datetime: dt.datetime
    current: float
    high: float
    low: float
    volume: float
    money: float

    def __getattr__(self, name: str) -> float:
        if name in _BOOK:
            return float("nan")
        raise AttributeError(name)


class Ticks:
    """get_current_tick of one run."""

    def __init__(self, reader: PriceReader, quotes: Quotes, minutes: MinuteStore) -> None:
        self._bars, self._clock, self._quotes, self._minutes = reader.bars, reader.clock, quotes, minutes

    def get_current_tick(self, security: Any, dt: Any = None, df: bool = False) -> Any:
        """The latest tick of one security (or None), of several as code -> tick, or as a DataFrame with ``df``."""
        if dt is not None:
            raise unsupported(
                "get_current_tick with dt", "ask for the tick of now, or use get_bars(unit='1m', end_dt=…)"
            )
        codes, many = code_list(security, self._bars, "get_current_tick")
        ticks = {code: self._tick(code) for code in codes}
        if df:
            import pandas as pd

            known = [tick for tick in ticks.values() if tick is not None]
            rows = [[*(getattr(tick, name) for name in (*_FIELDS, *_BOOK))] for tick in known]
            return pd.DataFrame(rows, columns=[*_FIELDS, *_BOOK], index=[tick.code for tick in known])
        return ticks if many else ticks[codes[0]]

    def _tick(self, code: str) -> Tick | None:
        clock, day = self._clock, self._clock.day
        if clock.seconds < OPEN or self._quotes.paused(code):
            return None
        current = self._quotes.last_price(code)
        if self._minutes.has(code, day):
            stop = self._minutes.newest(clock.seconds)
            bars = {name: self._minutes.day(name, code, day)[:stop] for name in ("high", "low", "volume", "money")}
            if not stop:
                return Tick(code, clock.now, current, current, current, 0.0, 0.0)
            high, low = float(bars["high"].max()), float(bars["low"].min())
            return Tick(code, clock.now, current, high, low, float(bars["volume"].sum()), float(bars["money"].sum()))
        names = ("high", "low", "volume", "money")
        if clock.seconds >= CLOSE:
            return Tick(code, clock.now, current, *(self._quotes.value(name, code, day) for name in names))
        opened = self._quotes.value("open", code, day)
        return Tick(code, clock.now, current, max(opened, current), min(opened, current), np.nan, np.nan)
