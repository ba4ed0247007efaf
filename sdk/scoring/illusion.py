"""The illusion of a statistic over the whole history: what a formula seems to be worth, and what it is worth.

    rolling   each feature is scored against its own last 120 days, as in the exported strategy
    global    (x − median) ÷ (MAD + 1e-6), clipped to ±5, both over the stock's whole history, its future included:
              from its first bar to 31 January after the year (or the last day of the bundle)

Both score the same members on the same signal days (the trading day before the first of each month) and are traded
alike: the K best, equal weights, open to open, costs as on the platform. RankIC of a month: by score on the signal
day and by return to the next rebalance. The illusion is the difference, global less rolling; nobody can trade it,
because its median and MAD are not known yet.

Only features that are normalised differ; PRESSURE and LIQ_SCORE have no statistic, so a formula of those alone has
no illusion. JUMP keeps its own rolling window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace

import numpy as np

from jq_strategy import formula as language
from jq_strategy import primitives
from jq_strategy.inputs import mask_unknown, usable_bars
from jq_strategy.kernel import CLIP, NORMAL_DAYS
from sdk.errors import ConfigError, MarketError
from sdk.formula.bars import bars_between
from sdk.formula.formula_file import FormulaFile
from sdk.formula.kernel_source import PRIMITIVE_NAMES, kernel_on
from sdk.market.bundle import Bundle
from sdk.scoring.figures import compounded
from sdk.scoring.monthly import Costs, information, top_k_portfolio
from sdk.scoring.rebalances import MonthlyMarket, monthly_market

_FLOOR = 1e-6
_USED_UP = NORMAL_DAYS - 1  # days that the rolling rule leaves without a score


@dataclass(frozen=True, eq=False)
class Illusion:
    """Months ``YYYY-MM`` of the rebalances; of each RankIC and net return under both normalisations."""

    formula: str
    year: int
    top_k: int
    months: tuple[str, ...]
    rank_ic_global: np.ndarray
    rank_ic_rolling: np.ndarray
    returns_global: np.ndarray
    returns_rolling: np.ndarray

    @property
    def rank_ic_gap(self) -> float:
        """Mean RankIC, global less rolling."""
        return float(np.mean(self.rank_ic_global) - np.mean(self.rank_ic_rolling))

    @property
    def return_gap(self) -> float:
        """Return of the year, global less rolling: what the illusion seems to be worth."""
        return compounded(self.returns_global) - compounded(self.returns_rolling)

    def to_json(self) -> dict[str, object]:
        """Return everything as plain data."""
        return {
            "format": "jqalpha-illusion-1",
            "formula": self.formula,
            "year": self.year,
            "top_k": self.top_k,
            "months": list(self.months),
            "rank_ic": {"global": self.rank_ic_global.tolist(), "rolling": self.rank_ic_rolling.tolist()},
            "returns": {"global": self.returns_global.tolist(), "rolling": self.returns_rolling.tolist()},
            "rank_ic_gap": self.rank_ic_gap,
            "return_gap": self.return_gap,
        }


def illusion(
    formula: FormulaFile, bundle: Bundle, year: int, pool_index: str = "000300.XSHG", top_k: int = 10
) -> Illusion:
    """Score and trade a formula over a year under both normalisations; MarketError where days lack.

    ConfigError for a formula that was trained with neutralised scores: the illusion is that of the raw ones.
    """
    if formula.neutral.names:
        raise ConfigError(
            f"{formula.expression} 训练时剔除了 {','.join(formula.neutral.names)}，幻觉只算原始分数 · was trained "
            "with neutralised scores, the illusion is measured on raw ones; train without the setting neutralise"
        )
    end = min(f"{year + 1}-01-31", str(bundle.days[-1]))
    market = monthly_market(bundle, pool_index, f"{year}-01-01", end, formula.rank_keys, formula.min_listed_days)
    bars = bars_between(bundle, list(market.codes), formula.inputs, end=end)
    oldest = int(market.signal_days[0]) - formula.lookback_days + 1
    if oldest < 0:
        raise MarketError(
            f"{bundle.path}: {formula.expression} needs {formula.lookback_days} trading days before "
            f"{bundle.days[market.signal_days[0]]}, the bundle begins on {bundle.days[0]}; choose a later year"
        )
    scores = {
        "global": global_scores(formula.tree, bars, market.signal_days),
        "rolling": rolling_scores(formula.tree, bars, market.signal_days),
    }
    found = {name: _worth(market, array, top_k) for name, array in scores.items()}
    months = tuple(str(day)[:7] for day in bundle.days[market.trade_days[:-1]])
    (ic_global, earned_global), (ic_rolling, earned_rolling) = found["global"], found["rolling"]
    return Illusion(formula.expression, year, top_k, months, ic_global, ic_rolling, earned_global, earned_rolling)


def _worth(market: MonthlyMarket, scores: np.ndarray, top_k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return RankIC and net return of each month for scores (stocks, R)."""
    return information(market, scores[None])[0], top_k_portfolio(market, scores, top_k, Costs()).returns


