"""Daily bars behind one run: any code of the bundle, one field at a time, over the whole calendar.

Stocks, funds and indices are asked for in the same way. Arrays are read-only float64 along the calendar of the
bundle (``days``); NaN = no bar. What an index does not have is what it means: factor 1, never paused, no
limits, not ST. Nothing here knows the clock: who may see which day is decided by ``quotes.py`` (orders) and
``api/visible.py`` (data calls).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sdk.emulator.instruments import LOOKS_LISTED, Instrument, instrument_of, kind_of_code
from sdk.errors import MarketError, StrategyError, nearest
from sdk.market.bundle import Bundle

_WITHOUT = {
    **{"factor": 1.0, "paused": 0.0, "is_st": 0.0, "high_limit": np.nan, "low_limit": np.nan},
    "open_interest": np.nan,  # of futures; no stock has one
}
PRICES = ("open", "high", "low", "close", "pre_close", "high_limit", "low_limit", "avg")
_THREE_DECIMALS = np.datetime64("2016-02-01")
_HALF = 0.5001  # 24.80649994 counts as 24.8065: the average is made of rounded numbers


@dataclass(frozen=True, eq=False)
class Listing:
    """The bundle's securities as columns; ``row`` finds a code. ``end_date`` NaT = still listed."""

    row: dict[str, int]
    code: list[str]
    display_name: list[str]
    name: list[str]
    type: list[str]
    start_date: np.ndarray
    end_date: np.ndarray

    @classmethod
    def of(cls, frame: Any) -> Listing:
        """Take the columns of ``Bundle.securities``."""
        codes = list(frame.index)
        texts = [frame[name].tolist() for name in ("display_name", "name", "type")]
        dates = [frame[name].to_numpy().astype("datetime64[D]") for name in ("start_date", "end_date")]
        return cls({code: row for row, code in enumerate(codes)}, codes, *texts, *dates)

    def last_day(self, code: str) -> np.datetime64:
        """Return the last day of listing, NaT for live or unknown codes."""
        row = self.row.get(code)
        return np.datetime64("NaT") if row is None else self.end_date[row]


