"""Strategies in published styles on made minute bars: they trade, twice the same, at prices of their minute."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.emulator.runner import run_backtest
from tests.conftest import ROOT

STRATEGIES = ROOT / "examples" / "strategies"
SPAN = ("2023-01-10", "2023-06-30")


@pytest.fixture(scope="module")
def chased(minute_market):
    return run_backtest(STRATEGIES / "minute_limit_up.py", minute_market, *SPAN, frequency="minute")


@pytest.fixture(scope="module")
def grid(minute_market):
    return run_backtest(STRATEGIES / "minute_grid.py", minute_market, *SPAN, frequency="minute")


@pytest.mark.parametrize("name", ["chased", "grid"])
def test_they_run_and_trade_inside_the_bars_of_their_minute(name, request, minute_market):
    result = request.getfixturevalue(name)
    assert result.status == "done", result.log[-1]
    assert len(result.trades) > 10
    assert not any("assumed" in note or "taken from the day bar" in note for note in result.notes)
    panel = minute_market.panel()
    for order in result.trades:
        for trade in order.trades:
            row, day = panel.row(trade.security), panel.day_index(trade.time.date())
            assert panel["low"][row, day] * 0.998 - 0.005 <= trade.price <= panel["high"][row, day] * 1.002 + 0.005
            assert panel["low_limit"][row, day] <= trade.price <= panel["high_limit"][row, day]


def test_the_chase_trades_at_its_clock_times_and_its_stops_in_between(chased):
    times = {f"{trade.time:%H:%M}" for order in chased.trades for trade in order.trades if order.is_buy}
    assert times == {"14:50"}
    sold = {f"{trade.time:%H:%M}" for order in chased.trades for trade in order.trades if not order.is_buy}
    assert {"10:30", "14:40"} & sold


def test_a_strategy_of_clock_times_does_the_same_in_day_frequency(chased, minute_market):
    daily = run_backtest(STRATEGIES / "minute_limit_up.py", minute_market, *SPAN, frequency="day")
    assert daily.log == chased.log
    assert daily.texts == chased.texts


def test_grid_orders_wait_for_their_limit(grid):
    waited = [order for order in grid.trades if order.trades[0].time > order.entrust_time]
    assert waited
    assert all(order.price == order.request.style.limit_price for order in waited)


def test_the_same_run_twice_writes_the_same_bytes(minute_market, tmp_path):
    for name in ("a", "b"):
        run_backtest(
            STRATEGIES / "minute_grid.py", minute_market, "2023-02-01", "2023-03-01", 1e6, tmp_path / name, "minute"
        )
    for path in sorted((tmp_path / "a").iterdir()):
        if path.name != "timings.json":
            assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_minute_prices_are_those_of_the_bundle(minute_market):
    strategy = """
def initialize(context): set_option('use_real_price', True)
def handle_data(context, data):
    code = get_all_securities(date=context.previous_date).index[0]
    if context.current_dt.minute == 7:
        g.seen = getattr(g, 'seen', []) + [(context.current_dt, data[code].close)]
        print(context.current_dt, '%r' % float(data[code].close), code)
"""
    rules = {"log_extra_arguments": "joined"}
    result = run_backtest(strategy, minute_market, "2023-03-01", "2023-03-02", frequency="minute", rules=rules)
    assert result.status == "done", result.error
    words = [line.split(" - ")[-1].split() for line in result.log]
    assert len(words) == 2 * 4  # 10:07, 11:07, 13:07, 14:07
    month = minute_market.minutes.read(words[0][3], "202303", ("close",))["close"]
    for day, clock, price, _ in words:
        hour, minute = int(clock[:2]), int(clock[3:5])
        bar = (hour * 60 + minute - 571) if hour < 12 else (hour * 60 + minute - 781 + 120)
        assert float(price) == month[int(np.datetime64(day) > np.datetime64("2023-03-01")), bar]
