"""The reward of a formula: mean monthly excess of its top-K portfolio over its pool, after costs.

The same repaired tokens are scored, rewarded, stored and exported. A formula that cannot fill a portfolio, or whose
scores are all equal, gets the floor.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from jq_strategy import formula as language
from sdk.errors import ConfigError
from sdk.formula.bars import bars_between
from sdk.formula.canonical import canonical
from sdk.formula.dead_features import dead_features
from sdk.formula.panel_scores import PanelScores, ScorePanel
from sdk.formula.trees import Tree
from sdk.market.bundle import Bundle
from sdk.scoring.monthly import Costs, MonthlyMarket, MonthlyResult, monthly_market, top_k_portfolios
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


class Evaluator:
    """Rewards formulas on a panel and a market; what is equal, now or before, is computed once.

    Judgements are remembered under the token list and under the canonical form, for about ``remembered`` formulas;
    what was not asked for longest is forgotten first.
    """

    def __init__(self, panel: ScorePanel, market: MonthlyMarket, config: TrainConfig) -> None:
        self.panel, self.market, self._config = panel, market, config
        self._costs = Costs(config.commission, config.stamp_tax, config.half_spread)
        self._pool_return = market.pool_return
        self._known: OrderedDict[Hashable, Judgement] = OrderedDict()
        self.judged = 0

    def judge(self, tokens: tuple[int, ...]) -> Judgement:
        """Return what a legal postfix list earns."""
        return self.judge_all([tokens])[0]

    def judge_all(self, lists: Sequence[tuple[int, ...]]) -> list[Judgement]:
        """Return the judgements of several lists, in their order."""
        found: dict[tuple[int, ...], Judgement] = {}
        new: dict[str, list[tuple[int, ...]]] = {}  # canonical form -> its lists
        trees: list[Tree] = []
        for tokens in dict.fromkeys(lists):
            if tokens in self._known:
                found[tokens] = self._recall(tokens)
                continue
            tree = language.parse(tokens, self._config.vocabulary)
            form = canonical(tree).expression
            if form in self._known:
                found[tokens] = self._recall(form)
                self._remember(tokens, found[tokens])
                continue
            if form not in new:
                trees.append(tree)
            new.setdefault(form, []).append(tokens)
        for (form, equal), judgement in zip(new.items(), self._judgements(trees), strict=True):
            self._remember(form, judgement)
            for tokens in equal:
                found[tokens] = judgement
                self._remember(tokens, judgement)
        self.judged += len(trees)
        return [found[tokens] for tokens in lists]

    def _recall(self, key: Hashable) -> Judgement:
        self._known.move_to_end(key)
        return self._known[key]

    def _remember(self, key: Hashable, judgement: Judgement) -> None:
        self._known[key] = judgement
        if len(self._known) > 2 * self._config.remembered:
            self._known.popitem(last=False)

    def _judgements(self, trees: Sequence[Tree]) -> Iterator[Judgement]:
        days, members, k = self.market.signal_days, self.market.members, self._config.top_k
        for scores in self.panel.batches_of(trees, days, members):
            results = top_k_portfolios(self.market, scores.astype(np.float64, copy=False), k, self._costs)
            yield from (self._judgement(results[place]) for place in range(len(scores)))

    def _judgement(self, result: MonthlyResult) -> Judgement:
        scored = result.scored >= 2
        if not (np.mean(scored) > 0.5 and np.mean(result.distinct[scored]) > 0.5):
            return WORTHLESS
        excess = float(np.mean(result.returns - self._pool_return))
        ties = float(np.mean(result.cut_in_tie))
        return Judgement(
            reward=excess - self._config.tie_penalty * ties,
            excess=excess,
            total=float(np.mean(result.returns)),
            turnover=float(np.mean(result.turnover)),
            tie_share=ties,
        )


class Judge(Evaluator):
    """An evaluator on the training period of a bundle. Nothing later than ``end`` is ever read.

    ``refused`` names the features that no formula may use here, and why: inputs that the bundle does not have, and
    features that never tell two stocks apart.
    """

    def __init__(self, bundle: Bundle, config: TrainConfig) -> None:
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
        market = monthly_market(bundle, config.pool_index, start, end, config.rank_keys)
        bars = bars_between(bundle, list(market.codes), sorted(usable), None, end, config.pool_index)
        super().__init__(_panel(bars, config), market, config)
        alive = [name for name in features if name not in self.refused]
        self.refused.update(dead_features(self.panel, alive, market.signal_days, market.members))
        self.banned = frozenset(self.refused)


def _panel(bars: dict[str, np.ndarray], config: TrainConfig) -> ScorePanel:
    if config.device == "cpu":
        return PanelScores(bars, config.precision, config.threads)
    from sdk.training.torch_panel import TorchPanel, usable_device

    if config.precision != "float64":
        raise ConfigError(f"setting precision = {config.precision!r}: with device = {config.device!r} only float64")
    return TorchPanel(bars, usable_device(config.device))


def _period(bundle: Bundle, config: TrainConfig) -> tuple[str, str]:
    """Return the training period; the default leaves the bundle's first 250 days to the windows."""
    days = bundle.days
    if len(days) < 320:
        raise ConfigError(f"{bundle.path}: {len(days)} trading days; training needs at least 320")
    start, end = config.train[0] or str(days[250]), config.train[1] or str(days[-1])
    if start >= end:
        raise ConfigError(f"setting train = {[start, end]}: the first day is not before the last")
    return start, end
