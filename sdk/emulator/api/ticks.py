"""get_current_tick and get_ticks as far as bars know them: prices, and the day's high, low, volume and money so far.

A tick stands where a minute bar ends, and at 09:25:00, the opening auction, whose price is the day's open. In a
bundle without minutes ``get_ticks`` takes those made of day bars (``day_minutes.py``), and ``get_current_tick`` shows
the prices that a day bar knows now, volume and money unknown (NaN). How much the auction traded and the order book
(``a1_p`` … ``b5_v``) stand in no bar: NaN. No tick before 09:25, and none of what does not trade that day.

# platform: JOINQUANT.md §6.6; its page on get_ticks: ``time`` is a number like 20180629145636.0 in an array, all
other columns are numbers too; ``skip`` leaves out what changed only the order book.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np

from sdk.emulator.api.prices import PriceReader, code_list
from sdk.emulator.api.visible import Guard, as_datetime
from sdk.emulator.clock import AUCTION, CLOSE, OPEN
from sdk.emulator.minutes import MinuteStore
from sdk.emulator.quotes import Quotes
from sdk.emulator.unsupported import unsupported
from sdk.errors import StrategyError, nearest
from sdk.market.session_minutes import BARS

_BOOK = tuple(f"{side}{level}_{kind}" for side in "ab" for level in range(1, 6) for kind in "pv")
_FIELDS = ("datetime", "current", "high", "low", "volume", "money")
_COLUMNS = ("time", "open", "current", "high", "low", "volume", "money", *_BOOK)


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

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


class Ticks:
    """The calls of one run; ``called`` are the minutes of data calls (``minutes_for_calls``)."""

    def __init__(
        self, reader: PriceReader, quotes: Quotes, minutes: MinuteStore, called: MinuteStore, guard: Guard
    ) -> None:
        self._bars, self._clock, self._quotes, self._minutes = reader.bars, reader.clock, quotes, minutes
        self._called, self._guard = called, guard

    def get_current_tick(self, security: Any, dt: Any = None, df: bool = False) -> Any:
        """The latest tick of one security (or None), of several as code -> tick, or as a DataFrame with ``df``."""
        if dt is not None:
            raise unsupported(
                "get_current_tick with dt", "ask for the tick of now, or use get_ticks(end_dt=…, count=1)"
            )
        codes, many = code_list(security, self._bars, "get_current_tick")
        ticks = {code: self._tick(code) for code in codes}
        if df:
            import pandas as pd

            known = [tick for tick in ticks.values() if tick is not None]
            rows = [[*(getattr(tick, name) for name in (*_FIELDS, *_BOOK))] for tick in known]
            return pd.DataFrame(rows, columns=[*_FIELDS, *_BOOK], index=[tick.code for tick in known])
        return ticks if many else ticks[codes[0]]

    def get_ticks(
        self,
        security: Any,
        end_dt: Any = None,
        start_dt: Any = None,
        count: int | None = None,
        fields: Any = ("time", "current", "high", "low", "volume", "money"),
        skip: bool = True,
        df: bool = False,
    ) -> Any:
        """The last ``count`` ticks up to ``end_dt``, or those from ``start_dt`` on; of several code -> array, or with
        ``df`` one frame by code and place."""
        call = "get_ticks"
        if (start_dt is None) == (count is None):
            raise StrategyError(f"{call}: give either start_dt or count")
        names = [fields] if isinstance(fields, str) else list(fields)
        for name in names:
            if name not in _COLUMNS:
                raise StrategyError(
                    f"{call}: no field {name!r}{nearest(str(name), _COLUMNS)}; known: {' '.join(_COLUMNS)}"
                )
        codes, many = code_list(security, self._bars, call)
        until = self._until(end_dt, call)
        since = None if start_dt is None else np.datetime64(as_datetime(start_dt, call), "s")
        found = {code: self._rows(code, since, until, count, skip) for code in codes}
        if df:
            import pandas as pd

            frames = {code: pd.DataFrame({name: rows[name] for name in names}) for code, rows in found.items()}
            if not many:
                return frames[codes[0]]
            return pd.concat(frames) if frames else pd.DataFrame(columns=names)
        arrays = {code: _array(rows, names) for code, rows in found.items()}
        return arrays if many else arrays[codes[0]]

    def event(self, code: str) -> Tick | None:
        """The tick that reaches handle_tick now; None in a minute without a trade and on a halted day."""
        clock = self._clock
        stop = self._minutes.newest(clock.seconds)
        if stop and self._minutes.has(code, clock.day) and not self._minutes.day("volume", code, clock.day)[stop - 1]:
            return None
        return self._tick(code)

    # ----------------------------------------------------------------------------------------------- one security
    def _tick(self, code: str) -> Tick | None:
        clock, day = self._clock, self._clock.day
        if clock.seconds < AUCTION or self._quotes.paused(code):
            return None
        if clock.seconds < OPEN:
            opened = self._quotes.value("open", code, day)
            return Tick(code, clock.now, opened, opened, opened, np.nan, np.nan)
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

    def _until(self, end: Any, call: str) -> np.datetime64:
        """Return the last moment that is shown: ``end``, or now where that is earlier."""
        self._guard.stop_minute(call, end, self._called.position)
        now = np.datetime64(self._clock.now, "s")
        return now if end is None else min(np.datetime64(as_datetime(end, call), "s"), now)

    def _rows(
        self, code: str, since: np.datetime64 | None, until: np.datetime64, count: int | None, skip: bool
    ) -> dict[str, np.ndarray]:
        """Return column -> values of the ticks in the span, ascending; ``time`` as datetime64[s]."""
        days = self._bars.days
        day = int(np.searchsorted(days, until.astype("datetime64[D]"), side="right")) - 1
        first = 0 if since is None else int(np.searchsorted(days, since.astype("datetime64[D]")))
        parts: list[dict[str, np.ndarray]] = []
        need = count
        while day >= first and (need is None or need > 0):
            rows = self._day(code, day, skip)
            kept = rows["time"] <= until
            if since is not None:
                kept &= rows["time"] >= since
            places = np.flatnonzero(kept)
            places = places if need is None else places[-need:]
            parts.append({name: values[places] for name, values in rows.items()})
            need = None if need is None else need - len(places)
            day -= 1
        whole = parts[::-1] or [self._nothing()]
        return {name: np.concatenate([part[name] for part in whole]) for name in whole[0]}

    def _day(self, code: str, day: int, skip: bool) -> dict[str, np.ndarray]:
        """Return the ticks of one day, those of today up to now."""
        series, minutes = self._bars.series, self._called
        opened = self._quotes.value("open", code, day)
        if series("paused", code)[day] != 0 or opened != opened or not minutes.has(code, day):
            return self._nothing()
        stop = BARS if day < self._clock.day else minutes.newest(self._clock.seconds)
        bar = {name: minutes.day(name, code, day)[:stop] for name in ("close", "high", "low", "volume", "money")}
        ratio = opened / series("open", code)[day]
        price = {
            name: np.round(bar[name] * ratio, self._bars.instrument(code).decimals)
            for name in ("close", "high", "low")
        }
        auction = self._bars.days[day].astype("datetime64[s]") + np.timedelta64(AUCTION, "s")
        rows = {
            "time": np.concatenate([[auction], minutes.labels(day * BARS, day * BARS + stop)]),
            "open": np.full(stop + 1, opened),
            "current": np.concatenate([[opened], price["close"]]),
            "high": np.maximum.accumulate(np.concatenate([[opened], price["high"]])),
            "low": np.minimum.accumulate(np.concatenate([[opened], price["low"]])),
            **{name: np.concatenate([[np.nan], np.cumsum(bar[name])]) for name in ("volume", "money")},
            **dict.fromkeys(_BOOK, np.full(stop + 1, np.nan)),
        }
        traded = np.concatenate([[True], (bar["volume"] > 0) | (not self._minutes.has(code, day))])
        kept = np.flatnonzero(traded) if skip else slice(None)
        return {name: values[kept] for name, values in rows.items()}

    def _nothing(self) -> dict[str, np.ndarray]:
        none = {name: np.empty(0) for name in _COLUMNS}
        return {**none, "time": np.empty(0, dtype="datetime64[s]")}


def _array(rows: dict[str, np.ndarray], names: list[str]) -> np.ndarray:
    found = np.empty(len(rows["time"]), dtype=[(name, np.float64) for name in names])
    for name in names:
        found[name] = [float(f"{one.item():%Y%m%d%H%M%S}") for one in rows[name]] if name == "time" else rows[name]
    return found
