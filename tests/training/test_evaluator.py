"""The evaluator behind a search: nothing is computed twice, memory is bounded, threads change nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from jq_strategy import formula as language
from sdk.errors import ConfigError
from sdk.formula.formula_file import from_tokens
from sdk.market.bundle import Bundle
from sdk.training.config import make_config
from sdk.training.period_screen import period_figures
from sdk.training.precision import chosen, compare_precisions
from sdk.training.reward import Judge
from sdk.training.run import train_formula
from sdk.training.torch_panel import TorchPanel
from tests.bundles import small_market
from tests.panels import random_lists

SHORT = {"train": ["2018-01-01", "2019-12-31"], "top_k": 5}


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(small_market())


def _lists(count: int) -> list[tuple[int, ...]]:
    return [tuple(tokens) for tokens in random_lists(count, seed=3)]


def test_equal_formulas_are_computed_once(bundle: Bundle) -> None:
    judge = Judge(bundle, make_config(SHORT))
    names = language.token_names("v2")
    there, back = (
        tuple(names.index(name) for name in order) for order in (("RET", "DEV", "ADD"), ("DEV", "RET", "ADD"))
    )
    first, second = judge.judge_all([there, back])
    assert first == second
    assert judge.judged == 1
    judge.judge_all([back, there, back])
    assert judge.judged == 1


def test_memory_is_bounded_and_forgetting_changes_nothing(bundle: Bundle) -> None:
    lists = _lists(30)
    small, large = Judge(bundle, make_config({**SHORT, "remembered": 4})), Judge(bundle, make_config(SHORT))
    for tokens in lists + lists:
        assert small.judge(tokens) == large.judge(tokens)
    assert len(small._known) <= 8
    assert small.judged > large.judged


def test_threads_change_no_judgement(bundle: Bundle) -> None:
    lists = _lists(40)
    one, three = (Judge(bundle, make_config({**SHORT, "threads": threads})).judge_all(lists) for threads in (1, 3))
    assert one == three


def test_the_setting_device_scores_by_torch(bundle: Bundle) -> None:
    lists = _lists(12)
    loops, torch = (Judge(bundle, make_config({**SHORT, "device": device})) for device in ("cpu", "cpu:0"))
    assert isinstance(torch.panel, TorchPanel)
    assert loops.judge_all(lists) == torch.judge_all(lists)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"device": "gpu"}, "device = 'gpu': no such device; write cpu, cuda or cuda:0"),
        ({"device": "cpu:0", "precision": "float32"}, "only float64"),
    ],
)
def test_a_device_that_is_not_there_is_one_clear_line(bundle: Bundle, settings: dict, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Judge(bundle, make_config({**SHORT, **settings}))


def test_a_float32_run_records_what_it_changed(bundle: Bundle, tmp_path: Path) -> None:
    config = make_config({**SHORT, "precision": "float32", "steps": 2, "batch": 12})
    done = train_formula(bundle, config, tmp_path)
    about = json.loads((done.directory / "run.json").read_text("utf-8"))
    assert about["float32"]["sets"] > 0
    exact = Judge(bundle, make_config(SHORT))
    assert done.selection.choice.evidence.train.reward == exact.judge(done.formula.tokens_repaired).reward


def test_figures_of_a_float32_run_are_those_of_float64(bundle: Bundle) -> None:
    """A look and an experiment tell what the exact scores earn, whatever the search was made with."""
    settings = [make_config({**SHORT, "precision": kind}) for kind in ("float32", "float64")]
    lists = _lists(400)
    quick, exact = (Judge(bundle, config).judge_all(lists) for config in settings)
    changed = [tokens for tokens, one, other in zip(lists, quick, exact, strict=True) if one.reward != other.reward]
    assert changed, "float32 changes no reward: this test would notice nothing"
    formula = from_tokens(changed[0], "v2")
    told = [period_figures(formula, bundle, config, config.train, None) for config in settings]
    assert told[0] == told[1]
    assert told[0]["screen"]["reward"] == exact[lists.index(changed[0])].reward


def test_the_rank_keys_reach_the_reward(bundle: Bundle) -> None:
    names = language.token_names("v2")
    ties = (names.index("RET"), names.index("SIGN"))
    by_code = Judge(bundle, make_config(SHORT)).judge(ties)
    by_money = Judge(bundle, make_config({**SHORT, "rank_keys": ["money"]})).judge(ties)
    held = Judge(bundle, make_config({**SHORT, "rank_keys": ["held", "code"]})).judge(ties)
    assert len({by_code.total, by_money.total, held.total}) == 3
    assert held.turnover < by_code.turnover


def test_float32_is_counted_against_float64(bundle: Bundle) -> None:
    lists = _lists(60)
    quick, exact = (Judge(bundle, make_config({**SHORT, "precision": kind})) for kind in ("float32", "float64"))
    report = compare_precisions(quick.panel, exact.panel, exact.market, lists, "v2", 5)
    days = len(exact.market.signal_days)
    assert report.sets == len(set(lists)) * days
    assert report.share < 0.05
    same = compare_precisions(exact.panel, exact.panel, exact.market, lists, "v2", 5)
    assert same.changed_sets == 0


def test_float32_scores_are_close(bundle: Bundle) -> None:
    quick, exact = (Judge(bundle, make_config({**SHORT, "precision": kind})) for kind in ("float32", "float64"))
    for expression in ("RET DEV ADD", "MOM20 TSUM20 JUMP", "LOG_VOL DECAY MAX3"):
        tokens = [language.token_names("v2").index(name) for name in expression.split()]
        tree = from_tokens(tokens, "v2").tree
        days = exact.market.signal_days
        rough, right = quick.panel.scores(tree, days), exact.panel.scores(tree, days)
        assert rough.dtype == np.float32
        np.testing.assert_array_equal(np.isnan(rough), np.isnan(right))
        np.testing.assert_allclose(rough, right, rtol=1e-3, atol=1e-3)


def test_a_missing_score_is_never_chosen() -> None:
    scores = np.array([[1.0, np.nan], [1.0, np.nan], [np.nan, 3.0], [2.0, 1.0]])
    places = np.repeat(np.array([[1], [0], [2], [3]]), 2, axis=1)
    assert chosen(scores, places, 2).T.tolist() == [[False, True, False, True], [False, False, True, True]]
