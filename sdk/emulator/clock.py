"""The logical clock of a run: which trading day, which time of it, and how that prints.

The engine sets it; everything else reads it. A time of day is a number of seconds since midnight.
"""

from __future__ import annotations

import datetime as dt

import numpy as np

AUCTION, OPEN, CLOSE = 9 * 3600 + 25 * 60, 9 * 3600 + 30 * 60, 15 * 3600
NOON, AFTERNOON = 11 * 3600 + 30 * 60, 13 * 3600
CORPORATE_ACTIONS, PRE_OPEN, AFTER_CLOSE, END_OF_DAY = 8 * 3600, 9 * 3600, 15 * 3600 + 1800, 16 * 3600


class Clock:
    """Now. ``day`` is the index of the current trading day; before the first event it is the day to come.

    ``seconds`` is the time of day; on the start date ``initialize`` runs at second 0, maybe on a day that is no
    trading day (``date`` says which). ``moves`` counts the instants so far.
    """

    __slots__ = ("_microseconds", "_stamp", "_text", "date", "day", "days", "moves", "seconds")

    def __init__(self, days: np.ndarray, start: dt.date, first_day: int) -> None:
        self.days = days
        self.day = first_day
        self.date = start
        self.seconds = self.moves = self._microseconds = 0
        self._stamp: dt.datetime | None = None
        self._text: str | None = None

    def move(self, day: int, seconds: int, microseconds: int = 0) -> None:
        """Go to a time of a trading day."""
        if day != self.day or self._is_not(day):
            self.date = self.days[day].item()
        self.day, self.seconds, self._stamp, self._text = day, seconds, None, None
        self.moves += 1
        self._microseconds = microseconds

    def _is_not(self, day: int) -> bool:
        return bool(self.days[day].item() != self.date)

    @property
    def now(self) -> dt.datetime:
        """``context.current_dt``."""
        if self._stamp is None:
            self._stamp = dt.datetime.combine(self.date, dt.time()) + dt.timedelta(
                seconds=self.seconds, microseconds=self._microseconds
            )
        return self._stamp

    @property
    def text(self) -> str:
        """The time as log lines and order texts print it."""
        if self._text is None and self._microseconds:
            self._text = str(self.now)
        if self._text is None:
            minutes, second = divmod(self.seconds, 60)
            self._text = f"{self.date} {minutes // 60:02d}:{minutes % 60:02d}:{second:02d}"
        return self._text

    @property
    def previous_date(self) -> dt.date:
        """``context.previous_date``: the trading day before; the calendar day before where the data begin."""
        if self.day > 0:
            return self.days[self.day - 1].item()
        return self.date - dt.timedelta(days=1)

    @property
    def in_session(self) -> bool:
        """True from the open up to, not including, the close."""
        return OPEN <= self.seconds < CLOSE

    @property
    def at_lunch(self) -> bool:
        """True between the two sessions, not at 11:30:00 itself."""
        return NOON < self.seconds < AFTERNOON

    @property
    def last_finished_day(self) -> int:
        """Index of the newest trading day whose bar is complete: yesterday, or today from the close on."""
        return self.day if self.seconds >= CLOSE and not self._is_not(self.day) else self.day - 1
