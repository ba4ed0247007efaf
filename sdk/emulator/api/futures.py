"""get_future_contracts, get_dominant_future: answered from the bundle's securities of type ``futures``.

Contracts of a product on a day are those listed on it, the nearest expiry first (``IF1903.CCFX`` belongs to IF). The
dominant one traded the most on the last trading day before the day; of equals the nearer one. # platform: it goes by
open interest over two days, which no bundle holds. A bundle without futures is an UnsupportedCall: an empty list
would let a strategy run on silently. Futures accounts are not built, so a contract can be looked at, not traded.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from sdk.emulator.api.prices import PriceReader
from sdk.emulator.api.visible import Guard
from sdk.emulator.unsupported import unsupported

KIND = "futures"
_CONTRACT = re.compile(r"([A-Z]+)\d{3,4}\.[A-Z]+")
_CONTINUOUS = ("9999.", "8888.")  # main continuous contract, index of a product: no contracts


class Futures:
    """The calls of one run."""

    def __init__(self, reader: PriceReader, guard: Guard) -> None:
        self._bars, self._guard = reader.bars, guard

    def get_future_contracts(self, security: str, date: Any = None) -> list[str]:
        """Codes of a product's contracts that are listed on ``date`` (default today), nearest expiry first."""
        return self._contracts("get_future_contracts", security, date)[0]

    def get_dominant_future(self, underlying_symbol: str, date: Any = None) -> str:
        """The contract with the largest volume of the trading day before; '' when none is listed, as on the
        platform."""
        contracts, day = self._contracts("get_dominant_future", underlying_symbol, date)
        before = int(np.searchsorted(self._bars.days, day)) - 1
        if not contracts or before < 0:
            return contracts[0] if contracts else ""
        volume = [np.nan_to_num(self._bars.value("volume", code, before)) for code in contracts]
        return contracts[int(np.argmax(volume))]

    def _contracts(self, call: str, product: str, date: Any) -> tuple[list[str], np.datetime64]:
        listing, day = self._bars.listing, np.datetime64(self._guard.date(call, date))
        if KIND not in listing.type:
            raise unsupported(f"{call}({product!r})", "this bundle has no securities of type futures")
        found = []
        for row, code in enumerate(listing.code):
            parts = _CONTRACT.fullmatch(code)
            if listing.type[row] != KIND or parts is None or parts[1] != str(product).upper():
                continue
            ended = listing.end_date[row] < day  # False for NaT
            if listing.start_date[row] <= day and not ended and not any(mark in code for mark in _CONTINUOUS):
                found.append(code)
        return sorted(found), day
