"""Subportfolios and cash: set_subportfolios, transfer_cash, inout_cash.

Stock accounts (stocks, funds) are built; futures and margin accounts are refused by name. Cash moves at once;
more than what may be transferred (today's proceeds of sales stay) is refused (rule ``cash_move_refused``).
Source: JOINQUANT.md §2.2; the platform's pages on the three calls.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sdk.emulator.account import Account
from sdk.emulator.accounts import Accounts
from sdk.emulator.clock import Clock
from sdk.emulator.logbook import Logbook
from sdk.emulator.portfolio import Portfolio
from sdk.emulator.unsupported import unsupported
from sdk.errors import StrategyError, nearest

MOST_ACCOUNTS = 100
UNBUILT_TYPES = ("futures", "index_futures", "stock_margin", "open_fund")


@dataclass(frozen=True)
class SubPortfolioConfig:
    """``SubPortfolioConfig(cash, type)``: CNY and what may be traded."""

    cash: float
    type: str = "stock"


class Subportfolios:
    """The account calls of one run."""

    def __init__(
        self, accounts: Accounts, portfolio: Portfolio, clock: Clock, book: Logbook, rules: Mapping[str, str]
    ) -> None:
        self._accounts, self._portfolio, self._clock, self._book = accounts, portfolio, clock, book
        self._raise = rules["cash_move_refused"] == "raise"

    def set_subportfolios(self, configs: Sequence[SubPortfolioConfig]) -> None:
        """Divide the capital; in ``initialize`` only."""
        call = "set_subportfolios()"
        kinds = [str(getattr(config, "type", config)) for config in configs]
        for kind in kinds:
            if kind in UNBUILT_TYPES:
                raise unsupported(f"set_subportfolios(type={kind!r})", "only 'stock' accounts (stocks and funds)")
            if kind != "stock":
                raise StrategyError(f"{call}: no type {kind!r}{nearest(kind, ('stock', *UNBUILT_TYPES))}")
        if not 1 <= len(kinds) <= MOST_ACCOUNTS:
            raise StrategyError(f"{call}: between 1 and {MOST_ACCOUNTS} accounts, got {len(kinds)}")
        amounts = [_amount(config.cash, call) for config in configs]
        if min(amounts) < 0:
            raise StrategyError(f"{call}: cash {min(amounts)} is below 0")
        start = self._accounts.starting_cash
        if abs(sum(amounts) - start) > 1e-6:
            raise StrategyError(f"{call}: cash {sum(amounts)} must add up to the capital {start}")
        if self._clock.seconds != 0 or self._accounts.holdings or self._accounts.locked_cash:
            raise StrategyError(f"{call} can be called in initialize only, before any order")
        self._accounts.divide(amounts)

    def transfer_cash(self, from_pindex: int, to_pindex: int, cash: float) -> None:
        """Move CNY from one account to another, at once."""
        call = f"transfer_cash({from_pindex}, {to_pindex}, {cash})"
        source, target, amount = self._part(from_pindex, call), self._part(to_pindex, call), _amount(cash, call)
        if amount < 0:
            raise StrategyError(f"{call}: cash must not be below 0; swap the accounts instead")
        if amount > source.transferable:
            self._refuse(call, source)
            return
        source.pay(-amount)
        target.pay(amount)

    def inout_cash(self, cash: float, pindex: int = 0) -> None:
        """Pay in (cash > 0) or out; the capital changes from today on (rule ``inout_returns``)."""
        call = f"inout_cash({cash}, pindex={pindex})"
        account, amount = self._part(pindex, call), _amount(cash, call)
        if -amount > account.transferable:
            self._refuse(call, account)
            return
        value = self._portfolio.total_value
        if min(value, value + amount, self._accounts.inout_cash + amount) <= 0:
            raise StrategyError(f"{call}: the capital paid in less what was paid out must stay above 0")
        self._accounts.units += amount * self._accounts.units / value
        account.pay(amount)

    def _part(self, pindex: int, call: str) -> Account:
        part = self._accounts.part(pindex)
        if part is None:
            raise StrategyError(f"{call}: no subportfolio {pindex!r}; there are {len(self._accounts.parts)}, from 0")
        return part

    def _refuse(self, call: str, account: Account) -> None:
        text = f"{call} 失败：可取资金只有 {account.transferable}"
        if self._raise:
            raise StrategyError(text)
        self._book.write("system", "error", text)


def _amount(cash: object, call: str) -> float:
    try:
        amount = float(cash)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise StrategyError(f"{call}: cash {cash!r} is not a number of CNY") from error
    if not math.isfinite(amount):
        raise StrategyError(f"{call}: cash is {amount}; check the numbers it was made from")
    return amount
