"""Losses and low-rank decay against numbers worked out by hand or by a plainer formula."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from sdk.training import low_rank, schedules
from sdk.training.config import make_config
from sdk.training.objective import advantages, entropy_of, generalised_advantages, ppo_loss, reinforce_loss
from sdk.training.sampling import Chances


def chances(taken: torch.Tensor, value: torch.Tensor | None = None, free: torch.Tensor | None = None) -> Chances:
    return Chances(
        taken,
        torch.full_like(taken, 0.5),
        torch.zeros_like(taken) if value is None else value,
        torch.ones_like(taken, dtype=torch.bool) if free is None else free,
    )


def test_reinforce_on_distinct_lists_is_reinforce_on_all_samples() -> None:
    taken = torch.randn(3, 4, generator=torch.Generator().manual_seed(1))
    which, advantage = torch.tensor([0, 2, 2, 1, 0]), torch.tensor([1.0, -2.0, -2.0, 0.5, 1.0])
    plain = -(advantage * taken[which].sum(dim=-1)).mean()
    torch.testing.assert_close(reinforce_loss(chances(taken), advantage, which), plain)


def test_a_risk_seeking_batch_learns_from_its_top_only() -> None:
    rewards = torch.tensor([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])
    everyone = advantages(rewards, make_config({}))
    assert everyone.mean().abs() < 1e-6
    assert (everyone != 0).all()
    top = advantages(rewards, make_config({"risk_quantile": 0.2}))
    assert (top > 0).tolist() == [False] * 8 + [True] * 2
    assert (top >= 0).all()


def test_advantages_over_the_tokens_follow_the_definition() -> None:
    value, rewards, last = torch.tensor([[0.2, 0.5, 0.1, 9.0]]), torch.tensor([1.0]), torch.tensor([2])
    decay = 0.9
    errors = [0.5 - 0.2, 0.1 - 0.5, 1.0 - 0.1]
    want = [errors[0] + decay * (errors[1] + decay * errors[2]), errors[1] + decay * errors[2], errors[2], 0.0]
    torch.testing.assert_close(generalised_advantages(value, rewards, last, decay), torch.tensor([want]))


def test_ppo_does_not_follow_a_ratio_beyond_its_clip() -> None:
    config = make_config({"learner": "ppo", "ppo_clip": 0.2, "value_weight": 0.0})
    rewards, counts = torch.tensor([1.0, -1.0]), torch.ones(2)
    old = chances(torch.zeros(2, 1))
    for move, follows in ((0.0, True), (0.1, True), (0.3, False)):
        taken = torch.tensor([[move], [-move]], requires_grad=True)
        ppo_loss(chances(taken), old, rewards, counts, config).backward()
        assert taken.grad is not None
        assert bool((taken.grad.abs() > 0).all()) == follows, move


def test_ppo_teaches_the_value_head_the_reward() -> None:
    config = make_config({"learner": "ppo"})
    value = torch.zeros(2, 3, requires_grad=True)
    now = chances(torch.zeros(2, 3), value)
    ppo_loss(now, now.detached(), torch.tensor([1.0, -1.0]), torch.ones(2), config).backward()
    assert value.grad is not None
    assert (value.grad[0] < 0).all()
    assert (value.grad[1] > 0).all()


def test_entropy_counts_places_with_a_choice_and_copies() -> None:
    free = torch.tensor([[True, False], [True, True]])
    made = Chances(torch.zeros(2, 2), torch.tensor([[1.0, 7.0], [3.0, 5.0]]), torch.zeros(2, 2), free)
    torch.testing.assert_close(entropy_of(made, torch.tensor([0, 0, 1])), torch.tensor((1.0 + 1.0 + 4.0) / 3))


def test_the_newton_schulz_step_takes_the_same_off_every_singular_value() -> None:
    weight = torch.randn(16, 16, generator=torch.Generator().manual_seed(2))
    before = torch.linalg.svdvals(weight)
    low_rank.shrink([weight], 0.1)
    after = torch.linalg.svdvals(weight)
    large = before > 0.3
    torch.testing.assert_close(before[large] - after[large], torch.full((int(large.sum()),), 0.1), rtol=0.02, atol=0)


def test_the_nuclear_norm_is_the_sum_of_the_singular_values_and_has_a_gradient() -> None:
    weights = [torch.diag(torch.tensor([3.0, 1.0])).requires_grad_(), torch.eye(2)]
    norm = low_rank.nuclear_norm(weights)
    assert float(norm.detach()) == pytest.approx(3.0)
    norm.backward()
    torch.testing.assert_close(weights[0].grad, 0.5 * torch.eye(2))


def test_stable_rank_of_known_matrices() -> None:
    assert low_rank.stable_rank([torch.eye(8)]) == pytest.approx(8.0)
    assert low_rank.stable_rank([torch.ones(8, 8)]) == pytest.approx(1.0)
    assert low_rank.stable_rank([torch.eye(8), torch.ones(8, 8)]) == pytest.approx(4.5)


def test_schedules() -> None:
    config = make_config({"steps": 100, "calm_share": 0.25, "low_rank_decay": 1.0})
    assert [round(schedules.epsilon(config, step), 3) for step in (1, 16, 31, 100)] == [0.1, 0.055, 0.01, 0.01]
    assert [schedules.is_calm(config, step) for step in (1, 25, 26)] == [True, True, False]
    assert [round(schedules.decay(config, step), 3) for step in (1, 100)] == [0.1, 1.0]
    assert schedules.epsilon(make_config({"epsilon_share": 0.0}), 1) == pytest.approx(0.01)


def test_entropy_is_worth_more_while_portfolios_repeat() -> None:
    config = make_config({"entropy": 0.1, "diversity": 0.5})
    weight = partial(schedules.entropy_weight, config)
    assert weight(0.4, 0.2, 0.2) > 0.4 > weight(0.4, 0.8, 0.8) > 0.1
    assert weight(0.4, 0.5, 0.6) > 0.4 == weight(0.4, 0.5, 0.5) > weight(0.4, 0.5, 0.45)
    assert weight(0.1, 0.9, 0.9) == 0.1
    assert weight(29.9, 0.0, 0.0) == pytest.approx(30.0)
    assert schedules.entropy_weight(make_config({"diversity": 0.0}), 0.4, 0.0, 0.9) == 0.1
