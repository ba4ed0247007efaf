"""What the broker and the account may know now: the latest price, today's limits, volume and halt.

Before the open the latest price is the previous close as the exchange adjusts it on an ex-date (``pre_close``);
at 09:30 today's open; after it the close of the newest minute bar (``minutes.py``); from 15:00 today's close
(JOINQUANT.md §3.3, §14.14), in day frequency as in minute frequency. Where there are no minute bars a day bar knows
no price in between: rule ``intraday_price_without_minutes``. A halted stock keeps its last close.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sdk.emulator.bars import BarStore
from sdk.emulator.clock import AUCTION, CLOSE, OPEN, Clock
from sdk.emulator.minutes import MinuteStore
from sdk.emulator.settings import Settings


class Quotes:
    """Prices of now; ``intraday`` counts how often a price between open and close had to be assumed."""

    def __init__(
        self, bars: BarStore, clock: Clock, settings: Settings, rules: Mapping[str, str], minutes: MinuteStore
    ) -> None:
        self._bars, self._clock, self._settings, self.minutes = bars, clock, settings, minutes
        self._ratios: dict[str, np.ndarray] = {}
        self._between = rules["intraday_price_without_minutes"]
        hour, minute = rules["day_open_from"].split(":")
        self._open_known = int(hour) * 3600 + int(minute) * 60
        self.early_opens = 0  # how often day_open was asked for after the auction and before it is given
        self._prices: dict[str, float] = {}  # of the instant ``_instant``
        self._instant = (-1, False)
        self.intraday = 0

    def value(self, field: str, code: str, day: int) -> float:
        """Return a field of one day in the prices that the run trades; NaN without a bar."""
        if self._settings.use_real_price:
            return self._bars.value(field, code, day)
        return float(self._bars.adjusted(field, code)[day])

    def day_open(self, code: str) -> float:
        """Return today's open; NaN before it is known (rule ``day_open_from``)."""
        if self._clock.seconds >= self._open_known:
            return self.value("open", code, self._clock.day)
        self.early_opens += self._clock.seconds >= AUCTION
        return float("nan")

    def last_price(self, code: str) -> float:
        """Return the latest price known now; the last close before it where today has no bar."""
        instant = (self._clock.moves, self._settings.use_real_price)
        if instant != self._instant:
            self._prices.clear()
            self._instant = instant
        price = self._prices.get(code)
        if price is None:
            assumed = self.intraday
            price = self._newest(code)
            if self.intraday == assumed:  # what is assumed is counted each time
                self._prices[code] = price
        return price

    def _newest(self, code: str) -> float:
        seconds, day = self._clock.seconds, self._clock.day
        if seconds < OPEN:
            price = self.value("pre_close", code, day)
        elif seconds >= CLOSE:
            price = self.value("close", code, day)
        elif seconds == OPEN:
            price = self.value("open", code, day)
        elif self.minutes.has(code, day):
            bars = self.minutes.newest(seconds)
            price = self.minute("close", code, day, bars - 1) if bars else self.value("open", code, day)
        else:
            self.intraday += 1
            price = self._assumed(code, day)
        return price if price == price else self.last_close(code, day - 1)

    def minute(self, field: str, code: str, day: int, bar: int) -> float:
        """Return a field of one minute bar in the prices (shares) that the run trades; NaN without a bar."""
        raw = self.minutes.value(field, code, day, bar)
        if self._settings.use_real_price or self._bars.instrument(code).type == "index":
            return raw
        ratios = self._ratios.get(code)
        if ratios is None:
            ratios = self._ratios[code] = self._bars.trade_ratio(code)
        ratio = float(ratios[day])
        return raw / ratio if field == "volume" else round(raw * ratio, self._bars.instrument(code).decimals)

    def _assumed(self, code: str, day: int) -> float:
        if self._between == "open":
            return self.value("open", code, day)
        if self._between == "close":
            return self.value("close", code, day)
        return (self.value("open", code, day) + self.value("close", code, day)) / 2.0

    def last_close(self, code: str, day: int) -> float:
        """Return the newest close up to ``day``; NaN when there never was one."""
        if day < 0:
            return float("nan")
        real = self._settings.use_real_price
        closes = self._bars.series("close", code) if real else self._bars.adjusted("close", code)
        if closes[day] == closes[day]:
            return float(closes[day])
        known = np.flatnonzero(~np.isnan(closes[: day + 1]))
        return float(closes[known[-1]]) if len(known) else float("nan")

    def over(self, field: str, codes: Sequence[str], first: int, stop: int) -> np.ndarray:
        """Return ``close`` or ``pre_close`` on the days ``first`` … ``stop`` − 1, (codes, days), in the prices that
        the run trades; the newest close before a day where it has none."""
        if self._settings.use_real_price:
            prices = self._bars.block(field, codes, first, stop)
        else:
            rows = [self._bars.adjusted(field, code)[first:stop] for code in codes]
            prices = np.array(rows).reshape(len(codes), stop - first)
        for row, day in np.argwhere(np.isnan(prices)).tolist():
            prices[row, day] = self.last_close(codes[row], first + day - 1)
        return prices

    def previous_close(self, code: str) -> float:
        """Return today's reference close (ex-adjusted), else the last close."""
        price = self.value("pre_close", code, self._clock.day)
        return price if price == price else self.last_close(code, self._clock.day - 1)

    def limits(self, code: str) -> tuple[float, float]:
        """Return today's (low, high) limit price; ±inf where the day has no limit.

        # platform: the engine has no limit rule of its own, the limits of the data decide (§10).
        """
        day = self._clock.day
        low, high = self.value("low_limit", code, day), self.value("high_limit", code, day)
        return (low if low > 0 else -np.inf), (high if high > 0 else np.inf)

    def paused(self, code: str) -> bool:
        """True when the security does not trade today: halted, not listed, or no bar."""
        day = self._clock.day
        close = self._bars.value("close", code, day)
        return self._bars.value("paused", code, day) != 0 or close != close

    def untraded(self, code: str) -> bool:
        """True when the day's minute bars so far hold no volume; False at the open and without minute bars."""
        clock = self._clock
        bars = self.minutes.newest(clock.seconds)
        if not bars or not self.minutes.has(code, clock.day):
            return False
        return not self.minutes.day("volume", code, clock.day)[:bars].any()

    def day_volume(self, code: str) -> float:
        """Return the volume of the whole day in shares; NaN as 0."""
        volume = self.value("volume", code, self._clock.day)
        return volume if volume == volume else 0.0
