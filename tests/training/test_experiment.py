"""Several seeds in one table: the same wherever they run, from the emulator, and honest about looks and failures."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sdk.errors import ConfigError
from sdk.formula.formula_file import load
from sdk.market.bundle import Bundle
from sdk.training.config import make_config
from sdk.training.confirmation import Premises, confirmation
from sdk.training.engines import local_processes, ray_cluster
from sdk.training.experiment import COLUMNS, Experiment, run_experiment, run_seed
from sdk.training.experiment_cli import experiment, seed_tables
from sdk.training.holdout import looks_of
from tests.bundles import small_market
from tests.conftest import ROOT

QUICK: dict[str, Any] = {
    "train": ["2018-01-01", "2018-12-31"],
    "valid": ["2019-01-01", "2019-12-31"],
    "holdout": ["2020-01-01", ""],
    **{"steps": 1, "batch": 8, "top_k": 5, "candidates": 3, "perturbations": 1, "width": 16},
}


def in_this_process(function: Callable[[str], str], tasks: dict[int, str]) -> Iterator[tuple[int, str]]:
    """The simplest engine, last seed first: what a cluster of one slow machine may do."""
    for seed in reversed(tasks):
        yield seed, function(tasks[seed])


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(small_market())


@pytest.fixture
def paths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let fresh processes find this tree first, and what this one was told to find."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("experiment")


@pytest.fixture(scope="module")
def done(bundle: Bundle, out: Path) -> Experiment:
    return run_experiment(bundle, make_config(QUICK), [1, 2], out, in_this_process)


def _files(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in ("experiment.json", "experiment.csv")}


def test_rows_stand_in_the_order_of_the_seeds(done: Experiment, out: Path) -> None:
    assert [row["seed"] for row in done.rows] == [1, 2]
    assert len({row["run"] for row in done.rows}) == 2
    table = list(csv.DictReader(io.StringIO((out / "experiment.csv").read_text("utf-8"))))
    assert [line["seed"] for line in table] == ["1", "2"]
    assert float(table[0]["test_excess"]) == done.rows[0]["periods"]["test"]["excess"]
    assert len(table[0]) == 6 + 3 * len(COLUMNS)


def test_the_figures_are_the_emulators(done: Experiment, bundle: Bundle, out: Path) -> None:
    row, ask = done.rows[1], confirmation()
    assert ask is not None
    formula = load(out / row["run"] / "formula.json")
    entry = looks_of(out / row["run"])[0]["figures"]["emulator"]
    again = ask(formula, bundle, entry["start"], entry["end"], make_config(QUICK).part(Premises))
    figures = row["periods"]["test"]
    assert (figures["return"], figures["excess"]) == (again.total_return, again.excess_return)
    assert (figures["information"], figures["turnover"]) == (again.information, again.turnover)


def test_mean_deviation_and_pass_rate_by_hand(done: Experiment) -> None:
    values = [row["periods"]["valid"]["excess"] for row in done.rows]
    both = done.summary()["valid"]["excess"]
    mean = sum(values) / 2
    assert both["mean"] == pytest.approx(mean)
    assert both["deviation"] == pytest.approx((sum((v - mean) ** 2 for v in values) / 1) ** 0.5)
    rows = tuple({**row, "passed": row["seed"] == 2} for row in done.rows)
    assert Experiment(rows, {}, "").pass_rate == 0.5
    single = Experiment(rows[:1], {}, "")
    assert single.summary()["valid"]["excess"]["deviation"] is None
    assert seed_tables(single)[0].row_count == 2


def test_each_look_at_the_test_period_is_counted(done: Experiment, out: Path) -> None:
    assert [row["looks"] for row in done.rows] == [1, 1]
    assert all(len(looks_of(out / row["run"])) == 1 for row in done.rows)


def test_fresh_processes_give_the_same_table(
    done: Experiment, bundle: Bundle, out: Path, tmp_path: Path, paths: None
) -> None:
    run_experiment(bundle, make_config(QUICK), [1, 2], tmp_path, local_processes(2))
    assert _files(tmp_path) == _files(out)


def test_a_ray_cluster_gives_the_same_table(
    done: Experiment, bundle: Bundle, out: Path, tmp_path: Path, paths: None
) -> None:
    pytest.importorskip("ray", reason="RAY IS NOT INSTALLED: pip install 'jqalpha[ray]' to test the cluster")
    run_experiment(bundle, make_config(QUICK), [1, 2], tmp_path / "started", ray_cluster(None, 2))
    assert _files(tmp_path / "started") == _files(out)


def test_a_cluster_of_two_nodes_gives_the_same_table(
    done: Experiment, bundle: Bundle, out: Path, tmp_path: Path, paths: None
) -> None:
    nodes = pytest.importorskip("ray.cluster_utils", reason="RAY IS NOT INSTALLED: pip install 'jqalpha[ray]'")
    cluster = nodes.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        cluster.add_node(num_cpus=1)
        run_experiment(bundle, make_config(QUICK), [1, 2], tmp_path, ray_cluster(cluster.address, 1))
    finally:
        cluster.shutdown()
    assert _files(tmp_path) == _files(out)


def test_a_cluster_that_is_not_there_is_told(bundle: Bundle, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="RAY IS NOT INSTALLED: pip install 'jqalpha[ray]'")
    with pytest.raises(ConfigError, match="the cluster cannot be reached"):
        run_experiment(bundle, make_config(QUICK), [1], tmp_path, ray_cluster("auto", 1))


def dies(text: str) -> str:
    os._exit(9)


def test_a_worker_that_dies_is_told(paths: None) -> None:
    with pytest.raises(ConfigError, match="a worker died"):
        list(local_processes(1)(dies, {1: ""}))


def test_without_ray_the_engine_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"pip install 'jqalpha\[ray\]'"):
        ray_cluster(None, 2)


def test_a_finished_seed_is_not_trained_again(bundle: Bundle, tmp_path: Path) -> None:
    config = make_config({**QUICK, "holdout": ["", ""]})
    first = run_experiment(bundle, config, [1], tmp_path, in_this_process)
    (tmp_path / first.rows[0]["run"] / "metrics.csv").write_text("kept")
    again = run_experiment(bundle, config, [1, 2], tmp_path, in_this_process)
    assert again.rows[0] == first.rows[0]
    assert (tmp_path / first.rows[0]["run"] / "metrics.csv").read_text() == "kept"
    assert list(again.rows[0]["periods"]) == ["train", "valid"]


def test_a_run_of_another_version_is_not_taken_for_this_ones(bundle: Bundle, tmp_path: Path) -> None:
    config = make_config({**QUICK, "holdout": ["", ""]})
    first = run_experiment(bundle, config, [1], tmp_path, in_this_process)
    page = tmp_path / first.rows[0]["run"] / "run.json"
    page.write_text(json.dumps({**json.loads(page.read_text("utf-8")), "version": "0.0.9"}))
    with pytest.raises(ConfigError, match=r"seed 1: .*trained by jqalpha 0\.0\.9, this is"):
        run_experiment(bundle, config, [1], tmp_path, in_this_process)


def test_a_seed_that_fails_names_itself(bundle: Bundle, tmp_path: Path) -> None:
    config = make_config({**QUICK, "valid": ["2019-01-01", "2019-02-15"]})
    with pytest.raises(ConfigError, match="seed 1: MarketError"):
        run_experiment(bundle, config, [1], tmp_path, in_this_process)
    assert not (tmp_path / "experiment.json").exists()


def test_another_bundle_or_version_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    task = {"settings": "{}", "market": str(bundle.path), "out": str(tmp_path), "data_hash": "0", "version": "0"}
    assert "install the same" in json.loads(run_seed(json.dumps(task)))["error"]
    del task["version"]
    assert "another bundle" in json.loads(run_seed(json.dumps(task)))["error"]


@pytest.mark.parametrize("seeds", [[], [1, 1]])
def test_seeds_must_be_distinct(bundle: Bundle, tmp_path: Path, seeds: list[int]) -> None:
    with pytest.raises(ConfigError, match="each once"):
        run_experiment(bundle, make_config(QUICK), seeds, tmp_path, in_this_process)


def test_the_command_prints_a_table_a_period(done: Experiment, out: Path, tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text("\n".join(f"{name} = {json.dumps(value)}" for name, value in QUICK.items()))
    arguments = [str(config), "--market", str(small_market()), "--out", str(out), "--seeds", "2"]
    shown = CliRunner().invoke(experiment, arguments)
    assert shown.exit_code == 0, shown.output
    for words in ("训练", "验证", "测试", "RankIC", "±", "通过率", "looks at the holdout so far: 2"):
        assert words in shown.output, words
    wrong = CliRunner().invoke(experiment, [*arguments, "--address", "auto"])
    assert "only with --engine ray" in str(wrong.exception)
