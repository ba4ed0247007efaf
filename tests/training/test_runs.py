"""A run selects, confirms, comes back after a kill, and reads nothing of what lies behind its validation period."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from exporter.confirm import confirm_formula
from sdk.errors import ConfigError
from sdk.formula.formula_file import load
from sdk.market.bundle import Bundle
from sdk.market.made.market import make_market
from sdk.market.made.spec import MarketSpec
from sdk.training import holdout as holdout_module
from sdk.training.cli import train
from sdk.training.config import make_config
from sdk.training.confirmation import Premises, confirmation
from sdk.training.experiment_cli import holdout
from sdk.training.gates import Evidence, ask_gates
from sdk.training.holdout import looks_of, take_look
from sdk.training.live import LiveView
from sdk.training.period_screen import PeriodScreen, period_figures
from sdk.training.progress import StepRecord
from sdk.training.reward import Judge
from sdk.training.run import TrainedRun, train_formula
from sdk.training.run_list import facts_of, runs_below
from sdk.training.runs_cli import runs
from tests.bundles import small_market

PERIODS = {
    "train": ["2018-01-01", "2018-12-31"],
    "valid": ["2019-01-01", "2019-12-31"],
    "holdout": ["2020-01-01", ""],
}
QUICK: dict[str, Any] = {
    **PERIODS,
    **{"steps": 3, "batch": 12, "top_k": 5, "candidates": 4, "perturbations": 1, "checkpoint_every": 1, "width": 16},
}


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(small_market())


@pytest.fixture(scope="module")
def done(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> TrainedRun:
    return train_formula(bundle, make_config(QUICK), tmp_path_factory.mktemp("runs"))


def test_the_emulator_is_found_by_its_entry_point() -> None:
    assert confirmation() is confirm_formula, "the package was changed: pip install -e . registers the entry point"


def test_a_run_writes_the_table_of_all_candidates(done: TrainedRun) -> None:
    page = json.loads((done.directory / "selection.json").read_text("utf-8"))
    assert page["candidates"][page["shipped"]]["expression"] == done.formula.expression
    assert load(done.directory / "formula.json").tokens_repaired == done.selection.choice.tokens
    rewards = [candidate["train"]["reward"] for candidate in page["candidates"]]
    assert rewards == sorted(rewards, reverse=True)
    assert len(rewards) > 4
    assert page["trials"] > done.result.trials
    shipped = page["candidates"][page["shipped"]]
    assert shipped["emulator"]["start"] >= "2019-01-01"
    assert shipped["emulator"]["end"] == "2019-12-31"
    assert shipped["valid"]["months"] == 11


def test_the_screen_and_the_emulator_tell_the_same_story(bundle: Bundle, done: TrainedRun) -> None:
    """On the months that both have, first rebalance to the day before the last; lots and waits remain."""
    config = make_config({**QUICK, "capital": 1e8, "impact_low": 0.0, "impact_high": 0.0})
    judge = Judge.on(bundle, config, config.valid)
    (trial,) = PeriodScreen(judge, config).trials([done.formula.tokens_repaired])
    end = bundle.days[np.searchsorted(bundle.days, judge.dates[-1]) - 1]
    found = confirm_formula(done.formula, bundle, str(judge.dates[0]), str(end), config.part(Premises))
    months = found.rebalances
    assert months == len(trial.returns) == 11
    assert abs(np.log1p(found.total_return) - np.log1p(trial.total)) / months <= 3e-3


def test_nothing_behind_the_validation_period_reaches_the_choice(
    bundle: Bundle, done: TrainedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same market with another future: same search, same table of candidates, same files."""
    other, last = Bundle.open(small_market()), np.datetime64("2019-12-31")
    whole = other.panel

    def panel(*arguments: Any, **named: Any) -> Any:
        found = whole(*arguments, **named)
        late = found.days > last
        values = {}
        for field in found.values:
            array = np.array(found[field])
            array[:, late] = array[::-1, late] * 1.7
            values[field] = array
        return type(found)(found.codes, found.days, values)

    monkeypatch.setattr(other, "panel", panel)
    changed = train_formula(other, make_config(QUICK), tmp_path)
    assert changed.result.records == done.result.records
    for name in ("selection.json", "formula.json", "metrics.csv", "policy.safetensors"):
        assert (changed.directory / name).read_bytes() == (done.directory / name).read_bytes(), name


