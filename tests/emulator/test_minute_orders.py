"""Orders on minute bars: queued limit orders, stop orders, volume caps and the end of the day."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.emulator.runner import run_backtest
from tests.emulator.markets import made_bundle

A = "600000.XSHG"


def market(path, second_day, first=10.0, minutes=True, **daily):
    """Two days of one stock: flat at ``first``, then the 240 closes ``second_day``; 1,000 shares a minute."""
    closes = np.array([np.full(240, first), second_day])
    bars = {
        "open": closes[:, 0],
        "close": closes[:, -1],
        "low": closes.min(1),
        "high": closes.max(1),
        "volume": [240e3, 240e3],
        **daily,
    }
    return made_bundle(path / "market", {A: bars}, minutes={A: closes} if minutes else None)


def path_of(*legs):
    """240 closes from (value, minutes) legs; the last leg fills the rest."""
    values = np.concatenate([np.full(count, value) for value, count in legs])
    return np.r_[values, np.full(240 - len(values), legs[-1][0])]


DIP = path_of((10.0, 60), (9.5, 30), (10.5, 60), (10.0, 1))


def run(bundle, body, cash=1_000_000, frequency="minute", rules=None, head="", tail=""):
    """``body`` is what runs at 9:30 of the second day with code ``A``; nothing slips."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    strategy = f"""
from jqdata import *
A = {A!r}
def initialize(context):
    set_option('use_real_price', True)
    set_slippage(FixedSlippage(0))
    {head}
    run_daily(work, '9:30')
def work(context):
    if context.current_dt.day == 2: return
{lines}{tail}
"""
    result = run_backtest(strategy, bundle, "2024-01-02", "2024-01-03", cash, frequency=frequency, rules=rules)
    assert result.status == "done", result.error
    return result


def fills(result):
    return [
        (f"{trade.time:%H:%M}", trade.amount if order.is_buy else -trade.amount, trade.price)
        for order in result.orders
        for trade in order.trades
    ]


def statuses(result):
    return [str(order.status) for order in result.orders]


@pytest.mark.parametrize("frequency", ["minute", "day"])
def test_a_limit_buy_fills_at_its_limit_in_the_first_bar_below_it(tmp_path, frequency):
    """The bar 10:31 opens at 10.00 and closes at 9.50; its low is below 9.80 only then."""
    result = run(market(tmp_path, DIP), "order(A, 500, LimitOrderStyle(9.8))", frequency=frequency)
    assert fills(result) == [("10:31", 500, 9.8)]
    assert any(line.startswith("2024-01-03 10:31:00") and "trade price: 9.8" in line for line in result.log)


def test_a_limit_that_is_only_touched_does_not_fill_and_is_cancelled_at_the_close(tmp_path):
    result = run(market(tmp_path, DIP), "order(A, 500, LimitOrderStyle(9.5))")
    assert fills(result) == []
    assert statuses(result) == ["canceled"]
    assert result.log[-1].startswith("2024-01-03 15:00:00")
    assert "订单取消完成" in result.log[-1]


def test_a_queued_order_takes_at_most_the_volume_of_each_bar_times_the_ratio(tmp_path):
    body = "order(A, 1200, LimitOrderStyle(9.8))"
    result = run(market(tmp_path, DIP), body, head="set_option('order_volume_ratio', 0.5)")
    assert fills(result) == [("10:31", 500, 9.8), ("10:32", 500, 9.8), ("10:33", 200, 9.8)]
    assert statuses(result) == ["held"]


def test_cash_of_a_waiting_order_is_locked_until_it_trades(tmp_path):
    body = """
order(A, 500, LimitOrderStyle(9.8))
run_daily(look, '10:00')
run_daily(look, '10:32')
"""
    look = """
def look(context):
    p = context.portfolio
    log.info('%s %s %s' % (p.available_cash, p.locked_cash, len(get_open_orders())))
"""
    result = run(market(tmp_path, DIP), body, cash=100_000, tail=look)
    said = [line.split(" - ")[-1] for line in result.log if "StockOrder" not in line]
    assert said == ["95100.0 4900.0 1", "95095.0 0.0 0"]


def test_cancel_order_ends_a_waiting_order(tmp_path):
    result = run(market(tmp_path, DIP), "got = order(A, 500, LimitOrderStyle(9.8))\nprint(cancel_order(got).status)")
    assert (statuses(result), fills(result)) == (["canceled"], [])


def with_shares(bundle, body, rules=None, frequency="minute"):
    """Buy 1,000 shares on the first day, run ``body`` at 9:30 of the second."""
    strategy = f"""
from jqdata import *
A = {A!r}
def initialize(context):
    set_option('use_real_price', True)
    set_slippage(FixedSlippage(0))
    run_daily(work, '9:30')
def work(context):
    if context.current_dt.day == 2: order(A, 1000)
    else: {body}
