"""The batch evaluator of a period as a selection asks it, and what both it and the emulator say of one formula."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from sdk.formula.formula_file import FormulaFile
from sdk.market.bundle import Bundle
from sdk.scoring.monthly import Costs, top_k_portfolio
from sdk.training.config import TrainConfig
from sdk.training.confirmation import Confirmation, Premises
from sdk.training.reward import Judge
from sdk.training.settings import Period
from sdk.training.trials import Trial


class PeriodScreen:
    """Trials of formulas in the period of a judge. ``span``: its first rebalance and its last day."""

    def __init__(self, judge: Judge, config: TrainConfig) -> None:
        self._judge, self._config = judge, config
        self.span = (str(judge.dates[0]), judge.period[1])

    def trials(self, lists: Sequence[tuple[int, ...]], cost_scale: float = 1.0) -> list[Trial]:
        """Return the trials of legal postfix lists, in their order, all cost rates times ``cost_scale``."""
        found = []
        for tokens, judgement in zip(lists, self._judge.judge_all(tuple(lists)), strict=True):
            months = self._judge.series(tokens, cost_scale)
            trial = Trial(
                reward=judgement.reward,
                returns=months.returns,
                pool=months.pool,
                turnover=float(np.mean(months.turnover)),
                tie_share=float(np.mean(months.cut_in_tie)),
                breadth=float(np.mean(months.breadth)),
                rank_ic=float(np.mean(months.rank_ic)),
                portfolio=judgement.portfolio,
            )
            found.append(trial)
        return found

    def tie_impact(self, tokens: tuple[int, ...]) -> float:
        """Return how much the mean monthly return changes when equal scores are ranked the other way round."""
        market, scores, k = self._judge.market, self._judge.scores(tokens), self._config.top_k
        upside_down = replace(market, tie_order=market.places.max() - market.places, held_first=False)
        earned = [top_k_portfolio(one, scores, k, self._config.part(Costs)).returns for one in (market, upside_down)]
        return float(np.mean(earned[1]) - np.mean(earned[0]))


def period_figures(
    formula: FormulaFile,
    bundle: Bundle,
    config: TrainConfig,
    period: Period,
    confirm: Confirmation | None,
    filtered: bool = True,
) -> dict[str, Any]:
    """Return ``screen`` (the batch evaluator's figures) and ``emulator`` (None without one) of one period.

    ``filtered`` False lets the batch evaluator rank every stock of the bundle; the exported strategy, and so the
    emulator, keeps to the pool. Scores are float64 whatever the search was made with.
    """
    screen = PeriodScreen(Judge.on(bundle, config.exact, period, filtered), config)
    (trial,) = screen.trials([formula.tokens_repaired])
    found = None if confirm is None else asdict(confirm(formula, bundle, *screen.span, config.part(Premises)))
    ties = {"tie_impact": screen.tie_impact(formula.tokens_repaired)}
    return {"screen": {**trial.figures(), **ties}, "emulator": found}
