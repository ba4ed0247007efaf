"""JOINQUANT.md §1 line by line: time words, lifecycle names, arguments, and what is refused."""

from __future__ import annotations

import pytest

from sdk.emulator.rules import RuleBook
from sdk.emulator.runner import run_backtest
from sdk.emulator.time_words import seconds_of, times_of
from sdk.errors import StrategyError
from sdk.market.session_minutes import STARTS
from tests.emulator.markets import made_bundle

CODE = "600000.XSHG"
CLOCK = {
    "9:30": "09:30:00",
    "09:30": "09:30:00",
    "00:00": "00:00:00",
    "23:59": "23:59:00",
    "14:50:30": "14:50:30",
    "open": "09:30:00",
    "open+5m": "09:35:00",
    "open + 5m": "09:35:00",
    "open-10m": "09:20:00",
    "open+121m": "11:31:00",
    "close": "15:00:00",
    "close-10m": "14:50:00",
    "close - 10m": "14:50:00",
    "close+30m": "15:30:00",
    "before_open": "09:00:00",
    "after_close": "15:30:00",
    "every_bar": "09:30:00",
    " open ": "09:30:00",
}


@pytest.mark.parametrize(("word", "clock"), CLOCK.items())
def test_each_time_word_is_its_time_of_day(word, clock):
    (seconds,) = times_of(word, RuleBook(), "day")
    assert f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}" == clock


@pytest.mark.parametrize("word", ["24:00", "open+900m", "open-600m", "close+9h", "open+-5m", "9.30", "", "930"])
def test_what_lies_outside_the_day_or_is_no_time_is_refused(word):
    with pytest.raises(StrategyError, match="is not a time of day"):
        seconds_of(word, RuleBook())


def test_every_bar_goes_by_the_frequency():
    assert times_of("every_bar", RuleBook(), "minute") == STARTS
    assert times_of("every_bar", RuleBook(), "day") == (34200,)
    assert times_of("every_bar", RuleBook(), "tick") == ()
    assert times_of("open", RuleBook(), "minute") == (34200,)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """25 business days from Monday 2024-01-01."""
    return made_bundle(tmp_path_factory.mktemp("words") / "market", {CODE: {"open": [10.0] * 25}}, start="2024-01-01")


def run(bundle, strategy, start="2024-01-02", end="2024-01-31"):
    return run_backtest(strategy, bundle, start, end)


def ran(bundle, body, start="2024-01-02", end="2024-01-31"):
    result = run(
        bundle, f"def initialize(context):\n    {body}\n\ndef task(context):\n    log.info('x')\n", start, end
    )
    assert result.status == "done", result.error
    return [line[8:16] for line in result.log]


def test_reference_security_is_accepted_with_a_clock_time_and_with_words(bundle):
    call = "run_daily(task, time={!r}, reference_security='000300.XSHG')"
    assert ran(bundle, call.format("14:50"), end="2024-01-03") == ["02 14:50", "03 14:50"]
    assert ran(bundle, call.format("open+5m"), end="2024-01-03") == ["02 09:35", "03 09:35"]
    assert ran(bundle, "run_weekly(task, 1, 'open', '000300.XSHG')", end="2024-01-08") == ["02 09:30", "08 09:30"]


@pytest.mark.parametrize(
    ("call", "days"),
    [
        ("run_weekly(task, -1)", ["05", "12", "19", "26"]),
        ("run_weekly(task, -2)", ["04", "11", "18", "25"]),
        ("run_weekly(task, -5)", ["02", "08", "15", "22", "29"]),
        ("run_weekly(task, 5)", ["05", "12", "19", "26"]),
        ("run_monthly(task, -1)", ["31"]),
        ("run_monthly(task, -3)", ["29"]),
        ("run_monthly(task, 1)", ["02"]),
        ("run_monthly(task, monthday=22)", ["31"]),
    ],
)
def test_n_counts_from_either_end_and_takes_the_nearest_day(bundle, call, days):
    """The last week of the run goes on to Friday 2024-02-02: its last days lie behind the end."""
    assert [day[:2] for day in ran(bundle, call)] == days