"""
    result = run_backtest(strategy, bundle, "2024-01-02", "2024-01-03", frequency=frequency, rules=rules)
    assert result.status == "done", result.error
    return result


STOPS = [
    # mode, stop price, what trades: the close of the first bar that reaches it
    ("stop_loss", 9.8, ("10:31", -1000, 9.5)),
    ("take_profit", 10.2, ("11:01", -1000, 10.5)),
    ("stop_loss", 9.4, None),
    ("take_profit", 10.6, None),
    ("stop_loss", 10.0, ("09:30", -1000, 10.0)),
]


@pytest.mark.parametrize(("mode", "stop", "fill"), STOPS)
def test_a_stop_sale_goes_off_in_the_first_bar_that_reaches_its_price(tmp_path, mode, stop, fill):
    result = with_shares(market(tmp_path, DIP), f"order_target(A, 0, StopMarketOrderStyle({mode!r}, {stop}))")
    assert fills(result)[1:] == ([fill] if fill else [])
    assert statuses(result)[1] == ("held" if fill else "canceled")


def test_a_stop_buy_waits_for_a_rise_and_take_profit_for_a_fall(tmp_path):
    bundle = market(tmp_path, DIP)
    rise = run(bundle, "order(A, 300, StopMarketOrderStyle('stop_loss', 10.4))")
    fall = run(bundle, "order(A, 300, StopMarketOrderStyle('take_profit', 9.6))")
    assert (fills(rise), fills(fall)) == ([("11:01", 300, 10.5)], [("10:31", 300, 9.5)])


def test_a_stop_order_may_trade_at_its_stop_price_by_rule(tmp_path):
    body = "order_target(A, 0, StopMarketOrderStyle('stop_loss', 9.8))"
    result = with_shares(market(tmp_path, DIP), body, rules={"stop_order_price": "stop"})
    assert fills(result)[1:] == [("10:31", -1000, 9.8)]


def test_a_stop_limit_order_becomes_a_limit_order(tmp_path):
    """It goes off at 10:31 (9.50); its limit of 10.20 is reached at 11:01 and fills at the limit."""
    body = "order_target(A, 0, StopLimitOrderStyle('stop_loss', 9.8, 10.2))"
    result = with_shares(market(tmp_path, DIP), body)
    assert fills(result)[1:] == [("11:01", -1000, 10.2)]


def test_stop_orders_freeze_nothing_and_size_values_by_their_own_price(tmp_path):
    body = """
got = order_value(A, 9400, StopMarketOrderStyle('stop_loss', 10.4))
print(got.amount, context.portfolio.locked_cash, got.status)
"""
    result = run(market(tmp_path, DIP), body, rules={"log_extra_arguments": "joined"})
    assert any(line.endswith("900 0.0 open") for line in result.log)


@pytest.mark.parametrize(("rule", "fill"), [("stop_price", 9.8), ("close", 10.0), ("never", None)])
def test_without_minutes_a_stop_order_is_tried_once_on_the_days_bar(tmp_path, rule, fill):
    body = "order_target(A, 0, StopMarketOrderStyle('stop_loss', 9.8))"
    bundle = market(tmp_path, DIP, minutes=False)
    result = with_shares(bundle, body, rules={"stop_orders_without_minutes": rule}, frequency="day")
    assert fills(result)[1:] == ([("15:00", -1000, fill)] if fill else [])


def test_a_stock_at_its_limit_all_day_is_not_bought_and_the_limit_order_waits_for_the_break(tmp_path):
    """Limit-up at 11.00 until 14:00, then it breaks to 10.80."""
    closes = path_of((11.0, 180), (10.8, 1))
    bundle = market(tmp_path, closes, high_limit=[11.0, 11.0], low_limit=[9.0, 9.0])
    result = run(bundle, "order(A, 100)\norder(A, 200, LimitOrderStyle(11.0))")
    assert statuses(result) == ["canceled", "held"]
    assert fills(result) == [("14:01", 200, 11.0)]
    assert any("已经涨停，市价买单取消" in line for line in result.log)


def test_before_any_trade_of_the_day_an_order_is_refused(tmp_path):
    """No share changes hands before 10:00 on the second day."""
    volumes = np.full((2, 240), 1e3)
    volumes[1, :30] = 0.0
    bars = {A: {"open": [10.0, 10.0], "volume": volumes.sum(1)}}
    bundle = made_bundle(tmp_path / "market", bars, minutes={A: np.full((2, 240), 10.0)}, minute_volumes={A: volumes})
    tail = "\ndef later(context): order(A, 100)\n"
    result = run(bundle, "run_daily(later, '9:45')\nrun_daily(later, '10:01')", tail=tail)
    assert (statuses(result), fills(result)) == (["canceled", "held"], [("10:01", 100, 10.0)])
    assert any("该标的截至到目前成交量为0" in line for line in result.log)
