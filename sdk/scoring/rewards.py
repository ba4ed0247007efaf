"""Rewards by name: what one number is made of the months of a formula. A table; settings combine rows by weights.

With net returns r_m after costs, the pool's returns b_m (both a month, as fractions), excess e_m = r_m - b_m, RankIC
c_m, and means over the months:

    excess           mean e                                          a month, as a fraction
    log_return       mean ln(1 + r)                                  a month; -20 where everything is lost
    ic               mean c                                          -1 ... 1
    sortino_smooth   mean e / sqrt(mean min(e, 0)^2 + mean (b - mean b)^2)        a ratio, not annual
    sortino          mean e / sqrt(mean min(e, 0)^2), at least 1e-4 below the line  a ratio, not annual

``sortino`` is there to show how it fails: among formulas that lose, it prefers the one that loses more but less
evenly, so a search is taught to lose. The pool's own volatility under ``sortino_smooth`` keeps the denominator nearly
constant, and more loss is less reward again. ``floor``: what a formula gets that cannot fill a portfolio, a value
that formulas that trade rarely reach. No input may be NaN, no result is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sdk.errors import ConfigError, nearest

_SMALLEST_DOWNSIDE = 1e-4
_LOST = -20.0


@dataclass(frozen=True, eq=False)
class Months:
    """Formulas' months: ``net`` (formulas, M), ``pool`` (M,), ``ic`` (formulas, M) or None where nobody asked."""

    net: np.ndarray
    pool: np.ndarray
    ic: np.ndarray | None = None

    @property
    def excess(self) -> np.ndarray:
        return self.net - self.pool

    def of(self, which: np.ndarray) -> Months:
        """Return the months where ``which`` (M,) is true."""
        return Months(self.net[:, which], self.pool[which], None if self.ic is None else self.ic[:, which])


@dataclass(frozen=True)
class Reward:
    """One row: the function from months to (formulas,), and what a worthless formula gets."""

    function: Callable[[Months], np.ndarray]
    floor: float


def _excess(months: Months) -> np.ndarray:
    return months.excess.mean(axis=1)


def _log_return(months: Months) -> np.ndarray:
    return np.log(np.maximum(1.0 + months.net, np.exp(_LOST))).mean(axis=1)


def _ic(months: Months) -> np.ndarray:
    assert months.ic is not None
    return months.ic.mean(axis=1)


def _downside(excess: np.ndarray) -> np.ndarray:
    return (np.minimum(excess, 0.0) ** 2).mean(axis=1)


def _sortino_smooth(months: Months) -> np.ndarray:
    base = np.var(months.pool)
    return months.excess.mean(axis=1) / np.sqrt(np.maximum(_downside(months.excess) + base, _SMALLEST_DOWNSIDE**2))


def _sortino(months: Months) -> np.ndarray:
    return months.excess.mean(axis=1) / np.maximum(np.sqrt(_downside(months.excess)), _SMALLEST_DOWNSIDE)


REWARDS: Mapping[str, Reward] = {
    "excess": Reward(_excess, -0.05),
    "log_return": Reward(_log_return, -0.05),
    "ic": Reward(_ic, -0.1),
    "sortino_smooth": Reward(_sortino_smooth, -1.0),
    "sortino": Reward(_sortino, -2.0),
}


def check_rewards(weights: Mapping[str, float]) -> None:
    """Raise ConfigError for an unknown name, naming the nearest, and for weights that are all 0."""
    for name in weights:
        if name not in REWARDS:
            raise ConfigError(
                f"setting reward: unknown reward {name!r}{nearest(name, REWARDS)} (known: {', '.join(REWARDS)})"
            )
    if not any(weights.values()):
        raise ConfigError(f"setting reward = {dict(weights)}: at least one weight must not be 0")


def combined(weights: Mapping[str, float], months: Months) -> np.ndarray:
    """Return the weighted sum of the named rewards, (formulas,), in the order of the table."""
    parts = [weights[name] * reward.function(months) for name, reward in REWARDS.items() if name in weights]
    return np.sum(parts, axis=0)


def floor_of(weights: Mapping[str, float]) -> float:
    """Return what a formula gets that cannot fill a portfolio."""
    return float(sum(abs(weights[name]) * reward.floor for name, reward in REWARDS.items() if name in weights))
