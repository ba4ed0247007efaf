"""The table of rewards: formulas by hand, weights, unknown names, and how Sortino teaches to lose."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.errors import ConfigError
from sdk.scoring.rewards import REWARDS, Months, check_rewards, combined, floor_of

NET = np.array([[0.02, -0.03, 0.01, 0.00], [0.05, 0.05, -0.20, 0.01]])
POOL = np.array([0.01, -0.01, 0.02, -0.02])
IC = np.array([[0.1, 0.0, -0.2, 0.3], [0.0, 0.0, 0.0, 0.1]])
EXCESS = NET - POOL
DOWN = (np.minimum(EXCESS, 0) ** 2).mean(axis=1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("excess", EXCESS.mean(axis=1)),
        ("log_return", np.log(1 + NET).mean(axis=1)),
        ("ic", IC.mean(axis=1)),
        ("sortino_smooth", EXCESS.mean(axis=1) / np.sqrt(DOWN + POOL.var())),
        ("sortino", EXCESS.mean(axis=1) / np.sqrt(DOWN)),
    ],
)
def test_each_reward_is_its_formula(name: str, expected: np.ndarray) -> None:
    np.testing.assert_allclose(combined({name: 1.0}, Months(NET, POOL, IC)), expected, rtol=1e-12)
    np.testing.assert_allclose(combined({name: -2.0}, Months(NET, POOL, IC)), -2 * expected, rtol=1e-12)


def test_every_row_of_the_table_is_tested_above() -> None:
    assert list(REWARDS) == ["excess", "log_return", "ic", "sortino_smooth", "sortino"]


def test_weights_add_up_and_months_can_be_chosen() -> None:
    months, some = Months(NET, POOL, IC), np.array([True, False, True, False])
    both = combined({"ic": 0.5, "excess": 2.0}, months)
    np.testing.assert_allclose(both, 0.5 * IC.mean(axis=1) + 2.0 * EXCESS.mean(axis=1))
    np.testing.assert_allclose(combined({"excess": 1.0}, months.of(some)), EXCESS[:, some].mean(axis=1))
    assert floor_of({"ic": 0.5, "excess": -2.0}) == pytest.approx(-0.05 - 0.1)


def test_ratios_without_a_losing_month_and_a_total_loss_are_finite() -> None:
    months = Months(np.array([[0.01, 0.02], [-1.0, -1.0]]), np.zeros(2), np.zeros((2, 2)))
    for name in REWARDS:
        assert np.isfinite(combined({name: 1.0}, months)).all(), name
    assert combined({"log_return": 1.0}, months)[1] == pytest.approx(-20.0)


def test_sortino_prefers_the_larger_loss_and_its_smooth_form_does_not() -> None:
    """A steady loss of 0.1 % a month against one of 0.5 % a month that now and then wins."""
    pool = np.tile([0.05, -0.05], 12)
    small, large = np.full(24, -0.001), np.tile([0.01, -0.02], 12)
    months = Months(np.stack([small, large]) + pool, pool)
    rough, smooth = combined({"sortino": 1.0}, months), combined({"sortino_smooth": 1.0}, months)
    assert rough[1] > rough[0]
    assert smooth[1] < smooth[0]
    assert combined({"excess": 1.0}, months)[1] < combined({"excess": 1.0}, months)[0]


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"sortino_smoth": 1.0}, "unknown reward 'sortino_smoth'; did you mean 'sortino_smooth'"),
        ({}, "at least one weight"),
        ({"ic": 0.0}, "at least one weight"),
    ],
)
def test_a_wrong_reward_is_one_clear_line(weights: dict, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_rewards(weights)
