"""Minute bars behind one run: any code, one field and month at a time, on the axis of all minutes.

A *position* counts minutes along the calendar: day × 240 + bar. Raw prices; NaN = no bar. On a halted day the last
close stands in every minute with volume 0, as the platform shows it. What was read is kept up to ``KEPT`` months of
one field (about 44 KB each); older ones are read again when asked for.

``newest`` is the one place that says which bars may be seen at a time of day (rule ``newest_minute_bar``). A bar is
over at its label whatever that rule says; queued orders are matched then (``session_minutes.bars_ended``).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sdk.emulator.bars import BarStore
from sdk.emulator.clock import Clock
from sdk.market.session_minutes import BARS, OFFSETS, bars_ended

KEPT = 2000
LAG = {"label_now": 0, "label_before": 60}
Month = tuple[int, int, np.ndarray]


class MinuteStore:
    """The minutes of one run; ``missing`` collects codes that a month they were asked for lacks."""

    def __init__(self, bars: BarStore, clock: Clock, rules: Mapping[str, str]) -> None:
        self._bars, self._clock = bars, clock
        self._table = bars.bundle.minutes
        self._lag = LAG[rules["newest_minute_bar"]]
        self._hot: dict[tuple[str, str], Month] = {}
        self._kept: dict[tuple[str, str, str], Month] = {}
        self._hidden_from = len(bars.days)
        self.missing: set[str] = set()
        self._month_of: list[str] = []
        if self._table is not None:
            for month, (first, stop) in self._table.span.items():
                self._month_of += [month] * (stop - first)

    @property
    def offered(self) -> bool:
        """True when the bundle has minute bars."""
        return self._table is not None

    def lacking(self, first: int, last: int) -> list[str]:
        """Return the months of a run (day indices) that have no minute file."""
        have = self._table.months if self._table is not None else ()
        if not have:
            return ["every month"]
        return [month for month in dict.fromkeys(self._month_of[first : last + 1]) if month not in have]

    # --------------------------------------------------------------------------------------- what may be seen
    def newest(self, seconds: int) -> int:
        """Return how many of today's bars may be seen at a time of day."""
        return bars_ended(seconds - self._lag) if self._table is not None else 0

    @property
    def position(self) -> int:
        """One past the newest position that may be seen now."""
        return self._clock.day * BARS + self.newest(self._clock.seconds)

    # --------------------------------------------------------------------------------------------------- bars
    def value(self, field: str, code: str, day: int, bar: int) -> float:
        """Return one raw value; NaN without a bar."""
        first, stop, flat = self._hot.get((field, code), _NONE)
        if not first <= day < stop:
            first, stop, flat = self._month(field, code, day)
        return float(flat[(day - first) * BARS + bar])

    def day(self, field: str, code: str, day: int) -> np.ndarray:
        """Return the 240 raw values of one day."""
        return self.series(field, code, day * BARS, day * BARS + BARS)

    def has(self, code: str, day: int) -> bool:
        """True when the day of a code has minute bars (or is a halt)."""
        return self._table is not None and (last := self.value("close", code, day, BARS - 1)) == last

    def series(self, field: str, code: str, start: int, stop: int) -> np.ndarray:
        """Return raw values of the positions ``start`` … ``stop`` − 1; read-only."""
        day = start // BARS
        first, end, flat = self._hot.get((field, code), _NONE)
        if not first <= day < end:
            first, end, flat = self._month(field, code, day)
        if stop <= end * BARS:
            return flat[start - first * BARS : stop - first * BARS]
        parts = [flat[start - first * BARS :]]
        while end * BARS < stop:
            first, end, flat = self._month(field, code, end)
            parts.append(flat[: stop - first * BARS])
        return np.concatenate(parts)

    def labels(self, start: int, stop: int) -> np.ndarray:
        """Return the labels (ends) of positions as datetime64[s]."""
        position = np.arange(start, stop)
        return self._bars.days[position // BARS].astype("datetime64[s]") + OFFSETS[position % BARS]

    def hide_from(self, day: int) -> None:
        """Replace all minutes from a day on by other values, for the look-ahead check (``veil.py``)."""
        self._hidden_from = day
        self._hot.clear()
        self._kept.clear()
        if self._table is not None:
            self._table.reopen()

    # ------------------------------------------------------------------------------------------------ reading
    def _month(self, field: str, code: str, day: int) -> Month:
        month = self._month_of[day]
        key = (field, code, month)
        found = self._kept.pop(key, None) or self._read(field, code, month)
        self._kept[key] = self._hot[field, code] = found
        if len(self._kept) > KEPT:
            old = next(iter(self._kept))
            dropped = self._kept.pop(old)
            if self._hot.get(old[:2]) is dropped:
                del self._hot[old[:2]]
        return found

    def _read(self, field: str, code: str, month: str) -> Month:
        assert self._table is not None
        first, stop = self._table.span[month]
        columns = self._table.read(code, month, (field,))
        if columns is None:
            if month in self._table.months:
                self.missing.add(code)
            values = np.full((stop - first, BARS), np.nan)
        else:
            values = columns[field]
        if self._hidden_from < stop:
            _replace(values[max(self._hidden_from - first, 0) :], field, [first, int(code[:6])])
        halted = (self._bars.series("paused", code)[first:stop] == 1) & np.isnan(values[:, 0])
        if halted.any():
            fill = self._bars.series("close", code)[first:stop] if field not in ("volume", "money") else None
            values[halted] = 0.0 if fill is None else fill[halted][:, np.newaxis]
        flat = values.reshape(-1)
        flat.setflags(write=False)
        return first, stop, flat


def _replace(values: np.ndarray, field: str, seed: list[int]) -> None:
    rng = np.random.default_rng(seed)
    if field in ("volume", "money"):
        values *= rng.uniform(0.2, 2.0, values.shape)
    else:
        values *= np.exp(np.cumsum(rng.normal(0.0, 0.002, values.shape), axis=1) + rng.normal(0.0, 0.05))
        np.maximum(np.round(values, 2, out=values), 0.01, out=values)


_NONE: Month = (0, 0, np.empty(0))
