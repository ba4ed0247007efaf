"""The 240 minutes of a trading day and how bars are labelled.

A minute bar carries the label of its end: 09:31 … 11:30, 13:01 … 15:00; the bar 09:31 also holds the opening
auction (JOINQUANT.md §1.4). ``bar`` is the place of a bar in the day, 0 … 239. Times are seconds since midnight.
"""

from __future__ import annotations

from typing import Final

import numpy as np

BARS: Final = 240
_MORNING, _NOON, _AFTERNOON = 9 * 60 + 30, 11 * 60 + 30, 13 * 60
ENDS: Final = tuple(
    60 * minute for minute in (*range(_MORNING + 1, _NOON + 1), *range(_AFTERNOON + 1, _AFTERNOON + 121))
)
STARTS: Final = tuple(end - 60 for end in ENDS)
LABELS: Final = np.array([end // 3600 * 100 + end // 60 % 60 for end in ENDS], dtype=np.int16)
LABELS.setflags(write=False)
OFFSETS: Final = np.array(ENDS, dtype="timedelta64[s]")
OFFSETS.setflags(write=False)


def bars_ended(seconds: int) -> int:
    """Return how many of the day's bars have ended at a time of day: 0 at 09:30:00, 1 at 09:31:00, 240 from 15:00."""
    minute = seconds // 60
    if minute <= _NOON:
        return max(minute - _MORNING, 0)
    return min(max(minute - _AFTERNOON, 0) + 120, BARS)
