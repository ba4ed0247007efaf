"""No command writes over what another one made, and a place that cannot be written is refused before the work."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.export import export_formula
from sdk import files
from sdk.cli import main
from sdk.emulator.isolated import run_isolated
from sdk.emulator.runner import run_backtest
from sdk.errors import ConfigError, ExportError, JqalphaError, MarketError
from sdk.formula.formula_file import from_tokens
from sdk.market.bundle import Bundle
from sdk.market.made.market import make_market
from sdk.market.made.spec import MarketSpec
from sdk.training import run as training_run
from sdk.training.config import make_config
from tests.bundles import small_market

FORMATS = {
    "manifest.json": ("jqalpha-market-bundle", "jqalpha-export-1"),
    "run.json": ("jqalpha-training-1", "jqalpha-run"),
}
FORMULA = from_tokens([0, 18], "v2")
SPAN = ("2020-01-03", "2020-01-10")


def _run_strategy(out: Path) -> None:
    run_isolated(out.parent / "s.py", small_market(), out, start=SPAN[0], end=SPAN[1])


def _make(out: Path) -> None:
    make_market(out, MarketSpec(stocks=10, years=0.25, funds=False))


def _train(out: Path) -> None:
    training_run.train_formula(Bundle.open(small_market()), make_config({}), out.parent)


WRITERS: dict[str, tuple[Callable[[Path], object], type[JqalphaError]]] = {
    "jqalpha-market-bundle": (_make, MarketError),
    "jqalpha-export-1": (lambda out: export_formula(FORMULA, out), ExportError),
    "jqalpha-run": (_run_strategy, ConfigError),
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(("marker", "standing"), [(name, kind) for name, pair in FORMATS.items() for kind in pair])
def test_what_another_command_made_is_left_alone(writer: str, marker: str, standing: str, tmp_path: Path) -> None:
    if writer == standing:
        return
    out = tmp_path / "out"
    out.mkdir()
    (out / marker).write_text(json.dumps({"format": standing, "source": {"kind": "made"}}))
    (out / "precious").write_text("kept")
    (tmp_path / "s.py").write_text("def initialize(context):\n    pass\n")
    write, error = WRITERS[writer]
    with pytest.raises(error, match="choose another"):
        write(out)
    assert sorted(path.name for path in out.iterdir()) == sorted((marker, "precious"))
    assert (out / "precious").read_text() == "kept"


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"format": "jqalpha-run-of-others"}'])
def test_a_marker_that_does_not_say_what_it_is_is_not_believed(text: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(ConfigError, match="choose another"):
        run_backtest("def initialize(context):\n    pass\n", Bundle.open(small_market()), *SPAN, out=tmp_path)
    assert (tmp_path / "run.json").read_text() == text


def test_a_made_market_replaces_made_ones_only(tmp_path: Path) -> None:
    _make(tmp_path / "m")
    _make(tmp_path / "m")
    page = json.loads((tmp_path / "m" / "manifest.json").read_text("utf-8"))
    page["source"]["kind"] = "import"
    (tmp_path / "m" / "manifest.json").write_text(json.dumps(page), "utf-8")
    before = sorted((path.name, path.stat().st_mtime_ns) for path in (tmp_path / "m").rglob("*"))
    with pytest.raises(MarketError, match="imported bars"):
        _make(tmp_path / "m")
    assert sorted((path.name, path.stat().st_mtime_ns) for path in (tmp_path / "m").rglob("*")) == before


def test_no_search_begins_where_its_result_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_run, "Judge", lambda *given: pytest.fail("the search began"))
    (tmp_path / "file").write_text("kept")
    with pytest.raises(ConfigError, match="file is a file"):
        _train(tmp_path / "file" / "run")
    monkeypatch.setattr(os, "access", lambda place, mode: False)
    with pytest.raises(ConfigError, match="read-only"):
        _train(tmp_path / "out" / "run")
    with pytest.raises(ConfigError, match="read-only"):
        run_backtest("def initialize(context):\n    pass\n", Bundle.open(small_market()), *SPAN, out=tmp_path / "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_an_error_of_the_disk_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(files, "write_text", full)
    formula = tmp_path / "formula.json"
    formula.write_text("[0, 18]")
    words = ["score", str(formula), "--market", str(small_market()), "--date", "2020-06-30"]
    with pytest.raises(SystemExit) as stop:
        main([*words, "--vocabulary", "v2", "--out", str(tmp_path / "s.csv")])
    assert stop.value.code == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert "s.csv: 读写失败" in lines[0]
    assert "No space left on device" in lines[0]


def test_a_command_that_is_nearly_one_gets_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["markt"])
    assert stop.value.code == 2
    assert "No such command 'markt'; did you mean 'market'?" in capsys.readouterr().err
