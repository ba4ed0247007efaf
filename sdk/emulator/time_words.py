"""The ``time=`` of run_daily, run_weekly, run_monthly as seconds since midnight.

``'9:30'``, ``'14:50:30'``, ``'open'``, ``'open+5m'``, ``'close - 10m'``, ``'before_open'``, ``'after_close'``,
``'every_bar'`` (once at the open in day frequency, at each of the 240 minutes in minute frequency, never in
tick frequency).
Source: JOINQUANT.md §1.4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sdk.emulator.clock import CLOSE, OPEN
from sdk.errors import StrategyError, nearest
from sdk.market.session_minutes import STARTS

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_RELATIVE = re.compile(r"(open|close)(?:\s*([+-])\s*(\d+)\s*m)?")
_EVERY_BAR = {"day": (OPEN,), "minute": STARTS, "tick": ()}
_WORDS = ("open", "close", "before_open", "after_close", "every_bar", "open+5m", "close-5m", "9:30")


def times_of(word: object, rules: Mapping[str, str], frequency: str) -> tuple[int, ...]:
    """Return the times of day at which a task of a time word runs; StrategyError as ``seconds_of``."""
    if str(word).strip() == "every_bar":
        return _EVERY_BAR[frequency]
    return (seconds_of(word, rules),)


def seconds_of(word: object, rules: Mapping[str, str]) -> int:
    """Return the time of day of a time word; StrategyError names the nearest known form."""
    text = str(word).strip()
    if text in ("before_open", "after_close"):
        text = rules[f"{text}_clock"]
    if (found := _CLOCK.fullmatch(text)) is not None:
        hour, minute, second = (int(part or 0) for part in found.groups())
        if hour < 24 and minute < 60 and second < 60:
            return hour * 3600 + minute * 60 + second
    elif (found := _RELATIVE.fullmatch(text)) is not None:
        base, sign, minutes = found.groups()
        offset = int(minutes or 0) * 60
        seconds = (OPEN if base == "open" else CLOSE) + (-offset if sign == "-" else offset)
        if 0 <= seconds < 24 * 3600:
            return seconds
    raise StrategyError(f"time={word!r} is not a time of day{nearest(text, _WORDS)}; known forms: {' '.join(_WORDS)}")
