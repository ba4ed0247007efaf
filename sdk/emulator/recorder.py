"""What is written down each day at the close: account value, positions, traded amounts, recorded curves.

Daily rows are the platform's valuation at 16:00 (JOINQUANT.md §7.3): total value = cash + Σ shares × close. Days
on which nothing happens are written down together (``hold``), with the numbers that one by one would give.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sdk.emulator.accounts import Accounts
from sdk.emulator.quotes import Quotes
from sdk.errors import StrategyError


@dataclass
class PositionColumns:
    """Positions at the closes, day after day; amounts in shares, prices and gains in CNY."""

    day: list[int] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    amount: list[int] = field(default_factory=list)
    closeable: list[int] = field(default_factory=list)
    close: list[float] = field(default_factory=list)
    avg_cost: list[float] = field(default_factory=list)
    day_gain: list[float] = field(default_factory=list)
    today: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.day)

    def add(self, *values: Sequence[Any]) -> None:
        """Append to each column, in the order above."""
        for kept, new in zip(vars(self).values(), values, strict=True):
            kept.extend(new)


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
        self.positions = PositionColumns()
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
        value, rows = 0.0, []
        for code, held in account.lots():
            amount = held.amount
            if amount == 0:
                continue
            close = quotes.last_price(code)
            value += close * amount
            gain = (close - held.hold_cost) * amount
            closeable = held.closeable(t0_mode or held.instrument.same_day_sale)
            rows.append((self.done, code, amount, closeable, close, held.avg_cost, gain, held.today))
        if rows:
            self.positions.add(*zip(*rows, strict=True))
        self._write(slice(self.done, self.done + 1), account, value)

    def hold(self, account: Accounts, closes: np.ndarray, references: np.ndarray) -> None:
        """Value the account at the closes of days without a trade or event, all of them after their ``start_day``.

        ``closes`` and ``references`` (what the day's gain is counted from): (lots, days), the rows of ``lots``.
        """
        lots, days = list(account.lots()), closes.shape[1]
        span, value = slice(self.done, self.done + days), np.zeros(days)
        for close, (_, held) in zip(closes, lots, strict=True):
            value += close * held.amount
        if lots:
            amounts = np.array([held.amount for _, held in lots])
            gains = (closes - references) * amounts[:, np.newaxis]
            self.positions.add(
                np.repeat(np.arange(span.start, span.stop), len(lots)).tolist(),
                [code for code, _ in lots] * days,
                amounts.tolist() * days,
                [held.closeable(False) for _, held in lots] * days,
                closes.T.ravel().tolist(),
                [held.avg_cost for _, held in lots] * days,
                gains.T.ravel().tolist(),
                [0] * (len(lots) * days),
            )
        self._write(span, account, value)

    def _write(self, span: slice, account: Accounts, value: float | np.ndarray) -> None:
        cash = account.cash
        self.cash[span], self.total_value[span] = cash, cash + value
        self.capital[span], self.units[span] = account.inout_cash, account.units
        self.bought[span], self.sold[span] = account.bought_today, account.sold_today
        self.done = span.stop
        if self.after_day is not None:
            self.after_day()
