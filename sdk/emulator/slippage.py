"""Slippage: from the latest price to the price of a fill.

    FixedSlippage(s)         P ± s / 2            (CNY)
    PriceRelatedSlippage(r)  P × (1 ± r / 2)
    StepRelatedSlippage(n)   P ± floor(n / 2) ticks

plus for buys, minus for sells, and then the price step of the security. # platform: the number is the whole
spread, so a fill moves by half of it; stocks round to the nearest 0.01, indices are cut down to 0.01
(rules ``…_price_rounding``). Never called: PriceRelatedSlippage(0.00246). Money funds never slip.
Source: JOINQUANT.md §2.4.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from sdk.emulator.costs import cost_type
from sdk.emulator.instruments import Instrument
from sdk.errors import StrategyError


@dataclass(frozen=True)
class FixedSlippage:
    """A spread in CNY."""

    value: float = 0.0

    def moved(self, price: float, side: int, tick: float) -> float:
        """Return the price for side +1 (buy) or −1 (sell)."""
        return price + side * (self.value / 2)


@dataclass(frozen=True)
class PriceRelatedSlippage:
    """A spread as a share of the price."""

    value: float = 0.00246

    def moved(self, price: float, side: int, tick: float) -> float:
        """Return the price for side +1 (buy) or −1 (sell)."""
        return price * (1 + side * (self.value / 2))


@dataclass(frozen=True)
class StepRelatedSlippage:
    """A spread in price steps."""

    value: float = 0

    def moved(self, price: float, side: int, tick: float) -> float:
        """Return the price for side +1 (buy) or −1 (sell)."""
        return price + side * math.floor(self.value / 2) * tick


Slippage = FixedSlippage | PriceRelatedSlippage | StepRelatedSlippage
DEFAULT = PriceRelatedSlippage(0.00246)


class SlippageTable:
    """Slippage set so far; by code before by type before global before the default."""

    def __init__(self, rules: Mapping[str, str]) -> None:
        self._global: Slippage = DEFAULT
        self._by_type: dict[str, Slippage] = {}
        self._by_code: dict[str, Slippage] = {}
        self._rounding = {kind: rules[f"{kind}_price_rounding"] for kind in ("stock", "index", "fund")}
        self._rounding["bond"] = self._rounding["fund"]

    def set_slippage(self, slippage: object, type: str | None = None, ref: str | None = None) -> None:
        """``set_slippage``; ``ref`` needs ``type``."""
        if not isinstance(slippage, FixedSlippage | PriceRelatedSlippage | StepRelatedSlippage):
            kinds = "FixedSlippage, PriceRelatedSlippage or StepRelatedSlippage"
            raise StrategyError(f"set_slippage: expected {kinds}, got {slippage!r}")
        if ref is not None and type is None:
            raise StrategyError("set_slippage: ref needs type as well, for example type='stock'")
        kind = None if type is None else cost_type(type, "set_slippage")
        if ref is not None:
            self._by_code[ref] = slippage
        elif kind is not None:
            self._by_type[kind] = slippage
        else:
            self._global = slippage

    def described(self) -> dict[str, str]:
        """Return ``all``, type or code -> the slippage in force for it."""
        found = {"all": self._global, **self._by_type, **self._by_code}
        return {key: str(slippage) for key, slippage in sorted(found.items())}

    def of(self, instrument: Instrument) -> Slippage:
        """Return the slippage in force for a security."""
        if instrument.is_money_fund:
            return FixedSlippage(0.0)
        if instrument.code in self._by_code:
            return self._by_code[instrument.code]
        for kind in instrument.cost_types:
            if kind in self._by_type:
                return self._by_type[kind]
        return self._global

    def price(self, instrument: Instrument, last: float, side: int) -> tuple[float, float]:
        """Return (exact, rounded) fill price in CNY for side +1 (buy) or −1 (sell)."""
        exact = self.of(instrument).moved(last, side, 10.0**-instrument.decimals)
        rule = self._rounding[instrument.type]
        if rule == "nearest":
            return exact, round(exact, instrument.decimals)
        if rule == "floor":
            scale = 10**instrument.decimals
            return exact, math.floor(round(exact * scale, 6)) / scale
        return exact, exact
