"""What each fifth of the stocks by score earned beside the pool: is a ranking right where one buys?"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sdk.training.reward import Judge

HEADS = ("lowest", "2", "3", "4", "highest")


def fifths(scores: np.ndarray, judge: Judge, k: int) -> list[float]:
    """Return the mean monthly excess of five groups of equal size, lowest scores first, and of the K highest.

    ``scores``: (stocks, months), the last month left out, whose return nobody knows yet. Before costs, equal weights,
    stocks without a score or a return left out.
    """
    excess, months = judge.market.growth - judge.market.pool_return, []
    for score, earned in zip(scores[:, : excess.shape[1]].T, excess.T, strict=True):
        known = np.flatnonzero(np.isfinite(score) & np.isfinite(earned))
        order = known[np.argsort(score[known], kind="stable")]
        if len(order) >= len(HEADS):
            parts = (*np.array_split(order, len(HEADS)), order[-k:])
            months.append([float(earned[part].mean()) for part in parts])
    return [float(value) for value in np.mean(months, axis=0)]


def print_fifths(words: str, rows: Iterable[tuple[str, list[list[float]]]], k: int) -> None:
    """Print, a year, the means over the rankings of each period."""
    print(f"a year beside the pool, before costs, {words}")
    print(f"{'period':<8} " + " ".join(f"{head:>8}" for head in (*HEADS, f"best {k}")))
    for period, of_each in rows:
        print(f"{period:<8} " + " ".join(f"{12 * value:>+8.1%}" for value in np.mean(of_each, axis=0)), flush=True)
