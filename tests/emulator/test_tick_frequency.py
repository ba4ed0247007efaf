"""Tick frequency: who is called when, with which tick, and what an order inside handle_tick gets."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.emulator.runner import run_backtest
from sdk.market.session_minutes import ENDS
from tests.emulator.markets import made_bundle
from tests.emulator.test_minute_frequency import A, B, bundle, closes, run, said  # noqa: F401 - four days of minutes

SUBSCRIBED = "def before_trading_start(context): subscribe([A, B], 'tick')\n"
NAMES = f"A, B = {A!r}, {B!r}\n"


def ticks(result):
    return [line for line in said(result) if line.startswith("t ")]


def test_a_tick_of_the_auction_and_of_each_minute(bundle):  # noqa: F811
    body = NAMES + SUBSCRIBED + "def handle_tick(context, tick):\n"
    body += "    print('t', tick.code, tick.datetime == context.current_dt, str(tick.datetime)[11:], tick.current)\n"
    found = ticks(run(bundle, body, frequency="tick"))
    assert found[:3] == [
        "t 600000.XSHG True 09:25:00 11.0",
        "t 000002.XSHE True 09:25:00 22.0",
        "t 600000.XSHG True 09:31:00 11.0",
    ]
    assert found[-1] == "t 000002.XSHE True 15:00:00 26.78"
    assert len(found) == 2 * (1 + len(ENDS))


def test_a_halted_day_and_a_minute_without_a_trade_have_none(tmp_path, bundle):  # noqa: F811
    count = NAMES + SUBSCRIBED + "def handle_tick(context, tick): print('t', tick.code)\n"
    assert set(ticks(run(bundle, count, start=2, end=2, frequency="tick"))) == {f"t {A}"}
    volume = np.full((1, 240), 100.0)
    volume[0, 1:238] = 0.0
    prices = closes(1)
    day = {"open": prices[:, 0], "close": prices[:, -1], "low": prices.min(1), "high": prices.max(1)}
    quiet = made_bundle(
        tmp_path / "market", {A: {**day, "volume": [300.0]}}, minutes={A: prices}, minute_volumes={A: volume}
    )
    body = NAMES + "def before_trading_start(context): subscribe(A, 'tick')\n"
    body += "def handle_tick(context, tick): print('t', str(tick.datetime)[11:])\n"
    times = ticks(run(quiet, body, start=0, end=0, frequency="tick"))
    assert times == ["t 09:25:00", "t 09:31:00", "t 14:59:00", "t 15:00:00"]


def test_only_what_is_subscribed_now(bundle):  # noqa: F811
    body = NAMES + SUBSCRIBED
    body += """
def handle_tick(context, tick):
    print('t', tick.code, str(context.current_dt)[11:16])
    if tick.code == A and context.current_dt.minute == 32:
        unsubscribe(B, 'tick')
    if context.current_dt.minute == 33:
        unsubscribe_all()
"""
    assert ticks(run(bundle, body, frequency="tick")) == [
        *(f"t {code} {time}" for time in ("09:25", "09:31") for code in (A, B)),
        f"t {A} 09:32",
        f"t {A} 09:33",
    ]


def test_an_order_trades_at_the_price_of_its_tick(bundle):  # noqa: F811
    body = NAMES + "def before_trading_start(context): subscribe(A, 'tick')\n"
    body += """
def handle_tick(context, tick):
    if str(context.current_dt)[11:] == '10:30:00':
        order(A, 100)
        print('t', tick.current, context.portfolio.positions[A].price)
"""
    assert ticks(run(bundle, body, frequency="tick")) == ["t 11.59 11.59"]


def test_bars_are_not_called_and_clock_times_are_to_the_second(bundle):  # noqa: F811
    body = """
def initialize(context):
    set_option('use_real_price', True)
    run_daily(bar, 'every_bar')
    run_daily(at, '10:15:20')
def bar(context): print('t bar')
def handle_data(context, data): print('t data')
def at(context): print('t', context.current_dt)
"""
    assert ticks(run(bundle, body, frequency="tick")) == ["t 2024-01-03 10:15:20"]


@pytest.mark.parametrize("frequency", ["day", "minute"])
def test_other_frequencies_refuse_subscriptions_and_say_when_handle_tick_runs(bundle, frequency):  # noqa: F811
    day = str(bundle.days[1])
    body = NAMES + "def handle_tick(context, tick): pass\n"
    found = run_backtest(body, bundle, day, day, frequency=frequency)
    assert [text for text in found.notes if "--frequency tick" in text]
    failed = run_backtest(NAMES + "def initialize(context): subscribe(A, 'tick')\n", bundle, day, day)
    assert (failed.status, "必须在频率为 tick" in str(failed.error)) == ("failed", True)


def test_ticks_need_real_prices_and_a_run_without_them_says_so(bundle):  # noqa: F811
    day = str(bundle.days[1])
    found = run_backtest("def initialize(context): pass\n", bundle, day, day, frequency="tick")
    assert [text for text in found.notes if "use_real_price" in text]


@pytest.mark.parametrize(("line", "told"), [("pass", True), ("subscribe(A, 'tick'); unsubscribe_all()", False)])
def test_ticks_that_nobody_asked_for_are_missed_aloud(bundle, line, told):  # noqa: F811
    day = str(bundle.days[1])
    body = NAMES + f"def before_trading_start(context): {line}\ndef handle_tick(context, tick): pass\n"
    found = run_backtest(body, bundle, day, day, frequency="tick")
    assert found.status == "done", found.error
    assert bool([text for text in found.notes if "一次也没有被调用" in text]) is told
