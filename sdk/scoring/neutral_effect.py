"""What neutralisation does to a formula: exposures of scores and portfolios, and the market left in their returns.

Two portfolios are made of the scores of each signal day, before and after: the K best in equal parts less the pool
in equal parts (``top``: what a long-only strategy does beside its pool), and all stocks in proportion to their
standardised score (``spread``: longs and shorts of one yuan in all). Weights are taken up at the first close after
the signal and kept, day by day the same, until the next; nothing is charged. A neutral score makes a neutral
``spread``; it promises nothing about the ``top``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from jq_strategy.exposures import INDUSTRY
from jq_strategy.neutral import STANDARDS
from sdk.errors import ConfigError, MarketError
from sdk.formula.bars import bars_between
from sdk.formula.formula_file import FormulaFile
from sdk.formula.panel_scores import PanelScores
from sdk.market.bundle import Bundle
from sdk.scoring.monthly import MonthlyMarket, monthly_market
from sdk.scoring.neutral import Neutraliser

WINDOW = 60  # trading days of a rolling beta


@dataclass(frozen=True)
class BetaLine:
    """Slope of a portfolio's daily returns on the index: over the whole period, and the rolling ones' extremes."""

    portfolio: str
    scores: str
    whole: float
    least: float
    most: float


@dataclass(frozen=True)
class NeutralEffect:
    """``exposures``: one line an exposure; ``betas``: top and spread, before and after.

    ``first``: the first signal day; ``last``: the last day of a return.
    """

    formula: str
    standardise: str
    top_k: int
    first: str
    last: str
    exposures: tuple[ExposureLine, ...]
    betas: tuple[BetaLine, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"format": "jqalpha-neutral-effect-1", **asdict(self)}


def neutral_effect(
    formula: FormulaFile,
    bundle: Bundle,
    period: tuple[str, str],
    names: Sequence[str],
    standardise: str = "rank",
    pool_index: str = "000300.XSHG",
    top_k: int = 10,
) -> NeutralEffect:
    """Measure a formula over the monthly rebalances between two days; beta and the index are those of ``pool_index``.

    Days are read up to the last of the period. ConfigError and MarketError as by ``Neutraliser`` and
    ``monthly_market``; MarketError too for fewer than WINDOW days of returns.
    """
    market = monthly_market(bundle, pool_index, *period, min_listed_days=formula.min_listed_days)
    neutraliser = Neutraliser(
        bundle, market.codes, market.signal_days, market.members, names, standardise, pool_index
    )
    bars = bars_between(bundle, list(market.codes), formula.inputs, end=period[1], benchmark=pool_index)
    before = PanelScores(bars).scores(formula.tree, market.signal_days, market.members)
    after = neutraliser.apply(before)
    lines = exposure_report(before, after, neutraliser, top_k)
    days, own, index = _daily(bundle, market, pool_index)
    if len(days) < WINDOW:
        raise MarketError(f"{bundle.path}: {len(days)} days of returns in {list(period)}, {WINDOW} are needed")
    with np.errstate(all="ignore"):
        standard = STANDARDS[standardise](before, market.members & np.isfinite(before))
    weights = {
        ("top", "before"): _top_weights(before, market.members, top_k),
        ("top", "after"): _top_weights(after, market.members, top_k),
        ("spread", "before"): _spread_weights(standard, market.members),
        ("spread", "after"): _spread_weights(after, market.members),
    }
    betas = []
    for (name, kind), held in weights.items():
        earned = _earned(held, market.signal_days, days, own)
        rolling = rolling_beta(earned, index, WINDOW)
        whole = rolling_beta(earned, index, len(earned))[-1]
        betas.append(BetaLine(name, kind, float(whole), float(np.nanmin(rolling)), float(np.nanmax(rolling))))
    span = str(bundle.days[market.signal_days[0]]), str(bundle.days[days[-1]])
    return NeutralEffect(formula.expression, standardise, top_k, *span, lines, tuple(betas))


def _daily(bundle: Bundle, market: MonthlyMarket, index: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return positions of the days after the first close after the first signal, returns (stocks, n) and the index's.

    A stock without two closes returns 0 that day.
    """
    days = np.arange(market.signal_days[0] + 2, market.trade_days[-1] + 1)
    start, end = bundle.days[days[0] - 1], bundle.days[days[-1]]
    bars = bars_between(bundle, list(market.codes), ["close", "factor", "benchmark"], start, end, index)
    level = bars["close"] * bars["factor"]
    with np.errstate(all="ignore"):
        returns = level[:, 1:] / level[:, :-1] - 1.0
    benchmark = bars["benchmark"][0, 1:] / bars["benchmark"][0, :-1] - 1.0
    return days, np.where(np.isfinite(returns), returns, 0.0), benchmark


def _top_weights(scores: np.ndarray, members: np.ndarray, k: int) -> np.ndarray:
    """Return 1/K for the K best, equal scores by row, less an equal part for every scored member: (stocks, R)."""
    known = members & np.isfinite(scores)
    order = np.argsort(np.where(known, -scores, np.inf), axis=0, kind="stable")
    weights = np.zeros(scores.shape)
    for day in range(scores.shape[1]):
        best = order[: min(k, known[:, day].sum()), day]
        weights[best, day] = 1.0 / max(len(best), 1)
    return weights - known / np.maximum(known.sum(axis=0), 1)


def _spread_weights(scores: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Return weights in proportion to the score less its mean, absolute values adding up to 1: (stocks, R)."""
    known = members & np.isfinite(scores)
    filled = np.where(known, scores, 0.0)
    centred = np.where(known, filled - filled.sum(axis=0) / np.maximum(known.sum(axis=0), 1), 0.0)
    gross = np.abs(centred).sum(axis=0)
    return centred / np.where(gross > 0.0, gross, 1.0)


def _earned(weights: np.ndarray, signal_days: np.ndarray, days: np.ndarray, returns: np.ndarray) -> np.ndarray:
    """Return the daily return (n,) with the weights of the last signal taken up at a close before the day."""
    column = np.searchsorted(signal_days + 2, days, side="right") - 1
    return np.einsum("ij,ij->j", weights[:, column], returns)


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
