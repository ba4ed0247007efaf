"""A hand-written strategy of which one line was changed after it was pasted: the line is named, and no other."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from parity.compare import compare_sides
from parity.counterfactual_text import NotApplicable
from parity.explain import explain_verdict
from parity.explanation import Explanation
from parity.side import read_side
from parity.strategy_run import RunPlan
from parity.text_edits import clock_of, edits, with_time
from sdk.emulator.runner import run_backtest
from sdk.market.bundle import Bundle
from tests.bundles import small_market
from tests.conftest import ROOT

MOMENTUM = (ROOT / "examples/strategies/monthly_momentum.py").read_text("utf-8")
STRONGEST = """
from jqdata import *


def initialize(context):
    set_benchmark("000300.XSHG")
    set_option("use_real_price", True)
    g.pool = ["000001.XSHE", "000002.XSHE", "000292.XSHE", "000333.XSHE"]  # 四只
    g.days = 20
    run_daily(trade, "9:30")


def trade(context):
    score = {}
    for code in g.pool:
        closes = attribute_history(code, g.days, "1d", ["close"])["close"]
        score[code] = closes.iloc[-1] / closes.iloc[0] - 1
    best = max(sorted(score), key=lambda code: score[code])
    for code in list(context.portfolio.positions):
        if code != best:
            order_target_value(code, 0)
    if best not in context.portfolio.positions:
        order_value(best, context.portfolio.available_cash)
