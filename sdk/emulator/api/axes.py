"""Day bars and minute bars as one thing: positions along an axis, of which a call may see those before ``stop``.

The day axis counts trading days, the minute axis 240 minutes a day (``minutes.py``). Blocks are (codes, positions),
adjusted and rounded by ``prices.py``; a minute is adjusted by the factor of its day. What a minute bar does not have
is what it means: factor, limits and halt of its day, pre_close = its open, avg = money ÷ volume (JOINQUANT.md §6.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from sdk.emulator.api.prices import PriceReader
from sdk.emulator.api.visible import Guard, as_datetime
from sdk.emulator.minutes import MinuteStore
from sdk.market.layout import MINUTE_FIELDS
from sdk.market.session_minutes import BARS, ENDS, bars_ended

Blocks = dict[str, np.ndarray]
_OF_THE_DAY = ("factor", "high_limit", "low_limit", "paused", "open_interest")


class Axis(Protocol):
    """What history, attribute_history, get_price and get_bars need of bars."""

    def now(self) -> int:
        """One past the newest position that history and attribute_history show."""

    def stop(self, call: str, end: object, fields: Sequence[str]) -> int:
        """One past the last position for ``end_date=end`` (None = now)."""

    def start(self, call: str, value: object) -> int:
        """First position at or after a date or time."""

    def blocks(
        self,
        codes: Sequence[str],
        fields: Sequence[str],
        first: int,
        stop: int,
        fq: str | None,
        fill_paused: bool = True,
        reference: int | None = None,
    ) -> Blocks:
        """Field -> (codes, positions ``first`` … ``stop`` − 1)."""

    def traded(self, code: str, first: int, stop: int) -> np.ndarray:
        """Which positions have a bar and are no halt."""

    def labels(self, first: int, stop: int) -> np.ndarray:
        """datetime64 of positions."""

    def value(self, field: str, code: str, place: int) -> float:
        """One value of fq='pre'; NaN before the data begin."""


class DayAxis:
    """Trading days; today is not shown by ``now`` whatever the time (§6.2)."""

    def __init__(self, reader: PriceReader, guard: Guard) -> None:
        self._reader, self._guard, self._bars = reader, guard, reader.bars
        self.blocks = reader.blocks

    def now(self) -> int:
        """Today is excluded."""
        return self._reader.clock.day

    def stop(self, call: str, end: object, fields: Sequence[str]) -> int:
        """Days whose fields are known."""
        return self._guard.stop_day(call, end, fields)

    def start(self, call: str, value: object) -> int:
        """First day at or after a date."""
        return int(np.searchsorted(self._bars.days, np.datetime64(as_datetime(value, call).date())))

    def traded(self, code: str, first: int, stop: int) -> np.ndarray:
        """Days with a bar that is no halt."""
        return self._bars.traded(code)[first:stop]

    def value(self, field: str, code: str, place: int) -> float:
        """One value of a day."""
        if place < 0:
            return float("nan")
        return float(self._reader.blocks((code,), (field,), place, place + 1, "pre")[field][0, 0])

    def labels(self, first: int, stop: int) -> np.ndarray:
        """The days."""
        return self._bars.days[first:stop]


class MinuteAxis:
    """Minutes up to the newest one that may be seen (rule ``newest_minute_bar``)."""

    def __init__(self, reader: PriceReader, guard: Guard, minutes: MinuteStore) -> None:
        self._reader, self._guard, self._minutes, self._bars = reader, guard, minutes, reader.bars
        self._days = DayAxis(reader, guard)
        self._ratios: dict[object, tuple[np.ndarray, np.ndarray] | None] = {}

    def now(self) -> int:
        """The running minute is excluded."""
        return self._minutes.position

    def stop(self, call: str, end: object, fields: Sequence[str]) -> int:
        """Minutes up to a time; a bare date is its 00:00."""
        return self._guard.stop_minute(call, end, self._minutes.position)

    def start(self, call: str, value: object) -> int:
        """First minute whose label is at or after a time."""
        moment, days = as_datetime(value, call), self._bars.days
        day = int(np.searchsorted(days, np.datetime64(moment.date())))
        if day == len(days) or days[day] != np.datetime64(moment.date()):
            return day * BARS
        seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
        bar = bars_ended(seconds)
        return day * BARS + (bar - 1 if bar and ENDS[bar - 1] == seconds else bar)

    def traded(self, code: str, first: int, stop: int) -> np.ndarray:
        """Minutes of days that are no halt."""
        day, last = first // BARS, (stop - 1) // BARS + 1
        flags = self._days.traded(code, day, last)
        if flags.all():
            return np.ones(stop - first, dtype=bool)
        return np.repeat(flags, BARS)[first - day * BARS : stop - day * BARS]

    def value(self, field: str, code: str, place: int) -> float:
        """One value of a minute; the raw one where the factor has not moved since."""
        if place < 0:
            return float("nan")
        day, bar = divmod(place, BARS)
        if field in MINUTE_FIELDS:
            series = self._bars.series("factor", code)
            factor = series[day]
            if factor == series[self._reader.reference_day] or factor != factor:
                return self._minutes.value(field, code, day, bar)
        return float(self.blocks((code,), (field,), place, place + 1, "pre")[field][0, 0])

    def labels(self, first: int, stop: int) -> np.ndarray:
        """The ends of the minutes."""
        return self._minutes.labels(first, stop)

    def blocks(
        self,
        codes: Sequence[str],
        fields: Sequence[str],
        first: int,
        stop: int,
        fq: str | None,
        fill_paused: bool = True,
        reference: int | None = None,
    ) -> Blocks:
        """Minutes adjusted by the factor of their day."""
        if stop <= first:
            return {field: np.empty((len(codes), 0)) for field in fields}
        day, last = first // BARS, (stop - 1) // BARS + 1
        part = slice(first - day * BARS, stop - day * BARS)
        ratio = self._moved(tuple(codes), day, last, fq, reference)
        if ratio is not None:
            ratio = np.repeat(ratio[0], BARS, axis=1)[:, part], ratio[1]
        found: Blocks = {}
        for field in fields:
            if field in _OF_THE_DAY:
                block = self._reader.blocks(codes, [field], day, last, fq, reference=reference)[field]
                found[field] = np.repeat(block, BARS, axis=1)[:, part]
            elif ratio is None and field != "avg":
                found[field] = self._raw(field, codes, first, stop)
            else:
                found[field] = self._reader.adjusted(field, self._raw(field, codes, first, stop), ratio, codes)
        if not fill_paused:
            halted = np.repeat(self._bars.block("paused", codes, day, last) == 1, BARS, axis=1)[:, part]
            for field in found:
                if field not in ("factor", "paused"):
                    found[field] = np.where(halted, np.nan, found[field])
        return found

    def _moved(
        self, codes: tuple[str, ...], day: int, last: int, fq: str | None, reference: int | None
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """(factor, reference) of days; None where no factor differs from its reference. Kept for repeated calls."""
        key = (codes, day, last, fq, self._reader.reference_day if reference is None else reference)
        if key not in self._ratios:
            if len(self._ratios) >= 64:
                self._ratios.clear()
            ratio = self._reader.ratio(codes, day, last, fq, reference)
            still = ratio is None or (ratio[0] == ratio[1]).all()
            self._ratios[key] = None if still else ratio
        return self._ratios[key]

    def _raw(self, field: str, codes: Sequence[str], first: int, stop: int) -> np.ndarray:
        if field == "pre_close":
            field = "open"
        if field == "avg":
            money, volume, close = (self._raw(name, codes, first, stop) for name in ("money", "volume", "close"))
            with np.errstate(invalid="ignore", divide="ignore"):
                return np.where(volume > 0, money / volume, close)
        series = self._minutes.series
        if len(codes) == 1:
            return series(field, codes[0], first, stop)[np.newaxis].copy()
        block = np.empty((len(codes), stop - first))
        for row, code in enumerate(codes):
            block[row] = series(field, code, first, stop)
        return block


def traded_span(axis: Axis, code: str, count: int, stop: int) -> tuple[int, np.ndarray | None]:
    """Return (first, places after it) of the last ``count`` traded positions; None = all of them."""
    first = max(stop - count, 0)
    if count < stop and axis.traded(code, first, stop).all():
        return first, None
    width = count + 30
    while True:
        first = max(stop - width, 0)
        traded = np.flatnonzero(axis.traded(code, first, stop)) if stop > first else np.empty(0, dtype=np.intp)
        if len(traded) >= count or first == 0:
            return first, traded[-count:] if count else traded[:0]
        width *= 2


_FOLDS: dict[str, Any] = {
    "open": lambda rows: rows[..., 0],
    "high": lambda rows: rows.max(axis=-1),
    "low": lambda rows: rows.min(axis=-1),
    "close": lambda rows: rows[..., -1],
    "volume": lambda rows: rows.sum(axis=-1),
    "money": lambda rows: rows.sum(axis=-1),
}


def folded(blocks: Blocks, labels: np.ndarray, size: int, keep_rest: bool) -> tuple[Blocks, np.ndarray]:
    """Join ``size`` bars into one, counted back from the end; what is left over at the front per ``keep_rest``."""
    if size == 1:
        return blocks, labels
    rest = len(labels) % size
    joined = {}
    for field, block in blocks.items():
        body = block[..., rest:]
        rows = _FOLDS[field](body.reshape(*body.shape[:-1], -1, size))
        if keep_rest and rest:
            rows = np.concatenate([_FOLDS[field](block[..., :rest])[..., np.newaxis], rows], axis=-1)
        joined[field] = rows
    ends = labels[rest + size - 1 :: size]
    return joined, np.concatenate([labels[rest - 1 : rest], ends]) if keep_rest and rest else ends
