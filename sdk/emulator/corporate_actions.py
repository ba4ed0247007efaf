"""Dividends, bonus shares, splits and delistings, before the open of the ex-date (real prices only).

For each share held at the close before the ex-date (JOINQUANT.md §5.1; platform: 511880 in gbk_exports_2023):

* shares × ``share_ratio``, cut down to whole shares; the cut part is paid at the ex-reference price, so that the
  total value stays what it was;
* + ``cash_pre_tax`` × old shares × (1 − tax); tax 20 % for stocks whatever the holding time, none for funds;
* avg_cost := (avg_cost − cash_pre_tax) ÷ share_ratio, the dividend before tax.

Shares bought on the ex-date get nothing. A halt on the ex-date changes nothing: the event is booked on its date.
Delisted holdings stay, priced at their last close and not sellable (rule ``delisted_position``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property

import numpy as np

from sdk.emulator.account import Account
from sdk.emulator.bars import BarStore
from sdk.emulator.quotes import Quotes


class CorporateActions:
    """The events of the bundle by day: the ex-date, or the next trading day."""

    def __init__(self, bars: BarStore, account: Account, quotes: Quotes, rules: Mapping[str, str]) -> None:
        self._bars, self._account, self._quotes = bars, account, quotes
        self._tax = float(rules["dividend_tax"])
        self._cash_out = rules["delisted_position"] == "cash"
        self.applied = 0

    @cached_property
    def _table(self) -> tuple[np.ndarray, list[str], np.ndarray, np.ndarray]:
        """(first row of each day, code, cash before tax, shares after ÷ before), in the order of the days."""
        frame = self._bars.bundle.corporate_actions
        day = np.searchsorted(self._bars.days, frame["ex_date"].to_numpy().astype("datetime64[D]"))
        order = np.argsort(day, kind="stable")
        cash = np.nan_to_num(frame["cash_pre_tax"].to_numpy(dtype=float))[order]
        ratio = frame["share_ratio"].to_numpy(dtype=float)[order]
        ratio = np.where(np.isfinite(ratio) & (ratio > 0), ratio, 1.0)
        first = np.searchsorted(day[order], np.arange(len(self._bars.days) + 1))
        return first, list(frame["code"].to_numpy()[order]), cash, ratio

    def start_day(self, day: int) -> None:
        """Book the events of a trading day on what is held now."""
        if not self._account.holdings:
            return
        first, codes, cash, ratio = self._table
        for row in range(int(first[day]), int(first[day + 1])):
            if codes[row] in self._account.holdings:
                self._book(codes[row], float(cash[row]), float(ratio[row]))
        if self._cash_out:
            self._sell_delisted(day)

    def _book(self, code: str, cash_pre_tax: float, ratio: float) -> None:
        account, holding = self._account, self._account.holdings[code]
        exact = holding.amount * ratio
        whole = math.floor(exact + 1e-9)
        tax = self._tax if holding.instrument.type == "stock" else 0.0
        account.cash += holding.amount * cash_pre_tax * (1.0 - tax)
        account.cash += max(exact - whole, 0.0) * self._quotes.previous_close(code)
        for name in ("avg_cost", "acc_avg_cost", "hold_cost"):
            setattr(holding, name, (getattr(holding, name) - cash_pre_tax) / ratio)
        holding.amount = whole
        self.applied += 1

    def _sell_delisted(self, day: int) -> None:
        for code, holding in list(self._account.holdings.items()):
            last_day = self._bars.listing.last_day(code)
            if not np.isnat(last_day) and self._bars.days[day] > last_day:
                self._account.cash += holding.amount * self._quotes.last_close(code, day - 1)
                del self._account.holdings[code]
