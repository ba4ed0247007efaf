"""What is written down each day at the close: account value, positions, traded amounts, recorded curves.

Daily rows are the platform's valuation at 16:00 (JOINQUANT.md §7.3): total value = cash + Σ shares × close.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sdk.emulator.accounts import Accounts
from sdk.emulator.quotes import Quotes
from sdk.errors import StrategyError


class PositionRow(NamedTuple):
    """One position at one close; amounts in shares, prices and gains in CNY."""

    day: int
    code: str
    amount: int
    closeable: int
    close: float
    avg_cost: float
    day_gain: float
    today: int
    pindex: int = 0


class Recorder:
    """Arrays along the days of the run, filled one day at a time.

    ``capital`` is the money paid in so far, ``units`` the shares of a unitised value (``accounts.py``);
    ``after_day`` is called when a day is written down.
    """

    def __init__(self, days: int, late: Callable[[], bool] = lambda: False) -> None:
        self.done = 0
        self._late = late
        self.total_value = np.full(days, np.nan)
        self.cash = np.full(days, np.nan)
        self.capital = np.full(days, np.nan)
        self.units = np.full(days, np.nan)
        self.bought = np.zeros(days)
        self.sold = np.zeros(days)
        self.positions: list[PositionRow] = []
        self.curves: dict[str, dict[int, float]] = {}
        self.after_day: Callable[[], None] | None = None

    def record(self, **values: Any) -> None:
        """``record``: one point a day for each name, the last one counts; from 16:00 on it is the next day's."""
        day = self.done + self._late()
        for name, value in values.items():
            try:
                one = value.item() if hasattr(value, "item") else value  # a Series or array of one number counts
                self.curves.setdefault(name, {})[day] = float(one)
            except (TypeError, ValueError) as error:
                raise StrategyError(f"record({name}={value!r}): only numbers can be recorded") from error

    def close_day(self, account: Accounts, quotes: Quotes, t0_mode: bool) -> None:
        """Value the account at today's close."""
        day, value, cash = self.done, 0.0, account.cash
        for pindex, code, held in account.lots():
            amount = held.amount
            if amount == 0:
                continue
            close = quotes.last_price(code)
            value += close * amount
            gain = (close - held.hold_cost) * amount
            closeable = held.closeable(t0_mode or held.instrument.same_day_sale)
            row = PositionRow(day, code, amount, closeable, close, held.avg_cost, gain, held.today, pindex)
            self.positions.append(row)
        self.cash[day], self.total_value[day] = cash, cash + value
        self.capital[day], self.units[day] = account.inout_cash, account.units
        self.bought[day], self.sold[day] = account.bought_today, account.sold_today
        self.done += 1
        if self.after_day is not None:
            self.after_day()
