"""``jqalpha parity STRATEGY.py DOWNLOAD``: the emulator runs the strategy over the platform's dates and capital."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parity.curves import starting_cash
from parity.side import read_side
from parity.strategy_run import RunPlan, plan_run
from sdk.emulator.runner import run_backtest
from sdk.errors import ParityError
from sdk.market.bundle import Bundle
from tests.bundles import small_market
from tests.conftest import ROOT, shared
from tests.parity.test_verdict import run

STRATEGY = ROOT / "examples/strategies/monthly_momentum.py"
START, END, CASH = "2019-01-03", "2019-06-28", 500_000


@pytest.fixture(scope="module")
def download(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four files of a run, as a platform would give them: without run.json."""
    folder = tmp_path_factory.mktemp("platform") / "run"
    run_backtest(STRATEGY, Bundle.open(small_market()), START, END, CASH, folder)
    for name in ("run.json", "timings.json"):
        (folder / name).unlink()
    return folder


def test_dates_and_capital_are_read_off_the_download(download: Path) -> None:
    plan = plan_run(read_side(download), None, None, None)
    assert (plan.start, plan.end, plan.cash) == (START, END, CASH)


def test_the_capital_of_a_real_download_is_found() -> None:
    assert starting_cash(read_side(shared("platform_runs/gbk_exports_2023"))) == 200_000


def test_the_same_strategy_is_equal(download: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(STRATEGY, download, "--market", small_market(), "--out", tmp_path / "out") == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[0] == lines[-1]
    assert lines[0].startswith("可比部分一致")
    told = json.loads((tmp_path / "out/parity.json").read_text("utf-8"))
    assert (told["verdict"], told["causes"]) == ("equal", None)
    assert (tmp_path / "out/parity.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert (tmp_path / "out/run/log.txt").is_file()


def test_another_strategy_differs_and_is_told_what_to_look_at(
    download: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = STRATEGY.read_text("utf-8").replace(
        "def initialize(context):", "def initialize(context):\n    set_slippage(FixedSlippage(0.04))", 1
    )
    changed = tmp_path / "changed.py"
    changed.write_text(text, "utf-8")
    assert run(changed, download, "--market", small_market(), "--out", tmp_path / "out") == 1
    out = capsys.readouterr().out
    assert "layer=fill price" in out
    assert "set_slippage" in out
    page = (tmp_path / "out/parity.html").read_text("utf-8")
    assert "不同：从 2019-01-" in page
    assert page.count("<title>2019-") > 100  # one hover text a trading day


def test_a_log_alone_does_not_tell_the_capital(download: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ParityError, match="--start, --end, --cash"):
        plan_run(read_side(download / "log.txt"), None, None, None)
    assert plan_run(read_side(download / "log.txt"), START, END, 1e6) == RunPlan(START, END, 1e6)
    begun = read_side(shared("platform_runs/ma_crossover_2026/log.txt"))
    assert plan_run(begun, None, END, 1e6).start == "2026-01-01"
    assert run(STRATEGY, download / "log.txt", "--market", small_market(), "--out", "x") == 2
    assert "--cash" in capsys.readouterr().err


def test_a_strategy_without_a_market_is_refused(download: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(STRATEGY, download) == 2
    assert "--market DIR" in capsys.readouterr().err
