"""The choice: validation is a gate and not the ranking, luck is counted, the emulator has the last word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from sdk.errors import StrategyError
from sdk.training.config import TrainConfig, make_config
from sdk.training.confirmation import Confirmed
from sdk.training.overfit import deflated_sharpe, luck_of_a_walk, sharpe
from sdk.training.select import Selection, select
from sdk.training.trials import Trial

RET, LIQ, DEV, VOL = (0,), (1,), (4,), (5,)
QUIET = {"perturbations": 0, "gate_sharpe": 0.0, "max_length": 3}
CONFIRMED = Confirmed("2022-01-04", "2023-12-29", 0.3, 0.1, 0.18, 1.0, 0.1, 0.5, 0.9, 24)


class FakeScreen:
    """Trials by a rule: tokens and cost scale to the monthly excess; everything is noted."""

    def __init__(self, excess: Callable[[tuple[int, ...]], float], months: int = 24, noise: float = 0.01) -> None:
        self._excess, self._months, self._noise = excess, months, noise
        self.asked: list[tuple[int, ...]] = []
        self.turnover: Callable[[tuple[int, ...]], float] = lambda tokens: 0.5

    def trials(self, lists: Sequence[tuple[int, ...]], cost_scale: float = 1.0) -> list[Trial]:
        return [self._trial(tokens, cost_scale) for tokens in lists]

    def tie_impact(self, tokens: tuple[int, ...]) -> float:
        return self._excess(tokens) / 2

    def _trial(self, tokens: tuple[int, ...], cost_scale: float) -> Trial:
        if cost_scale == 1.0:
            self.asked.append(tokens)
        dice = np.random.default_rng([*tokens, self._months])
        pool = np.full(self._months, 0.01)
        mean = self._excess(tokens) - 0.004 * (cost_scale - 1.0) * self.turnover(tokens)
        drawn = dice.normal(0.0, self._noise, self._months)
        excess = mean + drawn - drawn.mean()
        return Trial(mean, pool + excess, pool, self.turnover(tokens), 0.0, 1.0, 0.03, hash(tokens))


def _by(table: dict[tuple[int, ...], float], other: float = 0.0) -> FakeScreen:
    return FakeScreen(lambda tokens: table.get(tokens, other))


TRAIN = {RET: 0.03, LIQ: 0.02, DEV: 0.01}


def _select(
    train: FakeScreen,
    valid: FakeScreen | None,
    config: TrainConfig | None = None,
    confirm: object = None,
    n: int = 50,
) -> Selection:
    return select([RET, LIQ, DEV], n, config or make_config(QUIET), frozenset(), (train, valid), confirm)  # type: ignore[arg-type]


def test_validation_is_a_gate_and_not_the_ranking() -> None:
    found = _select(_by(TRAIN), _by({RET: 0.001, LIQ: 0.05, DEV: 0.09}))
    assert (found.choice.tokens, found.passed, found.shipped) == (RET, True, 0)
    closed = _select(_by(TRAIN), _by({RET: -0.001, LIQ: 0.001, DEV: 0.09}))
    assert (closed.choice.tokens, closed.passed, closed.shipped) == (LIQ, True, 1)


def test_the_impact_of_ties_is_told_of_the_shipped_formula() -> None:
    found = _select(_by(TRAIN), _by({RET: -0.001, LIQ: 0.004, DEV: 0.09}))
    assert found.to_json()["tie_impact"] == {"train": 0.01, "valid": 0.002}


def test_when_none_passes_the_best_by_training_is_shipped_with_the_reasons() -> None:
    found = _select(_by(TRAIN), _by({RET: -0.02, LIQ: -0.01, DEV: -0.01}))
    assert (found.choice.tokens, found.passed) == (RET, False)
    assert len(found.reasons) == 1
    assert "验证期超额" in found.reasons[0]
    assert found.reasons[0] in found.verdict
    page = found.to_json()
    assert (page["passed"], page["reasons"], page["shipped"]) == (False, list(found.reasons), 0)


def test_without_a_validation_period_the_formula_is_shipped_as_not_passed() -> None:
    found = _select(_by(TRAIN), None)
    assert (found.choice.tokens, found.passed) == (RET, False)
    assert any("没有验证期" in reason for reason in found.reasons)


def test_formulas_of_one_portfolio_are_one_candidate() -> None:
    class Same(FakeScreen):
        def trials(self, lists: Sequence[tuple[int, ...]], cost_scale: float = 1.0) -> list[Trial]:
            return [
                replace(trial, portfolio=len(tokens))
                for tokens, trial in zip(lists, super().trials(lists, cost_scale), strict=True)
            ]

    valid = _by({}, 0.01)
    found = _select(Same(lambda tokens: TRAIN[tokens]), valid)
    assert [candidate.tokens for candidate in found.candidates] == [RET]
    assert valid.asked == [RET]


def test_neighbours_are_tried_too_and_can_win() -> None:
    config = make_config({**QUIET, "perturbations": 40, "candidates": 1, "max_length": 2})
    best = (0, 10)  # -RET: a neighbour of RET
    found = _select(_by({RET: 0.02, best: 0.05}, 0.01), _by({}, 0.01), config)
    assert (found.choice.tokens, found.choice.origin) == (best, "insert of 0")
    assert (0,) in [candidate.tokens for candidate in found.candidates]
    assert (1,) in [candidate.tokens for candidate in found.candidates]
    limited = _select(_by({RET: 0.02}, 0.01), _by({}, 0.01), make_config({**QUIET, "candidates": 2}))
    assert [candidate.tokens for candidate in limited.candidates] == [RET, LIQ]


def test_the_seed_draws_the_neighbours() -> None:
    def drawn(seed: int) -> list[tuple[int, ...]]:
        config = make_config({**QUIET, "perturbations": 3, "seed": seed})
        return [candidate.tokens for candidate in _select(_by(TRAIN), _by({}, 0.01), config).candidates]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_the_number_of_trials_and_their_variance_deflate_the_sharpe_ratio() -> None:
    config = make_config({**QUIET, "gate_sharpe": 0.95, "gate_sharpe_trials": "search"})
    valid = FakeScreen(lambda tokens: {RET: 0.004, LIQ: 0.003, DEV: -0.001}[tokens])
    few, many = (_select(_by(TRAIN), valid, config, n=n) for n in (2, 5000))
    series = [candidate.evidence.valid.excess for candidate in few.candidates if candidate.evidence.valid]
    variance = float(sharpe(np.array(series)).var(ddof=1))
    assert (few.trials, many.trials) == (2, 5000)
    assert few.sharpe_variance == pytest.approx(variance, rel=1e-12)
    chances = [one.choice.evidence.sharpe_probability for one in (few, many)]
    assert chances[1] == deflated_sharpe(series[0], 5000, few.sharpe_variance)
    assert chances[0] > chances[1]
    looser = make_config({**QUIET, "gate_sharpe": 0.95, "gate_sharpe_trials": "validated"})
    validated = _select(_by(TRAIN), valid, looser, n=5000)
    assert validated.choice.evidence.sharpe_probability == deflated_sharpe(series[0], 3, few.sharpe_variance)
    walk = make_config({**QUIET, "gate_sharpe": 0.95, "gate_sharpe_trials": "looked"})
    looked = _select(_by(TRAIN), valid, walk, n=5000)
    for place, one in enumerate(looked.candidates):
        luck = luck_of_a_walk(place, few.sharpe_variance, 24)
        assert one.evidence.sharpe_probability == deflated_sharpe(series[place], *luck)
    assert validated.choice.deflated_sharpe == looked.choice.deflated_sharpe == chances[1]


def test_a_ranking_that_depends_on_costs_closes_the_gate() -> None:
    train = _by({RET: 0.0110, LIQ: 0.0105, DEV: 0.0100})
    steady = _select(train, _by({}, 0.01))
    assert steady.choice.evidence.cost_ranking == pytest.approx(1.0)
    train.turnover = lambda tokens: {RET: 0.9, LIQ: 0.5, DEV: 0.1}[tokens]
    torn = _select(train, _by({}, 0.01))
    assert torn.choice.evidence.cost_ranking == pytest.approx(-1.0)
    assert not torn.passed
    assert any("成本" in reason for reason in torn.reasons)


def test_the_emulator_has_the_last_word() -> None:
    asked: list[tuple[int, ...]] = []

    def confirm(tokens: tuple[int, ...]) -> Confirmed:
        asked.append(tokens)
        if tokens == LIQ:
            raise StrategyError("调仓中止：缺数据")
        return replace(CONFIRMED, excess_return=-0.1 if tokens == RET else 0.1)

    found = _select(_by(TRAIN), _by({}, 0.01), confirm=confirm)
    assert asked == [RET, LIQ, DEV]
    assert (found.choice.tokens, found.passed) == (DEV, True)
    assert "未经" not in found.verdict
    words = [gate.sentence for candidate in found.candidates for gate in candidate.gates if gate.passed is False]
    assert len(words) == 2
    assert "调仓中止：缺数据" in words[1]


def test_the_emulator_is_asked_at_most_as_often_as_allowed() -> None:
    def confirm(tokens: tuple[int, ...]) -> Confirmed:
        return replace(CONFIRMED, excess_return=0.1 if tokens == DEV else -0.1)

    found = _select(_by(TRAIN), _by({}, 0.01), make_config({**QUIET, "confirmations": 2}), confirm)
    assert (found.choice.tokens, found.passed) == (RET, False)
    assert _select(_by(TRAIN), _by({}, 0.01), make_config({**QUIET, "confirmations": 3}), confirm).passed


def test_without_an_emulator_the_selection_says_that_it_is_unconfirmed() -> None:
    found = _select(_by(TRAIN), _by({}, 0.01))
    assert found.passed
    assert "unconfirmed" in found.verdict
    assert found.to_json()["confirmed"] is False


def test_overfitting_is_measured_over_the_months_of_both_periods() -> None:
    found = _select(_by(TRAIN), _by({}, 0.01))
    assert (found.overfitting.candidates, found.overfitting.blocks * found.overfitting.months) == (3, 48)
    assert found.to_json()["overfitting"]["probability"] == found.overfitting.probability
