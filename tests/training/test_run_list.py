"""Runs are listed and compared from their files alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sdk.errors import ConfigError
from sdk.training.run_list import compare, facts_of, runs_below
from sdk.training.runs_cli import runs


def _run(folder: Path, name: str, seed: int, excess: float, passed: bool = False, **settings: object) -> Path:
    run = folder / name
    run.mkdir(parents=True)
    figures = {"reward": excess, "monthly_excess": excess, "total_excess": 12 * excess}
    shipped = {"train": figures, "valid": figures, "emulator": {"start": "2022-01-04", "information": excess * 50}}
    pages = {
        "run.json": {"format": "jqalpha-training-1", "expression": f"RET{seed}", "data_hash": "d" * 64},
        "config.json": {"settings": {"seed": seed, "steps": 30, "train": ["", "2020-12-31"], **settings}},
        "selection.json": {"candidates": [shipped], "shipped": 0, "passed": passed},
    }
    for file, page in pages.items():
        (run / file).write_text(json.dumps(page), "utf-8")
    return run


def test_the_list_has_a_line_a_run(tmp_path: Path) -> None:
    _run(tmp_path, "b", 2, 0.01, passed=True)
    _run(tmp_path, "a", 1, -0.02)
    (tmp_path / "not-a-run").mkdir()
    (tmp_path / ".working").mkdir()
    assert [run.directory.name for run in runs_below(tmp_path)[0]] == ["a", "b"]
    shown = CliRunner().invoke(runs, [str(tmp_path)]).output.splitlines()
    assert shown[0].startswith("a  未通过")
    assert "训练月均超额 -2.00%" in shown[0]
    assert shown[1].startswith("b  通过")
    assert shown[2].startswith("2 个训练")
    assert CliRunner().invoke(runs, ["list", str(tmp_path)]).output.splitlines() == shown


def test_a_comparison_names_the_settings_that_differ_and_those_only(tmp_path: Path) -> None:
    first, second = _run(tmp_path, "a", 1, 0.01), _run(tmp_path, "b", 2, 0.02, entropy=0.5)
    found = compare([first, second])
    assert found.settings == {"seed": (1, 2), "entropy": (None, 0.5)}
    assert found.figures["train.monthly_excess"] == (0.01, 0.02)
    assert found.figures["emulator.information"] == (0.5, 1.0)
    shown = CliRunner().invoke(runs, ["compare", str(first), str(second)])
    assert shown.exit_code == 0, shown.output
    lines = {line.split()[0]: line.split()[1:] for line in shown.output.splitlines() if line.strip()}
    assert lines["seed"] == ["1", "2"]
    assert lines["entropy"] == ["—", "0.5"]
    assert lines["valid.total_excess"] == ["0.1200", "0.2400"]
    assert "steps" not in lines


def test_what_is_not_a_run_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such directory"):
        runs_below(tmp_path / "none")
    with pytest.raises(ConfigError, match=r"is .* a run directory"):
        facts_of(tmp_path)
    run = _run(tmp_path, "a", 1, 0.01)
    with pytest.raises(ConfigError, match="at least two"):
        compare([run])
    (run / "selection.json").write_text('{"candidates": [], "shipped": 0}')
    with pytest.raises(ConfigError, match="another version"):
        facts_of(run)


def test_a_broken_run_hides_no_other(tmp_path: Path) -> None:
    broken = _run(tmp_path, "a", 1, 0.01)
    (broken / "run.json").write_text("{")
    _run(tmp_path, "b", 2, 0.02)
    shown = CliRunner().invoke(runs, ["list", str(tmp_path)])
    assert shown.exit_code == 0
    assert [run.directory.name for run in runs_below(tmp_path)[0]] == ["b"]
    assert str(broken / "run.json") in shown.output
    assert "1 个训练" in shown.output.splitlines()[-1]