def test_out_of_range_n_can_be_skipped_by_rule(bundle):
    strategy = "def initialize(c): run_weekly(f, 5)\ndef f(c): log.info('x')\n"
    result = run_backtest(strategy, bundle, "2024-01-02", "2024-01-12", rules={"out_of_range_n": "skip"})
    assert [line[8:10] for line in result.log] == ["12"]


def test_force_default_is_a_rule(bundle):
    strategy = """
def initialize(context): run_daily(register, '10:00')
def register(context):
    unschedule_all()
    run_monthly(task, 1, '9:30')
def task(context): log.info('x')
"""
    assert run(bundle, strategy).log == ()
    late = run_backtest(strategy, bundle, "2024-01-02", "2024-01-31", rules={"force_default": "true"})
    assert [line[8:16] for line in late.log] == ["03 09:30"]


def test_each_call_adds_a_task_and_unschedule_all_forgets_them(bundle):
    twice = "run_daily(task, '10:00'); run_daily(task, '10:00')"
    assert ran(bundle, twice, end="2024-01-02") == ["02 10:00", "02 10:00"]
    assert ran(bundle, twice + "; unschedule_all()", end="2024-01-02") == []


@pytest.mark.parametrize(
    "call", ["run_daily(A().f)", "run_weekly(A().f, 1)", "run_monthly(A().f, 1)", "run_daily('f')"]
)
def test_only_functions_can_be_scheduled(bundle, call):
    result = run(bundle, f"class A:\n    def f(self, c): pass\n\ndef initialize(context):\n    {call}\n")
    assert result.status == "failed"
    assert "must be a function defined at the top of the strategy" in str(result.error)


@pytest.mark.parametrize(
    "strategy",
    [
        "def initialize(): pass\n",
        "def initialize(context, more): pass\n",
        "def initialize(context): run_daily(f)\ndef f(): pass\n",
        "def initialize(context): run_daily(f)\ndef f(context, data): pass\n",
        "def handle_data(context): pass\n",
        "def before_trading_start(context, data): pass\n",
        "def after_trading_end(): pass\n",
        "def on_strategy_end(): pass\n",
        "def after_code_changed(): pass\n",
    ],
)
def test_a_function_with_the_wrong_number_of_arguments_fails_with_its_traceback(bundle, strategy):
    result = run(bundle, strategy, end="2024-01-02")
    assert result.status == "failed"
    assert isinstance(result.error, TypeError)
    assert "Traceback" in result.log[-1]
    assert "argument" in result.log[-1]


def test_on_strategy_end_runs_only_when_the_run_ends_normally(bundle):
    tail = "def on_strategy_end(context): log.info('end')\n"
    good = run(bundle, "def handle_data(context, data): pass\n" + tail, end="2024-01-02")
    bad = run(bundle, "def handle_data(context, data): 1 / 0\n" + tail, end="2024-01-02")
    assert [line[-3:] for line in good.log] == ["end"]
    assert not any(line.endswith("end") for line in bad.log)


def test_after_code_changed_may_reschedule_once_before_process_initialize(bundle):
    strategy = """
def initialize(context): run_daily(old, '10:00')
def after_code_changed(context):
    unschedule_all()
    run_daily(new, '10:00')
def process_initialize(context): log.info('process')
def old(context): log.info('old')
def new(context): log.info('new')
"""
    said = [line.split(" - ")[-1] for line in run(bundle, strategy, end="2024-01-03").log]
    assert said == ["process", "new", "new"]


def test_at_0_00_of_the_start_the_day_before_is_known(bundle):
    result = run(
        bundle, "def initialize(context): print(context.current_dt, context.previous_date)\n", end="2024-01-02"
    )
    assert [line.split(" - ")[-1] for line in result.log] == ["2024-01-02 00:00:00", "2024-01-01"]


def test_handle_tick_is_never_called_and_the_run_says_so(bundle):
    result = run(bundle, "def handle_tick(context, tick): 1 / 0\n", end="2024-01-02")
    assert result.status == "done"
    assert any("handle_tick" in note for note in result.notes)