class Killed(Exception):
    pass


def _killed(bundle: Bundle, out: Path, step: int, **settings: Any) -> None:
    def stop(record: Any) -> None:
        if record.step == step:
            raise Killed

    with pytest.raises(Killed):
        train_formula(bundle, make_config({**QUICK, **settings}), out, stop)


def test_a_stopped_run_is_resumed_to_the_same_bytes(bundle: Bundle, done: TrainedRun, tmp_path: Path) -> None:
    _killed(bundle, tmp_path, 2)
    (working,) = (tmp_path / ".working").iterdir()
    assert working.name == done.directory.name
    with pytest.raises(ConfigError, match="--resume or start anew with --fresh"):
        train_formula(bundle, make_config(QUICK), tmp_path)
    again = train_formula(bundle, make_config(QUICK), tmp_path, unfinished="resume")
    for path in done.directory.iterdir():
        if path.name != "looks.json":
            assert path.read_bytes() == (again.directory / path.name).read_bytes(), path.name
    assert not working.exists()


def test_a_stopped_run_can_be_started_anew(bundle: Bundle, done: TrainedRun, tmp_path: Path) -> None:
    _killed(bundle, tmp_path, 2)
    (working,) = (tmp_path / ".working").iterdir()
    (working / "mark").write_text("old")
    again = train_formula(bundle, make_config(QUICK), tmp_path, unfinished="discard")
    assert not working.exists()
    assert (again.directory / "run.json").read_bytes() == (done.directory / "run.json").read_bytes()


def test_the_order_of_codes_is_a_portfolio_and_its_impact_is_shown(bundle: Bundle) -> None:
    """R22: a formula of two values fills the book by the tie order; a formula without ties does not care."""
    config = make_config(QUICK)
    screen = PeriodScreen(Judge(bundle, config), config)
    signs = (0, 12)  # SIGN(RET)
    assert abs(screen.tie_impact((0,))) < 1e-12
    assert abs(screen.tie_impact(signs)) > 1e-4
    assert screen.trials([signs])[0].tie_share > 0.9
    (result,) = (
        gate
        for gate in ask_gates(Evidence(screen.trials([signs])[0], None, 1.0, 1.0), config)
        if gate.name == "tie_share"
    )
    assert result.passed is False


def test_without_checkpoints_a_stopped_run_leaves_nothing(bundle: Bundle, tmp_path: Path) -> None:
    _killed(bundle, tmp_path, 2, checkpoint_every=0)
    assert not (tmp_path / ".working").exists()


@pytest.mark.parametrize("change", [{"threads": 2}, {"remembered": 1}], ids=str)
def test_settings_of_speed_change_no_figure(bundle: Bundle, done: TrainedRun, change: dict, tmp_path: Path) -> None:
    other = train_formula(bundle, make_config({**QUICK, **change}), tmp_path)
    for name in ("selection.json", "metrics.csv", "policy.safetensors"):
        assert (other.directory / name).read_bytes() == (done.directory / name).read_bytes(), name


def test_forgotten_formulas_are_judged_again(bundle: Bundle) -> None:
    judges = [Judge(bundle, make_config({**QUICK, "remembered": number})) for number in (1, 100)]
    for judge in judges:
        judge.judge_all([(0,), (4,), (5,)])
        judge.judge((0,))
    assert [judge.judged for judge in judges] == [4, 3]


