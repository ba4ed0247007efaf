"""R30: the rank monitor of a sister system always read 0.0, and its QK-norm was never called."""

from __future__ import annotations

import torch

from sdk.training.config import make_config
from sdk.training.learn import Search
from sdk.training.low_rank import shrink, stable_rank
from tests.training.fake_judge import FakeJudge

SMALL = {"steps": 4, "batch": 16, "max_length": 5, "width": 16}


def test_the_monitor_of_a_run_reads_the_policys_own_weights() -> None:
    run = Search(make_config(SMALL), FakeJudge())
    record = run.update()
    assert record.stable_rank == stable_rank(run.policy.attention_weights())
    with torch.no_grad():
        shrink(run.policy.attention_weights(), 0.1)
    assert 1.0 < run.update().stable_rank < 0.9 * record.stable_rank


def test_every_pass_of_the_policy_calls_the_norm_of_queries_and_keys() -> None:
    run = Search(make_config({**SMALL, "layers": 2, "loops": 3}), FakeJudge())
    calls: list[str] = []
    for block in run.policy.blocks:
        for name in ("norm_query", "norm_key"):
            getattr(block, name).register_forward_hook(lambda *given, name=name: calls.append(name))
    run.policy(torch.tensor([[run.policy.start]]), torch.tensor([[0]]))
    assert sorted(calls) == ["norm_key"] * 6 + ["norm_query"] * 6
