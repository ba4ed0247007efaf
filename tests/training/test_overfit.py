"""Luck is measured as the papers say: their numbers, simulated noise, and cases that can be told by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sdk.errors import ConfigError
from sdk.training.overfit import (
    backtest_overfitting,
    chance_above,
    deflated_sharpe,
    distinct_series,
    expected_maximum_sharpe,
    luck_of_a_walk,
    probabilistic_sharpe,
    sharpe,
)


def test_the_expected_maximum_is_that_of_the_paper() -> None:
    """Deflated Sharpe Ratio, section "A numerical example": N = 100, V = 1/2 a year, 250 days: SR0 = 0.1132 a day."""
    assert expected_maximum_sharpe(100, 0.5 / 250) == pytest.approx(0.1132, abs=5e-5)
    assert expected_maximum_sharpe(1, 0.5) == 0.0


@pytest.mark.parametrize("trials", [5, 50, 1000])
def test_the_expected_maximum_is_that_of_simulated_trials(trials: int) -> None:
    draws = np.random.default_rng(3).normal(0, 0.2, (4000, trials)).max(axis=1)
    assert expected_maximum_sharpe(trials, 0.04) == pytest.approx(draws.mean(), rel=0.03)


def test_the_papers_example_is_deflated_to_90_percent() -> None:
    """Same section: SR 2.5 a year over 1,250 days, skewness -3, kurtosis 10, N = 100: DSR = 0.9004."""
    threshold = expected_maximum_sharpe(100, 0.5 / 250)
    assert chance_above(2.5 / math.sqrt(250), threshold, 1250, -3.0, 10.0) == pytest.approx(0.9004, abs=5e-4)
    fewer = chance_above(2.5 / math.sqrt(250), expected_maximum_sharpe(46, 0.5 / 250), 1250, -3.0, 10.0)
    normal = chance_above(2.5 / math.sqrt(250), expected_maximum_sharpe(88, 0.5 / 250), 1250, 0.0, 3.0)
    assert (fewer, normal) == pytest.approx((0.9505, 0.9505), abs=5e-4)  # 46 trials, or 88 of normal returns


def test_skewness_and_kurtosis_are_measured_on_the_returns() -> None:
    """A rare heavy loss: moments by hand, of nine gains of 1 % and one loss of 3 %."""
    returns = np.tile(np.r_[np.full(9, 0.01), -0.03], 4)
    p, high, low = 0.9, 0.004, -0.036  # around the mean of 0.006
    two, three, four = (p * high**k + (1 - p) * low**k for k in (2, 3, 4))
    by_hand = chance_above(float(sharpe(returns)), 0.1, 40, three / two**1.5, four / two**2)
    assert probabilistic_sharpe(returns, 0.1) == pytest.approx(by_hand, rel=1e-12)
    assert by_hand < chance_above(float(sharpe(returns)), 0.1, 40, 0.0, 3.0)


def test_without_skill_five_percent_pass_at_95_percent() -> None:
    noise = np.random.default_rng(1).standard_t(5, (4000, 24))
    passed = np.mean([probabilistic_sharpe(row) >= 0.95 for row in noise])
    assert abs(passed - 0.05) < 4 * math.sqrt(0.05 * 0.95 / 4000) + 0.01, passed


@pytest.mark.parametrize("trials", [10, 100])
def test_the_best_of_many_without_skill_passes_at_most_five_percent(trials: int) -> None:
    """Undeflated, the luckiest passes nearly always; deflated by what was tried, it does not."""
    generator = np.random.default_rng(trials)
    deflated, plain = [], []
    for _ in range(400):
        rows = generator.normal(0, 0.03, (trials, 36))
        ratios = sharpe(rows)
        best = rows[np.argmax(ratios)]
        deflated.append(deflated_sharpe(best, trials, float(ratios.var(ddof=1))) >= 0.95)
        plain.append(probabilistic_sharpe(best) >= 0.95)
    assert np.mean(deflated) <= 0.05
    assert np.mean(plain) > 0.35


@pytest.mark.parametrize("alike", [0.0, 0.5, 0.9])
@pytest.mark.parametrize(("candidates", "months"), [(100, 23), (30, 35)])
def test_a_walk_over_candidates_without_skill_passes_at_most_five_percent(
    alike: float, candidates: int, months: int
) -> None:
    generator = np.random.default_rng(candidates)
    ends, walks = 0, 200
    for _ in range(walks):
        own, common = generator.normal(size=(candidates, months)), generator.normal(size=(1, months))
        rows = math.sqrt(alike) * common + math.sqrt(1 - alike) * own
        variance = float(sharpe(rows).var(ddof=1))
        ends += any(
            deflated_sharpe(row, *luck_of_a_walk(place, variance, months)) >= 0.95 for place, row in enumerate(rows)
        )
    assert ends / walks <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / walks), ends


def test_the_first_of_an_order_needs_less_than_a_later_one_or_the_best_of_a_search() -> None:
    returns = np.random.default_rng(9).normal(0.014, 0.03, 24)
    first, tenth = (deflated_sharpe(returns, *luck_of_a_walk(place, 0.04, 24)) for place in (0, 9))
    assert first > tenth > deflated_sharpe(returns, 5000, 0.04)


def test_skill_passes_even_deflated() -> None:
    generator = np.random.default_rng(5)
    ratios = sharpe(generator.normal(0, 0.03, (50, 60)))
    skilled = generator.normal(0.03, 0.03, 60)
    assert deflated_sharpe(skilled, 50, float(ratios.var(ddof=1))) > 0.99


def test_what_does_not_vary_proves_nothing() -> None:
    assert probabilistic_sharpe(np.full(24, 0.01)) == 0.0
    assert probabilistic_sharpe(np.array([0.1, 0.2])) == 0.0
    assert sharpe(np.zeros((3, 5))).tolist() == [0.0, 0.0, 0.0]


def test_noise_overfits_half_of_the_time() -> None:
    found = [
        backtest_overfitting(np.random.default_rng(seed).normal(0, 0.03, (20, 48)), blocks=8).probability
        for seed in range(60)
    ]
    assert np.mean(found) == pytest.approx(0.5, abs=0.06)


def test_one_candidate_that_is_better_everywhere_does_not_overfit() -> None:
    returns = np.random.default_rng(2).normal(0, 0.03, (20, 48))
    returns[7] += 0.05
    found = backtest_overfitting(returns)
    assert found.probability == 0.0
    assert found.loss == 0.0
    assert (found.blocks, found.months, found.choices, found.candidates) == (12, 4, 924, 20)


def test_luck_that_turns_is_certain_overfitting() -> None:
    """Two candidates that take turns: who won one half lost the other, in each choice that is not even."""
    first = np.array([0.05, 0.04] * 4 + [-0.05, -0.04] * 4)
    found = backtest_overfitting(np.stack([first, -first]), blocks=2)
    assert (found.probability, found.loss, found.choices) == (1.0, 1.0, 2)


def test_candidates_that_earn_the_same_are_one() -> None:
    rows = np.random.default_rng(4).normal(size=(3, 12))
    assert distinct_series(np.r_[rows, rows[1:]]) == 3


def test_too_little_to_cross_validate_is_no_number() -> None:
    assert backtest_overfitting(np.zeros((1, 48))) is None
    assert backtest_overfitting(np.zeros((5, 7))) is None
    with pytest.raises(ConfigError, match="must be even"):
        backtest_overfitting(np.zeros((5, 24)), blocks=3)
