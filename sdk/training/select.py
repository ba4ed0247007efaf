"""From the best formulas of a search to the one that is shipped.

Candidates are the search's best distinct portfolios and their neighbours. Each is tried on the training period and
on the validation period; the gates ask; the best that passes, **ordered by training reward**, is confirmed by the
emulator and shipped. Validation opens or closes a gate and never ranks, so it is not what the choice maximises. When
none passes, the best by training reward is shipped marked ``passed = false`` with the reasons. Equal rewards keep
the order of the candidates, equal portfolios the first of them, so the same input gives the same choice.

The luck of the search is counted. The deflated Sharpe ratio of a candidate takes as its variance that of the
candidates' Sharpe ratios in the validation period, and as its number of trials, by setting ``gate_sharpe_trials``:
the distinct portfolios that were judged on the training period (search), the candidates (validated), or those that
were looked at up to and including it, and one more (looked). selection.json has the first of them for every
candidate, whatever the gate takes. The probability of backtest overfitting is cross-validated over all candidates
and all months of both periods. Nothing here has a way to read the holdout.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from jq_strategy import formula as language
from sdk.errors import JqalphaError
from sdk.training.config import TrainConfig
from sdk.training.confirmation import Confirmed
from sdk.training.gates import Evidence, GateResult, ask_gates, passed, spearman
from sdk.training.overfit import (
    Overfitting,
    backtest_overfitting,
    deflated_sharpe,
    distinct_series,
    luck_of_a_walk,
    sharpe,
)
from sdk.training.perturb import Words, perturbations
from sdk.training.trials import Screen, Trial

COST_SCALES = (0.5, 1.5)
Confirm = Callable[[tuple[int, ...]], Confirmed]


@dataclass(frozen=True, eq=False)
class Candidate:
    """One formula of the table; ``origin``: ``search``, or the change and the place of the formula it was made
    from."""

    tokens: tuple[int, ...]
    expression: str
    origin: str
    evidence: Evidence
    gates: tuple[GateResult, ...]
    deflated_sharpe: float | None

    @property
    def passed(self) -> bool:
        """True when no gate failed."""
        return passed(self.gates)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        evidence = self.evidence
        return {
            "tokens": list(self.tokens),
            "expression": self.expression,
            "origin": self.origin,
            "passed": self.passed,
            "deflated_sharpe": self.deflated_sharpe,
            "train": evidence.train.figures(),
            "valid": None if evidence.valid is None else evidence.valid.figures(),
            "emulator": None if evidence.confirmed is None else asdict(evidence.confirmed),
            "gates": [asdict(gate) for gate in self.gates],
        }


@dataclass(frozen=True, eq=False)
class Selection:
    """The table of all candidates, best training reward first, and which of them is shipped.

    ``trials`` and ``sharpe_variance`` (of monthly Sharpe ratios) are what the deflated Sharpe ratio was made with;
    ``confirmable``: an emulator was at hand; ``tie_impact``: what the shipped formula would earn more or less a
    month with equal scores ranked the other way round, period -> change.
    """

    candidates: tuple[Candidate, ...]
    shipped: int
    trials: int
    sharpe_variance: float
    overfitting: Overfitting | None
    confirmable: bool
    tie_impact: dict[str, float]

    @property
    def choice(self) -> Candidate:
        """The candidate that is shipped."""
        return self.candidates[self.shipped]

    @property
    def passed(self) -> bool:
        """True when the shipped formula passed all gates."""
        return self.choice.passed

    @property
    def reasons(self) -> tuple[str, ...]:
        """The sentences of the gates that the shipped formula did not pass."""
        return tuple(gate.sentence for gate in self.choice.gates if gate.passed is False)

    @property
    def verdict(self) -> str:
        """One line for the screen."""
        words = "通过全部门槛" if self.passed else f"未通过门槛：{'；'.join(self.reasons)}"
        known = self.choice.evidence.confirmed is not None
        return words if known else f"{words}（未经回测器确认 · unconfirmed）"

    def to_json(self) -> dict[str, Any]:
        """Return plain values: what selection.json holds."""
        return {
            "format": "jqalpha-selection-1",
            "passed": self.passed,
            "reasons": list(self.reasons),
            "confirmed": self.choice.evidence.confirmed is not None,
            "confirmable": self.confirmable,
            "tie_impact": self.tie_impact,
            "shipped": self.shipped,
            "trials": self.trials,
            "sharpe_variance": self.sharpe_variance,
            "overfitting": None if self.overfitting is None else asdict(self.overfitting),
            "candidates": [candidate.to_json() for candidate in self.candidates],
        }


def select(
    found: Sequence[tuple[int, ...]],
    searched: int,
    config: TrainConfig,
    banned: frozenset[str],
    screens: tuple[Screen, Screen | None],
    confirm: Confirm | None,
) -> Selection:
    """Choose among the formulas that a search ``found``, best first, and their neighbours.

    ``searched``: distinct portfolios that the search judged. ``screens``: training, validation (None = no such
    period). ``confirm`` asks the emulator for the validation period; its JqalphaError is a reason, not an end.
    """
    lists = _with_neighbours(found, config, banned)
    train, valid = screens
    trained = dict(zip(lists, train.trials(list(lists)), strict=True))
    first: dict[int, tuple[int, ...]] = {}
    for tokens in lists:
        first.setdefault(trained[tokens].portfolio, tokens)
    order = sorted(first.values(), key=lambda tokens: -trained[tokens].reward)  # stable: the earlier wins a tie
    trials: list[Trial | None] = [None] * len(order) if valid is None else list(valid.trials(order))
    ranking = _cost_ranking(order, [trained[tokens] for tokens in order], train)
    tried = searched + len(order) - len(set(order) & set(found)), _sharpe_variance(trials)
    candidates = []
    for place, (tokens, trial) in enumerate(zip(order, trials, strict=True)):
        luck = None if trial is None else _luck(place, trials, tried, config)
        chance = None if trial is None or luck is None else deflated_sharpe(trial.excess, *luck)
        evidence = Evidence(trained[tokens], trial, ranking, chance)
        expression = language.expression(language.parse(tokens, config.vocabulary))
        deflated = None if trial is None else deflated_sharpe(trial.excess, *tried)
        gates = ask_gates(evidence, config)
        candidates.append(Candidate(tokens, expression, lists[tokens], evidence, gates, deflated))
    if confirm is not None and valid is not None:
        candidates, shipped = _confirmed(candidates, config, confirm)
    else:
        shipped = next((place for place, one in enumerate(candidates) if one.passed), 0)
    months = [
        trained[tokens].excess if trial is None else np.r_[trained[tokens].excess, trial.excess]
        for tokens, trial in zip(order, trials, strict=True)
    ]
    overfitting = backtest_overfitting(np.array(months))
    both = {"train": train} if valid is None else {"train": train, "valid": valid}
    ties = {name: screen.tie_impact(candidates[shipped].tokens) for name, screen in both.items()}
    return Selection(tuple(candidates), shipped, *tried, overfitting, confirm is not None, ties)


def _with_neighbours(
    found: Sequence[tuple[int, ...]], config: TrainConfig, banned: frozenset[str]
) -> dict[tuple[int, ...], str]:
    """Return formula -> origin: all that were found, then their neighbours, each once."""
    words = Words.of(config.vocabulary, config.max_length, banned)
    best = list(dict.fromkeys(found))[: config.candidates]
    lists = dict.fromkeys(best, "search")
    for place, tokens in enumerate(best):
        for one in perturbations(tokens, words, config.perturbations, config.seed):
            lists.setdefault(one.tokens, f"{one.move} of {place}")
    return lists


def _cost_ranking(order: list[tuple[int, ...]], trained: list[Trial], train: Screen) -> float | None:
    """Return the lowest correlation of the ranking by excess with that at half and one and a half times the costs."""
    base = np.array([trial.excess.mean() for trial in trained])
    found = []
    for scale in COST_SCALES:
        changed = np.array([trial.excess.mean() for trial in train.trials(order, scale)])
        found.append(spearman(base, changed))
    known = [value for value in found if value is not None]
    return min(known) if known else None


def _sharpe_variance(trials: list[Trial | None]) -> float:
    """Return the variance of the monthly Sharpe ratios of the candidates in the validation period, 0 without one."""
    known = [trial.excess for trial in trials if trial is not None]
    ratios = sharpe(np.unique(np.array(known), axis=0)) if known else np.zeros(1)
    return float(ratios.var(ddof=1)) if len(ratios) > 1 else 0.0


def _luck(place: int, trials: list[Trial | None], tried: tuple[int, float], config: TrainConfig) -> tuple[int, float]:
    """Return trials and variance that deflate the candidate at ``place``; ``tried``: those of the whole search."""
    known = [trial.excess for trial in trials if trial is not None]
    rules = {
        "search": lambda: tried,
        "validated": lambda: (distinct_series(np.array(known)), tried[1]),
        "looked": lambda: luck_of_a_walk(place, tried[1], len(known[0])),
    }
    return rules[config.gate_sharpe_trials]()


def _confirmed(candidates: list[Candidate], config: TrainConfig, confirm: Confirm) -> tuple[list[Candidate], int]:
    """Ask the emulator about those that pass, best first, until one is confirmed or the allowance is used up.

    When none is, the best by training reward is shipped; it is asked too, so that its figures are known.
    """

    def ask(place: int) -> bool:
        candidate = candidates[place]
        try:
            evidence = replace(candidate.evidence, confirmed=confirm(candidate.tokens))
        except JqalphaError as problem:
            evidence = replace(candidate.evidence, problem=str(problem))
        candidates[place] = replace(candidate, evidence=evidence, gates=ask_gates(evidence, config))
        return candidates[place].passed

    waiting = [place for place, candidate in enumerate(candidates) if candidate.passed][: config.confirmations]
    for place in waiting:
        if ask(place):
            return candidates, place
    if 0 not in waiting:
        ask(0)
    return candidates, 0
