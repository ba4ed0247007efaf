"""Training: legal by construction, the same from a seed, better than random search of the same budget."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from jq_strategy import formula as language
from sdk.errors import ConfigError
from sdk.formula.formula_file import load
from sdk.market.bundle import Bundle
from sdk.market.made.market import make_market
from sdk.market.made.spec import MarketSpec
from sdk.training.cli import train
from sdk.training.config import load_config, make_config
from sdk.training.grammar import Grammar
from sdk.training.learn import make_policy, search
from sdk.training.objective import entropy_of
from sdk.training.reward import Judge
from sdk.training.run import train_formula
from sdk.training.sampling import chances_of, sample_formulas
from tests.bundles import small_market

QUICK = {"steps": 3, "batch": 8, "top_k": 5}


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(small_market())


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    path = tmp_path_factory.mktemp("planted") / "market"
    make_market(path, MarketSpec(stocks=120, years=4, seed=11, signal=3.0))
    return Bundle.open(path)


@pytest.mark.parametrize("vocabulary", ["v1", "v2"])
@pytest.mark.parametrize("length", [1, 2, 7, 12])
def test_every_sample_is_legal_and_within_its_length(vocabulary: str, length: int) -> None:
    grammar = Grammar(vocabulary, length)
    policy, _ = make_policy(make_config({"vocabulary": vocabulary, "max_length": length}), grammar)
    sample = sample_formulas(policy, grammar, 200, torch.Generator().manual_seed(3))
    for tokens in sample.lists:
        assert 1 <= len(tokens) <= length
        assert language.repair(tokens, vocabulary).repaired == tokens


def test_a_flat_policy_draws_features_alike() -> None:
    grammar = Grammar("v2", 1)  # two places: a feature, then the end mark
    policy, _ = make_policy(make_config({"max_length": 1}), grammar)
    sample = sample_formulas(policy, grammar, 64, torch.Generator().manual_seed(3))
    chances = chances_of(policy, sample)
    torch.testing.assert_close(chances.taken.sum(dim=-1), torch.full((64,), -float(np.log(8))))
    torch.testing.assert_close(entropy_of(chances, torch.arange(64)), torch.tensor(float(np.log(8))))


def test_a_banned_feature_is_never_written() -> None:
    grammar = Grammar("v2", 8, frozenset({"LIQ_SCORE"}))
    policy, _ = make_policy(make_config({"max_length": 8}), grammar)
    sample = sample_formulas(policy, grammar, 300, torch.Generator().manual_seed(5))
    assert all(1 not in tokens for tokens in sample.lists)


def test_the_same_seed_gives_the_same_bytes(bundle: Bundle, tmp_path: Path) -> None:
    config = make_config(QUICK)
    first = train_formula(bundle, config, tmp_path / "one").directory
    second = train_formula(bundle, config, tmp_path / "two").directory
    names = ["config.json", "formula.json", "metrics.csv", "policy.safetensors", "run.json", "selection.json"]
    assert sorted(path.name for path in first.iterdir()) == names
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name
    other = search(make_config({**QUICK, "seed": 2}), Judge(bundle, config))
    assert other.records != search(config, Judge(bundle, config)).records


def test_nothing_later_than_the_training_period_is_read(bundle: Bundle, tmp_path: Path) -> None:
    """The same market with another future: same run, apart from the hash of the data."""
    end = str(bundle.days[-200])
    config = make_config({**QUICK, "train": ["", end]})
    judge, other = Judge(bundle, config), Judge(_with_another_future(bundle, end, tmp_path), config)
    assert search(config, judge).records == search(config, other).records


def _with_another_future(bundle: Bundle, end: str, tmp_path: Path) -> Bundle:
    make_market(tmp_path / "m", MarketSpec(stocks=60, years=3, seed=1))
    other = Bundle.open(tmp_path / "m")
    after = other.days > np.datetime64(end)
    real_panel = other.panel

    def panel(*arguments, **named):
        found = real_panel(*arguments, **named)
        values = {}
        late = found.days > np.datetime64(end)
        for field in found.values:
            array = np.array(found[field])
            array[:, late] = array[::-1, late] * 1.7
            values[field] = array
        return type(found)(found.codes, found.days, values)

    assert after.any()
    object.__setattr__(other, "panel", panel)
    return other


def test_training_beats_random_search_of_the_same_budget(planted: Bundle) -> None:
    """Best training reward, mean over seeds, 40 updates of 48 formulas each; the signal is planted."""
    budget = {"steps": 40, "batch": 48, "top_k": 12, "max_length": 10}
    judge = Judge(planted, make_config(budget))
    best = {
        learner: [
            search(make_config({**budget, "learner": learner, "seed": seed}), judge).judgement.reward
            for seed in (1, 2, 3)
        ]
        for learner in ("random", "reinforce")
    }
    assert np.mean(best["reinforce"]) > np.mean(best["random"]), best
    assert sum(a > b for a, b in zip(best["reinforce"], best["random"], strict=True)) >= 2, best


def test_training_raises_the_mean_reward_of_its_samples(planted: Bundle) -> None:
    config = make_config({"steps": 40, "batch": 48, "top_k": 12, "max_length": 10, "seed": 1})
    records = search(config, Judge(planted, config)).records
    assert np.mean([r.mean_reward for r in records[-5:]]) > np.mean([r.mean_reward for r in records[:5]]) + 0.002


@pytest.mark.parametrize(
    ("change", "monitor"),
    [
        ({"entropy": 5.0}, "entropy"),
        ({"imitation": 5.0}, "mean_reward"),
        ({"elite": 1}, "mean_reward"),
        ({"tie_penalty": 1.0}, "mean_reward"),
        ({"learning_rate": 0.05}, "entropy"),
        ({"half_spread": 0.02}, "mean_reward"),
        ({"commission": 0.01}, "mean_reward"),
        ({"stamp_tax": 0.05}, "mean_reward"),
        ({"width": 32}, "entropy"),
        ({"layers": 1}, "entropy"),
        ({"heads": 2}, "entropy"),
        ({"max_length": 4}, "mean_reward"),
        ({"top_k": 9}, "mean_reward"),
        ({"vocabulary": "v1"}, "mean_reward"),
        ({"learner": "random"}, "entropy"),
    ],
    ids=str,
)
def test_every_setting_changes_the_run(bundle: Bundle, change: dict, monitor: str) -> None:
    def last(settings: dict) -> float:
        config = make_config({**QUICK, "steps": 4, **settings})
        return getattr(search(config, Judge(bundle, config)).records[-1], monitor)

    assert last(change) != last({})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"stepz": 3}, "unknown setting 'stepz'; did you mean 'steps'"),
        ({"rank_keys": ["hold"]}, "setting rank_keys: unknown rank key 'hold'; did you mean 'held'"),
        ({"rank_keys": ["money", "held"]}, "held must be the first key in training"),
        ({"rank_keys": ["code", "money"]}, "'money' stands behind 'code'"),
        ({"rank_keys": "held"}, "setting rank_keys = 'held': Input should be a valid tuple"),
        ({"steps": 0}, "setting steps = 0"),
        ({"vocabulary": "v9"}, "known: v1"),
        ({"learner": "magic"}, "setting learner = 'magic'"),
        ({"width": 30, "heads": 4}, "must divide"),
        ({"train": ["2015/1/1", ""]}, "setting train: '2015/1/1' 不是日期 · is not a day; write it like 2024-12-31"),
        ({"pressure": ["2015-02-30", ""]}, "setting pressure: '2015-02-30' 不是日期"),
        ({"valid": ["2021-01-01", ""]}, "setting train 止于 数据末日，valid 始于 2021-01-01：时期重叠"),
        ({"train": ["", "2020-12-31"], "valid": ["", "2021-12-31"]}, "valid 始于 数据首日：时期重叠"),
        (
            {"train": ["", "2021-01-01"], "valid": ["2021-01-01", ""]},
            "止于 2021-01-01，valid 始于 2021-01-01：时期重叠 · periods overlap; end train before valid",
        ),
        (
            {"train": ["", "2020-12-31"], "valid": ["2021-01-01", ""], "holdout": ["2022-01-01", ""]},
            "setting valid 止于 数据末日，holdout 始于 2022-01-01",
        ),
        ({"train": ["", "2022-12-31"], "holdout": ["2022-01-01", ""]}, "setting train 止于 2022-12-31，holdout 始于"),
        ({"reward": {"exces": 1.0}}, "setting reward: unknown reward 'exces'; did you mean 'excess'"),
        ({"reward": {"excess": 0.0}}, "at least one weight must not be 0"),
        ({"neutralise": ["sise"]}, "setting neutralise: unknown exposure 'sise'; did you mean 'size'"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(values: dict, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        make_config(values)


def test_periods_that_follow_each_other_are_accepted_and_pressure_is_free() -> None:
    in_order = {"train": ["", "2020-12-31"], "valid": ["2021-01-01", "2021-12-31"], "holdout": ["2022-01-01", ""]}
    assert make_config({**in_order, "pressure": ["2015-01-01", ""]}).valid == ("2021-01-01", "2021-12-31")
    assert make_config({"train": ["2015-01-01", "2020-12-31"], "holdout": ["2021-01-01", ""]}).valid == ("", "")


def test_one_choice_of_exposures_has_one_hash() -> None:
    one, other = (make_config({"neutralise": names}) for names in (["beta", "size"], ["size", "beta"]))
    assert one.neutralise == ("size", "beta")
    assert one.hash == other.hash


def test_settings_come_from_toml_and_options_win(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text("seed = 7\nsteps = 5\n")
    config = load_config(path, {"steps": 9, "batch": None})
    assert (config.seed, config.steps, config.batch) == (7, 9, 64)
    path.write_text("seed = = 7")
    with pytest.raises(ConfigError, match="not TOML"):
        load_config(path, {})
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path, {})


def test_a_period_without_rebalances_is_refused(bundle: Bundle) -> None:
    from sdk.errors import MarketError

    with pytest.raises(MarketError, match="at least 3 are needed"):
        Judge(bundle, make_config({**QUICK, "train": ["2018-03-05", "2018-04-10"]}))


def test_months_before_the_features_are_known_are_said(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, last = str(bundle.days[0]), str(bundle.days[-1])
    early = Judge(bundle, make_config({**QUICK, "train": [first, last]}))
    scores = early.scores((language.token_names("v2").index("REL_MOM20"),))
    known = np.isfinite(scores).any(axis=0)
    assert 0 < early.unseen == int(np.argmax(known)), "REL_MOM20 has the longest window of v2"
    begin = str(early.dates[early.unseen])
    assert f"宜从 {begin} 开始" in early.late_features
    assert Judge(bundle, make_config({**QUICK, "train": [begin, last]})).late_features == ""
    train_formula(bundle, make_config({**QUICK, "train": [first, last]}), tmp_path)
    assert f"训练期 {first} 起的前 {early.unseen} 次调仓没有全部特征" in capsys.readouterr().err


def test_the_command_writes_a_formula_that_can_be_loaded(tmp_path: Path) -> None:
    arguments = ["--market", str(small_market()), "--out", str(tmp_path), "--steps", "2", "--batch", "4"]
    done = CliRunner().invoke(train, arguments)
    assert done.exit_code == 0, done.output
    (run,) = tmp_path.iterdir()
    formula = load(run / "formula.json")
    assert formula.expression in done.output
    assert formula.training["run"] == run.name
    about = json.loads((run / "run.json").read_text("utf-8"))
    assert about["expression"] == formula.expression
    assert len((run / "metrics.csv").read_text().splitlines()) == 3


def test_what_a_run_traded_stands_in_its_formula_file(bundle: Bundle, tmp_path: Path) -> None:
    done = train_formula(bundle, make_config({**QUICK, "top_k": 7}), tmp_path)
    written = load(done.directory / "formula.json")
    assert (written.top_k, written.pool_index) == (done.formula.top_k, done.formula.pool_index) == (7, "000300.XSHG")
    assert written.training["pool_index"] == "000300.XSHG"


def test_the_rank_keys_of_a_run_stand_in_its_formula_file(bundle: Bundle, tmp_path: Path) -> None:
    assert make_config({}).rank_keys == ("code",)
    config = make_config({**QUICK, "rank_keys": ["held", "money"]})
    assert config.hash != make_config(QUICK).hash
    done = train_formula(bundle, config, tmp_path)
    directory, formula = done.directory, done.formula
    assert load(directory / "formula.json").rank_keys == formula.rank_keys == ("held", "money", "code")
