"""What is known of one formula after it was judged: figures of its months, who it chose, how it behaves."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields

import numpy as np

NOT_COMPUTED = math.nan  # one object, so that equal judgements compare equal


@dataclass(frozen=True, slots=True)  # many are remembered
class Judgement:
    """Figures a month as fractions; ``calm_reward`` is the reward of the calm months alone.

    ``excess``: mean net return less the pool's; ``total``: mean net return; ``turnover``: mean of buys ÷ value;
    ``tie_share``: of the months whose cut fell into a tie; ``rank_ic``: mean, NaN unless the reward needs it;
    ``breadth``: share of the pool with a score; ``portfolio``: 64 bits, equal for formulas that choose the same
    stocks in all months; ``fingerprint``: float16, read-only, ranks on some days and stocks with mean 0 and norm 1,
    so that the dot product of two of them is the correlation of their rankings (0 where there is no score).
    """

    reward: float
    calm_reward: float
    excess: float
    total: float
    turnover: float
    tie_share: float
    rank_ic: float
    breadth: float
    portfolio: int
    fingerprint: np.ndarray = field(compare=False, repr=False)

    def figures(self) -> dict[str, float | None]:
        """Return the numbers that can be printed and written as JSON; None for what was not computed."""
        names = [item.name for item in fields(self) if item.name not in ("portfolio", "fingerprint")]
        values = {name: float(getattr(self, name)) for name in names}
        return {name: None if math.isnan(value) else value for name, value in values.items()}


@dataclass(frozen=True, eq=False)
class MonthlySeries:
    """One formula month by month, (M,) each: first trading day, net return, the pool's, turnover, whether the cut
    fell into a tie, share of the pool with a score, RankIC."""

    days: np.ndarray
    returns: np.ndarray
    pool: np.ndarray
    turnover: np.ndarray
    cut_in_tie: np.ndarray
    breadth: np.ndarray
    rank_ic: np.ndarray
