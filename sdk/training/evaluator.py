"""The reward of formulas on a panel and a market: what their monthly top-K portfolios earned, as settings weigh it.

The same repaired tokens are scored, rewarded, stored and exported. A formula that cannot fill a portfolio, or whose
scores are all equal, gets the floor of the rewards asked for. Only the order of the scores within a day matters: the
portfolio and the RankIC are made of cross-sectional ranks.

``reward`` = the weighted rewards (sdk/scoring/rewards.py) - turnover_penalty x mean monthly turnover - tie_penalty x
share of the months whose cut fell into a tie, before or after neutralising; ``calm_reward`` is the same of the calm
half of the months.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from jq_strategy import formula as language
from sdk.formula.canonical import canonical
from sdk.formula.panel_scores import ScorePanel
from sdk.formula.trees import Tree
from sdk.scoring.monthly import Costs, MonthlyMarket, MonthlyResult, information, top_k_portfolios
from sdk.scoring.rank_ic import FINGERPRINT_DAYS, FINGERPRINT_STOCKS, fingerprints
from sdk.scoring.rewards import Months, combined, floor_of
from sdk.training.config import TrainConfig
from sdk.training.judgement import NOT_COMPUTED, Judgement, MonthlySeries

_FIGURES = ("reward", "calm_reward", "excess", "total", "turnover", "tie_share", "rank_ic", "breadth")


class Neutral(Protocol):
    """What takes known factors out of scores before they are ranked."""

    def apply(self, scores: np.ndarray) -> np.ndarray:
        """Return scores of the same shape, (formulas, stocks, R)."""


class Evaluator:
    """Rewards formulas on a panel and a market; what is equal, now or before, is computed once.

    Judgements are remembered under the token list and under the canonical form, for about ``remembered`` formulas;
    what was not asked for longest is forgotten first.
    """

    def __init__(
        self, panel: ScorePanel, market: MonthlyMarket, config: TrainConfig, neutral: Neutral | None = None
    ) -> None:
        self.panel, self.market, self._config, self._neutral = panel, market, config, neutral
        self._costs, self._floor = config.part(Costs), floor_of(config.reward)
        self._pool_return, self._calm = market.pool_return, market.calm
        self._pool_size = np.maximum(market.members[:, :-1].sum(axis=0), 1)
        self._sample = _sample(market)
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

    def series(self, tokens: tuple[int, ...], cost_scale: float = 1.0) -> MonthlySeries:
        """Return what a legal postfix list earned month by month, all costs times ``cost_scale``."""
        scores, ties = next(self._scores([language.parse(tokens, self._config.vocabulary)]))
        result = self._traded(scores, ties, self._costs.scaled(cost_scale))[0]
        return MonthlySeries(
            days=self.market.trade_days[:-1],
            returns=result.returns,
            pool=self._pool_return,
            turnover=result.turnover,
            cut_in_tie=result.cut_in_tie,
            breadth=result.scored / self._pool_size,
            rank_ic=information(self.market, scores)[0],
        )

    def scores(self, tokens: tuple[int, ...]) -> np.ndarray:
        """Return the scores that are ranked, neutralised if the settings say so: (stocks, R), NaN without one."""
        return next(self._scores([language.parse(tokens, self._config.vocabulary)]))[0][0]

    def _recall(self, key: Hashable) -> Judgement:
        self._known.move_to_end(key)
        return self._known[key]

    def _remember(self, key: Hashable, judgement: Judgement) -> None:
        self._known[key] = judgement
        if len(self._known) > 2 * self._config.remembered:
            self._known.popitem(last=False)

    def _scores(self, trees: Sequence[Tree]) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """Yield float64 scores (formulas, stocks, R) in parts, in the order of the trees.

        Neutralised scores come with the ties that the cut fell into before, (formulas, R - 1): what is taken out
        tells equal scores apart, so a formula that says almost nothing would rank stocks by their exposures.
        """
        for scores in self.panel.batches_of(trees, self.market.signal_days, self.market.members):
            exact = scores.astype(np.float64, copy=False)
            if self._neutral is None:
                yield exact, None
            else:
                ties = top_k_portfolios(self.market, exact, self._config.top_k, self._costs).cut_in_tie
                yield self._neutral.apply(exact), ties

    def _traded(self, scores: np.ndarray, ties: np.ndarray | None, costs: Costs) -> MonthlyResult:
        result = top_k_portfolios(self.market, scores, self._config.top_k, costs)
        return result if ties is None else replace(result, cut_in_tie=result.cut_in_tie | ties)

    def _judgements(self, trees: Sequence[Tree]) -> Iterator[Judgement]:
        for scores, ties in self._scores(trees):
            result = self._traded(scores, ties, self._costs)
            ic = information(self.market, scores) if "ic" in self._config.reward else None
            yield from self._judged(result, ic, self._fingerprints(scores))

    def _judged(self, result: MonthlyResult, ic: np.ndarray | None, prints: list[np.ndarray]) -> Iterator[Judgement]:
        """Yield the judgements of a batch; all figures are made for the whole batch at once."""
        months = Months(result.returns, self._pool_return, ic)
        rewards = self._rewards(months, result.turnover, result.cut_in_tie)
        calm = self._calm
        calm_rewards = self._rewards(months.of(calm), result.turnover[:, calm], result.cut_in_tie[:, calm])
        scored = result.scored >= 2
        ranked = (scored & result.distinct).sum(axis=1)
        worth = (scored.mean(axis=1) > 0.5) & (ranked > 0.5 * scored.sum(axis=1))
        figures = np.stack(
            [
                np.where(worth, rewards, self._floor),
                np.where(worth, calm_rewards, self._floor),
                np.where(worth, months.excess.mean(axis=1), self._floor),
                np.where(worth, months.net.mean(axis=1), 0.0),
                np.where(worth, result.turnover.mean(axis=1), 0.0),
                np.where(worth, result.cut_in_tie.mean(axis=1), 1.0),
                np.full(len(worth), NOT_COMPUTED) if ic is None else ic.mean(axis=1),
                (result.scored / self._pool_size).mean(axis=1),
            ],
            axis=1,
        ).tolist()
        portfolios = result.choice.sum(axis=1, dtype=np.uint64).view(np.int64).tolist()
        for numbers, portfolio, behaviour in zip(figures, portfolios, prints, strict=True):
            if ic is None:
                numbers[6] = NOT_COMPUTED
            yield Judgement(**dict(zip(_FIGURES, numbers, strict=True)), portfolio=portfolio, fingerprint=behaviour)

    def _rewards(self, months: Months, turnover: np.ndarray, ties: np.ndarray) -> np.ndarray:
        reward = combined(self._config.reward, months)
        if self._config.turnover_penalty:
            reward = reward - self._config.turnover_penalty * turnover.mean(axis=1)
        return reward - self._config.tie_penalty * ties.mean(axis=1)

    def _fingerprints(self, scores: np.ndarray) -> list[np.ndarray]:
        """Return the read-only float16 fingerprint of each formula."""
        days, rows = self._sample
        exact = np.empty((len(scores), rows.size))
        scores = np.ascontiguousarray(scores)
        fingerprints(scores, scores.view(np.int64), days, rows, exact)
        found = [row.astype(np.float16) for row in exact]  # a copy each: a view would keep the batch alive
        for row in found:
            row.setflags(write=False)
        return found


def _sample(market: MonthlyMarket) -> tuple[np.ndarray, np.ndarray]:
    """Return evenly spaced rebalances and, for each, evenly spaced members: (days,), (days, stocks)."""
    days = np.linspace(0, market.growth.shape[1] - 1, FINGERPRINT_DAYS).astype(np.int64)
    rows = np.zeros((FINGERPRINT_DAYS, FINGERPRINT_STOCKS), dtype=np.int64)
    for place, day in enumerate(days):
        members = np.flatnonzero(market.members[:, day])
        if len(members):
            rows[place] = members[np.linspace(0, len(members) - 1, FINGERPRINT_STOCKS).astype(np.int64)]
    return days, rows
