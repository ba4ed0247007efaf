"""The reward of a formula: mean monthly excess of its top-K portfolio over its pool, after costs.

The same repaired tokens are scored, rewarded, stored and exported. A formula that cannot fill a portfolio, or whose
scores are all equal, gets the floor. Rewards are remembered by the repaired list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jq_strategy import formula as language
from sdk.errors import ConfigError
from sdk.formula.bars import bars_between
from sdk.formula.dead_features import dead_features
from sdk.formula.panel_scores import PanelScores
from sdk.market.bundle import Bundle
from sdk.scoring.monthly import Costs, MonthlyMarket, monthly_market, top_k_portfolio
from sdk.training.config import TrainConfig

FLOOR = -0.05  # a month; worse than any formula that trades


@dataclass(frozen=True)
class Judgement:
    """What one formula earned: all a month, as fractions; ``tie_share`` of the months whose cut fell into a tie."""

    reward: float
    excess: float
    total: float
    turnover: float
    tie_share: float


WORTHLESS = Judgement(FLOOR, FLOOR, 0.0, 0.0, 1.0)


class Judge:
    """Scores and rewards formulas on the training period of a bundle. Nothing later than ``end`` is ever read.

    ``refused`` names the features that no formula may use here, and why: inputs that the bundle does not have, and
    features that never tell two stocks apart.
    """

    def __init__(self, bundle: Bundle, config: TrainConfig) -> None:
        self._config = config
        names = language.token_names(config.vocabulary)
        wanted = {field for name in names if language.arity_of(name) == 0 for field in language.inputs_of((name,))}
        usable = {field for field in wanted if field == "benchmark" or bundle.has(field)}
        features = [name for name in names if language.arity_of(name) == 0]
        self.refused = {
            name: f"数据包没有 {', '.join(sorted(set(language.inputs_of((name,))) - usable))}"
            for name in features
            if not usable.issuperset(language.inputs_of((name,)))
        }
        start, end = _period(bundle, config)
        self.period = (start, end)
        self.market: MonthlyMarket = monthly_market(bundle, config.pool_index, start, end)
        codes = list(self.market.codes)
        self._scores = PanelScores(bars_between(bundle, codes, sorted(usable), None, end, config.pool_index))
        alive = [name for name in features if name not in self.refused]
        self.refused.update(dead_features(self._scores, alive, self.market.signal_days, self.market.members))
        self.banned = frozenset(self.refused)
        self._costs = Costs(config.commission, config.stamp_tax, config.half_spread)
        self._known: dict[tuple[int, ...], Judgement] = {}

    def judge(self, tokens: tuple[int, ...]) -> Judgement:
        """Return what a legal postfix list earns."""
        return self.judge_all([tokens])[0]

    def judge_all(self, lists: Sequence[tuple[int, ...]]) -> list[Judgement]:
        """Return the judgements of several lists; equal lists, now or before, are computed once."""
        new = [tokens for tokens in dict.fromkeys(lists) if tokens not in self._known]
        trees = [language.parse(tokens, self._config.vocabulary) for tokens in new]
        scores = self._scores.scores_of(trees, self.market.signal_days, self.market.members)
        self._known.update((tokens, self._judge(found)) for tokens, found in zip(new, scores, strict=True))
        return [self._known[tokens] for tokens in lists]

    @property
    def judged(self) -> int:
        """How many distinct formulas have been computed."""
        return len(self._known)

    def _judge(self, scores: np.ndarray) -> Judgement:
        if not _ranks_anything(scores):
            return WORTHLESS
        result = top_k_portfolio(self.market, scores, self._config.top_k, self._costs)
        excess = float(np.mean(result.returns - self.market.pool_return))
        ties = float(np.mean(result.cut_in_tie))
        return Judgement(
            reward=excess - self._config.tie_penalty * ties,
            excess=excess,
            total=float(np.mean(result.returns)),
            turnover=float(np.mean(result.turnover)),
            tie_share=ties,
        )


def _period(bundle: Bundle, config: TrainConfig) -> tuple[str, str]:
    """Return the training period; the default leaves the bundle's first 250 days to the windows."""
    days = bundle.days
    if len(days) < 320:
        raise ConfigError(f"{bundle.path}: {len(days)} trading days; training needs at least 320")
    start, end = config.start or str(days[250]), config.end or str(days[-1])
    if start >= end:
        raise ConfigError(f"setting start = {start} is not before end = {end}")
    return start, end


def _ranks_anything(scores: np.ndarray) -> bool:
    """Tell whether on most days at least two different scores exist."""
    scored = np.isfinite(scores).sum(axis=0) >= 2
    if not scored.any():
        return False
    with np.errstate(invalid="ignore"):
        spread = np.nanmax(scores[:, scored], axis=0) > np.nanmin(scores[:, scored], axis=0)
    return bool(np.mean(scored) > 0.5 and np.mean(spread) > 0.5)
