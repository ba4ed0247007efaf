"""Cash and holdings of one account; several accounts of a run are added up in ``accounts.py``.

Amounts in shares, money in CNY, float64 in the platform's order of operations: nothing is rounded. Costs follow
JOINQUANT.md §4.3: ``avg_cost`` is the moving average of fill prices without fees and does not change on sales
(213 of 213 closed gains, §14.4); ``acc_avg_cost`` carries the fees; ``hold_cost`` restarts each day at the
previous close and is averaged with the day's buys; it makes the day's gain. # platform: sales leave ``hold_cost``
alone (511880 on 2024-02-20 and 2024-05-06 in gbk_exports_2023), although the documentation reduces it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sdk.emulator.instruments import Instrument


class Holding:
    """Shares of one security. ``amount`` is everything held, ``today`` the part bought today, ``locked`` the part
    frozen by open sell orders."""

    __slots__ = (
        *("acc_avg_cost", "amount", "avg_cost", "hold_cost", "init_time", "instrument"),
        *("locked", "today", "transact_time"),
    )

    def __init__(self, instrument: Instrument, now: dt.datetime) -> None:
        self.instrument = instrument
        self.amount = self.today = self.locked = 0
        self.avg_cost = self.acc_avg_cost = self.hold_cost = 0.0
        self.init_time = self.transact_time = now

    def closeable(self, same_day_sale: bool) -> int:
        """Return the shares that may be sold now."""
        free = self.amount - self.locked
        return free if same_day_sale else max(free - self.today, 0)

    def add(self, amount: int, price: float, fee: float, now: dt.datetime) -> None:
        """Book a buy."""
        before, after, value = self.amount, self.amount + amount, price * amount
        # platform: value ÷ shares even for the first buy: 盈亏占比 -0% on 2024-04-23 in gbk_exports_2023
        self.avg_cost = (self.avg_cost * before + value) / after
        self.hold_cost = (self.hold_cost * before + value) / after
        self.acc_avg_cost = (self.acc_avg_cost * before + value + fee) / after
        self.amount, self.today = after, self.today + amount
        self.transact_time = now

    def reduce(self, amount: int, price: float, fee: float, now: dt.datetime) -> None:
        """Book a sale; shares of earlier days go first."""
        after, value = self.amount - amount, price * amount
        if after:
            self.acc_avg_cost = (self.acc_avg_cost * self.amount - value + fee) / after
        self.amount, self.today, self.transact_time = after, min(self.today, after), now


class Account:
    """``cash`` is all cash; ``locks`` says how much of it each open buy order freezes, by order id.

    Freezing never touches ``cash`` itself, so that it keeps the platform's exact digits. ``inout_cash`` is the
    money paid in so far, less what was paid out.
    """

    def __init__(self, cash: float) -> None:
        self.inout_cash = float(cash)
        self.cash = float(cash)
        self.locks: dict[int, float] = {}
        self.sold_today = 0.0
        self.bought_today = 0.0
        self.holdings: dict[str, Holding] = {}

    @property
    def locked_cash(self) -> float:
        """Cash frozen by open buy orders."""
        return sum(self.locks.values()) if self.locks else 0.0

    @property
    def available(self) -> float:
        """Cash that may be used now."""
        return self.cash - self.locked_cash if self.locks else self.cash

    @property
    def transferable(self) -> float:
        """Cash that may leave the account: without today's proceeds of sales."""
        return max(self.available - self.sold_today, 0.0)

    def pay(self, amount: float, inout: bool = True) -> None:
        """Pay in (amount > 0) or out; ``inout`` = from outside the account, so that it counts as capital."""
        self.cash += amount
        if inout:
            self.inout_cash += amount

    def start_day(self, previous_closes: Mapping[str, float]) -> None:
        """Make yesterday's buys sellable and restart the day's sums."""
        self.sold_today = self.bought_today = 0.0
        for code, holding in self.holdings.items():
            holding.today = 0
            holding.hold_cost = previous_closes[code]

    def buy(self, instrument: Instrument, amount: int, price: float, fee: float, now: dt.datetime) -> None:
        """Pay for a buy and book it."""
        holding = self.holdings.get(instrument.code)
        if holding is None:
            holding = self.holdings[instrument.code] = Holding(instrument, now)
        elif holding.amount == 0:
            holding.init_time = now
        holding.add(amount, price, fee, now)
        value = price * amount
        # platform: the value first, then the fee: 485.1545 is left in template_000001_2019, not 485.1545000000042
        self.cash -= value
        self.cash -= fee
        self.bought_today += value

    def sell(self, code: str, amount: int, price: float, fee: float, now: dt.datetime, keep_row: bool) -> float:
        """Book a sale, take the money, return the gain against ``avg_cost`` without fees."""
        holding = self.holdings[code]
        gain = (price - holding.avg_cost) * amount
        holding.reduce(amount, price, fee, now)
        value = price * amount
        self.cash += value
        self.cash -= fee
        self.sold_today += value
        if holding.amount == 0 and not keep_row:
            del self.holdings[code]
        return gain

    def drop_empty(self) -> None:
        """Remove positions that were closed during the day."""
        for code in [code for code, holding in self.holdings.items() if holding.amount == 0]:
            del self.holdings[code]
