"""The policy: cached sampling and the pass for the gradient are one function; loops, QK-norm, mixture matter."""

from __future__ import annotations

import pytest
import torch

from sdk.training.config import make_config
from sdk.training.grammar import Grammar
from sdk.training.learn import make_policy
from sdk.training.policy import Cache, Policy
from sdk.training.sampling import chances_of, sample_formulas, sample_of


def trained_looking(**settings: object) -> tuple[Policy, Grammar]:
    """A policy with opinions: random weights instead of the flat start."""
    config = make_config({"max_length": 9, **settings})
    grammar = Grammar(config.vocabulary, config.max_length, raw=config.masking == "raw")
    policy, _ = make_policy(config, grammar)
    generator = torch.Generator().manual_seed(8)
    with torch.no_grad():
        for part in policy.parameters():
            part.add_(0.3 * torch.randn(part.shape, generator=generator))
    return policy, grammar


@pytest.mark.parametrize("shape", [{"layers": 1, "loops": 1}, {"layers": 2, "loops": 3}, {"mixture": 1}], ids=str)
def test_cached_sampling_says_what_the_whole_pass_says(shape: dict) -> None:
    policy, grammar = trained_looking(**shape)
    sample = sample_formulas(policy, grammar, 50, torch.Generator().manual_seed(3))
    with torch.no_grad():
        start = torch.full((50, 1), policy.start)
        whole, _ = policy(torch.cat([start, sample.tokens[:, :-1]], dim=1), sample.depths)
        cache: Cache = []
        newest = start[:, 0]
        for place in range(sample.tokens.shape[1]):
            step = policy.next_token(newest, sample.depths[:, place], cache)
            torch.testing.assert_close(step, whole[:, place], rtol=1e-4, atol=1e-4)
            newest = sample.tokens[:, place]
    assert len(cache) == len(policy.blocks) * policy.loops


def test_what_is_said_are_chances() -> None:
    policy, grammar = trained_looking()
    sample = sample_formulas(policy, grammar, 20, torch.Generator().manual_seed(3))
    said, value = policy(sample.tokens, sample.depths)
    torch.testing.assert_close(said.exp().sum(dim=-1), torch.ones(said.shape[:2]))
    assert value.shape == sample.tokens.shape


def test_a_loop_is_the_same_weights_again() -> None:
    once, grammar = trained_looking(loops=1)
    twice, _ = trained_looking(loops=2)
    assert [p.shape for p in once.parameters()] == [p.shape for p in twice.parameters()]
    twice.load_state_dict(once.state_dict())
    sample = sample_formulas(once, grammar, 10, torch.Generator().manual_seed(3))
    assert not torch.allclose(once(sample.tokens, sample.depths)[0], twice(sample.tokens, sample.depths)[0])
    twice.loops = 1
    assert torch.equal(once(sample.tokens, sample.depths)[0], twice(sample.tokens, sample.depths)[0])


def test_qk_norm_makes_attention_blind_to_the_size_of_queries_and_keys() -> None:
    policy, grammar = trained_looking(layers=1, loops=1)
    sample = sample_formulas(policy, grammar, 10, torch.Generator().manual_seed(3))
    before = policy(sample.tokens, sample.depths)[0]
    width = policy.token.weight.shape[1]
    with torch.no_grad():
        policy.blocks[0].query_key_value.weight[: 2 * width] *= 50.0
    torch.testing.assert_close(policy(sample.tokens, sample.depths)[0], before, rtol=1e-3, atol=1e-3)
    with torch.no_grad():
        policy.blocks[0].norm_query.weight *= 3.0
    assert not torch.allclose(policy(sample.tokens, sample.depths)[0], before, rtol=1e-2, atol=1e-2)


def test_the_mixture_is_the_weighted_sum_of_its_heads() -> None:
    policy, grammar = trained_looking(mixture=3)
    sample = sample_formulas(policy, grammar, 5, torch.Generator().manual_seed(3))
    hidden: list[torch.Tensor] = []
    policy.norm.register_forward_hook(lambda module, given, result: hidden.append(result))
    said, _ = policy(sample.tokens, sample.depths)
    heads = policy.logits(hidden[0]).unflatten(-1, (3, -1)).softmax(dim=-1)
    mixed = (policy.mixing(hidden[0]).softmax(dim=-1)[..., None] * heads).sum(dim=-2)
    torch.testing.assert_close(said.exp(), mixed)


@pytest.mark.parametrize("masking", ["grammar", "raw"])
def test_given_lists_have_the_masks_and_chances_of_the_draw(masking: str) -> None:
    policy, grammar = trained_looking(masking=masking)
    drawn = sample_formulas(policy, grammar, 60, torch.Generator().manual_seed(3))
    again = sample_of(list(drawn.raw), grammar)
    assert (again.raw, again.lists) == (drawn.raw, drawn.lists)
    for name in ("tokens", "depths", "masks"):
        assert torch.equal(getattr(again, name), getattr(drawn, name)), name
    with torch.no_grad():
        both = [chances_of(policy, sample).taken.sum(dim=-1) for sample in (again, drawn)]
    torch.testing.assert_close(*both)


def test_raw_sampling_keeps_what_was_written_and_what_was_made_of_it() -> None:
    policy, grammar = trained_looking(masking="raw")
    sample = sample_formulas(policy, grammar, 200, torch.Generator().manual_seed(3))
    assert any(raw != tokens for raw, tokens in zip(sample.raw, sample.lists, strict=True))
    for raw, tokens in zip(sample.raw, sample.lists, strict=True):
        assert 1 <= len(raw) <= 9
        assert grammar.legal(raw) == tokens == grammar.legal(tokens)


def test_epsilon_draws_what_the_policy_would_not() -> None:
    policy, grammar = trained_looking()
    with torch.no_grad():
        policy.logits.bias.zero_()
        policy.logits.weight.zero_()
        policy.logits.bias.view(2, -1)[:, 5] = 60.0  # LOG_VOL alone
    first = {
        epsilon: {
            tokens[0]
            for tokens in sample_formulas(policy, grammar, 200, torch.Generator().manual_seed(1), epsilon).raw
        }
        for epsilon in (0.0, 1.0)
    }
    assert first[0.0] == {5}
    assert len(first[1.0]) == 8


def test_copies_are_counted_once() -> None:
    policy, grammar = trained_looking(max_length=1)
    sample = sample_formulas(policy, grammar, 100, torch.Generator().manual_seed(3))
    distinct, which = sample.unique()
    assert len(distinct.raw) == len(set(sample.raw)) < 100
    assert [distinct.raw[place] for place in which.tolist()] == list(sample.raw)
