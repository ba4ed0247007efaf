"""Which scheduled function runs when: N-th days, first partial period, order at one instant, time words."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.emulator.clock import Clock
from sdk.emulator.rules import RuleBook
from sdk.emulator.runner import run_backtest
from sdk.emulator.schedule import Schedule
from sdk.emulator.time_words import seconds_of
from sdk.errors import StrategyError
from tests.emulator.markets import made_bundle

CODE = "600000.XSHG"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """65 business days from Tuesday 2024-01-02; a holiday-free market."""
    return made_bundle(tmp_path_factory.mktemp("schedule") / "market", {CODE: {"open": [10.0] * 65}})


def days_of(bundle, call, start="2024-01-02", end="2024-03-29"):
    strategy = f"def initialize(context):\n    {call}\n\ndef task(context):\n    log.info('ran')\n"
    result = run_backtest(strategy, bundle, start, end)
    assert result.status == "done", result.error
    return [line[5:16] for line in result.log]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("run_monthly(task, 1)", ["01-02 09:30", "02-01 09:30", "03-01 09:30"]),
        ("run_monthly(task, -1, time='open')", ["01-31 09:30", "02-29 09:30", "03-29 09:30"]),
        ("run_monthly(task, 3, '14:50')", ["01-04 14:50", "02-05 14:50", "03-05 14:50"]),
        ("run_monthly(task, 99)", ["01-31 09:30", "02-29 09:30", "03-29 09:30"]),
        ("run_monthly(task, -99)", ["01-02 09:30", "02-01 09:30", "03-01 09:30"]),
    ],
)
def test_run_monthly_counts_trading_days_from_either_end_and_clips(bundle, call, expected):
    assert days_of(bundle, call) == expected


def test_the_first_partial_month_counts_from_the_start_of_the_run(bundle):
    assert days_of(bundle, "run_monthly(task, 1)", start="2024-01-17") == [
        "01-17 09:30",
        "02-01 09:30",
        "03-01 09:30",
    ]
    assert days_of(bundle, "run_monthly(task, 3)", start="2024-01-17")[0] == "01-19 09:30"


def test_the_last_month_of_a_run_that_ends_inside_it_keeps_its_true_last_day(bundle):
    assert days_of(bundle, "run_monthly(task, -1)", end="2024-03-15") == ["01-31 09:30", "02-29 09:30"]


def test_run_weekly_started_on_tuesday_counts_tuesday_as_day_one(bundle):
    assert days_of(bundle, "run_weekly(task, 3)", end="2024-01-12") == ["01-04 09:30", "01-10 09:30"]
    assert days_of(bundle, "run_weekly(task, weekday=5)", end="2024-01-12") == ["01-05 09:30", "01-12 09:30"]
    assert days_of(bundle, "run_weekly(task, -1, time='close-10m')", end="2024-01-12") == [
        "01-05 14:50",
        "01-12 14:50",
    ]


def test_a_task_registered_after_its_time_waits_unless_forced(bundle):
    late = """run_daily(register, '10:00')

def register(context):
    if str(context.current_dt)[:10] == '2024-01-10':
        unschedule_all()
        run_monthly(task, 1, time='9:30', force={})
"""
    assert days_of(bundle, late.format(False)) == ["02-01 09:30", "03-01 09:30"]
    assert days_of(bundle, late.format(True)) == ["01-11 09:30", "02-01 09:30", "03-01 09:30"]


def test_at_one_instant_monthly_runs_before_weekly_before_daily_before_handle_data(bundle):
    strategy = """
def initialize(context):
    for name in ('second', 'first'):
        run_daily({'first': first, 'second': second}[name], time='every_bar')
    run_weekly(weekly, 1, time='9:30')
    run_monthly(monthly, 1, time='open')
    run_daily(early, time='open-10m')
    run_daily(late, time='close + 5m')
    run_daily(night, time='23:59:59')
    run_daily(pre, time='9:00')

def first(context): print('daily 1')
def second(context): print('daily 2')
def weekly(context): print('weekly')
def monthly(context): print('monthly')
def early(context): print('early')
def late(context): print('late')
def night(context): print('night')
def pre(context): print('pre')
def before_trading_start(context): print('before')
def handle_data(context, data): print('data')
def after_trading_end(context): print('after')
"""
    result = run_backtest(strategy, bundle, "2024-01-02", "2024-01-02")
    said = [line.split(" - ")[-1] for line in result.log]
    times = [line[11:19] for line in result.log]
    assert said == [
        "pre",
        "before",
        "early",
        "monthly",
        "weekly",
        "daily 2",
        "daily 1",
        "data",
        "late",
        "after",
        "night",
    ]
    assert times == sorted(times)
    assert (times[0], times[-1]) == ("09:00:00", "23:59:59")


def test_a_function_may_schedule_another_one_for_later_the_same_day(bundle):
    strategy = """
def initialize(context): run_daily(morning, '9:31')
def morning(context):
    unschedule_all()
    run_daily(evening, '14:00')
    run_daily(missed, '9:00')
def evening(context): log.info('evening')
def missed(context): log.info('missed')
"""
    result = run_backtest(strategy, bundle, "2024-01-02", "2024-01-03")
    assert [(line[8:16], line[-7:]) for line in result.log] == [
        ("02 14:00", "evening"),
        ("03 09:00", " missed"),
        ("03 14:00", "evening"),
    ]


@pytest.mark.parametrize("word", ["25:00", "9:75", "noon", "open+5", "every_minute", None])
def test_a_word_that_is_no_time_is_an_error_that_names_the_known_forms(word):
    with pytest.raises(StrategyError, match="is not a time of day"):
        seconds_of(word, RuleBook())


@pytest.mark.parametrize("number", [0, 1.5, "1", None, True])
def test_a_day_number_must_be_a_whole_number_other_than_zero(number):
    days = np.arange("2024-01-01", "2024-02-01", dtype="datetime64[D]")
    schedule = Schedule(Clock(days, days[0].item(), 0), 0, 30, RuleBook())
    with pytest.raises(StrategyError, match="monthday="):
        schedule.run_monthly(print, number)


def test_bound_methods_cannot_be_scheduled(bundle):
    strategy = "class A:\n    def f(self, context): pass\n\ndef initialize(context):\n    run_daily(A().f)\n"
    result = run_backtest(strategy, bundle, "2024-01-02", "2024-01-03")
    assert result.status == "failed"
    assert "must be a function defined at the top of the strategy" in str(result.error)
