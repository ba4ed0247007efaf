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
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from sdk.emulator.account import Account
from sdk.emulator.accounts import Accounts
from sdk.emulator.bars import BarStore
from sdk.emulator.logbook import Logbook
from sdk.emulator.quotes import Quotes


@dataclass(frozen=True)
class DividendsEvent:
    """What ``on_event`` gets for a held security.

    ``dividends`` holds one dict: ``date`` of the event, ``scale_factor`` = shares after ÷ before, ``bonus_pre_tax``
    and ``bonus_post_tax`` in CNY a share.
    """

    pindex: int
    security: str
    side: str
    dividends: list[dict[str, Any]] = field(hash=False)
    name: ClassVar[str] = "Dividends"


@dataclass(frozen=True)
class ForcedLiquidationEvent:
    """Known by name only: a stock account is never liquidated by force."""

    pindex: int
    security: str
    side: str
    amount: int
    name: ClassVar[str] = "ForcedLiquidation"


class CorporateActions:
    """The events of the bundle by day: the ex-date, or the next trading day."""

    def __init__(
        self, bars: BarStore, accounts: Accounts, quotes: Quotes, book: Logbook, rules: Mapping[str, str]
    ) -> None:
        self._bars, self._accounts, self._quotes, self._book = bars, accounts, quotes, book
        self._tax = float(rules["dividend_tax"])
        self._cash_out = rules["delisted_position"] == "cash"
        self._says = rules["dividend_line"] == "line"
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

    def start_day(self, day: int, real_prices: bool = True) -> list[DividendsEvent]:
        """Book the events of a trading day on what is held now; return them for ``on_event``.

        Without real prices nothing is booked but delistings: the prices are adjusted instead (§5.2).
        """
        events: list[DividendsEvent] = []
        if not self._accounts.holdings:
            return events
        first, codes, cash, ratio = self._table
        # two events of one day are booked one after the other, in the order of the bundle
        for row in range(int(first[day]), int(first[day + 1])) if real_prices else ():
            for pindex, part in enumerate(self._accounts.parts):
                if codes[row] in part.holdings:
                    events.append(self._book_one(day, pindex, codes[row], float(cash[row]), float(ratio[row])))
        if self._cash_out:
            for part in self._accounts.parts:
                self._sell_delisted(part, day)
        return events

    def next_day(self, day: int, stop: int, real_prices: bool) -> int:
        """Return the first of the days ``day`` … ``stop`` − 1 on which something may be booked; ``stop`` for none."""
        held = self._accounts.holdings
        if not held:
            return stop
        if self._cash_out:  # a delisting may be due on any day
            return day
        first, codes, _, _ = self._table
        for row in range(int(first[day]), int(first[stop])) if real_prices else ():
            if codes[row] in held:
                return int(np.searchsorted(first, row, side="right")) - 1
        return stop

    def _book_one(self, day: int, pindex: int, code: str, cash_pre_tax: float, ratio: float) -> DividendsEvent:
        account = self._accounts.parts[pindex]
        holding = account.holdings[code]
        exact = holding.amount * ratio
        whole = math.floor(exact + 1e-9)
        tax = self._tax if holding.instrument.type == "stock" else 0.0
        account.cash += holding.amount * cash_pre_tax * (1.0 - tax)
        account.cash += max(exact - whole, 0.0) * self._quotes.previous_close(code)
        for name in ("avg_cost", "acc_avg_cost", "hold_cost"):
            setattr(holding, name, (getattr(holding, name) - cash_pre_tax) / ratio)
        holding.amount, holding.locked = whole, min(holding.locked, whole)
        self.applied += 1
        if self._says:
            self._book.write(
                *(
                    "system",
                    "info",
                    f"{code} 除权除息：每股税前分红 {cash_pre_tax}，股数比例 {ratio}，持仓 {whole} 股",
                )
            )
        facts = {"date": self._bars.days[day].item(), "scale_factor": ratio, "bonus_pre_tax": cash_pre_tax}
        facts["bonus_post_tax"] = cash_pre_tax * (1.0 - tax)
        return DividendsEvent(pindex, code, "long", [facts])

    def _sell_delisted(self, account: Account, day: int) -> None:
        for code, holding in list(account.holdings.items()):
            last_day = self._bars.listing.last_day(code)
            if not np.isnat(last_day) and self._bars.days[day] > last_day:
                account.cash += holding.amount * self._quotes.last_close(code, day - 1)
                del account.holdings[code]
