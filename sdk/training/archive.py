"""The pool of formulas found so far: the best by reward that differ from each other.

Two formulas are the same find when they choose the same stocks in every month, or when the ranks of their scores
correlate by ``SAME`` or more: the better one stays. The pool feeds imitation (its lists are learned) and novelty
(samples that correlate with it are worth less).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sdk.training.judgement import Judgement
from sdk.training.sampling import Tokens

SAME = 0.95


@dataclass(frozen=True)
class Find:
    """A formula of the pool: as it was written, as it was repaired, what it earned."""

    raw: Tokens
    tokens: Tokens
    reward: float
    judgement: Judgement


@dataclass(frozen=True)
class Archive:
    """At most ``size`` finds, best first; what was there first wins a tie."""

    size: int
    finds: tuple[Find, ...] = ()

    def with_batch(self, found: Sequence[Find]) -> Archive:
        """Return the archive after a batch."""
        best: dict[int, Find] = {}
        for find in found:  # of each portfolio the first of the best
            kept = best.get(find.judgement.portfolio)
            if kept is None or find.reward > kept.reward:
                best[find.judgement.portfolio] = find
        merged: list[Find] = []
        prints = np.empty((0, 0), dtype=np.float32)
        for find in sorted([*self.finds, *best.values()], key=lambda find: -find.reward):  # stable
            print_ = find.judgement.fingerprint.astype(np.float32)
            if merged and (prints @ print_ >= SAME).any():
                continue
            if any(find.judgement.portfolio == other.judgement.portfolio for other in merged):
                continue
            merged.append(find)
            prints = np.stack([other.judgement.fingerprint for other in merged]).astype(np.float32)
            if len(merged) == self.size:
                break
        return Archive(self.size, tuple(merged))

    def overlap(self, judgements: Sequence[Judgement]) -> np.ndarray:
        """Return the largest rank correlation of each formula with the pool: (formulas,), 0 without a pool."""
        if not self.finds or not judgements:
            return np.zeros(len(judgements), dtype=np.float32)
        pool = np.stack([find.judgement.fingerprint for find in self.finds]).astype(np.float32)
        batch = np.stack([judgement.fingerprint for judgement in judgements]).astype(np.float32)
        return (batch @ pool.T).max(axis=1)