class BarStore:
    """All bars of a bundle, lazily; ``days`` is its calendar."""

    def __init__(self, bundle: Bundle, rules: Mapping[str, str]) -> None:
        self.bundle = bundle
        self.rules = rules
        self.days: np.ndarray = bundle.days
        self._series: dict[tuple[str, str], np.ndarray] = {}
        self._adjusted: dict[tuple[str, str], np.ndarray] = {}
        self._traded: dict[str, np.ndarray] = {}
        self._numbers: defaultdict[str, dict[str, memoryview]] = defaultdict(dict)
        self._instruments: dict[str, Instrument] = {}
        self._row_lists: dict[tuple[str, ...], np.ndarray | None] = {}
        self.strangers: dict[str, None] = {}  # asked for, not in the bundle; in the order of asking

    # -------------------------------------------------------------------------------------------- securities
    @cached_property
    def _panels(self) -> tuple[Any, Any]:
        try:
            indices = self.bundle.index_panel()
        except MarketError:  # a bundle without index bars is complete; asking for an index names what is missing
            indices = None
        return self.bundle.panel(), indices

    @cached_property
    def _place(self) -> dict[str, tuple[int, int]]:
        place: dict[str, tuple[int, int]] = {}
        for number, panel in enumerate(self._panels):
            if panel is not None:
                place.update({code: (number, row) for row, code in enumerate(panel.codes)})
        return place

    @cached_property
    def listing(self) -> Listing:
        """Names, types and dates of all securities."""
        return Listing.of(self.bundle.securities)

    def known(self, code: object) -> bool:
        """True when the bundle has bars of ``code``."""
        return isinstance(code, str) and code in self._place

    def need_all(self, codes: Iterable[Any]) -> list[str]:
        """Return ``codes`` as a list, each as ``need`` does; TypeError for what is no list."""
        wanted = list(codes)
        try:
            if self._place.keys() >= set(wanted):  # a pool of stocks is asked for again and again
                return wanted
        except TypeError:  # something in it has no hash, so it is no code
            pass
        return [self.need(code) for code in wanted]

    def need(self, code: object) -> str:
        """Return ``code``; StrategyError naming the nearest code for one the bundle does not know.

        What only looks like a code of an exchange is a security without any bar (rule ``unknown_security``).
        """
        if isinstance(code, str) and code in self._place:
            return code
        if not isinstance(code, str) or code not in self.listing.row:
            if (
                isinstance(code, str)
                and self.rules["unknown_security"] == "unlisted"
                and LOOKS_LISTED.fullmatch(code)
            ):
                self.strangers[code] = None
                return code
            close = nearest(str(code), self._place)
            raise StrategyError(f"找不到标的 {code!r}：the bundle has no such security{close}")
        return code

    def instrument(self, code: str) -> Instrument:
        """Return the trading traits of a code."""
        found = self._instruments.get(code)
        if found is None:
            row = self.listing.row.get(code)
            if row is None:
                kind = "index" if self._place.get(code, (0, 0))[0] == 1 else kind_of_code(code)
                found = instrument_of(code, code, kind, self.rules)
            else:
                found = instrument_of(code, self.listing.display_name[row], self.listing.type[row], self.rules)
            self._instruments[code] = found
        return found

    # -------------------------------------------------------------------------------------------------- bars
    def has(self, field: str) -> bool:
        """True for a field that at least the stocks have."""
        return field in ("avg", "open_interest") or self.bundle.has(field)

    def series(self, field: str, code: str) -> np.ndarray:
        """Return one raw field of one code along ``days``."""
        key = (field, code)
        found = self._series.get(key)
        if found is None:
            found = self._series[key] = self._read(field, code)
        return found

    def value(self, field: str, code: str, day: int) -> float:
        """Return one raw number; a memoryview gives it as a plain float, three times as fast as an array."""
        numbers = self._numbers[field].get(code)
        if numbers is None:
            numbers = self._numbers[field][code] = self.series(field, code).data
        found: float = numbers[day]
        return found

    def traded(self, code: str) -> np.ndarray:
        """Return on which of ``days`` a code has a bar that is no halt."""
        found = self._traded.get(code)
        if found is None:
            found = (self.series("paused", code) != 1) & ~np.isnan(self.series("close", code))
            self._traded[code] = found
        return found

    def _read(self, field: str, code: str) -> np.ndarray:
        place = self._place.get(code)
        if place is None:
            return np.full(len(self.days), np.nan)
        if field == "avg":
            return self._average(code)
        panel = self._panels[place[0]]
        if field not in panel.values:
            if field in _WITHOUT:
                return np.full(len(self.days), _WITHOUT[field])
            raise MarketError(f"{code}: the bundle has no field {field!r}; it has {' '.join(panel.values)}")
        return panel[field][place[1]]

    def _average(self, code: str) -> np.ndarray:
        """Return money ÷ volume, for stocks and funds as the platform keeps it (rule ``stored_average``).

        # platform: three decimals, half up; stocks two before February 2016 (joinquant_native).
        """
        volume, money = self.series("volume", code), self.series("money", code)
        with np.errstate(invalid="ignore", divide="ignore"):
            exact = np.where(volume > 0, money / volume, self.series("close", code))
        kind = self.instrument(code).type
        if kind == "index" or self.rules["stored_average"] == "exact":
            return exact
        scale = np.where((self.days < _THREE_DECIMALS) & (kind == "stock"), 100.0, 1000.0)
        return np.floor(exact * scale + _HALF) / scale

    def block(self, field: str, codes: Sequence[str], first: int, stop: int) -> np.ndarray:
        """Return (codes, days) of one raw field for the days ``first`` … ``stop`` − 1, rows as given."""
        if field != "avg" and len(codes) > 8:
            rows = self._rows(tuple(codes))
            if rows is not None and field in self._panels[0].values:
                return self._panels[0][field][rows, first:stop]
        if len(codes) == 1:
            return self.series(field, codes[0])[np.newaxis, first:stop].copy()
        block = np.empty((len(codes), stop - first))
        for row, code in enumerate(codes):
            block[row] = self.series(field, code)[first:stop]
        return block

    def _rows(self, codes: tuple[str, ...]) -> np.ndarray | None:
        """Rows of many stocks in the panel; None when one of them is not there."""
        if codes not in self._row_lists:
            places = [self._place.get(code, (-1, 0)) for code in codes]
            inside = all(table == 0 for table, _ in places)
            self._row_lists[codes] = np.array([row for _, row in places], dtype=np.intp) if inside else None
        return self._row_lists[codes]

    # ------------------------------------------------------------------- prices of orders without real prices
    def adjusted(self, field: str, code: str) -> np.ndarray:
        """Return a price as the engine trades it without ``use_real_price``: pre-adjusted to the last day.

        # platform: without real prices everything is adjusted to the day the backtest is created (§5.2); here
        that day is the last one of the bundle.
        """
        key = (field, code)
        found = self._adjusted.get(key)
        if found is None:
            ratio = self.trade_ratio(code)
            raw = self.series(field, code)
            decimals = self.instrument(code).decimals
            found = raw / ratio if field == "volume" else np.round(raw * ratio, decimals)
            if self.instrument(code).type == "index":
                found = raw
            self._adjusted[key] = found
        return found

    def trade_ratio(self, code: str) -> np.ndarray:
        """Return factor ÷ last known factor along ``days``."""
        factor = self.series("factor", code)
        known = factor[~np.isnan(factor)]
        return factor / (known[-1] if len(known) else 1.0)

    def forget(self) -> None:
        """Drop what was derived from the bundle's bars, after they have been changed."""
        for kept in (self._series, self._adjusted, self._traded, self._numbers):
            kept.clear()
        self.__dict__.pop("_panels", None)

    def day_index(self, day: np.datetime64) -> int:
        """Return the position of the last trading day ≤ ``day``; −1 before the first."""
        return int(np.searchsorted(self.days, day, side="right")) - 1
