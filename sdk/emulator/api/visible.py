"""Which days a data call may show: the guard against tomorrow.

A day's bar is complete from its close on. Before that only its ``open`` (from 09:30) and what is known before
the open – ``pre_close``, limits, halt, ST, factor – exist. ``avoid_future_data`` makes more an error with the
platform's sentence; without it the platform would hand the future out, here the answer is cut and counted
(rule ``future_rows_without_guard``). Source: JOINQUANT.md §6.8, §6.9.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sdk.emulator.clock import CLOSE, OPEN, Clock
from sdk.emulator.settings import Settings
from sdk.errors import StrategyError
from sdk.market.session_minutes import BARS, bars_ended

KNOWN_BEFORE_OPEN = frozenset(("pre_close", "high_limit", "low_limit", "paused", "is_st", "factor"))


class FutureDataError(StrategyError):
    """``avoid_future_data`` is on and a call asked for what is not known yet."""


class Guard:
    """Decides for each call; ``cuts`` counts per function how often the answer had to be shortened."""

    def __init__(self, clock: Clock, settings: Settings, rules: Mapping[str, str]) -> None:
        self._clock, self._settings = clock, settings
        self._give = rules["future_rows_without_guard"] == "give"
        self.cuts: dict[str, int] = {}

    def stop_day(self, call: str, end: object, fields: Sequence[str]) -> int:
        """Return one past the last day index that ``call`` may show for ``end_date=end`` (None = now)."""
        days, clock = self._clock.days, self._clock
        finished = clock.last_finished_day + 1
        if end is None:
            return finished
        moment = as_datetime(end, call)
        stop = int(np.searchsorted(days, np.datetime64(moment.date()), side="right"))
        if stop <= finished:
            return stop
        if moment.date() > clock.date:
            if self._settings.avoid_future_data:
                raise FutureDataError(
                    f"avoid_future_data=True时，{call}的end_date({moment})不能大于当前日期({clock.now})"
                )
            # without the guard a future day is cut to today, which then shows what it may
            today = int(np.searchsorted(days, np.datetime64(clock.date), side="right"))
            return stop if self._give else self._today(call, today, finished, fields)
        return (
            stop if self._give and not self._settings.avoid_future_data else self._today(call, stop, finished, fields)
        )

    def first_day(self, call: str, start: object, count: int | None, stop: int) -> int:
        """Return the first day index of an answer that ends before ``stop``: ``count`` days, or from ``start`` on;
        with neither it is one day."""
        if count is not None:
            return max(stop - int(count), 0)
        if start is None:
            return max(stop - 1, 0)
        return min(int(np.searchsorted(self._clock.days, np.datetime64(as_datetime(start, call).date()))), stop)

    def _today(self, call: str, stop: int, finished: int, fields: Sequence[str]) -> int:
        known = KNOWN_BEFORE_OPEN | {"open"} if self._clock.seconds >= OPEN else KNOWN_BEFORE_OPEN
        unknown = [field for field in fields if field not in known]
        if not unknown:
            return stop
        if self._settings.avoid_future_data:
            when = "盘中" if self._clock.seconds >= OPEN else "当天开盘前"
            verb = "不能取" if self._clock.seconds >= OPEN else "不能获取"
            raise FutureDataError(
                f"avoid_future_data=True时，{when}{verb}当日的{unknown}字段数据，"
                f"{call}的end_date({self._clock.date})请改为前一交易日"
            )
        return self._cut(call, finished)

    def stop_minute(self, call: str, end: object, known: int) -> int:
        """Return one past the last minute position for ``end``; ``known`` = one past the newest known one."""
        if end is None:
            return known
        moment, days, clock = as_datetime(end, call), self._clock.days, self._clock
        day = int(np.searchsorted(days, np.datetime64(moment.date()), side="right"))
        stop = day * BARS
        if day and days[day - 1] == np.datetime64(moment.date()):
            stop += bars_ended(moment.hour * 3600 + moment.minute * 60 + moment.second) - BARS
        if stop <= known or moment <= clock.now:
            return min(stop, known)
        name = "end_dt" if call == "get_bars" else "end_date"
        if self._settings.avoid_future_data:
            raise FutureDataError(f"avoid_future_data=True时，{call}的{name}({moment})不能大于当前时间({clock.now})")
        return stop if self._give else self._cut(call, known)

    def stop_bars(self, call: str, end: object) -> int:
        """Return one past the last day whose bar is complete at ``end`` (None = now), for get_bars."""
        finished, clock = self._clock.last_finished_day + 1, self._clock
        if end is None:
            return finished
        moment = as_datetime(end, call)
        over = moment.hour * 3600 + moment.minute * 60 >= CLOSE
        day = np.datetime64(moment.date()) + np.timedelta64(int(over), "D")
        stop = int(np.searchsorted(clock.days, day))
        if stop <= finished or moment <= clock.now:
            return min(stop, finished)
        if self._settings.avoid_future_data:
            raise FutureDataError(f"avoid_future_data=True时，{call}的end_dt({moment})不能大于当前日期({clock.now})")
        return stop if self._give else self._cut(call, finished)

    def _cut(self, call: str, finished: int) -> int:
        self.cuts[call] = self.cuts.get(call, 0) + 1
        return finished

    def date(self, call: str, value: object, name: str = "date") -> dt.date:
        """Return a date argument that must not lie in the future; None is today."""
        if value is None:
            return self._clock.date
        day = as_datetime(value, call).date()
        if day > self._clock.date:
            if self._settings.avoid_future_data:
                raise FutureDataError(
                    f"avoid_future_data=True时，{call}的{name}({day})不能大于当前日期({self._clock.now})"
                )
            if not self._give:
                self._cut(call, 0)
                return self._clock.date
        return day


def as_datetime(value: Any, call: str) -> dt.datetime:
    """Return a date, datetime, Timestamp, datetime64 or ISO text as a datetime; StrategyError otherwise."""
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)
    try:
        if isinstance(value, str):
            return dt.datetime.fromisoformat(_padded(value))
        found = np.datetime64(value, "s").item()
        if isinstance(found, dt.datetime):
            return found
    except (ValueError, TypeError):
        pass
    raise StrategyError(f"{call}: {value!r} is not a date; write it like '2024-12-31'")


def _padded(text: str) -> str:
    """Return '2024/1/5' as '2024-01-05'; what follows the date is kept."""
    found = _DATE.match(text.strip())
    if found is None:
        return text.strip()
    year, month, day, rest = found.groups()
    return f"{year}-{int(month):02d}-{int(day):02d}{rest}"


_DATE = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(.*)")
