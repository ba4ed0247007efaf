"""Calls for minute bars on a bundle without minutes: the open until 14:59, the rest of the day in the bar 15:00."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.emulator.runner import run_backtest
from tests.emulator.markets import made_bundle

A = "600000.XSHG"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    days = np.arange(8.0)
    day = {"open": 10 + days, "close": 10.5 + days, "low": 9.5 + days, "high": 11.0 + days, "volume": 1000 + days}
    return made_bundle(tmp_path_factory.mktemp("days") / "market", {A: day})


def ask(bundle, call, when, rules=None):
    """Return (what ``call`` gives on the last day at a time, the notes of the run)."""
    text = f"""
from jqdata import *
def initialize(context):
    set_option('use_real_price', True)
    run_daily(work, {when!r})
def work(context):
    if context.current_dt.day == 11: print(list({call}))
"""
    result = run_backtest(text, bundle, "2024-01-03", "2024-01-11", rules=rules)
    assert result.status == "done", result.log
    numbers = result.log[-1].rpartition("[")[2].rstrip("]")
    return [float(one.replace("np.float64(", "").rstrip(")")) for one in numbers.split(",")], result.notes


@pytest.mark.parametrize(
    ("call", "when", "found"),
    [
        ("history(1, '1m', 'close', A)[A]", "9:30", [16.5]),
        ("history(1, '1m', 'close', A)[A]", "14:50", [17.0]),
        ("attribute_history(A, 2, '1m', ['close'])['close']", "15:00", [17.0, 17.5]),
        ("get_price(A, count=2, frequency='1m', fields=['high'])['high']", "15:00", [17.0, 18.0]),
        ("get_bars(A, 2, unit='60m', fields=['close'])['close']", "14:50", [17.0, 17.0]),
        ("attribute_history(A, 240, '240m', ['volume'])['volume'][-1:]", "15:00", [1007.0]),
        ("history(1, '1m', 'volume', A)[A]", "14:50", [0.0]),
    ],
)
def test_a_minute_call_is_answered_from_the_day(bundle, call, when, found):
    numbers, notes = ask(bundle, call.replace("A", repr(A)), when)
    assert numbers == found
    assert any("minute_calls_without_minutes" in note for note in notes)


def test_joined_over_a_day_they_are_the_day_bar(bundle):
    bars = f"get_bars({A!r}, 1, unit='240m', fields=['open', 'high', 'low', 'close', 'volume'])[0]"
    assert ask(bundle, bars, "15:00")[0] == [17.0, 18.0, 16.5, 17.5, 1007.0]


def test_before_the_close_they_say_nothing_of_the_rest_of_the_day(bundle, tmp_path):
    days = np.arange(8.0)
    other = {"open": 10 + days, "close": 9.5 + days, "low": 9.2 + days, "high": 12.0 + days, "volume": 5000 + days}
    twin = made_bundle(tmp_path / "twin", {A: other})
    call = f"get_price({A!r}, start_date='2024-01-11 09:30:00', end_date='2024-01-11 14:59:00', frequency='1m')"
    asked = f"{call}.sum().tolist()"
    assert ask(bundle, asked, "14:59")[0] == ask(twin, asked, "14:59")[0]
