"""Features that cannot rank anything on a panel: one value for all stocks on every day.

A dead feature ties every stock that it touches, and the order of codes becomes the portfolio. The usual cause is a
unit: a market value in yuan where 1e8 yuan is meant holds LIQ_SCORE at one of its bounds for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from sdk.formula.panel_scores import ScorePanel


def dead_features(
    panel: ScorePanel, names: Iterable[str], days: Sequence[int] | np.ndarray, members: np.ndarray | None = None
) -> dict[str, str]:
    """Return name -> reason for the features that have no two different values on any of ``days``.

    ``members`` (stocks, len(days)) limits the comparison to the pool. Missing values are not compared; a feature
    without two known values on one day is dead as well.
    """
    found = {}
    for name in names:
        values = panel.scores((name,), days, members)
        known = np.isfinite(values)
        most, least = np.where(known, values, -np.inf).max(axis=0), np.where(known, values, np.inf).min(axis=0)
        if not (most > least).any():
            distinct = np.unique(values[known])
            what = (
                f"恒为 {distinct[0]:g}" if len(distinct) == 1 else ("每日只有一个值" if len(distinct) else "没有值")
            )
            found[name] = f"{what} (在 {len(days)} 个评分日上)，无法区分股票；请检查输入的单位与覆盖"
    return found
