"""Random orders of all styles on made minute bars: the book adds up and no fill is impossible."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from sdk.emulator.runner import run_backtest
from sdk.market.session_minutes import bars_ended

STRATEGY = """
import random
from jqdata import *
def initialize(context):
    set_option('use_real_price', True)
    set_slippage(FixedSlippage(0))
    log.set_level('order', 'error')
    g.dice = random.Random({seed})
    g.codes = sorted(get_all_securities(date=context.previous_date).index)
def handle_data(context, data):
    dice, p = g.dice, context.portfolio
    assert all(held.total_amount >= 0 and held.closeable_amount >= 0 for held in p.positions.values())
    assert p.locked_cash >= 0
    if dice.random() > 0.1:
        return
    code = dice.choice(g.codes)
    price = get_current_data()[code].last_price
    if not price > 0:
        return
    near = round(price * (1 + dice.uniform(-0.01, 0.01)), 2)
    far = round(price * (1 + dice.uniform(-0.01, 0.01)), 2)
    mode = dice.choice(['stop_loss', 'take_profit'])
    style = dice.choice([
        MarketOrderStyle(near), LimitOrderStyle(near), StopMarketOrderStyle(mode, near),
        StopLimitOrderStyle(mode, near, far),
    ])
    what = dice.randrange(6)
    if what == 0:
        order(code, dice.choice([-500, -100, 100, 300, 2000]), style)
    elif what == 1:
        order_value(code, dice.choice([-20000, 20000, 90000]), style)
    elif what == 2:
        order_target(code, dice.choice([0, 0, 300, 5000]), style)
    elif what == 3:
        order_target_value(code, dice.choice([0, 30000, 150000]), style)
    elif get_open_orders():
        cancel_order(dice.choice(sorted(get_open_orders())))
"""


@pytest.mark.parametrize("seed", range(6))
def test_the_book_adds_up_and_fills_lie_inside_their_minute(seed, minute_market):
    bundle = minute_market
    span = str(bundle.days[320 + 12 * seed]), str(bundle.days[329 + 12 * seed])
    result = run_backtest(STRATEGY.format(seed=seed), bundle, *span, 300_000, frequency="minute")
    assert result.status == "done", result.log[-1]
    trades = sorted(
        ((trade.time, order, trade) for order in result.orders for trade in order.trades), key=lambda row: row[0]
    )
    assert len(trades) > 30
    panel, held, bought = bundle.panel(), defaultdict(int), defaultdict(int)
    for time, order, trade in trades:
        code, row, day = trade.security, panel.row(trade.security), panel.day_index(time.date())
        sign = 1 if order.is_buy else -1
        held[code] += sign * trade.amount
        bought[code, day] += trade.amount if order.is_buy else 0
        assert held[code] >= bought[code, day]  # T+1: what was bought today is still there
        assert panel["paused"][row, day] == 0
        assert panel["low_limit"][row, day] <= trade.price <= panel["high_limit"][row, day]
        low, high = minute_range(bundle, code, time)
        assert low - 1e-9 <= trade.price <= high + 1e-9
        limit = getattr(order.request.style, "limit_price", None)
        if "Limit" in type(order.request.style).__name__:
            assert (trade.price - limit) * sign <= 1e-9
    for order in result.orders:
        assert order.filled == sum(trade.amount for trade in order.trades) <= order.amount
        assert not order.unfinished


def minute_range(bundle, code, time):
    """Lowest and highest price of the bar that has just ended and of the open, at a time of day."""
    month = f"{time:%Y%m}"
    bars = bundle.minutes.read(code, month, ("open", "low", "high"))
    day = int(np.searchsorted(bundle.days, np.datetime64(time.date()))) - bundle.minutes.span[month][0]
    ended = bars_ended(time.hour * 3600 + time.minute * 60)
    if ended == 0:
        return bars["open"][day, 0], bars["open"][day, 0]
    # an order that waits in the bar may fill at its limit though the bar jumped past it
    before = max(ended - 2, 0)
    return bars["low"][day, before:ended].min(), bars["high"][day, before:ended].max()


@pytest.mark.parametrize("seed", range(2))
def test_cash_is_what_the_trades_and_fees_leave(seed, minute_market):
    """In weeks without an ex-date: cash = start − Σ price × shares − Σ fees."""
    days = minute_market.days
    events = minute_market.corporate_actions["ex_date"].to_numpy().astype("datetime64[D]")
    first = 310 + 20 * seed
    assert not ((events >= days[first]) & (events <= days[first + 8])).any()
    result = run_backtest(
        STRATEGY.format(seed=seed + 10),
        minute_market,
        str(days[first]),
        str(days[first + 8]),
        300_000,
        None,
        "minute",
    )
    assert result.status == "done", result.log[-1]
    cash = 300_000.0
    for order in result.orders:
        cash -= (1 if order.is_buy else -1) * order.traded_value + order.commission
    assert result.cash[-1] == pytest.approx(cash, abs=1e-6)
    assert result.cash.min() > -400
