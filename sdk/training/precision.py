"""What float32 does to a search: how often a top-K set differs from that of the exact scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jq_strategy import formula as language
from sdk.formula.panel_scores import ScorePanel
from sdk.scoring.monthly import MonthlyMarket
from sdk.scoring.portfolio import choose_all


@dataclass(frozen=True)
class PrecisionReport:
    """Top-K sets compared, those that float32 changes, and the formulas that have such a set."""

    formulas: int
    sets: int
    changed_sets: int
    changed_formulas: int

    @property
    def share(self) -> float:
        """Changed sets ÷ sets."""
        return self.changed_sets / self.sets if self.sets else 0.0

    def __str__(self) -> str:
        return (
            f"float32 改变 {self.changed_sets}/{self.sets} 个入选组合 ({self.share:.2%})，"
            f"涉及 {self.changed_formulas}/{self.formulas} 个公式"
        )


def compare_precisions(
    quick: ScorePanel,
    exact: ScorePanel,
    market: MonthlyMarket,
    lists: Sequence[tuple[int, ...]],
    vocabulary: str,
    k: int,
) -> PrecisionReport:
    """Score legal lists on a float32 and a float64 panel of the same bars; equal scores rank by the static keys."""
    trees = [language.parse(tokens, vocabulary) for tokens in dict.fromkeys(lists)]
    changed = []
    both = zip(
        quick.scores_of(trees, market.signal_days, market.members),
        exact.scores_of(trees, market.signal_days, market.members),
        strict=True,
    )
    for rough, right in both:
        changed.append(int((chosen(rough, market.places, k) != chosen(right, market.places, k)).any(axis=0).sum()))
    days = len(market.signal_days)
    return PrecisionReport(len(trees), len(trees) * days, sum(changed), sum(count > 0 for count in changed))


def chosen(scores: np.ndarray, places: np.ndarray, k: int) -> np.ndarray:
    """Return who is among the K best of each day: (stocks, R); a missing score is never chosen."""
    best = np.zeros(scores.shape[::-1], dtype=bool)
    choose_all(np.ascontiguousarray(scores.T, dtype=np.float64), np.ascontiguousarray(places.T), k, best)
    return best.T
