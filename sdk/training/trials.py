"""What one formula did in one period: monthly series and the figures that are made of them.

A trial is the batch evaluator's word, not the emulator's: open-to-open months of the top-K portfolio after costs, the
pool's mean return beside them. ``Screen`` is what a selection needs of an evaluator, so that tests can invent one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from sdk.scoring.figures import compounded
from sdk.training.overfit import sharpe

MONTHS_A_YEAR = 12


@dataclass(frozen=True, eq=False)
class Trial:
    """One formula in one period; ``returns`` after costs and ``pool`` are (months,), fractions.

    ``reward`` as in training; ``turnover`` mean of a month; ``tie_share`` of the months whose cut fell into a tie;
    ``breadth`` share of the pool with a score; ``rank_ic`` mean of the months; ``portfolio`` is equal for formulas
    that held the same stocks all along.
    """

    reward: float
    returns: np.ndarray
    pool: np.ndarray
    turnover: float
    tie_share: float
    breadth: float
    rank_ic: float
    portfolio: int

    @property
    def excess(self) -> np.ndarray:
        """Monthly return less that of the pool: (months,)."""
        return self.returns - self.pool

    @property
    def total(self) -> float:
        """Return of the whole period, compounded."""
        return compounded(self.returns)

    @property
    def benchmark(self) -> float:
        """The pool's return of the whole period, compounded."""
        return compounded(self.pool)

    @property
    def total_excess(self) -> float:
        """(1 + total) ÷ (1 + benchmark) − 1."""
        return (1.0 + self.total) / (1.0 + self.benchmark) - 1.0

    def figures(self) -> dict[str, Any]:
        """Return the figures that a table shows, rounded by nobody."""
        return {
            "reward": self.reward,
            "total": self.total,
            "benchmark": self.benchmark,
            "total_excess": self.total_excess,
            "monthly_excess": float(self.excess.mean()),
            "information": float(sharpe(self.excess)) * math.sqrt(MONTHS_A_YEAR),
            "rank_ic": self.rank_ic,
            "turnover": self.turnover,
            "tie_share": self.tie_share,
            "breadth": self.breadth,
            "months": len(self.returns),
        }


class Screen(Protocol):
    """An evaluator of one period."""

    def trials(self, lists: Sequence[tuple[int, ...]], cost_scale: float = 1.0) -> list[Trial]:
        """Return the trials of legal postfix lists, in their order, all cost rates times ``cost_scale``."""

    def tie_impact(self, tokens: tuple[int, ...]) -> float:
        """Return how much the mean monthly return changes when equal scores are ranked the other way round."""
