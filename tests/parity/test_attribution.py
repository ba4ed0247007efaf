"""``jqalpha parity`` names the cause of a difference, with its worth, for a strategy file and for a run directory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.planted_faults import TOP_K
from exporter.strategy_file import Settings, render
from parity.counterfactual import Recipe, run_into
from parity.counterfactual_text import with_lag, with_setting
from sdk.formula.formula_file import from_tokens
from sdk.market.bundle import Bundle
from tests.bundles import small_market
from tests.parity.test_verdict import run


@pytest.fixture(scope="module")
def right() -> Recipe:
    text = render(from_tokens([2], "v1"), Settings(top_k=TOP_K))
    return Recipe(text, Bundle.open(small_market()), "2018-07-02", "2018-09-28", 500_000.0)


def _files(recipe: Recipe, folder: Path) -> Path:
    run_into(recipe, recipe.end, folder)
    for name in ("run.json", "timings.json"):
        (folder / name).unlink()
    return folder


def test_a_strategy_file_whose_platform_run_slips_otherwise(right: Recipe, tmp_path: Path, capsys) -> None:
    (tmp_path / "strategy.py").write_text(right.strategy, "utf-8")
    platform = _files(
        right.with_text(with_setting, "set_slippage(PriceRelatedSlippage(0.01))"), tmp_path / "platform"
    )
    arguments = [tmp_path / "strategy.py", platform, "--market", small_market(), "--out", tmp_path / "out"]
    assert run(*arguments) == 1
    told = json.loads((tmp_path / "out/parity.json").read_text("utf-8"))
    assert [cause["code"] for cause in told["causes"]] == ["FILL"]
    assert told["causes"][0]["day"] == "2018-07-02"
    assert told["causes"][0]["basis_points"] < 0
    assert told["unattributed_bp"] == pytest.approx(0.0, abs=1e-6)
    out = capsys.readouterr().out
    assert "PriceRelatedSlippage(0.01)" in out
    assert "要改 change" in out


def test_a_run_of_another_engine_is_walked_to_from_the_platform(right: Recipe, tmp_path: Path, capsys) -> None:
    (tmp_path / "strategy.py").write_text(right.strategy, "utf-8")
    platform = _files(right, tmp_path / "platform")
    local = _files(right.with_text(with_lag, 2), tmp_path / "local")
    more = ["--strategy", tmp_path / "strategy.py", "--market", small_market(), "--json", tmp_path / "told.json"]
    assert run(local, platform, *more) == 1
    told = json.loads((tmp_path / "told.json").read_text("utf-8"))
    (cause,) = told["causes"]
    assert (cause["code"], cause["local"], cause["platform"]) == ("TIME", "2018-06-28", "2018-06-29")
    assert "lag = 2" in capsys.readouterr().out


def test_causes_can_be_left_out(right: Recipe, tmp_path: Path) -> None:
    (tmp_path / "strategy.py").write_text(right.strategy, "utf-8")
    platform = _files(right.with_text(with_lag, 2), tmp_path / "platform")
    arguments = [tmp_path / "strategy.py", platform, "--market", small_market(), "--out", tmp_path / "out"]
    assert run(*arguments, "--no-causes") == 1
    assert json.loads((tmp_path / "out/parity.json").read_text("utf-8"))["causes"] is None
