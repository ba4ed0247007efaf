"""The line that says how a run went: where a strategy stopped, and that nothing of it was ever called."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sdk.emulator.isolated import Limits, run_isolated
from sdk.emulator.runner import run_backtest
from sdk.emulator.summary import verdict
from sdk.market.bundle import Bundle
from tests.bundles import small_market

SPAN = {"start": "2020-01-02", "end": "2020-01-10"}
RAISES = """
def initialize(context):
    run_daily(trade, '9:35')

def trade(context):
    if context.current_dt.day == 7:
        oder_value('000001.XSHE', 1)
"""


def run(text: str) -> tuple[str, tuple[str, ...]]:
    result = run_backtest(text, Bundle.open(small_market()), **SPAN)
    return verdict(result), result.notes


def test_a_strategy_that_raises_is_named_by_instant_and_line() -> None:
    line = RAISES.splitlines().index("        oder_value('000001.XSHE', 1)") + 1
    assert run(RAISES)[0].startswith(f"失败：2020-01-07 09:35:00 第 {line} 行出错 NameError: name 'oder_value'")


def test_an_error_of_initialize_has_its_line_too() -> None:
    assert "第 2 行出错 ZeroDivisionError" in run("def initialize(context):\n    1 / 0\n")[0]


def test_a_function_with_other_arguments_has_its_instant() -> None:
    found = run("def before_trading_start():\n    pass\n")[0]
    assert re.match(r"失败：2020-01-0\d 09:00:00 出错 TypeError: before_trading_start\(\) takes 0", found), found


def test_a_run_that_was_stopped_names_no_line(tmp_path: Path) -> None:
    path = tmp_path / "loop.py"
    path.write_text("def initialize(context):\n    while True:\n        pass\n")
    summary = run_isolated(path, small_market(), tmp_path / "run", Limits(2.0), **SPAN)
    assert summary.verdict.startswith("失败：策略在第一个交易日结束前停止 超过时间上限 2 秒")


@pytest.mark.parametrize(
    ("text", "slip"),
    [("def initialise(context):\n    pass\n", "initialise; did you mean 'initialize'?"), ("x = 1\n", "")],
)
def test_a_strategy_of_which_nothing_is_called_says_so(text: str, slip: str) -> None:
    (note,) = [note for note in run(text)[1] if "什么也不会执行" in note]
    assert note.endswith(slip or "is ever called")


@pytest.mark.parametrize("text", ["initialize(context)", "handle_data(context, data)"])
def test_a_strategy_that_is_called_is_not_accused(text: str) -> None:
    assert not [note for note in run(f"def {text}:\n    pass\n")[1] if "什么也不会执行" in note]