def test_the_command_says_what_was_passed(tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text("\n".join(f"{name} = {json.dumps(value)}" for name, value in QUICK.items()))
    arguments = [str(config), "--market", str(small_market()), "--out", str(tmp_path / "runs")]
    shown = CliRunner().invoke(train, arguments)
    assert shown.exit_code == 0, shown.output
    assert "通过" in shown.output
    assert "过拟合概率 PBO" in shown.output
    both = CliRunner().invoke(train, [*arguments, "--resume", "--fresh"])
    assert "choose one" in str(both.exception)


# ------------------------------------------------------------------------------------------------------- looks


def test_each_look_is_counted_shown_and_kept(bundle: Bundle, tmp_path: Path) -> None:
    run = train_formula(bundle, make_config(QUICK), tmp_path).directory
    assert looks_of(run) == []
    for number in (1, 2):
        shown = CliRunner().invoke(holdout, [str(run), "--market", str(small_market())])
        assert shown.exit_code == 0, shown.output
        assert f"第 {number} 次查看 holdout" in shown.output
        assert "行情不是训练所用" not in shown.output
        assert len(looks_of(run)) == number
    last = looks_of(run)[-1]
    assert (last["look"], last["data_until"]) == (2, str(bundle.days[-1]))
    assert last["formula"] == load(run / "formula.json").expression
    assert last["figures"]["emulator"]["start"] >= "2020-01-01"
    again = train_formula(bundle, make_config(QUICK), tmp_path).directory
    assert len(looks_of(again)) == 2, "a run that is written again must not forget who looked"
    listed = CliRunner().invoke(runs, [str(tmp_path)])
    assert "留出期已看 2 次" in listed.output


def test_a_look_at_other_data_says_so_and_one_at_no_data_is_not_counted(
    done: TrainedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for path in done.directory.iterdir():
        (run / path.name).write_bytes(path.read_bytes())
    (run / "looks.json").unlink(missing_ok=True)
    make_market(tmp_path / "short", MarketSpec(stocks=10, years=1, funds=False))
    with pytest.raises(ConfigError, match="ends on 2018-12-31; the look is not counted"):
        take_look(run, Bundle.open(tmp_path / "short"), "holdout")
    assert looks_of(run) == []
    make_market(tmp_path / "other", MarketSpec(stocks=30, years=3, seed=9, funds=False))
    shown = CliRunner().invoke(holdout, [str(run), "--market", str(tmp_path / "other")])
    assert shown.exit_code == 0, shown.output
    assert "行情不是训练所用的那一份" in shown.output
    assert len(looks_of(run)) == 1


def test_a_look_that_was_cut_short_counts(bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = train_formula(bundle, make_config(QUICK), tmp_path).directory

    def dies(*arguments: Any) -> None:
        raise Killed

    monkeypatch.setattr(holdout_module, "period_figures", dies)
    with pytest.raises(Killed):
        take_look(run, bundle, "holdout")
    (entry,) = looks_of(run)
    assert (entry["look"], entry["figures"]) == (1, None)


def test_looks_that_cannot_be_read_are_not_replaced(bundle: Bundle, done: TrainedRun, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for path in done.directory.iterdir():
        (run / path.name).write_bytes(path.read_bytes())
    (run / "looks.json").write_text("[1, 2")
    with pytest.raises(ConfigError, match="not JSON"):
        take_look(run, bundle, "holdout")
    assert (run / "looks.json").read_text() == "[1, 2"
    for broken in ('{"format": "jqalpha-looks-1", "looks": [1]}', '{"format": "jqalpha-looks-1"}', "{}"):
        (run / "looks.json").write_text(broken)
        for read in (facts_of, looks_of):
            with pytest.raises(ConfigError, match="not a list of looks"):
                read(run)


def test_the_pressure_period_looks_at_every_stock(bundle: Bundle, tmp_path: Path) -> None:
    settings = {**QUICK, "holdout": ["", ""], "pressure": ["2020-01-01", ""]}
    run = train_formula(bundle, make_config(settings), tmp_path).directory
    shown = CliRunner().invoke(holdout, [str(run), "--market", str(small_market()), "--period", "pressure"])
    assert "第 1 次查看 pressure" in shown.output, shown.output
    figures = looks_of(run)[0]["figures"]
    unfiltered = figures["screen"]
    assert "批量评价，全部股票 · batch evaluator, every stock" in shown.output
    assert f"收益 {unfiltered['total']:+.2%}  池 {unfiltered['benchmark']:+.2%}" in shown.output
    assert "最大回撤" not in shown.output, "the emulator keeps to the pool: its figures are not those of every stock"
    ((listed,), _) = runs_below(tmp_path)
    assert listed.looks == 0, "a look at the pressure period is no look at the holdout"
    pool = period_figures(load(run / "formula.json"), bundle, make_config(settings), ("2020-01-01", ""), None)
    assert unfiltered["months"] == pool["screen"]["months"]
    assert unfiltered["benchmark"] != pool["screen"]["benchmark"]


def test_a_period_that_is_not_set_cannot_be_looked_at(bundle: Bundle, done: TrainedRun) -> None:
    with pytest.raises(ConfigError, match="has no pressure period"):
        take_look(done.directory, bundle, "pressure")


def test_settings_that_were_edited_are_not_believed(bundle: Bundle, done: TrainedRun, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for path in done.directory.iterdir():
        (run / path.name).write_bytes(path.read_bytes())
    page = (run / "config.json").read_text("utf-8")
    (run / "config.json").write_text(page.replace('"2020-01-01"', '"2020-02-01"'))
    with pytest.raises(ConfigError, match="do not have the hash"):
        take_look(run, bundle, "holdout")


def test_a_search_that_is_interrupted_says_how_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopping(last: int) -> Callable[[LiveView, StepRecord], None]:
        def show(self: LiveView, record: StepRecord) -> None:
            self._records = [(record, 0.0)]
            if record.step == last:
                raise KeyboardInterrupt

        return show

    words = ["--market", str(small_market()), "--batch", "12", "--steps", "12", "--train", "", "2019-06-28"]
    for last, told in ((2, False), (11, True)):
        monkeypatch.setattr(LiveView, "show", stopping(last))
        result = CliRunner().invoke(train, [*words, "--fresh", "--out", str(tmp_path / "runs")])
        assert result.exit_code != 0
        assert ("--resume" in result.output) is told, result.output
    (working,) = (tmp_path / "runs" / ".working").iterdir()
    assert f"检查点在 {working}" in result.output.replace("\n", "")


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("steps = 0", [], r"a\.toml: setting steps = 0"),
        ("steps = 2", ["--seed", "-1"], r"^setting seed = -1"),
        ("steps = 0", ["--steps", "-1"], r"^setting steps = -1"),
        ('train = ["2020-01-01", "2019-01-01"]', [], r"a\.toml: setting train = .* not before the last"),
    ],
)
def test_a_wrong_setting_is_where_it_was_written(text: str, options: list[str], says: str, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(text)
    given = [str(tmp_path / "a.toml"), "--market", str(small_market()), "--out", str(tmp_path / "runs"), *options]
    result = CliRunner().invoke(train, given)
    assert isinstance(result.exception, ConfigError)
    assert re.search(says, str(result.exception).replace(f"{tmp_path}/", "")), result.exception


def test_a_book_as_large_as_the_pool_is_called_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for top_k, told in ((400, True), (5, False)):
        config = make_config({**QUICK, "steps": 1, "valid": ["", ""], "holdout": ["", ""], "top_k": top_k})
        train_formula(Bundle.open(small_market()), config, tmp_path)
        assert (f"top_k = {top_k} 不小于股票池" in capsys.readouterr().err) is told
