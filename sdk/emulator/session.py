"""One run's parts, wired together: clock, bars, account, broker, logbook, schedule and the data calls."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from sdk.emulator.accounts import Accounts
from sdk.emulator.api.auction import CallAuction
from sdk.emulator.api.bar_calls import BarCalls
from sdk.emulator.api.files import StrategyFiles
from sdk.emulator.api.history import History
from sdk.emulator.api.prices import PriceReader
from sdk.emulator.api.securities import Securities
from sdk.emulator.api.subportfolios import Subportfolios
from sdk.emulator.api.subscriptions import Subscriptions
from sdk.emulator.api.ticks import Ticks
from sdk.emulator.api.trading import Trading
from sdk.emulator.api.visible import Guard
from sdk.emulator.bars import BarStore
from sdk.emulator.basket import Basket
from sdk.emulator.broker import Broker
from sdk.emulator.clock import END_OF_DAY, Clock
from sdk.emulator.corporate_actions import CorporateActions
from sdk.emulator.day_minutes import minutes_for_calls
from sdk.emulator.logbook import Log, Logbook
from sdk.emulator.minutes import MinuteStore
from sdk.emulator.portfolio import Portfolio, RunParams, SubPortfolio, View
from sdk.emulator.quotes import Quotes
from sdk.emulator.recorder import Recorder
from sdk.emulator.rules import RuleBook
from sdk.emulator.schedule import Schedule
from sdk.emulator.settings import Settings
from sdk.market.bundle import Bundle


class StrategyGlobals:
    """``g``."""

    def __repr__(self) -> str:
        return f"StrategyGlobals({vars(self)})"


class _Own:
    """An attribute that the strategy may cover with its own and uncover with ``del``, as on the platform (§4.1)."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self._read = read
        self.__doc__ = read.__doc__

    def __get__(self, context: Any, owner: type | None = None) -> Any:
        return self._read(context)


class Context:
    """``context``: what the strategy knows of itself; attributes of its own may be added."""

    def __init__(self, portfolio: Portfolio, clock: Clock, settings: Settings, run_params: RunParams) -> None:
        self.__portfolio, self.__clock, self.__settings = portfolio, clock, settings
        self.__run_params = run_params

    @_Own
    def portfolio(self) -> Portfolio:
        """The sum of all accounts."""
        return self.__portfolio

    @_Own
    def subportfolios(self) -> list[SubPortfolio]:
        """One for each account."""
        return self.__portfolio.subportfolios

    @_Own
    def run_params(self) -> RunParams:
        """Dates, frequency and kind of the run."""
        return self.__run_params

    @_Own
    def current_dt(self) -> dt.datetime:
        """Logical time."""
        return self.__clock.now

    @_Own
    def previous_date(self) -> dt.date:
        """The trading day before."""
        return self.__clock.previous_date

    @_Own
    def universe(self) -> list[str]:
        """What set_universe set."""
        return list(self.__settings.universe)

    def __repr__(self) -> str:
        names = ("current_dt", "previous_date", "universe", "portfolio", "run_params")
        return f"Context({ {name: getattr(self, name) for name in names} })"


class Session:
    """All mutable state of one run hangs here; ``first`` and ``last`` are indices of trading days."""

    def __init__(
        self,
        bundle: Bundle,
        rules: RuleBook,
        span: tuple[dt.date, dt.date],
        first: int,
        last: int,
        cash: float,
        frequency: str = "day",
    ) -> None:
        self.rules, self.first, self.last, self.frequency = rules, first, last, frequency
        self.bars = BarStore(bundle, rules)
        self.clock = Clock(self.bars.days, span[0], first)
        self.settings = Settings(rules)
        self.book = Logbook(self.clock, rules)
        self.minutes = MinuteStore(self.bars, self.clock, rules)
        self.quotes = Quotes(self.bars, self.clock, self.settings, rules, self.minutes)
        self.account = Accounts(cash)
        self.broker = Broker(
            self.account, self.quotes, self.clock, self.settings, self.book, rules, self.bars.instrument
        )
        self.actions = CorporateActions(self.bars, self.account, self.quotes, self.book, rules)
        self.schedule = Schedule(self.clock, first, last, rules, frequency)
        self.guard = Guard(self.clock, self.settings, rules)
        self.reader = PriceReader(self.bars, self.clock, self.settings, rules)
        self.called_minutes = minutes_for_calls(self.minutes, self.bars, self.clock, rules)
        self.history = History(self.reader, self.guard, self.called_minutes, rules, self._warn)
        self.bar_calls = BarCalls(self.history, self.reader, self.guard, self.minutes)
        self.ticks = Ticks(self.reader, self.quotes, self.minutes, self.called_minutes, self.guard)
        self.subscriptions = Subscriptions(self.bars, frequency)
        self.auction = CallAuction(self.reader, self.minutes, rules["call_auction_volume"])
        self.unit_axis = self.history.days if frequency == "day" else self.history.minutes
        self.securities = Securities(self.reader, self.guard)
        self.trading = Trading(self.broker, Basket(self.broker, self.quotes), self.bars, self.book, rules)
        self.recorder = Recorder(last - first + 1, lambda: self.clock.seconds >= END_OF_DAY)
        self.files = StrategyFiles()
        self.remarks: list[str] = []
        self.g: Any = StrategyGlobals()
        self.log = Log(self.book)
        minus_one = 1.0 if rules["portfolio_returns"] == "minus_one" else 0.0
        portfolio = Portfolio(self.account, View(self.quotes, self.settings, self.book, minus_one))
        self.subportfolios = Subportfolios(self.account, portfolio, self.clock, self.book, rules)
        self.context = Context(portfolio, self.clock, self.settings, RunParams(*span, frequency))

    def _warn(self, text: str) -> None:
        self.book.write("system", "warning", text)
