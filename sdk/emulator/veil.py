"""Another future: every bar after an instant replaced by other values, the past untouched.

Prices after the instant walk away from the true ones by a random factor a stock and day, volumes and valuations are
scaled, some days become halts. What has no bar keeps none, and factors stay: prices without ``use_real_price`` are
adjusted to the last day of all. Same day, same veil.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import numpy as np

from sdk.market.table import BarTable

_KEPT = frozenset(("factor", "is_st"))
_PRICES = frozenset(("open", "high", "low", "close", "pre_close", "high_limit", "low_limit"))
_HALTS = 0.03  # share of the hidden days that become halts


class Instant(Enum):
    """After which moment of a day nothing is true any more, and which of the day's own fields are hidden.

    The day's volume stays: it is what the broker may fill.
    """

    BEFORE_OPEN = ("开盘前", ("open", "high", "low", "close"))
    OPEN = ("开盘时", ("high", "low", "close"))
    CLOSE = ("收盘后", ())

    @property
    def words(self) -> str:
        """The moment in Chinese."""
        return str(self.value[0])

    @property
    def hidden_today(self) -> tuple[str, ...]:
        """Fields of the day itself that are not known yet."""
        return tuple(self.value[1])


def draw_veil(tables: Iterable[BarTable], day: int, instant: Instant) -> None:
    """Replace in place what ``instant`` of ``day`` (a position in the calendar) cannot know in all loaded fields."""
    for table in tables:
        for field in table.fields:
            if field in _KEPT:
                continue
            matrix = table.writable(field)
            first = day if field in instant.hidden_today else day + 1
            hidden = matrix[:, first:]
            hidden[:] = _other(field, hidden, np.random.default_rng([day, first]))


def _other(field: str, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    walk = np.exp(np.cumsum(rng.normal(0.0, 0.03, values.shape), axis=1) + rng.normal(0.0, 0.05, (len(values), 1)))
    if field in _PRICES:
        return np.round(np.maximum(values * walk, 0.01), 2)
    if field == "paused":
        return np.where(np.isnan(values), values, np.where(rng.random(values.shape) < _HALTS, 1.0, values))
    return values * np.exp(rng.normal(0.0, 0.5, values.shape))
