"""The day loop: what runs when.

    start date 00:00  initialize, after_code_changed, process_initialize
    each trading day  08:00 corporate actions, on_event · 09:00 before_trading_start · 09:30 queued orders,
                      scheduled functions, handle_data · 13:00 orders of the lunch break · 15:00 waiting orders, end
                      of the day's orders · 15:30 after_trading_end · 16:00 valuation
    at the end        on_strategy_end

In minute frequency handle_data and every_bar run at each of the 240 minutes 09:30 … 11:29, 13:00 … 14:59. In tick
frequency neither runs, and handle_tick is called at 09:25 and at the end of each minute with what is subscribed. On a
bundle with minute bars, in any frequency, orders that wait are tried against every bar that has ended before the next
thing happens, at the time of its label.

Scheduled functions come first at their instant (JOINQUANT.md §1.1, §1.2). An exception of the strategy ends the
run; what was written until then stays. Days on which nothing can happen (nothing of the strategy runs, no order
waits, nothing is booked on what is held) are valued together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sdk.emulator import clock as times
from sdk.emulator.api.current import BarData
from sdk.emulator.session import Session
from sdk.emulator.traceback_text import user_traceback
from sdk.emulator.user_module import UserModule
from sdk.errors import nearest
from sdk.market.session_minutes import ENDS, STARTS, bars_ended

Step = tuple[tuple[int, int, int, int], Callable[[], object]]
_MARKET, _TASKS, _CALLBACKS = 0, 1, 2
_ONCE = ("initialize", "after_code_changed", "process_initialize", "on_strategy_end")
_DAILY = ("before_trading_start", "handle_data", "handle_tick", "after_trading_end")
_BARS = {"day": (times.OPEN,), "minute": STARTS, "tick": ()}
_TICKS = {"day": (), "minute": (), "tick": (times.AUCTION, *ENDS)}


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
    _matched: int = 0

    def run(self, names: dict[str, Any], modules: dict[str, Any]) -> BaseException | None:
        """Run to the end; return what the strategy raised, already in the log, or None."""
        try:
            self._guarded(lambda: self.module.execute(names, modules, self.session.log.info))
            for name in ("initialize", "after_code_changed", "process_initialize"):
                self._call(name)
            self._remark_ticks()
            self._remark_nothing()
            day, stop = self.session.first, self.session.last + 1
            while day < stop:
                quiet = self._quiet_until(day, stop)
                if quiet > day:
                    self._hold(day, quiet)
                else:
                    self._day(day)
                day = max(quiet, day + 1)
            self._end()
        except StrategyRaised as raised:
            self.session.book.write("strategy", "error", user_traceback(raised.error, self.module.sources))
            return raised.error
        return None

    def _end(self) -> None:
        """on_strategy_end, at the last instant of the last day (rule ``strategy_end_clock``)."""
        clock = dt.datetime.strptime(self.session.rules["strategy_end_clock"], "%H:%M:%S.%f")
        seconds = clock.hour * 3600 + clock.minute * 60 + clock.second
        self.session.clock.move(self.session.last, seconds, clock.microsecond)
        self._call("on_strategy_end")
        by_tick = self.session.frequency == "tick" and self.module.function("handle_tick") is not None
        if by_tick and not self.session.subscriptions.ever:
            self.session.remarks.append(
                "没有订阅标的，handle_tick 一次也没有被调用 · nothing was subscribed: call subscribe(code, 'tick')"
            )

    # --------------------------------------------------------------------------------- days without anything
    def _quiet_until(self, day: int, stop: int) -> int:
        """The first of the days ``day`` … ``stop`` − 1 on which something may happen; ``stop`` for none."""
        session = self.session
        if session.broker.today or any(self.module.function(name) is not None for name in _DAILY):
            return day
        due = session.schedule.next_due(day, stop)
        return session.actions.next_day(day, due, session.settings.use_real_price)

    def _hold(self, first: int, stop: int) -> None:
        """Write down the days ``first`` … ``stop`` − 1, as ``_day`` would one by one."""
        session = self.session
        lots = [code for code, _ in session.account.lots()]
        closes, references = (session.quotes.over(field, lots, first, stop) for field in ("close", "pre_close"))
        session.clock.move(stop - 1, times.END_OF_DAY)
        session.account.start_day(dict(zip(lots, references[:, -1].tolist(), strict=True)))
        session.recorder.hold(session.account, closes, references)

    # ----------------------------------------------------------------------------------------------- one day
    def _day(self, day: int) -> None:
        session, clock = self.session, self.session.clock
        done, self._matched = (-1, 0, 0, 0), 0
        by_minute = session.minutes.offered
        steps, version = self._steps(day), session.schedule.version
        position = 0
        while position < len(steps):
            key, step = steps[position]
            position += 1
            if key <= done:
                continue
            if by_minute and key[0] > times.OPEN:
                self._match_until(day, key[0])
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
            ((times.AFTERNOON, _MARKET, 0, 0), session.broker.open_market),
            ((times.CLOSE, _MARKET, 0, 0), session.broker.close_market),
        ]
        for task in session.schedule.due_on(day):
            work = self._task(task.func)
            steps += [((second, _TASKS, period, number), work) for second, period, number in task.keys]
        for number, (name, seconds) in enumerate(self._callback_times()):
            if name in self.module.names and self.module.function(name) is not None:
                work = self._callback(name)
                steps += [((second, _CALLBACKS, 0, number), work) for second in seconds]
        return sorted(steps, key=lambda step: step[0])

    def _callback_times(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        frequency = self.session.frequency
        return (
            ("before_trading_start", (times.PRE_OPEN,)),
            ("handle_data", _BARS[frequency]),
            ("handle_tick", _TICKS[frequency]),
            ("after_trading_end", (times.AFTER_CLOSE,)),
        )

    def _match_until(self, day: int, seconds: int) -> None:
        """Try what waits against each minute bar that has ended at ``seconds`` and was not tried yet."""
        session, ended = self.session, bars_ended(seconds)
        while self._matched < ended and session.broker.waits():
            session.clock.move(day, ENDS[self._matched])
            session.broker.match_minute(self._matched)
            self._matched += 1
        self._matched = ended

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
                lambda: self.module.names[name](
                    self.session.context, BarData(self.session.reader, self.session.unit_axis)
                )
            )
        return self._ticks if name == "handle_tick" else lambda: self._call(name)

    def _ticks(self) -> None:
        session, asked = self.session, self.session.subscriptions
        for code in asked.codes():
            tick = session.ticks.event(code) if code in asked else None
            if tick is not None:
                self._guarded(partial(self.module.names["handle_tick"], session.context, tick))

    def _remark_ticks(self) -> None:
        session, by_tick = self.session, self.session.frequency == "tick"
        if not by_tick and self.module.function("handle_tick") is not None:
            session.remarks.append(
                "handle_tick 只在 tick 频率被调用 · is called in tick frequency only: use --frequency tick"
            )
        if by_tick and not session.settings.use_real_price:
            session.remarks.append(
                "平台的 tick 回测要求 the platform's tick backtest needs set_option('use_real_price', True)"
            )

    def _remark_nothing(self) -> None:
        """Say so where no day of the run will ever call the strategy, and which name may be a slip."""
        if self.session.schedule.tasks or any(self.module.function(name) is not None for name in (*_ONCE, *_DAILY)):
            return
        own = [name for name, value in self.module.names.items() if getattr(value, "__module__", "") == "user_code"]
        slips = [f"{name}{hint}" for name in own if (hint := nearest(name, (*_ONCE, *_DAILY)))]
        self.session.remarks.append(
            "没有 initialize、handle_data 等函数，什么也不会执行 · nothing of this strategy is ever called"
            + "".join(f": {slip}" for slip in slips[:1])
        )

    def _call(self, name: str) -> None:
        function = self.module.function(name)
        if function is not None:
            self._guarded(lambda: function(self.session.context))

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            work()
        except (Exception, SystemExit) as error:
            raise StrategyRaised(error) from error
