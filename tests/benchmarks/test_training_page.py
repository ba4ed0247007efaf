"""The page of all measurements: parts by name, bars said, figures as the last line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import training


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr("sys.argv", ["training", *arguments])
    training.main()


def test_the_last_line_holds_the_figures_of_the_parts_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    found = {"planted_found": 7.0, "planted_markets": 10.0}
    monkeypatch.setitem(training.PARTS, "planted", lambda markets, quick: found)
    monkeypatch.setitem(training.PARTS, "empty", lambda markets, quick: {"empty_passed_share": 0.04})
    run(monkeypatch, "--only", "planted,empty", "--markets", str(tmp_path / "made"))
    lines = capsys.readouterr().out.splitlines()
    assert json.loads(lines[-1]) == {**found, "empty_passed_share": 0.04}
    assert any("planted_found" in line and "MISSED" in line for line in lines)
    assert any("empty_passed_share" in line and "reached" in line for line in lines)
    assert (tmp_path / "made").is_dir()


def test_quick_figures_are_not_held_against_bars(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(training.PARTS, "planted", lambda markets, quick: {"planted_found": float(quick)})
    run(monkeypatch, "--only", "planted", "--quick", "--markets", str(tmp_path))
    out = capsys.readouterr().out
    assert "MISSED" not in out
    assert json.loads(out.splitlines()[-1]) == {"planted_found": 1.0}


def test_an_unknown_part_is_refused_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, "--only", "plantet")
    assert "did you mean 'planted'" in capsys.readouterr().err
