"""The day loop: what runs when.

    start date 00:00  initialize, after_code_changed, process_initialize
    each trading day  08:00 corporate actions, on_event · 09:00 before_trading_start · 09:30 queued orders, scheduled
                      functions, handle_data · 15:00 waiting limit orders · 15:30 after_trading_end · 16:00 valuation
    at the end        on_strategy_end

Scheduled functions come first at their instant (JOINQUANT.md §1.1, §1.2). An exception of the strategy ends the
run; what was written until then stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sdk.emulator import clock as times
from sdk.emulator.api.current import BarData
from sdk.emulator.session import Session
from sdk.emulator.traceback_text import user_traceback
from sdk.emulator.user_module import UserModule

Step = tuple[tuple[int, int, int, int], Callable[[], object]]
_MARKET, _TASKS, _CALLBACKS = 0, 1, 2


class StrategyRaised(Exception):
    """The strategy raised; ``error`` is what it raised."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass
class Engine:
    """Drives one strategy through one session."""

    session: Session
    module: UserModule

    def run(self, names: dict[str, Any], modules: dict[str, Any]) -> BaseException | None:
        """Run to the end; return what the strategy raised, already in the log, or None."""
        try:
            self._guarded(lambda: self.module.execute(names, modules, self.session.log.info))
            for name in ("initialize", "after_code_changed", "process_initialize"):
                self._call(name)
            for day in range(self.session.first, self.session.last + 1):
                self._day(day)
            self._call("on_strategy_end")
        except StrategyRaised as raised:
            self.session.book.write("strategy", "error", user_traceback(raised.error, self.module.sources))
            return raised.error
        return None

    # ----------------------------------------------------------------------------------------------- one day
    def _day(self, day: int) -> None:
        session, clock = self.session, self.session.clock
        done = (-1, 0, 0, 0)
        steps, version = self._steps(day), session.schedule.version
        position = 0
        while position < len(steps):
            key, step = steps[position]
            position += 1
            if key <= done:
                continue
            clock.move(day, key[0])
            step()
            done = key
            if session.schedule.version != version:
                steps, version, position = self._steps(day), session.schedule.version, 0
        clock.move(day, times.END_OF_DAY)
        session.recorder.close_day(session.account, session.quotes, session.settings.t0_mode)
        session.broker.end_day()
        session.account.drop_empty()

    def _steps(self, day: int) -> list[Step]:
        """The day's work in order; the key is (second, kind, period, number)."""
        session = self.session
        steps: list[Step] = [
            ((times.CORPORATE_ACTIONS, _MARKET, 0, 0), self._start_day),
            ((times.OPEN, _MARKET, 0, 0), session.broker.open_market),
            ((times.CLOSE, _MARKET, 0, 0), session.broker.close_market),
        ]
        for task in session.schedule.due_on(day):
            second, period, number = task.key
            steps.append(((second, _TASKS, period, number), self._task(task.func)))
        for number, (second, name) in enumerate(_DAILY_CALLBACKS):
            if name in self.module.names and self.module.function(name) is not None:
                steps.append(((second, _CALLBACKS, 0, number), self._callback(name)))
        return sorted(steps, key=lambda step: step[0])

    def _start_day(self) -> None:
        session = self.session
        if not session.account.holdings and not session.account.bought_today and not session.account.sold_today:
            return
        events = session.actions.start_day(session.clock.day, session.settings.use_real_price)
        session.account.start_day({code: session.quotes.previous_close(code) for code in session.account.holdings})
        on_event = self.module.function("on_event") if events else None
        if on_event is not None:
            for event in events:
                self._guarded(partial(on_event, session.context, event))

    # ---------------------------------------------------------------------------------------------- the user
    def _task(self, func: Callable[[Any], object]) -> Callable[[], object]:
        return lambda: self._guarded(lambda: func(self.session.context))

    def _callback(self, name: str) -> Callable[[], object]:
        if name == "handle_data":
            return lambda: self._guarded(
                lambda: self.module.names[name](self.session.context, BarData(self.session.reader))
            )
        return lambda: self._call(name)

    def _call(self, name: str) -> None:
        function = self.module.function(name)
        if function is not None:
            self._guarded(lambda: function(self.session.context))

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            work()
        except (Exception, SystemExit) as error:
            raise StrategyRaised(error) from error


_DAILY_CALLBACKS = (
    (times.PRE_OPEN, "before_trading_start"),
    (times.OPEN, "handle_data"),
    (times.AFTER_CLOSE, "after_trading_end"),
)
