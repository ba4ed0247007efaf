"""``jqalpha parity`` names the cause of a difference, with its worth, for a strategy file and for a run directory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.planted_faults import SETS
from exporter.strategy_file import Settings, render
from parity import counterfactual
from parity.compare import compare_sides
from parity.counterfactual import Recipe, run_into
from parity.counterfactual_text import with_lag, with_setting
from parity.explain import explain_verdict
from parity.records import Side
from parity.side import read_side
from parity.strategy_run import RunPlan
from sdk.formula.formula_file import from_tokens
from sdk.market.bundle import Bundle
from tests.bundles import small_market
from tests.parity.test_verdict import run


@pytest.fixture(scope="module")
def right() -> Recipe:
    text = render(from_tokens([2], "v1"), Settings(top_k=SETS["mending"].top_k))
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


def _compared(arguments: list[object], tmp_path: Path, capsys) -> tuple[int, dict, str, str]:
    """Run the command; return exit code, JSON, the verdict's line and what it wrote on stderr."""
    code = run(*arguments, "--json", tmp_path / "told.json")
    told = capsys.readouterr()
    return code, json.loads((tmp_path / "told.json").read_text("utf-8")), told.out.splitlines()[0], told.err


def test_a_search_that_fails_leaves_the_verdict_as_it_is(right: Recipe, tmp_path: Path, capsys) -> None:
    platform = _files(right, tmp_path / "platform")
    raises = "    if str(context.current_dt.date()) > '2018-08-15':\n        raise ValueError('broken here')\n"
    broken = right.strategy.replace("def rebalance(context):\n", "def rebalance(context):\n" + raises)
    assert broken != right.strategy
    (tmp_path / "strategy.py").write_text(broken, "utf-8")
    arguments = [tmp_path / "strategy.py", platform, "--market", small_market(), "--out", tmp_path / "out"]
    searched = _compared(arguments, tmp_path, capsys)
    assert (tmp_path / "out/parity.html").is_file()
    plain = _compared([*arguments, "--no-causes"], tmp_path, capsys)
    assert searched[:3] == plain[:3]
    assert searched[0] == 1
    assert searched[1]["causes"] is None
    assert "未找原因 causes not searched" in searched[3]
    assert "broken here" in searched[3]
    assert plain[3] == ""


def test_why_no_causes_were_searched_is_said_on_stderr(right: Recipe, tmp_path: Path, capsys) -> None:
    (tmp_path / "strategy.py").write_text(right.strategy, "utf-8")
    (tmp_path / "gbk.py").write_bytes("# 策略\n".encode("gbk"))
    platform = _files(right, tmp_path / "platform")
    local = _files(right.with_text(with_lag, 2), tmp_path / "local")
    for name, market, told in (
        ("strategy.py", [], "--market DIR"),
        ("gbk.py", ["--market", small_market()], "export it again"),
    ):
        found = _compared([local, platform, "--strategy", tmp_path / name, *market], tmp_path, capsys)
        assert found[0] == 1
        assert found[1]["causes"] is None
        assert told in found[3]
    assert run(local, platform, "--strategy", tmp_path / "absent.py") == 2


def test_a_strategy_that_reproduces_neither_side_is_said_so(right: Recipe, tmp_path: Path) -> None:
    (tmp_path / "strategy.py").write_text(right.strategy, "utf-8")
    platform = _files(right.with_text(with_lag, 3), tmp_path / "platform")
    local = _files(right.with_text(with_lag, 2), tmp_path / "local")
    more = ["--strategy", tmp_path / "strategy.py", "--market", small_market(), "--json", tmp_path / "told.json"]
    assert run(local, platform, *more) == 1
    told = json.loads((tmp_path / "told.json").read_text("utf-8"))
    assert any("基点相对于重新运行" in remark for remark in told["cause_remarks"])


def test_the_strategy_as_it_is_runs_once_and_once_more_for_its_noise(
    right: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "strategy.py").write_text(right.strategy, "utf-8")
    local = read_side(_files(right, tmp_path / "local"))
    setting = "set_slippage(PriceRelatedSlippage(0.01))"
    platform = read_side(_files(right.with_text(with_setting, setting), tmp_path / "platform"))
    ran: list[tuple[str, str]] = []

    def counted(recipe: Recipe, end: str, out: Path) -> Side:
        ran.append((recipe.strategy, end))
        return run_into(recipe, end, out)

    monkeypatch.setattr(counterfactual, "run_into", counted)
    plan = RunPlan(right.start, right.end, right.cash)
    found = explain_verdict(compare_sides(local, platform), tmp_path / "strategy.py", small_market(), plan)
    assert found is not None
    assert [cause.code for cause in found.causes] == ["FILL"]
    assert ran.count((right.strategy, right.end)) == 2
    assert f"重新运行 {len(ran)} 次 counterfactual runs" in found.remarks
    assert not any("基点相对于重新运行" in remark for remark in found.remarks)
