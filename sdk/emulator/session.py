"""One run's parts, wired together: clock, bars, account, broker, logbook, schedule and the data calls."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sdk.emulator.account import Account
from sdk.emulator.api.auction import CallAuction
from sdk.emulator.api.bar_calls import BarCalls
from sdk.emulator.api.files import StrategyFiles
from sdk.emulator.api.history import History
from sdk.emulator.api.prices import PriceReader
from sdk.emulator.api.securities import Securities
from sdk.emulator.api.trading import Trading
from sdk.emulator.api.visible import Guard
from sdk.emulator.bars import BarStore
from sdk.emulator.broker import Broker
from sdk.emulator.clock import Clock
from sdk.emulator.corporate_actions import CorporateActions
from sdk.emulator.logbook import Log, Logbook
from sdk.emulator.minutes import MinuteStore
from sdk.emulator.portfolio import Portfolio, RunParams
from sdk.emulator.quotes import Quotes
from sdk.emulator.recorder import Recorder
from sdk.emulator.rules import RuleBook
from sdk.emulator.schedule import Schedule
from sdk.emulator.settings import Settings
from sdk.market.bundle import Bundle


class StrategyGlobals:
    """``g``."""


class Context:
    """``context``: what the strategy knows of itself; attributes of its own may be added."""

    def __init__(self, portfolio: Portfolio, clock: Clock, settings: Settings, run_params: RunParams) -> None:
        self._clock, self._settings = clock, settings
        self.portfolio = portfolio
        self.subportfolios = [portfolio]
        self.run_params = run_params

    @property
    def current_dt(self) -> dt.datetime:
        """Logical time."""
        return self._clock.now

    @property
    def previous_date(self) -> dt.date:
        """The trading day before."""
        return self._clock.previous_date

    @property
    def universe(self) -> list[str]:
        """What set_universe set."""
        return list(self._settings.universe)


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
        self.account = Account(cash)
        self.broker = Broker(
            self.account, self.quotes, self.clock, self.settings, self.book, rules, self.bars.instrument
        )
        self.actions = CorporateActions(self.bars, self.account, self.quotes, rules)
        self.schedule = Schedule(self.clock, first, last, rules, frequency)
        self.guard = Guard(self.clock, self.settings, rules)
        self.reader = PriceReader(self.bars, self.clock, self.settings, rules)
        self.history = History(self.reader, self.guard, self.minutes, rules)
        self.bar_calls = BarCalls(self.history, self.reader, self.guard, self.minutes)
        self.auction = CallAuction(self.reader, self.minutes, rules["call_auction_volume"])
        self.unit_axis = self.history.minutes if frequency == "minute" else self.history.days
        self.securities = Securities(self.reader, self.guard)
        self.trading = Trading(self.broker, self.bars, self.book)
        self.recorder = Recorder(last - first + 1)
        self.files = StrategyFiles()
        self.remarks: list[str] = []
        self.g: Any = StrategyGlobals()
        self.log = Log(self.book)
        portfolio = Portfolio(self.account, self.quotes, self.settings, self.book, rules)
        self.context = Context(portfolio, self.clock, self.settings, RunParams(*span, frequency))
