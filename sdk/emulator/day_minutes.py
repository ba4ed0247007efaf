"""Minute bars made of day bars, for the data calls of a run on a bundle without minutes, or without those of a code.

A day bar knows the open at 09:30 and everything else at the close. So every minute 09:31 … 14:59 stands at the price
that the rule ``intraday_price_without_minutes`` gives (open = high = low = close, no volume), and the minute 15:00
carries the rest: the day's close, high and low, its whole volume and money. Joined over a day these minutes are the
day bar. A halted day shows the last close and volume 0. Orders are never matched against them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sdk.emulator.bars import BarStore
from sdk.emulator.clock import Clock
from sdk.emulator.minutes import LAG, MinuteStore
from sdk.market.session_minutes import BARS, bars_ended


class DayMinutes(MinuteStore):
    """Stands in for the minutes of a bundle that has none; ``asked`` once a call was answered from it."""

    def __init__(self, bars: BarStore, clock: Clock, rules: Mapping[str, str]) -> None:
        super().__init__(bars, clock, rules)
        self._seconds = LAG[rules["newest_minute_bar"]]
        self._between = rules["intraday_price_without_minutes"]
        self.asked = False

    @property
    def offered(self) -> bool:
        """True: the calls are answered."""
        return True

    def newest(self, seconds: int) -> int:
        """Return how many of today's bars may be seen at a time of day."""
        return bars_ended(seconds - self._seconds)

    def value(self, field: str, code: str, day: int, bar: int) -> float:
        """Return one raw value; NaN without a day bar."""
        return float(self.series(field, code, day * BARS + bar, day * BARS + bar + 1)[0])

    def series(self, field: str, code: str, start: int, stop: int) -> np.ndarray:
        """Return raw values of the positions ``start`` … ``stop`` − 1."""
        self.asked = True
        position = np.arange(start, stop)
        day, last = position // BARS, position % BARS == BARS - 1
        whole = self._bars.series(field, code)
        if field in ("volume", "money"):
            return np.where(last, whole[day], np.where(np.isnan(whole[day]), np.nan, 0.0))
        if field == "open" and self._between != "open":
            return np.where(position % BARS == 0, whole[day], self._price(code)[day])
        return np.where(last, whole[day], self._price(code)[day])

    def has(self, code: str, day: int) -> bool:
        """True when the day of a code has a bar."""
        close = float(self._bars.series("close", code)[day])
        return close == close

    def _price(self, code: str) -> np.ndarray:
        """The price of each day between the open and the close."""
        first, last = self._bars.series("open", code), self._bars.series("close", code)
        return {"open": first, "close": last, "average": (first + last) / 2}[self._between]


class MixedMinutes(DayMinutes):
    """The minutes of a bundle; those that it lacks of a code (``missing``) are made of the code's day bars."""

    def __init__(self, store: MinuteStore, bars: BarStore, clock: Clock, rules: Mapping[str, str]) -> None:
        super().__init__(bars, clock, rules)
        self._store = store

    def newest(self, seconds: int) -> int:
        """Return how many of today's bars may be seen at a time of day."""
        return self._store.newest(seconds)

    def series(self, field: str, code: str, start: int, stop: int) -> np.ndarray:
        """Return raw values of the positions ``start`` … ``stop`` − 1."""
        found = self._store.series(field, code, start, stop)
        if code not in self._store.missing or not (gaps := np.isnan(found)).any():
            return found
        return np.where(gaps, super().series(field, code, start, stop), found)

    def value(self, field: str, code: str, day: int, bar: int) -> float:
        """Return one raw value; NaN without a minute bar and without a day bar."""
        found = self._store.value(field, code, day, bar)
        return found if found == found or code not in self._store.missing else super().value(field, code, day, bar)

    def has(self, code: str, day: int) -> bool:
        """True when the day of a code has minute bars, or a day bar to make them of."""
        return self._store.has(code, day) or (code in self._store.missing and super().has(code, day))


def minutes_for_calls(minutes: MinuteStore, bars: BarStore, clock: Clock, rules: Mapping[str, str]) -> MinuteStore:
    """Return what answers the data calls (rule ``minute_calls_without_minutes``)."""
    if rules["minute_calls_without_minutes"] == "refuse":
        return minutes
    return MixedMinutes(minutes, bars, clock, rules) if minutes.offered else DayMinutes(bars, clock, rules)