"""
PLAN = RunPlan("2019-01-03", "2019-06-28", 500_000.0)


def edited(text: str, *pairs: tuple[str, str]) -> str:
    for before, after in pairs:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


def searched(tmp_path: Path, text: str, platform: str) -> Explanation:
    """Search between a run and a download of another text, of which the log and the three tables are left."""
    for name, one in (("local", text), ("platform", platform)):
        run_backtest(one, Bundle.open(small_market()), PLAN.start, PLAN.end, PLAN.cash, tmp_path / name)
    (tmp_path / "platform/run.json").unlink()
    verdict = compare_sides(read_side(tmp_path / "local"), read_side(tmp_path / "platform"))
    assert not verdict.equal
    (tmp_path / "strategy.py").write_text(text, "utf-8")
    return explain_verdict(verdict, tmp_path / "strategy.py", small_market(), PLAN)


DAY_BEFORE = "get_trade_days(end_date=context.previous_date, count=2)[0]"
FEES = ("open_commission=0.0003, close_commission=0.0003", "open_commission=0.0008, close_commission=0.0008")
LINES = {
    "number of stocks": (
        MOMENTUM,
        [("g.hold = 10", "g.hold = 8")],
        ["SIZE"],
        "写作 g.hold = 8，另一侧写作 g.hold = 10",
    ),
    "a day late": (MOMENTUM, [("context.previous_date", DAY_BEFORE)], ["TIME"], DAY_BEFORE),
    "look-back": (STRONGEST, [("g.days = 20", "g.days = 25")], ["LOGIC"], "第 9 行写作 g.days = 25"),
    "worst first": (MOMENTUM, [("ascending=False", "ascending=True")], ["LOGIC"], "ascending=True"),
    "a fund less": (STRONGEST, [(', "000333.XSHE"]', "]")], ["UNIV"], "第 8 行写作 g.pool = ["),
    "a filter more": (
        MOMENTUM,
        [("pool = get_index_stocks(g.index)", 'pool = [c for c in get_index_stocks(g.index) if c[0] != "3"]')],
        ["UNIV"],
        "多一道过滤：平台如同 股票池剔除创业板",
    ),
    "a line and the fees": (MOMENTUM, [("g.hold = 10", "g.hold = 8"), FEES], ["SIZE", "FEE"], "g.hold = 8"),
}


@pytest.mark.parametrize("name", LINES)
def test_the_line_that_was_changed_is_named(name: str, tmp_path: Path) -> None:
    text, pairs, codes, words = LINES[name]
    told = searched(tmp_path, text, edited(text, *pairs))
    assert [cause.code for cause in told.causes] == codes
    assert words in told.causes[0].sentence
    assert told.unattributed_bp == pytest.approx(0.0, abs=1e-6)


def test_a_fund_that_only_the_platform_trades_is_added_to_the_list(tmp_path: Path) -> None:
    told = searched(tmp_path, edited(STRONGEST, (', "000333.XSHE"]', "]")), STRONGEST)
    assert [cause.code for cause in told.causes] == ["UNIV"]
    assert "000333.XSHE" in told.causes[0].sentence


def test_two_lines_changed_at_once_name_no_line(tmp_path: Path) -> None:
    """Some edits bring the sides nearer by chance: none of them may be called the cause."""
    other = edited(MOMENTUM, ("count=126", "count=67"), ("closes.iloc[-6]", "closes.iloc[-3]"))
    told = searched(tmp_path, MOMENTUM, other)
    assert not told.causes
    assert any("别的改动没有试" in remark for remark in told.remarks)


# ------------------------------------------------------------------------------------------------------------ time
def test_a_daily_task_at_another_time_stays_daily(tmp_path: Path) -> None:
    """It trades on few days; no monthly or weekly task that happens to fall on one of them may be the cause."""
    told = searched(tmp_path, STRONGEST, edited(STRONGEST, ('"9:30"', '"14:50"')))
    (cause,) = told.causes
    assert cause.code == "FREQ"
    assert 'time="14:50"，另一侧 "open"' in cause.sentence
    assert told.unattributed_bp == pytest.approx(0.0, abs=1e-6)


def test_only_the_tasks_at_that_time_are_moved() -> None:
    text = "def initialize(c):  # 开始\n    run_daily(a, time='9:05')\n    run_weekly(b, 1, time='open')  # 每周\n"
    text += "    run_daily(d, '9:30', reference_security='000300.XSHG')\n    run_monthly(e, 1)\n"
    made = with_time(text, "09:30", "14:50")
    assert "run_daily(a, time='9:05')" in made
    assert 'run_weekly(b, 1, time="14:50")  # 每周' in made
    assert "run_daily(d, \"14:50\", reference_security='000300.XSHG')" in made
    assert with_time(text, "09:05", "15:00").count('time="close"') == 1
    with pytest.raises(NotApplicable, match="no task at 10:00"):
        with_time(text, "10:00", "14:50")
    told = {"open": "09:30", "9:05": "09:05", "09:31:00": "09:31", "every_bar": "every_bar"}
    assert {time: clock_of(time) for time in told} == told


# ----------------------------------------------------------------------------------------------------------- edits
def test_every_edit_is_python_and_changes_one_line_of_it() -> None:
    found = edits(MOMENTUM, ["000300.XSHG", "000905.XSHG"], (10, 8), ["600000.XSHG"])
    assert len({edit.text for edit in found}) == len(found) > 50
    lines = MOMENTUM.split("\n")
    for edit in found:
        ast.parse(edit.text)
        made = edit.text.split("\n")
        assert [number for number, pair in enumerate(zip(lines, made, strict=True), 1) if pair[0] != pair[1]] == [
            edit.line
        ]
        assert lines[edit.line - 1].strip() == edit.before
        assert made[edit.line - 1].strip() == edit.after
    assert "g.hold = 8" in {edit.after for edit in found[:4]}


def test_what_has_a_cause_of_its_own_is_not_edited() -> None:
    text = edited(MOMENTUM, ("    g.hold = 10\n", "    g.hold = 10\n    set_slippage(FixedSlippage(0.02))\n"))
    touched = {edit.before for edit in edits(text, ["000300.XSHG", "000905.XSHG"])}
    assert not any(word in line for line in touched for word in ("set_", "run_monthly", "OrderCost", "log.info"))
    assert 'g.index = "000300.XSHG"' in touched
    with pytest.raises(NotApplicable, match="no Python"):
        edits("def f(:\n")
