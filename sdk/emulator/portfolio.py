"""``context.portfolio`` and what hangs below it: read-only views of the account, priced when asked.

Before the open positions are priced at the previous close, from 09:30 at today's open, after the close at the
close (``quotes.py``). Sources: JOINQUANT.md §4.2 – §4.4, §14.14.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sdk.emulator.account import Account, Holding
from sdk.emulator.accounts import Accounts
from sdk.emulator.logbook import Logbook
from sdk.emulator.quotes import Quotes
from sdk.emulator.settings import Settings

MISSING = (
    "Security(code={}) 在 positions 中不存在, 为了保持兼容, "
    "我们返回空的 Position 对象, amount/price/avg_cost/acc_avg_cost 都是 0"
)


class View(NamedTuple):
    """What the views below need besides the account: prices, settings, the log, and 1 or 0 to take off returns."""

    quotes: Quotes
    settings: Settings
    book: Logbook
    minus_one: float


class UserPosition:
    """One position. ``total_amount`` leaves out what open sell orders lock; ``amount`` is what can be sold."""

    __slots__ = ("_code", "_holding", "_pindex", "_view")

    def __init__(self, code: str, holding: Holding | None, view: View, pindex: int) -> None:
        self._code, self._holding, self._view, self._pindex = code, holding, view, pindex

    def _get(self, name: str) -> Any:
        return getattr(self._holding, name) if self._holding is not None else 0

    security = property(lambda self: self._code)
    side = property(lambda self: "long")
    pindex = property(lambda self: self._pindex)
    today_amount = property(lambda self: self._get("today"))
    locked_amount = property(lambda self: self._get("locked"))
    avg_cost = property(lambda self: self._get("avg_cost"))
    acc_avg_cost = property(lambda self: self._get("acc_avg_cost"))
    hold_cost = property(lambda self: self._get("hold_cost"))

    @property
    def init_time(self) -> Any:
        """When the position was opened."""
        return self._holding.init_time if self._holding else None

    @property
    def transact_time(self) -> Any:
        """When it traded last."""
        return self._holding.transact_time if self._holding else None

    @property
    def total_amount(self) -> int:
        """Shares held, without those locked by open sell orders."""
        return self._holding.amount - self._holding.locked if self._holding else 0

    @property
    def closeable_amount(self) -> int:
        """Shares that can be sold now (T+1)."""
        if self._holding is None:
            return 0
        return self._holding.closeable(self._holding.instrument.same_day_sale or self._view.settings.t0_mode)

    sellable_amount = amount = closeable_amount

    @property
    def price(self) -> float:
        """Latest price."""
        return self._view.quotes.last_price(self._code) if self._holding else 0

    @property
    def value(self) -> float:
        """price × total_amount, CNY."""
        return self.price * self.total_amount

    margin = value

    def __repr__(self) -> str:
        names = ("avg_cost", "security", "closeable_amount", "price", "total_amount")
        shown = {name: getattr(self, name) for name in names}
        return f"UserPosition({shown})"


class Positions(Mapping[str, UserPosition]):
    """Code -> position. A code that is not held gives an empty position and a WARNING on every access."""

    def __init__(self, account: Account | Accounts, view: View, pindex: int = 0) -> None:
        self._account, self._view, self._pindex = account, view, pindex

    def __getitem__(self, code: str) -> UserPosition:
        holding = self._account.holdings.get(code)
        if holding is None:
            self._view.book.write("system", "warning", MISSING.format(code))
        return UserPosition(code, holding, self._view, self._pindex)

    def __contains__(self, code: object) -> bool:
        return code in self._account.holdings

    def get(self, code: str, default: Any = None) -> Any:
        """The position, or ``default`` without a WARNING."""
        return self[code] if code in self._account.holdings else default

    def _now(self) -> dict[str, UserPosition]:
        """What is held now, as a dict of its own: it can be walked through while orders change the account."""
        view, pindex = self._view, self._pindex
        return {code: UserPosition(code, held, view, pindex) for code, held in self._account.holdings.items()}

    def keys(self) -> Any:
        """The codes, as a dict shows them."""
        return self._now().keys()

    def values(self) -> Any:
        """The positions, as a dict shows them."""
        return self._now().values()

    def items(self) -> Any:
        """Codes and positions, as a dict shows them."""
        return self._now().items()

    def copy(self) -> dict[str, UserPosition]:
        """A dict of what is held now."""
        return self._now()

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._account.holdings))

    def __len__(self) -> int:
        return len(self._account.holdings)

    def __repr__(self) -> str:
        return repr(self._now())


class _Money:
    """What the whole portfolio and a subportfolio have in common; CNY."""

    _account: Account | Accounts

    def __init__(self, account: Account | Accounts, view: View, pindex: int = 0) -> None:
        self._account, self._view = account, view
        self.positions = Positions(account, view, pindex)

    long_positions = property(lambda self: self.positions)
    short_positions = property(lambda self: {})
    available_cash = property(lambda self: self._account.available)
    cash = available_cash
    transferable_cash = property(lambda self: self._account.transferable)
    locked_cash = property(lambda self: self._account.locked_cash)
    inout_cash = property(lambda self: self._account.inout_cash)
    starting_cash = inout_cash

    def _parts(self) -> Sequence[Account]:
        return (self._account,) if isinstance(self._account, Account) else self._account.parts

    @property
    def positions_value(self) -> float:
        """All holdings at their latest price."""
        last, total = self._view.quotes.last_price, 0.0
        for part in self._parts():
            for code, held in part.holdings.items():
                total += last(code) * held.amount
        return total

    @property
    def total_value(self) -> float:
        """Cash, frozen or not, and holdings."""
        return self._account.cash + self.positions_value

    portfolio_value = total_value
    margin = positions_value

    @property
    def returns(self) -> float:
        """total_value ÷ inout_cash − 1 (rule ``portfolio_returns``); NaN for an account that was given nothing."""
        capital = self._account.inout_cash
        return self.total_value / capital - self._view.minus_one if capital else float("nan")

    @property
    def unsell_positions(self) -> dict[str, UserPosition]:
        """Positions with shares bought today (deprecated on the platform)."""
        held = (item for part in self._parts() for item in part.holdings.items())
        return {code: self.positions[code] for code, holding in held if holding.today}

    def __repr__(self) -> str:
        names = ("available_cash", "locked_cash", "starting_cash", "positions_value", "total_value", "returns")
        shown = {name: getattr(self, name) for name in names}
        return f"{type(self).__name__}({shown})"


class SubPortfolio(_Money):
    """``context.subportfolios[i]``: an account for stocks and funds. It owes nothing, so debts are 0."""

    type = property(lambda self: "stock")
    total_liability = property(lambda self: 0.0)
    cash_liability = property(lambda self: 0.0)
    sec_liability = property(lambda self: 0.0)
    interest = property(lambda self: 0.0)
    maintenance_margin_rate = property(lambda self: float("inf"))
    available_margin = property(lambda self: 0.0)

    @property
    def net_value(self) -> float:
        """total_value less what is owed."""
        return self.total_value

    def is_dangerous(self, margin_rate: float) -> bool:
        """True when the margin is below ``margin_rate``: never in an account that pays in full."""
        return False


class Portfolio(_Money):
    """``context.portfolio``: the sum of all accounts."""

    _account: Accounts

    type = property(lambda self: "stock")

    @property
    def subportfolios(self) -> list[SubPortfolio]:
        """One view for each account."""
        return [SubPortfolio(part, self._view, pindex) for pindex, part in enumerate(self._account.parts)]


class RunParams:
    """``context.run_params``."""

    def __init__(self, start_date: Any, end_date: Any, frequency: str) -> None:
        self.start_date, self.end_date, self.frequency = start_date, end_date, frequency
        self.type = "full_backtest"

    def __repr__(self) -> str:
        return f"RunParams({vars(self)})"
