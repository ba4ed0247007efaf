"""The judge of a period: a bundle's bars and rebalances between two dates, made into an evaluator.

Training, validation, holdout and pressure are the same rules on other dates; a judge reads nothing later than the
last day of its own. Bars are read from ``warm_up_days`` before its first day, because formulas look back. Once the
features are computed the bars are let go, and with them the first days of the features, which no score can reach;
what a formula cannot see in the warm-up it does not see: it has no score in its first months.
"""

from __future__ import annotations

import numpy as np

from jq_strategy import formula as language
from jq_strategy import kernel
from sdk.errors import ConfigError
from sdk.formula.bars import bars_between
from sdk.formula.dead_features import dead_features
from sdk.formula.panel_scores import PanelScores, ScorePanel
from sdk.market.bundle import Bundle
from sdk.scoring.monthly import MonthlyMarket, monthly_market
from sdk.training.config import TrainConfig
from sdk.training.evaluator import Evaluator, Neutral
from sdk.training.judgement import Judgement, MonthlySeries
from sdk.training.settings import Period

__all__ = ["Evaluator", "Judge", "Judgement", "MonthlySeries"]

_FIRST_DAYS, _LEAST_DAYS = 250, 320  # left to the windows when no first day is named; what a bundle must have


class Judge(Evaluator):
    """An evaluator on one period of a bundle, the training period unless another is named.

    ``filtered`` False judges every stock of the bundle instead of the pool (the pressure set). ``period`` are the
    days found. ``dates`` (R,) are the rebalance days. ``refused`` names the features that no formula may use here,
    and why: inputs that the bundle does not have, and features that never tell two stocks apart. ``unseen`` counts
    the first rebalances on which some feature cannot be known yet. Scores of ``panel`` count days from
    ``panel_start`` of the bundle's calendar, as do ``market.signal_days``.
    """

    def __init__(
        self, bundle: Bundle, config: TrainConfig, period: Period | None = None, filtered: bool = True
    ) -> None:
        names = [name for name in language.token_names(config.vocabulary) if language.arity_of(name) == 0]
        wanted = {field for name in names for field in language.inputs_of((name,))}
        usable = {field for field in wanted if field == "benchmark" or bundle.has(field)}
        self.refused = {
            name: f"数据包没有 {', '.join(sorted(set(language.inputs_of((name,))) - usable))}"
            for name in names
            if not usable.issuperset(language.inputs_of((name,)))
        }
        self.period = start, end = _days_of(bundle, config.train if period is None else period)
        index = config.pool_index if filtered else None
        market = monthly_market(bundle, index, start, end, config.rank_keys, config.min_listed_days)
        self.dates = bundle.days[market.trade_days]
        neutral = _neutral(bundle, market, config)
        before = max(np.datetime64(start) - np.timedelta64(config.warm_up_days, "D"), bundle.days[0])
        self.panel_start = int(np.searchsorted(bundle.days, before))
        alive = [name for name in names if name not in self.refused]
        first = _first_needed(alive, config, int(market.signal_days[0]) - self.panel_start)
        longest = max((kernel.FEATURE_TABLE[name].days for name in alive), default=1)
        self.unseen = int(np.sum(market.signal_days - self.panel_start < longest - 1))
        bars = bars_between(bundle, list(market.codes), sorted(usable), before, end, config.pool_index)
        bundle.forget_bars()
        panel = _panel(bars, config, first)
        del bars  # the panel holds them until it lets go
        self.panel_start += first
        super().__init__(panel, market.shifted(self.panel_start), config, neutral)
        self.refused.update(dead_features(panel, alive, self.market.signal_days, self.market.members))
        self.banned = frozenset(self.refused)
        panel.release_bars(alive)

    def series(self, tokens: tuple[int, ...], cost_scale: float = 1.0) -> MonthlySeries:
        """Return what a legal postfix list earned month by month, dated; all costs times ``cost_scale``."""
        found = super().series(tokens, cost_scale)
        return MonthlySeries(**{**vars(found), "days": self.dates[:-1]})

    @property
    def late_features(self) -> str:
        """One sentence about ``unseen`` rebalances and where the period should begin; empty where there are none."""
        if not self.unseen:
            return ""
        begin = str(self.dates[self.unseen]) if self.unseen < len(self.dates) else "--"
        return (
            f"{self.period[0]} 起的前 {self.unseen} 次调仓没有全部特征（此前的行情不够长），没有分数的月份等于持币；"
            f"宜从 {begin} 开始 · no full windows on the first {self.unseen} rebalances; begin at {begin}"
        )

    @classmethod
    def on(cls, bundle: Bundle, config: TrainConfig, period: Period, filtered: bool = True) -> Judge:
        """Return the judge of another period under the same rules; ConfigError for a period that is not named."""
        if period == ("", ""):
            raise ConfigError('a period is not set: write e.g. valid = ["2022-01-01", "2023-12-31"]')
        return cls(bundle, config, period, filtered)


def _first_needed(features: list[str], config: TrainConfig, first_signal: int) -> int:
    """Return the first day of the bars on which a feature can matter to a score.

    No window of a feature is full before the shortest of them, and no formula of ``max_length`` tokens looks back
    further than its deepest operator, repeated.
    """
    operators = [name for name in language.token_names(config.vocabulary) if language.arity_of(name)]
    deepest = max(kernel.OPERATOR_TABLE[name].depth for name in operators) * (config.max_length - 1)
    shortest = min((kernel.FEATURE_TABLE[name].days for name in features), default=1)
    return max(0, min(first_signal, max(shortest - 1, first_signal - deepest)))


def _panel(bars: dict[str, np.ndarray], config: TrainConfig, first: int) -> ScorePanel:
    if config.device == "cpu":
        return PanelScores(bars, config.precision, config.threads, first)
    from sdk.training.torch_panel import TorchPanel, usable_device

    if config.precision != "float64":
        raise ConfigError(f"setting precision = {config.precision!r}: with device = {config.device!r} only float64")
    return TorchPanel(bars, usable_device(config.device), first=first)


def _neutral(bundle: Bundle, market: MonthlyMarket, config: TrainConfig) -> Neutral | None:
    if not config.neutralise:
        return None
    from sdk.scoring.neutral import Neutraliser  # reads fundamentals and compiles loops: for runs that ask for it

    given = (bundle, list(market.codes), market.signal_days, market.members, config.neutralise, config.standardise)
    return Neutraliser(*given, config.pool_index, threads=config.threads)


def _days_of(bundle: Bundle, period: Period) -> tuple[str, str]:
    """Return the days of a period; without a first one, the bundle's first 250 are left to the windows."""
    days = bundle.days
    if len(days) < _LEAST_DAYS:
        raise ConfigError(f"{bundle.path}: {len(days)} trading days; training needs at least {_LEAST_DAYS}")
    start, end = period[0] or str(days[_FIRST_DAYS]), period[1] or str(days[-1])
    if start >= end:
        raise ConfigError(f"period {[start, end]}: the first day is not before the last")
    return start, end