def rolling_scores(tree: tuple, bars: dict[str, np.ndarray], days: Iterable[int]) -> np.ndarray:
    """Return the scores of the exported strategy on some days (columns of ``bars``): (stocks, len(days))."""
    length = language.lookback_days(tree)
    windows = [{name: x[:, day + 1 - length : day + 1] for name, x in bars.items()} for day in days]
    return np.concatenate([language.evaluate(tree, window) for window in windows], axis=1)


def global_scores(tree: tuple, bars: dict[str, np.ndarray], days: Iterable[int]) -> np.ndarray:
    """Return scores normalised by statistics of all of ``bars``: (stocks, len(days)); NaN as for the rolling ones."""
    kernel, names = _global_kernel(), language.inputs_of(tree)
    length, last = language.lookback_days(tree), next(iter(bars.values())).shape[1]
    features = {}
    with np.errstate(all="ignore"):
        for name in {step.name for step in language.plan(tree) if not step.operands}:
            feature = language.kernel.FEATURE_TABLE[name]
            features[name] = getattr(kernel, name)(*[bars[field] for field in feature.inputs])
        columns = []
        for day in days:
            window = [bars[name][:, day + 1 - length : day + 1] for name in names]
            known, _ = usable_bars(window, names)
            scored = language.kernel.window_all(known, length)
            score = _follow(kernel, tree, features, last - 1 - day, scored)
            columns.append(mask_unknown(score, known, length))
    return np.concatenate(columns, axis=1)


def _follow(
    kernel: SimpleNamespace, tree: tuple, features: dict[str, np.ndarray], ago: int, scored: np.ndarray
) -> np.ndarray:
    """Follow the plan of a formula to the column ``ago`` days before the last: (stocks, 1)."""
    values: dict[str, np.ndarray] = {}
    steps = language.plan(tree)
    for step in steps:
        if not step.operands:
            series = features[step.name]
            values[step.label] = series[:, series.shape[1] - ago - step.days : series.shape[1] - ago]
            continue
        operator = language.kernel.OPERATOR_TABLE[step.name]
        operands = [language.kernel.tail(values[label], days) for label, days in step.operands]
        values[step.label] = getattr(kernel, step.name)(*operands, *([scored] if operator.across else []))
    return values[steps[-1].label]


@cache
def _global_kernel() -> SimpleNamespace:
    """Return the kernel with its normalisation replaced, under numpy."""
    table = {name: getattr(primitives, name) for name in PRIMITIVE_NAMES}
    return kernel_on(table, {"normalised": _normalised_globally, "at_own_level": _at_last_level})


def _at_last_level(function: Callable[[np.ndarray], np.ndarray], levels: np.ndarray) -> np.ndarray:
    """Adjust every day to the last known level of its row: over the whole history there is no level of a day."""
    last = [row[np.isfinite(row)][-1] if np.isfinite(row).any() else np.nan for row in levels]
    return function(np.array(last)[:, None])


def _normalised_globally(x: np.ndarray) -> np.ndarray:
    """Score a series against the whole of it; the first 119 days are left out, as by the rolling rule."""
    median = _known_median(x)
    spread = _known_median(np.abs(x - median))
    return np.clip((x - median) / (spread + _FLOOR), -CLIP, CLIP)[:, _USED_UP:]


def _known_median(x: np.ndarray) -> np.ndarray:
    """Return the median of the known values of each row, (stocks, 1); NaN for a row without any."""
    found = [np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else np.nan for row in x]
    return np.array(found)[:, None]
