"""Neutral scores for a whole search: scores (formulas, stocks, R) in, the same without industries and styles out.

The rule is jq_strategy/neutral.py, and so are the bits; here it runs in compiled loops (neutral_loops.py) on the
exposures of all signal days, read once. ``exposure_report`` measures what it did to the scores, ``rolling_beta`` what
is left of the market in the returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from jq_strategy.exposures import INDUSTRY
from jq_strategy.neutral import STANDARDS
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


@dataclass(frozen=True)
class ExposureLine:
    """One exposure before and after: what is left of it in the scores and in the K best stocks.

    ``correlation``: mean over the days of the absolute correlation across stocks; for industry the correlation
    ratio (the root of the share of the variance that lies between industries). ``top``: mean over the days of the
    mean exposure of the K best, in standard deviations of the day's members; NaN for industry.
    """

    name: str
    correlation_before: float
    correlation_after: float
    top_before: float
    top_after: float


def exposure_report(
    scores_before: np.ndarray, scores_after: np.ndarray, neutraliser: Neutraliser, k: int
) -> tuple[ExposureLine, ...]:
    """Measure one formula's scores (stocks, R) against every exposure of the neutraliser, before and after.

    Scores before are ranked (or z-scored) as the neutraliser does first, and so are the exposures: that is what the
    regression saw. Only members with a score and all exposures count; the K best are chosen among them, equal scores
    by row. Days with fewer than three such stocks, or without spread, are left out; NaN when no day is left.
    """
    found: dict[str, list[tuple[float, float, float, float]]] = {name: [] for name in neutraliser.names}
    for day in range(scores_before.shape[1]):
        exposures = neutraliser.exposures[:, :, day]
        known = neutraliser.members[:, day] & np.isfinite(scores_after[:, day]) & np.isfinite(scores_before[:, day])
        if known.sum() < 3:
            continue
        before = _standard(scores_before[known, day], neutraliser.standardise)
        after = scores_after[known, day]
        best = [np.argsort(-scores[known, day], kind="stable")[:k] for scores in (scores_before, scores_after)]
        for name, exposure in zip(neutraliser.style_names, exposures[:, known], strict=True):
            column, apart = _standard(exposure, neutraliser.standardise), _standard(exposure, "zscore")
            tops = [float(apart[chosen].mean()) for chosen in best]
            found[name].append((_correlation(before, column), _correlation(after, column), tops[0], tops[1]))
        if neutraliser.industries is not None:
            industry = neutraliser.industries[known, day]
            ratios = _correlation_ratio(before, industry), _correlation_ratio(after, industry)
            found[INDUSTRY].append((*ratios, np.nan, np.nan))
    return tuple(ExposureLine(name, *_mean_known(rows)) for name, rows in found.items())


def _mean_known(rows: list[tuple[float, float, float, float]]) -> list[float]:
    """Return the mean of each column over the rows that know it, NaN where none does."""
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return [float(column[np.isfinite(column)].mean()) if np.isfinite(column).any() else np.nan for column in columns]


def _standard(x: np.ndarray, standardise: str) -> np.ndarray:
    with np.errstate(all="ignore"):
        return STANDARDS[standardise](x[:, None], np.ones((len(x), 1), dtype=bool))[:, 0]


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Return the absolute correlation, NaN without spread."""
    x, y = x - x.mean(), y - y.mean()
    scale = np.sqrt((x @ x) * (y @ y))
    return float(abs(x @ y) / scale) if scale > 0.0 else np.nan


def _correlation_ratio(x: np.ndarray, group: np.ndarray) -> float:
    x = x - x.mean()
    count = np.maximum(np.bincount(group), 1)
    means = np.bincount(group, weights=x) / count
    total = x @ x
    return float(np.sqrt((means[group] @ means[group]) / total)) if total > 0.0 else np.nan


def rolling_beta(returns: np.ndarray, benchmark_returns: np.ndarray, window: int) -> np.ndarray:
    """Return the slope of ``returns`` on ``benchmark_returns`` (n,) over the last ``window`` of them, (n,).

    NaN for the first ``window - 1`` and where the benchmark stands still. Give the strategy's returns for the beta of
    the total return: about 1 for a portfolio of stocks that is always invested, whatever its scores are. Give returns
    less benchmark returns for the beta of the active return, which is the other less 1: this one is what
    neutralisation can bring near 0.
    """
    if returns.shape != benchmark_returns.shape or returns.ndim != 1:
        raise ConfigError(f"rolling beta: returns {returns.shape} and benchmark {benchmark_returns.shape} differ")
    if not 2 <= window <= len(returns):
        raise ConfigError(f"rolling beta: window = {window}, must lie in 2 ... {len(returns)}, the returns there are")
    views = (np.lib.stride_tricks.sliding_window_view(x, window) for x in (returns, benchmark_returns))
    own, market = (view - view.mean(axis=1, keepdims=True) for view in views)
    square = (market * market).sum(axis=1)
    beta = np.full(len(returns), np.nan)
    moved = square > 0.0
    beta[window - 1 :][moved] = (own * market).sum(axis=1)[moved] / square[moved]
    return beta
