"""The loop of the search on a judge without a market: it learns, every setting matters, it comes back bit for bit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sdk.errors import ConfigError
from sdk.training import checkpoint as checkpoint_module
from sdk.training.archive import Archive, Find
from sdk.training.checkpoint import Checkpoints
from sdk.training.config import TrainConfig, make_config
from sdk.training.learn import Search, SearchResult, search
from tests.training.fake_judge import LOG_VOL, FakeJudge

QUICK: dict[str, Any] = {
    "steps": 6,
    "batch": 24,
    "max_length": 6,
    "width": 16,
    "checkpoint_every": 2,
    "epsilon_start": 0.5,
    "epsilon_share": 0.8,
    "learning_rate": 0.03,
}


def run(checkpoints: Checkpoints | None = None, **settings: Any) -> SearchResult:
    return search(make_config({**QUICK, **settings}), FakeJudge(), checkpoints=checkpoints)


@pytest.mark.parametrize("learner", ["reinforce", "ppo"])
def test_the_policy_learns_what_is_paid(learner: str) -> None:
    records = run(learner=learner, steps=40, batch=48, imitation=0.0, entropy=0.01, learning_rate=0.01).records
    assert np.mean([r.mean_reward for r in records[-5:]]) > np.mean([r.mean_reward for r in records[:5]]) + 0.5
    assert records[-1].entropy < records[0].entropy


def test_random_search_never_learns() -> None:
    result = run(learner="random")
    first = Search(make_config({**QUICK, "learner": "random"}), FakeJudge()).policy.state_dict()
    assert all(np.array_equal(result.weights[name], first[name].numpy()) for name in first)


@pytest.mark.parametrize(
    "change",
    [
        {"learner": "ppo"},
        {"learner": "random"},
        {"learning_rate": 0.05},
        {"entropy": 5.0},
        {"epsilon_start": 1.0},
        {"epsilon_end": 0.9},
        {"epsilon_share": 0.1},
        {"risk_quantile": 0.2},
        {"elite": 2},
        {"imitation": 5.0},
        {"length_penalty": 1.0},
        {"neighbours": 0.0},
        {"novelty": 3.0},
        {"novelty": 3.0, "novelty_from": 0.1},
        {"calm_share": 0.5},
        {"low_rank": "newton_schulz", "low_rank_decay": 0.05},
        {"low_rank": "nuclear", "low_rank_decay": 5.0},
        {"masking": "raw"},
        {"width": 32},
        {"layers": 1},
        {"loops": 1},
        {"heads": 2},
        {"mixture": 3},
        {"max_length": 4},
        {"vocabulary": "v1"},
        {"seed": 2},
    ],
    ids=str,
)
def test_every_setting_changes_the_weights_or_the_samples(change: dict) -> None:
    def outcome(result: SearchResult) -> tuple:
        return result.last_batch, {name: value.tobytes() for name, value in result.weights.items()}

    assert outcome(run(**change)) != outcome(run())


@pytest.mark.parametrize(
    "change", [{"ppo_clip": 0.01}, {"ppo_epochs": 1}, {"gae_lambda": 0.1}, {"value_weight": 0.0}], ids=str
)
def test_every_setting_of_ppo_changes_the_weights(change: dict) -> None:
    plain, other = run(learner="ppo", learning_rate=0.05), run(learner="ppo", learning_rate=0.05, **change)
    assert any(not np.array_equal(plain.weights[name], other.weights[name]) for name in plain.weights)


def test_novelty_keeps_the_batch_apart_from_the_pool() -> None:
    settings = {
        "steps": 40,
        "batch": 48,
        "imitation": 0.0,
        "entropy": 0.0,
        "learning_rate": 0.01,
        "epsilon_start": 0.1,
    }
    plain, novel = run(**settings), run(**settings, novelty=3.0, novelty_from=0.3)
    assert np.mean([r.overlap for r in novel.records[-10:]]) < np.mean([r.overlap for r in plain.records[-10:]])


def test_the_calm_part_is_paid_for_calm_months_and_then_forgotten() -> None:
    result = run(steps=10, calm_share=0.5)
    tokens = result.candidates[0]
    assert LOG_VOL in tokens
    assert result.judgement.reward == result.records[-1].best_so_far


def test_low_rank_decay_lowers_the_stable_rank_that_the_monitor_shows() -> None:
    """R30: the monitor of a sister system always read 0.0."""
    ranks = {
        kind: run(steps=30, low_rank=kind, low_rank_decay=strength, learning_rate=0.003).records[-1].stable_rank
        for kind, strength in (("off", 0.0), ("newton_schulz", 0.02), ("nuclear", 2.0))
    }
    assert 1.0 < ranks["newton_schulz"] < 0.95 * ranks["off"]
    assert 1.0 < ranks["nuclear"] < 0.95 * ranks["off"]


def test_candidates_differ_and_the_best_comes_first() -> None:
    result = run(candidates=5)
    judgements = FakeJudge().judge_all(result.candidates)
    assert len(result.candidates) == 5
    assert len({judgement.portfolio for judgement in judgements}) == 5
    assert [j.reward for j in judgements] == sorted((j.reward for j in judgements), reverse=True)
    assert result.tokens == result.candidates[0]


def test_the_pool_keeps_the_better_of_two_that_are_the_same() -> None:
    def find(tokens: tuple[int, ...], reward: float) -> Find:
        return Find(tokens, tokens, reward, FakeJudge().judge_all([tokens])[0])

    archive = Archive(3).with_batch([find((5, 4, 6), 1.0), find((4, 5, 6), 2.0), find((0,), 0.5)])
    assert [f.tokens for f in archive.finds] == [(4, 5, 6), (0,)]
    again = archive.with_batch([find((5, 4, 6), 2.0)])
    assert [f.tokens for f in again.finds] == [(4, 5, 6), (0,)]


# -------------------------------------------------------------------------------------------------- coming back


class Killed(Exception):
    pass


def killed_at(step: int, place: Path, **settings: Any) -> Checkpoints:
    """Run until ``step`` and stop dead there; return where its checkpoints are."""
    config = make_config({**QUICK, **settings})
    checkpoints = Checkpoints(place, config.hash, "data")

    def stop(record: Any) -> None:
        if record.step == step:
            raise Killed

    with pytest.raises(Killed):
        search(config, FakeJudge(), stop, checkpoints)
    return checkpoints


def bits(result: SearchResult) -> tuple:
    return (
        result.raw,
        result.tokens,
        result.candidates,
        result.trials,
        result.records,
        result.last_batch,
        {name: value.tobytes() for name, value in result.weights.items()},
    )


@pytest.mark.parametrize("step", [1, 2, 3, 5, 6])
@pytest.mark.parametrize(
    "settings", [{}, {"learner": "ppo"}, {"calm_share": 0.6, "novelty": 1.0, "masking": "raw"}], ids=str
)
def test_a_run_goes_on_bit_for_bit(step: int, settings: dict, tmp_path: Path) -> None:
    checkpoints = killed_at(step, tmp_path / "c", **settings)
    assert bits(run(checkpoints, **settings)) == bits(run(**settings))


def test_the_newest_two_checkpoints_are_kept(tmp_path: Path) -> None:
    killed_at(6, tmp_path / "c", checkpoint_every=1)
    assert sorted(place.name for place in (tmp_path / "c").iterdir()) == ["step-000004", "step-000005"]


def test_a_checkpoint_of_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints = killed_at(5, tmp_path / "c", checkpoint_every=2)
    monkeypatch.setattr(checkpoint_module, "__version__", "9.9")
    with pytest.raises(ConfigError, match=r"written with another version .* this run has '9.9'"):
        checkpoints.newest()


@pytest.mark.parametrize("harm", ["truncate", "flip", "json", "missing"])
def test_a_broken_checkpoint_is_not_believed(harm: str, tmp_path: Path) -> None:
    checkpoints = killed_at(5, tmp_path / "c", checkpoint_every=2)
    newest = tmp_path / "c" / "step-000004"
    data = (newest / "state.safetensors").read_bytes()
    spoilt = {"truncate": data[:-9], "flip": data[:-1] + bytes([data[-1] ^ 1])}.get(harm)
    if spoilt is not None:
        (newest / "state.safetensors").write_bytes(spoilt)
    elif harm == "json":
        (newest / "state.json").write_text("{")
    else:
        (newest / "state.json").unlink()
    found = checkpoints.newest()
    assert found is not None
    assert found.step == 2
    assert bits(run(checkpoints)) == bits(run())


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    checkpoints = killed_at(5, tmp_path / "c")
    with pytest.raises(ConfigError, match="another config_hash"):
        replace(checkpoints, config_hash=make_config({**QUICK, "seed": 5}).hash).newest()
    with pytest.raises(ConfigError, match="another data_hash"):
        replace(checkpoints, data_hash="other").newest()


def test_a_checkpoint_holds_no_pickle(tmp_path: Path) -> None:
    killed_at(5, tmp_path / "c")
    about = json.loads((tmp_path / "c" / "step-000004" / "state.json").read_text("utf-8"))
    assert about["step"] == 4
    assert len(about["records"]) == 4
    assert sorted(path.name for path in (tmp_path / "c" / "step-000004").iterdir()) == [
        "state.json",
        "state.safetensors",
    ]


def test_torchs_own_settings_are_put_back() -> None:
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    run(network_threads=2 if before[0] != 2 else 1)
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before


def test_the_same_seed_is_the_same_run() -> None:
    config: TrainConfig = make_config(QUICK)
    assert bits(search(config, FakeJudge())) == bits(search(config, FakeJudge()))


def test_repeating_portfolios_make_entropy_worth_more() -> None:
    fixed, kept = (run(max_length=2, diversity=wanted) for wanted in (0.0, 1.0))
    assert {record.entropy_weight for record in fixed.records} == {0.1}
    assert kept.records[-1].entropy_weight > 0.1
    assert any(not np.array_equal(fixed.weights[name], kept.weights[name]) for name in fixed.weights)


def test_a_named_device_is_the_same_run_on_the_cpu() -> None:
    assert bits(run(device="cpu:0")) == bits(run())
