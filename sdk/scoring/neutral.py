"""Neutral scores for a whole search: scores (formulas, stocks, R) in, the same without industries and styles out.

The rule is jq_strategy/neutral.py, and so are the bits; here it runs in compiled loops (neutral_loops.py) on the
exposures of all signal days, read once. What it did to scores and portfolios: neutral_effect.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sdk.errors import ConfigError
from sdk.formula.bars import DEFAULT_BENCHMARK
from sdk.market.bundle import Bundle
from sdk.scoring.exposures import Exposures, read_exposures, require_everywhere
from sdk.scoring.neutral_choice import checked_standard
from sdk.scoring.neutral_loops import neutralise


class Neutraliser:
    """Takes the named exposures out of scores; read-only after it is made.

    ``names``: exposures, in the order in which they are taken out. ``exposures`` (F, stocks, R): the styles among
    them, NaN = none; ``industries`` (stocks, R) or None. ``without_exposure`` (R,): how many members lack one.
    """

    def __init__(
        self,
        bundle: Bundle,
        codes: Sequence[str],
        signal_days: Sequence[int] | np.ndarray,
        members: np.ndarray,
        names: Sequence[str],
        standardise: str = "rank",
        benchmark: str = DEFAULT_BENCHMARK,
        threads: int = 1,
    ) -> None:
        """Read the exposures of ``codes`` on ``signal_days`` (positions in the calendar); members (stocks, R).

        ConfigError for an unknown name or standard, for no name at all, for data that the bundle lacks, and for a
        signal day on which no member has an exposure.
        """
        found = read_exposures(bundle, codes, signal_days, names, benchmark)
        if not found.names:
            raise ConfigError("setting neutralise: no exposure is named; leave the neutraliser out")
        require_everywhere(found, members, bundle.days[np.asarray(signal_days, dtype=np.int64)])
        self.names, self.standardise = found.names, checked_standard(standardise)
        self.style_names = found.style_names
        self.exposures, self.industries, self.industry_codes = found.styles, found.industries, found.industry_codes
        self.members = members
        self.without_exposure = (members & ~found.known).sum(axis=0)
        self._prepared = prepared(found, members)
        self._threads = threads

    def apply(self, scores: np.ndarray) -> np.ndarray:
        """Return the neutral scores of ``scores`` (formulas, stocks, R) or (stocks, R), float64, the same shape.

        NaN for a stock that is no member, has no score or lacks an exposure.
        """
        if scores.ndim == 2:
            return self.apply(scores[None])[0]
        return neutral_batch(scores, self._prepared, self.standardise, self._threads)


# members with all exposures (R, stocks), styles (R, F, stocks), industries (R, stocks), their number
Prepared = tuple[np.ndarray, np.ndarray, np.ndarray, int]


def prepared(exposures: Exposures, members: np.ndarray) -> Prepared:
    """Return exposures and members (stocks, R) as the loops read them; without industry the pool is one group."""
    industries = exposures.industries
    groups = np.zeros(members.shape, dtype=np.int64) if industries is None else industries
    days_first = (members & exposures.known).T, exposures.styles.transpose(2, 0, 1), groups.T
    usable, styles, places = (np.ascontiguousarray(array) for array in days_first)
    return usable, styles, places, max(int(groups.max(initial=0)) + 1, 1)


def neutral_batch(scores: np.ndarray, given: Prepared, standardise: str, threads: int = 1) -> np.ndarray:
    """Return the neutral scores of ``scores`` (formulas, stocks, R); threads share out the formulas."""
    scores = np.ascontiguousarray(scores, dtype=np.float64)
    usable, styles, groups, number = given
    out = np.empty_like(scores)
    edges = np.linspace(0, len(scores), threads + 1).astype(int)

    def run(part: int) -> None:
        some = slice(edges[part], edges[part + 1])
        neutralise(scores[some], usable, styles, groups, number, standardise == "rank", out[some])

    if threads == 1:
        run(0)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, range(threads)))
    return out
