"""Scheduled functions: run_daily, run_weekly, run_monthly, and which of them are due when.

N counts trading days of the week or month, from the front or (negative) from the end; the first, partial week
or month counts from the start of the run; an N outside the period takes the nearest day in it. At one instant
the order is monthly, weekly, daily whatever the order of registration, then registration (JOINQUANT.md §1.2,
§1.4). ``force``: a task that is registered after its due time of the period runs at the next chance.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from sdk.emulator.clock import Clock
from sdk.emulator.time_words import times_of
from sdk.errors import StrategyError

DAILY, WEEKLY, MONTHLY = "daily", "weekly", "monthly"
PRIORITY = {MONTHLY: 0, WEEKLY: 1, DAILY: 2}


@dataclass(frozen=True)
class Task:
    """One registration; ``due`` = indices of the trading days on which it runs, None = every day."""

    func: Callable[[Any], object]
    period: str
    times: tuple[int, ...]
    number: int
    due: frozenset[int] | None = field(repr=False)

    @property
    def keys(self) -> list[tuple[int, int, int]]:
        """(time of day, priority, number) of each run of one day: what sorts them."""
        return [(seconds, PRIORITY[self.period], self.number) for seconds in self.times]


class Schedule:
    """All tasks of one run; ``version`` changes with each registration."""

    def __init__(self, clock: Clock, first: int, last: int, rules: Mapping[str, str], frequency: str = "day") -> None:
        self._frequency = frequency
        self._clock, self._first, self._last, self._rules = clock, first, last, rules
        self.tasks: list[Task] = []
        self.version = 0
        self._count = 0
        self._due_days: tuple[int, list[int] | None] = (0, [])  # of a version: days with a task, None = every day

    def run_daily(
        self,
        func: Any,
        time: object = "9:30",
        reference_security: str = "000001.XSHG",
        force: bool | None = None,
    ) -> None:
        """Every trading day; ``force`` changes nothing here."""
        self._add(func, DAILY, time, None)

    def run_weekly(
        self,
        func: Any,
        weekday: int,
        time: object = "9:30",
        reference_security: str = "000001.XSHG",
        force: bool | None = None,
    ) -> None:
        """On the ``weekday``-th trading day of each week."""
        self._add(func, WEEKLY, time, self._due(WEEKLY, weekday, time, force))

    def run_monthly(
        self,
        func: Any,
        monthday: int,
        time: object = "9:30",
        reference_security: str = "000001.XSHG",
        force: bool | None = None,
    ) -> None:
        """On the ``monthday``-th trading day of each month."""
        self._add(func, MONTHLY, time, self._due(MONTHLY, monthday, time, force))

    def unschedule_all(self) -> None:
        """Forget every task."""
        self.tasks = []
        self.version += 1

    def due_on(self, day: int) -> list[Task]:
        """Return the tasks of one trading day in the order in which they run."""
        due = (task for task in self.tasks if task.times and (task.due is None or day in task.due))
        return sorted(due, key=lambda task: task.keys[0])

    def next_due(self, day: int, stop: int) -> int:
        """Return the first of the days ``day`` … ``stop`` − 1 with a task; ``stop`` for none."""
        version, days = self._due_days
        if version != self.version:
            kinds = [task.due for task in self.tasks]
            days = None if None in kinds else sorted(frozenset[int]().union(*(due for due in kinds if due)))
            self._due_days = self.version, days
        if days is None:
            return day
        place = bisect_left(days, day)
        return min(days[place], stop) if place < len(days) else stop

    # ------------------------------------------------------------------------------------------------ inside
    def _add(self, func: Any, period: str, time: object, due: frozenset[int] | None) -> None:
        name = getattr(func, "__name__", repr(func))
        if not callable(func) or hasattr(func, "__self__"):
            # platform: bound methods raise, only functions of the module can be scheduled (§1.1)
            raise StrategyError(f"run_{period}: {name} must be a function defined at the top of the strategy")
        self._count += 1
        self.tasks.append(Task(func, period, times_of(time, self._rules, self._frequency), self._count, due))
        self.version += 1

    def _due(self, period: str, number: object, time: object, force: bool | None) -> frozenset[int]:
        if not isinstance(number, int | np.integer) or isinstance(number, bool) or number == 0:
            name = "monthday" if period == MONTHLY else "weekday"
            raise StrategyError(f"run_{period}: {name}={number!r} must be 1, 2, … or −1, −2, …")
        forced = (self._rules["force_default"] == "true") if force is None else force
        now = (self._clock.day, self._clock.seconds)
        seconds, due = times_of(time, self._rules, self._frequency)[-1], set()
        for days in self._periods(period):
            place = int(number) - 1 if number > 0 else len(days) + int(number)
            if not 0 <= place < len(days) and self._rules["out_of_range_n"] == "skip":
                continue
            day = days[min(max(place, 0), len(days) - 1)]
            if forced and days[0] <= now[0] <= days[-1] and (day, seconds) <= now:
                day = now[0] if seconds > now[1] else now[0] + 1
            due.add(day)
        return frozenset(due)

    def _periods(self, period: str) -> list[list[int]]:
        """The trading days of the run, and of the rest of its last period, by week or month."""
        days = self._clock.days[self._first :]
        keys = days.astype("datetime64[M]").astype(int) if period == MONTHLY else (days.astype(int) + 3) // 7
        within = keys <= keys[self._last - self._first]
        starts = np.flatnonzero(np.r_[True, np.diff(keys[within]) != 0])
        bounds = [*starts, int(within.sum())]
        return [list(range(self._first + a, self._first + b)) for a, b in pairwise(bounds)]
