"""The panel: what the market did, as arrays of (stocks, days).

A panel is a frozen view of some codes over some consecutive trading days. Each field is a read-only float64
array of shape (stocks, days): prices in CNY as traded (raw), volume in shares, money in CNY, ``factor`` the
cumulative adjustment factor, ``paused`` and ``is_st`` as 0.0 / 1.0, valuation in JoinQuant's units
(``circulating_market_cap`` in 1e8 CNY). NaN means that there is no bar: not yet listed, delisted, or absent.
Nothing is ever filled with zeros.

Pre-adjustment (前复权) relative to a reference day:  price = raw × factor ÷ factor_ref;
volume = raw ÷ (factor ÷ factor_ref); money is never adjusted. Nothing is rounded here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from sdk.errors import MarketError, nearest
from sdk.market.calendar import Day, day_index

PRICE_FIELDS = ("open", "high", "low", "close", "pre_close", "high_limit", "low_limit")


class FieldTable(Mapping[str, np.ndarray]):
    """Field name -> read-only array, each loaded at its first use and then kept."""

    def __init__(self, names: Iterable[str], load: Callable[[str], np.ndarray]) -> None:
        self._names = tuple(names)
        self._load = load
        self._loaded: dict[str, np.ndarray] = {}

    def __getitem__(self, field: str) -> np.ndarray:
        if field not in self._names:
            raise KeyError(field)
        if field not in self._loaded:
            array = self._load(field)
            array.setflags(write=False)
            self._loaded[field] = array
        return self._loaded[field]

    def __contains__(self, field: object) -> bool:
        return field in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True, eq=False)
class Panel:
    """Some codes over consecutive trading days; see the module's text for units and the NaN rule."""

    codes: tuple[str, ...]
    days: np.ndarray
    values: Mapping[str, np.ndarray]

    def __getitem__(self, field: str) -> np.ndarray:
        """Return one field, shape (stocks, days); MarketError names the nearest field if there is none."""
        if field not in self.values:
            fields = " ".join(self.values)
            raise MarketError(f"the panel has no field {field!r}{nearest(field, self.values)} (it has: {fields})")
        return self.values[field]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of (stocks, days)."""
        return len(self.codes), len(self.days)

    def row(self, code: str) -> int:
        """Return the row of ``code``; MarketError names the nearest code."""
        if code not in self.codes:
            raise MarketError(f"{code!r} is not in the panel of {len(self.codes)} codes{nearest(code, self.codes)}")
        return self.codes.index(code)

    def day_index(self, day: Day) -> int:
        """Return the column of an exact trading day; MarketError names the nearest trading days."""
        return day_index(self.days, day)

    def window(self, last_day: Day, days: int) -> Panel:
        """Return the ``days`` trading days ending at ``last_day``; MarketError if there are not that many."""
        stop = self.day_index(last_day) + 1
        if not 1 <= days <= stop:
            raise MarketError(
                f"a window of {days} trading days ending at {self.days[stop - 1]} needs 1 … {stop} days: "
                f"the panel starts at {self.days[0]}; ask for a shorter window or an earlier start"
            )
        part = slice(stop - days, stop)
        return Panel(self.codes, self.days[part], FieldTable(self.values, lambda field: self.values[field][:, part]))

    def select(self, codes: Iterable[str]) -> Panel:
        """Return the rows of ``codes``, ascending, repetitions dropped; MarketError if one is not there."""
        wanted = tuple(sorted(set(codes)))
        place = {code: row for row, code in enumerate(self.codes)}
        missing = [code for code in wanted if code not in place]
        if missing:
            self.row(missing[0])
        rows = np.array([place[code] for code in wanted], dtype=np.intp)
        return Panel(wanted, self.days, FieldTable(self.values, lambda field: self.values[field][rows]))

    def pre_adjusted(self, field: str, reference_day: Day) -> np.ndarray:
        """Return a price field or the volume, pre-adjusted to ``reference_day``, shape (stocks, days),
        unrounded.

        A stock without a bar on the reference day uses its last factor before it; without any it is NaN.
        ``money`` comes back as it is. MarketError for a field that has no adjustment.
        """
        raw = self[field]
        if field == "money":
            return raw
        if field not in PRICE_FIELDS and field != "volume":
            adjustable = (*PRICE_FIELDS, "volume", "money")
            raise MarketError(f"{field!r} is not adjusted for corporate actions; adjustable: {' '.join(adjustable)}")
        factor = self["factor"]
        reference = _last_known(factor[:, : self.day_index(reference_day) + 1])[:, np.newaxis]
        return raw / (factor / reference) if field == "volume" else raw * factor / reference


def _last_known(values: np.ndarray) -> np.ndarray:
    """Return the last value of each row that is not NaN; NaN where the whole row is."""
    known = ~np.isnan(values)
    last = values.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    return np.where(known.any(axis=1), values[np.arange(len(values)), last], np.nan)
