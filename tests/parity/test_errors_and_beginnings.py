"""A strategy that died or refused on one side, and runs that began on another day or with other capital: named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exporter.strategy_file import Settings, render
from parity.compare import compare_sides
from parity.compare_errors import ERROR_FIELD
from parity.explain import explain_verdict
from parity.explanation import Explanation
from parity.first_steps import first_step
from parity.side import read_side
from parity.strategy_run import RunPlan, plan_run
from sdk.emulator.runner import run_backtest
from sdk.formula.formula_file import from_tokens
from sdk.market.bundle import Bundle
from tests.bundles import small_market
from tests.conftest import ROOT
from tests.parity.test_verdict import run

MOMENTUM = (ROOT / "examples/strategies/monthly_momentum.py").read_text("utf-8")
EXPORTED = render(from_tokens([4, 9, 0, 14, 5], "v1"), Settings(top_k=6))
PLAN = RunPlan("2019-04-01", "2019-07-31", 1_000_000.0)


def write(folder: Path, text: str, plan: RunPlan = PLAN, download: bool = False) -> Path:
    """Run a strategy; a download has no run.json."""
    run_backtest(text, Bundle.open(small_market()), plan.start, plan.end, plan.cash, folder)
    for name in ("run.json", "timings.json") if download else ():
        (folder / name).unlink(missing_ok=True)
    return folder


def edited(text: str, before: str, after: str) -> str:
    assert text.count(before) == 1
    return text.replace(before, after)


def searched(tmp_path: Path, text: str, platform: str, there: RunPlan = PLAN) -> tuple[str, Explanation]:
    """Return the first step and the causes of a run beside the platform's run of another text or plan."""
    download = read_side(write(tmp_path / "platform", platform, there, download=True))
    verdict = compare_sides(read_side(write(tmp_path / "local", text)), download)
    assert not verdict.equal
    (tmp_path / "strategy.py").write_text(text, "utf-8")
    plan = plan_run(download, None, None, None)
    return first_step(verdict), explain_verdict(verdict, tmp_path / "strategy.py", small_market(), plan)


# ---------------------------------------------------------------------------------------------------------- errors
REFUSALS = {
    "a line of the kernel": ("/ 119.0", "/ 120.0", "内核自检: 不一致", "重新导出"),
    "an index that has no members": (
        'POOL_INDEX = "000300.XSHG"',
        'POOL_INDEX = "000016.XSHG"',
        "调仓中止，持仓不变: MarketError",
        "先排除",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_an_exported_strategy_that_refused_to_trade_is_named_by_its_own_words(name: str, tmp_path: Path) -> None:
    """A change that makes the local strategy refuse too must not pass for the reason (it agrees: neither trades)."""
    before, after, words, advice = REFUSALS[name]
    step, told = searched(tmp_path, EXPORTED, edited(EXPORTED, before, after))
    (cause,) = told.causes
    assert cause.code == "ENV"
    assert cause.day == "2019-04-01"
    assert words in cause.sentence
    assert advice in cause.change
    assert words in step
    assert told.unattributed_bp == pytest.approx(0.0, abs=1e-6)


def test_a_refusal_in_the_middle_of_a_run_is_named_with_its_day(tmp_path: Path) -> None:
    line = "        signal_day = context.previous_date\n"
    late = f"{line}        if str(signal_day) > '2019-05-15':\n            raise ValueError('no data today')\n"
    _, told = searched(tmp_path, EXPORTED, edited(EXPORTED, line, late))
    (cause,) = told.causes
    assert (cause.code, cause.day) == ("ENV", "2019-06-03")
    assert "2 次报错，首次 2019-06-03 09:30:00" in cause.sentence
    assert "no data today" in cause.sentence


DIES = edited(
    MOMENTUM,
    "def rebalance(context):\n",
    "def rebalance(context):\n    if str(context.current_dt.date()) > '2019-05-15':\n        1 / 0\n",
)


@pytest.mark.parametrize("given", ["strategy", "run"])
def test_a_platform_run_that_died_half_way_is_not_equal(given: str, tmp_path: Path, capsys) -> None:
    """Up to there all is equal; the local run that goes on must not be called equal where comparable."""
    platform = write(tmp_path / "platform", DIES, download=True)
    (tmp_path / "strategy.py").write_text(MOMENTUM, "utf-8")
    local = tmp_path / "strategy.py" if given == "strategy" else write(tmp_path / "local", MOMENTUM)
    more = () if given == "strategy" else ("--strategy", tmp_path / "strategy.py")
    assert run(local, platform, "--market", small_market(), "--out", tmp_path / "out", *more) == 1
    told = json.loads((tmp_path / "out/parity.json").read_text("utf-8"))
    first = told["first"]
    assert (first["moment"], first["field"]) == ("2019-06-03 09:30:00", ERROR_FIELD)
    assert first["platform"] == "ZeroDivisionError: division by zero"
    assert told["next_step"].startswith("平台的策略在 2019-06-03 09:30:00 报错")
    assert told["causes"] == []
    assert told["unattributed_bp"] == 0.0
    assert "先看 first look: 平台的策略在 2019-06-03" in capsys.readouterr().out


def test_a_strategy_that_dies_on_both_sides_is_equal_and_that_is_noted(tmp_path: Path) -> None:
    sides = [read_side(write(tmp_path / name, DIES, download=True)) for name in ("local", "platform")]
    verdict = compare_sides(*sides)
    assert verdict.equal
    assert any("策略报错 1 次" in note and "ZeroDivisionError" in note for note in verdict.platform.notes)


# ------------------------------------------------------------------------------------------------------- beginnings
def test_a_run_that_began_a_week_later_is_named(tmp_path: Path) -> None:
    step, told = searched(tmp_path, EXPORTED, EXPORTED, RunPlan("2019-04-08", PLAN.end, PLAN.cash))
    (cause,) = told.causes
    assert cause.code == "ENV"
    assert "自 2019-04-01 起运行，另一侧自 2019-04-08 起" in cause.sentence
    assert "随机" not in cause.sentence + cause.change
    assert "回测首日 本地 2019-04-01，平台 2019-04-08" in step
    assert told.unattributed_bp == pytest.approx(0.0, abs=1e-6)


def test_what_the_platform_could_not_know_before_its_first_day_is_no_difference(tmp_path: Path) -> None:
    later = read_side(write(tmp_path / "platform", EXPORTED, RunPlan("2019-04-08", PLAN.end, PLAN.cash), True))
    verdict = compare_sides(read_side(write(tmp_path / "local", EXPORTED)), later)
    assert verdict.first is not None
    assert verdict.first.moment[:10] == "2019-04-08"


def test_another_day_and_another_capital_at_once_are_one_cause(tmp_path: Path) -> None:
    step, told = searched(tmp_path, MOMENTUM, MOMENTUM, RunPlan("2019-04-08", PLAN.end, 100_000.0))
    (cause,) = told.causes
    assert "自 2019-04-01 起、以 1,000,000.00 元运行" in cause.sentence
    assert "初始资金 本地 1,000,000.00，平台 100,000.00" in step
    assert told.unattributed_bp == pytest.approx(0.0, abs=1e-6)
