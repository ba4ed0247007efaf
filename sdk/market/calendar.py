"""Trading days: how a day is written, and how the nearest one is named when a day is not found.

A trading calendar is an ascending ``datetime64[D]`` array without repetition. Everything here is exact: a day
that is not in the calendar is an error, never silently moved to its neighbour.
"""

from __future__ import annotations

import datetime as dt
from typing import TypeAlias

import numpy as np
import pandas as pd

from sdk.errors import MarketError

Day: TypeAlias = str | dt.date | dt.datetime | pd.Timestamp | np.datetime64


def as_day(value: Day) -> np.datetime64:
    """Return ``value`` as ``datetime64[D]``; MarketError for anything that is not a day (NaT included)."""
    try:
        day = np.datetime64(pd.Timestamp(value), "D")
    except (ValueError, TypeError) as error:
        raise MarketError(f"{value!r} is not a day; write it like 2024-12-31") from error
    if np.isnat(day):
        raise MarketError(f"{value!r} is not a day; write it like 2024-12-31")
    return day


def day_index(days: np.ndarray, day: Day) -> int:
    """Return the position of an exact trading day in ``days``; MarketError names the days around it."""
    wanted = as_day(day)
    place = int(np.searchsorted(days, wanted))
    if place < len(days) and days[place] == wanted:
        return place
    raise MarketError(f"{wanted} is {_outside(days, wanted, place)}")


def day_range(days: np.ndarray, start: Day | None, end: Day | None) -> slice:
    """Return the slice of ``days`` in [start, end], both inclusive; None is the calendar's own bound.

    The bounds need not be trading days but must touch the calendar: an empty range is a MarketError.
    """
    first = 0 if start is None else int(np.searchsorted(days, as_day(start)))
    last = len(days) if end is None else int(np.searchsorted(days, as_day(end), side="right"))
    if first >= last:
        raise MarketError(f"no trading day from {start} to {end}; the data cover {_span(days)}")
    return slice(first, last)


def _outside(days: np.ndarray, wanted: np.datetime64, place: int) -> str:
    """Say why ``wanted`` is not a trading day, and which trading days are next to it."""
    if len(days) == 0:
        return "not a trading day: the calendar is empty"
    if place == 0:
        return f"before the first trading day; the data cover {_span(days)}, nearest is {days[0]}"
    if place == len(days):
        return f"after the last trading day; the data cover {_span(days)}, nearest is {days[-1]}"
    return f"not a trading day; nearest are {days[place - 1]} and {days[place]}"


def _span(days: np.ndarray) -> str:
    return f"{days[0]} … {days[-1]} ({len(days)} trading days)" if len(days) else "no day at all"
