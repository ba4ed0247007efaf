"""The plain way that a training step is compared with does the same work: same formulas, same reward, one update."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks.made_bars import open_market
from benchmarks.search import plain_step, step
from jq_strategy import formula as language
from sdk.training.config import make_config
from sdk.training.grammar import Grammar
from sdk.training.learn import make_policy
from sdk.training.sampling import chances_of, sample_of

SMALL = {**step.SETTINGS, "batch": 24, "network_threads": 1, "threads": 1}
MONTHS, DAYS, STOCKS = 6, 300, 12


def test_the_plain_chances_are_those_of_the_teacher_forced_pass() -> None:
    config = make_config(SMALL)
    grammar = Grammar(config.vocabulary, config.max_length)
    policy, _ = make_policy(config, grammar)
    with torch.no_grad():  # an untrained policy is flat and would agree with anything
        policy.logits.weight.normal_(generator=torch.Generator().manual_seed(1))
    lists, chance, _ = plain_step._sampled(config, grammar, policy)
    assert all(language.repair(tokens, config.vocabulary).repaired == tokens for tokens in lists)
    assert chance.requires_grad
    at_once = chances_of(policy, sample_of(lists, grammar)).taken.sum(dim=-1)
    torch.testing.assert_close(at_once, chance, rtol=1e-4, atol=1e-4)


def test_both_steps_are_timed_in_parts_that_add_up() -> None:
    config = make_config(SMALL)
    panel = step.made_panel(STOCKS, DAYS, 1)
    ours = step.timed_step(config, panel, MONTHS)
    assert min(ours.sample, ours.evaluate, ours.reward, ours.update) > 0.0
    assert ours.sample + ours.evaluate + ours.reward + ours.update + ours.other == pytest.approx(ours.step)
    assert 0.0 < ours.other < ours.step
    names = [name for name in language.token_names("v2") if not language.arity_of(name)]
    features = {
        name: torch.tensor(np.nan_to_num(panel.scores((name,), np.arange(DAYS))), dtype=torch.float32)
        for name in names
    }
    market = open_market(STOCKS, step.signal_days(DAYS, MONTHS))
    plain = plain_step.plain_step(config, features, market, judged=4, top_k=3)
    assert plain.step == plain.sample + plain.judge + plain.update
    assert min(plain.sample, plain.judge, plain.update, plain.cpu) > 0.0
