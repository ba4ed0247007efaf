"""The words for bar lengths: ``'1d'``, ``'5d'``, ``'daily'``, ``'1m'``, ``'15m'``, ``'minute'``, ``'1w'``, ``'1M'``.

Upper case counts: ``1M`` is a month, ``1m`` a minute. Source: JOINQUANT.md §6.1, §6.3.
"""

from __future__ import annotations

import functools
import re

from sdk.errors import StrategyError, nearest
from sdk.market.session_minutes import BARS

_WORDS = {"daily": ("d", 1), "day": ("d", 1), "minute": ("m", 1)}
_FORM = re.compile(r"(\d+)(d|m|w|M)")
_KNOWN = ("1d", "5d", "daily", "1m", "5m", "15m", "30m", "60m", "120m", "minute", "1w", "1M")


@functools.lru_cache(maxsize=64)
def unit_of(word: object, call: str, kinds: str = "dm") -> tuple[str, int]:
    """Return (kind, size): kind 'd', 'm', 'w' or 'M'; StrategyError for what ``call`` does not know."""
    found = _FORM.fullmatch(str(word))
    kind, size = _WORDS[word] if word in _WORDS else (found[2], int(found[1])) if found else ("", 0)
    if kind not in kinds or not kind or size < 1 or (kind == "m" and size > BARS):
        raise StrategyError(f"{call}: no bars of {word!r}{nearest(str(word), _KNOWN)}; known: {' '.join(_KNOWN)}")
    return kind, size
