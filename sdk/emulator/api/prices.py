"""Adjusted bars as arrays: the one place where the data calls get their numbers.

    fq='pre'   price = round(raw × f ÷ f_ref, d)    volume = raw ÷ (f ÷ f_ref)    factor = f ÷ f_ref
    fq='post'  price = round(raw × f, d)            volume = raw ÷ f              factor = f
    fq=None    raw                                                                 factor = 1

d = 2 for stocks, 3 for funds, no rounding for indices; money is never adjusted. The reference day is the
current date of the run under ``use_real_price``, else the last day of the bundle. Halted days are rows with the
last close and volume 0 (``fill_paused=False``: NaN). Source: JOINQUANT.md §6.1, §14.9 (0 mismatches on 7,807
rows of joinquant_native).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sdk.emulator.bars import PRICES, BarStore
from sdk.emulator.clock import Clock
from sdk.emulator.settings import Settings
from sdk.errors import StrategyError, nearest

DEFAULT_FIELDS = ("open", "close", "high", "low", "volume", "money")
FIELDS = (*DEFAULT_FIELDS, "factor", "high_limit", "low_limit", "avg", "pre_close", "paused", "open_interest")
PAUSED_FILL = (*PRICES, "volume", "money")


class PriceReader:
    """Blocks of (codes, days) for any list of codes."""

    def __init__(self, bars: BarStore, clock: Clock, settings: Settings, rules: Mapping[str, str]) -> None:
        self.bars, self.clock, self.settings = bars, clock, settings
        self._places: dict[tuple[str, ...], tuple[np.ndarray, list[int]]] = {}
        self._whole_shares = rules["adjusted_volume"] == "integer"

    def fields(self, fields: object, call: str, default: Sequence[str] = DEFAULT_FIELDS) -> list[str]:
        """Return the field list of a call; StrategyError names the nearest field."""
        names = list(default) if fields is None else [fields] if isinstance(fields, str) else list(fields)  # type: ignore[call-overload]
        for name in names:
            if name not in FIELDS:
                raise StrategyError(
                    f"{call}: no field {name!r}{nearest(str(name), FIELDS)}; known: {' '.join(FIELDS)}"
                )
        return names

    @property
    def reference_day(self) -> int:
        """The day whose factor counts as 1: today under ``use_real_price``, else the last of the bundle."""
        return self.clock.day if self.settings.use_real_price else len(self.bars.days) - 1

    def blocks(
        self,
        codes: Sequence[str],
        fields: Sequence[str],
        first: int,
        stop: int,
        fq: str | None,
        fill_paused: bool = True,
        reference: int | None = None,
    ) -> dict[str, np.ndarray]:
        """Return field -> (codes, days ``first`` … ``stop`` − 1), adjusted and rounded.

        ``reference`` is the day index whose factor counts as 1, None = the rule of this module's text.
        """
        ratio = self.ratio(codes, first, stop, fq, reference)
        found = {field: self._field(field, codes, first, stop, ratio) for field in fields}
        if not fill_paused:
            paused = self.bars.block("paused", codes, first, stop) == 1
            for field in found:
                if field in PAUSED_FILL:
                    found[field] = np.where(paused, np.nan, found[field])
        return found

    def ratio(
        self, codes: Sequence[str], first: int, stop: int, fq: str | None, reference_day: int | None = None
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Return (factor, reference) or None when nothing is adjusted."""
        if fq not in ("pre", "post", None, "none"):
            raise StrategyError(f"fq={fq!r}: choose 'pre', 'post' or None")
        if fq not in ("pre", "post"):
            return None
        factor = self.bars.block("factor", codes, first, stop)
        if fq == "post":
            return factor, np.ones((len(codes), 1))
        day = self.reference_day if reference_day is None else reference_day
        reference = self.bars.block("factor", codes, day, day + 1)
        unknown = np.isnan(reference[:, 0])
        for row in np.flatnonzero(unknown).tolist() if unknown.any() else ():
            known = self.bars.series("factor", codes[row])[: day + 1]
            known = known[~np.isnan(known)]
            reference[row, 0] = known[-1] if len(known) else np.nan
        return factor, reference

    def _field(
        self,
        field: str,
        codes: Sequence[str],
        first: int,
        stop: int,
        ratio: tuple[np.ndarray, np.ndarray] | None,
    ) -> np.ndarray:
        if field == "factor":
            if ratio is None:
                return np.ones((len(codes), stop - first))
            return ratio[0] / ratio[1]
        return self.adjusted(field, self.bars.block(field, codes, first, stop), ratio, codes)

    def adjusted(
        self, field: str, raw: np.ndarray, ratio: tuple[np.ndarray, np.ndarray] | None, codes: Sequence[str]
    ) -> np.ndarray:
        """Return raw values of a field adjusted by ``ratio`` and rounded."""
        if field == "avg" and ratio is None:
            return raw  # kept with three decimals
        if field in PRICES:
            return self._rounded(raw if ratio is None else raw * ratio[0] / ratio[1], codes)
        if field == "volume" and ratio is not None:
            volume = raw / (ratio[0] / ratio[1])
            return np.round(volume) if self._whole_shares else volume
        return raw

    def _rounded(self, prices: np.ndarray, codes: Sequence[str]) -> np.ndarray:
        places, kinds = self._places_of(tuple(codes))
        if len(kinds) == 1:
            return prices if kinds[0] < 0 else prices.round(kinds[0])
        rounded = prices.copy()
        for kind in kinds:
            if kind >= 0:
                rounded[places == kind] = prices[places == kind].round(kind)
        return rounded

    def _places_of(self, codes: tuple[str, ...]) -> tuple[np.ndarray, list[int]]:
        """Decimals of each code, −1 = not rounded, and the distinct ones; kept for the lists asked for last."""
        found = self._places.get(codes)
        if found is None:
            if len(self._places) >= 512:
                self._places.clear()
            traits = [self.bars.instrument(code) for code in codes]
            places = [-1 if trait.type == "index" else trait.decimals for trait in traits]
            found = self._places[codes] = np.array(places), sorted(set(places))
        return found


def code_list(security: object, bars: BarStore, call: str) -> tuple[list[str], bool]:
    """Return (codes, was a list); StrategyError for a code the bundle does not know."""
    if isinstance(security, str):
        return [bars.need(security)], False
    try:
        return bars.need_all(security), True  # type: ignore[arg-type]
    except TypeError as error:
        raise StrategyError(f"{call}: security must be a code or a list of codes, got {security!r}") from error
