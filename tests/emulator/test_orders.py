"""Orders on a market written by hand: quantities, limits, halts, T+1, queues, fees, slippage."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.emulator.runner import run_backtest
from tests.emulator.markets import made_bundle

NAN = float("nan")
A, STAR, FUND, MONEY, INDEX = "600000.XSHG", "688001.XSHG", "510300.XSHG", "511880.XSHG", "000300.XSHG"
DAYS = 6


def market(path, **changes):
    bars = {
        A: {"open": [10.0] * DAYS, **changes},
        STAR: {"open": [50.0] * DAYS},
        FUND: {"open": [4.011] * DAYS},
        MONEY: {"open": [100.0] * DAYS},
    }
    return made_bundle(path / "market", bars, kinds={FUND: "fund", MONEY: "fund"})


def trade(path, body, start=1, end=3, cash=100_000, rules=None, head="", slip=False, **changes):
    """Run ``body`` as handle_data (``day`` = 0, 1, …) without slippage; return the result."""
    setting = "" if slip else "set_slippage(FixedSlippage(0))"
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    strategy = f"""
from jqdata import *
A, STAR, FUND, MONEY = {A!r}, {STAR!r}, {FUND!r}, {MONEY!r}
def initialize(context):
    set_option('use_real_price', True)
    g.day = -1
    {setting}
    {head}
def handle_data(context, data):
    g.day += 1
    day, portfolio = g.day, context.portfolio
{lines}
"""
    bundle = market(path, **changes)
    days = [str(day) for day in bundle.days]
    result = run_backtest(strategy, bundle, days[start], days[end], cash, rules=rules)
    assert result.status == "done", result.error
    return result


def fills(result):
    return [
        (order.request.security, order.filled if order.is_buy else -order.filled, order.price)
        for order in result.trades
    ]


def lines(result, *words):
    return [line for line in result.log if all(word in line for word in words)]


@pytest.mark.parametrize(
    ("call", "bought"),
    [
        ("order_value(A, 7550)", 700),
        ("order_value(A, 999)", 0),
        ("order(A, 99)", 0),
        ("order(A, 250)", 200),
        ("order_target(A, 300)", 300),
        ("order_target_value(A, 5999)", 500),
        ("order(A, 0)", 0),
        ("order(A, -100)", 0),
        ("order_target(A, 0)", 0),
        ("order(A, 100, side='short')", 0),
        ("order(A, 100, pindex=1)", 0),
        ("order('600001.XSHG', 100)", 0),
        ("order_target_value(A, -5)", 0),
    ],
)
def test_buys_follow_the_staff_examples(tmp_path, call, bought):
    result = trade(tmp_path, f"if day == 0: print({call} is None)")
    assert sum(amount for _, amount, _ in fills(result)) == bought
    assert lines(result, " - INFO  - ")[-1].endswith(str(bought == 0))


@pytest.mark.parametrize(
    ("call", "sold"),
    [
        ("order_value(A, -2000)", 200),
        ("order_target_value(A, 5999)", 0),
        ("order_target_value(A, 3550)", 100),
        ("order_target(A, 0)", 500),
        ("order(A, -450)", 400),
        ("order(A, -900)", 500),
        ("order_target_value(A, 0)", 500),
    ],
)
def test_partial_sells_are_cut_to_lots_and_whole_ones_are_not(tmp_path, call, sold):
    result = trade(tmp_path, f"if day == 0: order(A, 500)\nif day == 1: {call}")
    assert -sum(amount for _, amount, _ in fills(result) if amount < 0) == sold


@pytest.mark.parametrize(("rule", "count"), [("error", 1), ("silent", 0)])
def test_a_sale_of_what_was_bought_today_is_refused(tmp_path, rule, count):
    body = "if day == 0: order(A, 500); print(order_target(A, 0) is None)"
    result = trade(tmp_path, body, rules={"nothing_closeable": rule})
    assert fills(result) == [(A, 500, 10.0)]
    assert len(lines(result, "ERROR - 订单委托失败", "可平仓数量有限，下单数量调整为 0")) == count
    assert lines(result, "True")


def test_cash_cuts_a_buy_by_the_price_before_slippage_and_may_end_below_zero(tmp_path):
    result = trade(tmp_path, "if day == 0: order(A, 10450)", slip=True)
    assert fills(result) == [(A, 10000, 10.01)]
    assert result.cash[0] == pytest.approx(100_000 - 100_100 - 30.03)
    note = "error=因为资金有限，下单数量调整为 10000)"
    assert lines(result, "下单检查标的数量", note)


def test_both_adjustments_are_joined_by_a_newline(tmp_path):
    result = trade(
        tmp_path, "if day == 0: order_value(A, 50000)", cash=23_683.87, close=[7.12] * DAYS, open=[7.12] * DAYS
    )
    assert fills(result) == [(A, 3300, 7.12)]
    assert lines(result, "因为资金有限，下单数量调整为 3326\n开仓数量必须是 100 的整数倍，调整为 3300")


def test_what_was_bought_today_can_be_sold_tomorrow_only(tmp_path):
    body = """
if day == 0:
    order(A, 500)
    print(order(A, -200) is None, portfolio.positions[A].closeable_amount, portfolio.positions[A].today_amount)
if day == 1:
    print(portfolio.positions[A].closeable_amount)
    order(A, 300)
    order_target(A, 0)
"""
    result = trade(tmp_path, body)
    assert [line.split(" - ")[-1] for line in lines(result, " - INFO  - ") if "Order" not in line] == [
        "True",
        "0",
        "500",
        "500",
    ]
    assert fills(result) == [(A, 500, 10.0), (A, 300, 10.0), (A, -500, 10.0)]


def test_money_funds_can_be_sold_on_the_day_and_cost_nothing(tmp_path):
    result = trade(tmp_path, "if day == 0:\n    order(MONEY, 200)\n    order_target(MONEY, 0)")
    assert [order.commission for order in result.trades] == [0, 0]
    assert result.total_value[0] == 100_000


def test_star_stocks_need_a_protect_price_and_200_shares(tmp_path):
    body = """
if day == 0:
    order(STAR, 300)
    order(STAR, 150, MarketOrderStyle(60))
    order(STAR, 333, MarketOrderStyle(60))
    order(STAR, 333, MarketOrderStyle(45))
"""
    result = trade(tmp_path, body)
    assert fills(result) == [(STAR, 333, 50.0)]
    failed = lines(result, "订单委托失败")
    assert "error=科创板市价单需要指定保护限价，取值必须大于 0 且小于 1 万元)" in failed[0]
    assert "error=开仓数量不能小于 200)" in failed[1]


@pytest.mark.parametrize("limit", [10.0, 10.01])
def test_a_market_buy_at_the_limit_is_cancelled_with_the_platforms_lines(tmp_path, limit):
    result = trade(
        tmp_path,
        "if day == 0: g.o = order(A, 100)\nif day == 0: print(g.o.status, g.o.filled)",
        slip=True,
        high_limit=[limit] * DAYS,
    )
    assert fills(result) == []
    texts = [line.split(" - ")[-1] for line in result.log]
    assert texts[0].startswith("已经涨停，市价买单取消：StockOrder(")
    assert texts[1].startswith("订单取消完成：StockOrder(")
    assert texts[2:] == ["canceled", "0"]


def test_a_market_sell_at_the_lower_limit_is_cancelled_and_a_row_of_zero_shares_is_exported(tmp_path):
    low = [NAN, NAN, 10.0, 9.0, 9.0, 9.0]
    result = trade(tmp_path, "if day == 0: order(A, 100)\nelse: order_target(A, 0)", low_limit=low)
    assert fills(result) == [(A, 100, 10.0), (A, -100, 10.0)]
    assert lines(result, "WARNING - 已经跌停，市价卖单取消：")
    row = result.texts["transaction.csv"].splitlines()[2]
    assert ",-0股,--,0,-100股,-,0,0,已撤单," in row


def test_a_buy_at_the_lower_limit_and_a_sell_at_the_upper_are_not_blocked(tmp_path):
    edges = {"low_limit": [10.0] * DAYS, "high_limit": [12.0] * DAYS}
    assert fills(trade(tmp_path / "a", "if day == 0: order(A, 100)", **edges)) == [(A, 100, 10.0)]
    edges = {"low_limit": [8.0] * DAYS, "high_limit": [NAN, NAN, 10.0, 10.0, 10.0, 10.0]}
    assert fills(trade(tmp_path / "b", "order(A, 100 if day == 0 else -100)", end=2, **edges))[1] == (A, -100, 10.0)


def test_halted_and_volumeless_days_do_not_trade(tmp_path):
    halted = trade(
        tmp_path / "a",
        "if day == 0: print(order(A, 100) is None)",
        paused=[0, 1, 0, 0, 0, 0],
        volume=[1e6, 0] + [1e6] * 4,
    )
    assert (fills(halted), halted.log[-1][-4:]) == ([], "True")
    empty = trade(tmp_path / "b", "if day == 0: order(A, 100)", volume=[1e6, 0] + [1e6] * 4)
    assert fills(empty) == []
    texts = [line.split("StockOrder")[0][20:] for line in empty.log]
    assert texts == ["- WARNING - 该标的截至到目前成交量为0 ，暂时无法成交：", "- INFO  - 订单取消完成："]


def test_the_volume_of_the_day_caps_each_order(tmp_path):
    head = "set_option('order_volume_ratio', 0.5)"
    result = trade(tmp_path, "if day == 0: order(A, 1000)", head=head, volume=[1000.0] * DAYS)
    assert fills(result) == [(A, 500, 10.0)]
    assert result.orders[0].status.name == "canceled"
    assert lines(result, "订单取消完成")


def test_orders_before_the_open_are_filled_at_the_open_and_after_the_close_at_the_next(tmp_path):
    strategy = f"""
def initialize(context):
    set_slippage(FixedSlippage(0))
    set_option('use_real_price', True)
def before_trading_start(context):
    if not context.portfolio.positions:
        o = order('{A}', 100)
        print(o.status, o.filled, context.portfolio.locked_cash, len(get_open_orders()))
def after_trading_end(context):
    if len(context.portfolio.positions) == 1:
        order('{A}', 200)
"""
    bundle = market(tmp_path, open=[10.0, 11.0, 12.0, 13.0, 14.0, 15.0])
    days = [str(day) for day in bundle.days]
    result = run_backtest(strategy, bundle, days[1], days[2], 100_000)
    assert [(order.filled, order.price) for order in result.orders] == [(100, 11.0), (200, 12.0), (0, 0.0)]
    assert [line.split(" - ")[-1] for line in result.log if "Order" not in line] == ["new", "0", "1000.0", "1"]
    assert result.cash[-1] == pytest.approx(100_000 - 1100 - 5 - 2400 - 5)


def test_limit_orders_fill_at_the_latest_price_wait_for_the_bar_or_are_cancelled_at_the_close(tmp_path):
    body = """
if day == 0:
    order(A, 100, LimitOrderStyle(10.5))
    order(A, 200, LimitOrderStyle(9.6))
    order(A, 300, LimitOrderStyle(9.0))
    print(sorted(o.amount for o in get_open_orders().values()), portfolio.locked_cash)
    cancel_order(order(A, 400, LimitOrderStyle(9.0)))
"""
    result = trade(tmp_path, body, low=[9.5] * DAYS)
    assert [(order.filled, order.price, order.status.name) for order in result.orders] == [
        (100, 10.0, "held"),
        (200, 9.6, "held"),
        (0, 0.0, "canceled"),
        (0, 0.0, "canceled"),
    ]
    assert [line.split(" - ")[-1] for line in result.log if "Order" not in line] == ["[200, 300]", "4620.0"]
    assert result.orders[1].finish_text.endswith("15:00:00")
    assert result.cash[0] == pytest.approx(100_000 - 1000 - 5 - 1920 - 5)
    assert "限价单,200股,9.6,1920,200股,9.6,0,5,全部成交" in result.texts["transaction.csv"]


def test_a_limit_sell_locks_shares_and_a_new_target_cancels_it(tmp_path):
    body = """
if day == 0: order(A, 500)
if day == 1:
    order(A, -200, LimitOrderStyle(12.0))
    p = portfolio.positions[A]
    print(p.total_amount, p.locked_amount, p.closeable_amount)
    order_target(A, 0)
"""
    result = trade(tmp_path, body)
    assert [line.split(" - ")[-1] for line in result.log if "Order" not in line] == ["300", "200", "300"]
    assert fills(result) == [(A, 500, 10.0), (A, -500, 10.0)]


@pytest.mark.parametrize(
    ("setting", "buy", "sell"),
    [
        ("pass", 10.01, 9.99),
        ("set_slippage(FixedSlippage(0))", 10.0, 10.0),
        ("set_slippage(FixedSlippage(0.1))", 10.05, 9.95),
        ("set_slippage(PriceRelatedSlippage(0.01))", 10.05, 9.95),
        ("set_slippage(StepRelatedSlippage(3))", 10.01, 9.99),
        ("set_slippage(FixedSlippage(0.1), type='stock')", 10.05, 9.95),
        ("set_slippage(FixedSlippage(9), type='fund')", 10.01, 9.99),
        ("set_slippage(FixedSlippage(1)); set_slippage(FixedSlippage(0.1), type='stock', ref=A)", 10.05, 9.95),
    ],
)
def test_a_fill_moves_by_half_of_the_slippage(tmp_path, setting, buy, sell):
    result = trade(tmp_path, "order(A, 100 if day == 0 else -100)", end=2, slip=True, head=setting)
    assert [price for _, _, price in fills(result)] == [buy, sell]


@pytest.mark.parametrize(
    ("setting", "buy", "sell"),
    [
        ("pass", 5.0, 5.0 + 10.0),
        (
            "set_order_cost(OrderCost(0, 0.0005, 0.001, 0.002), type='stock')",
            10.0,
            25.0,
        ),
        ("set_commission(PerTrade(buy_cost=0.001, sell_cost=0.003, min_cost=1))", 10.0, 30.0),
        ("set_order_cost(OrderCost(min_commission=7), type='stock', ref=A)", 7.0, 7.0),
        ("set_order_cost(OrderCost(open_commission=0.01), type='fund')", 5.0, 15.0),
    ],
)
def test_fees_take_the_most_specific_setting(tmp_path, setting, buy, sell):
    result = trade(tmp_path, "order(A, 1000 if day == 0 else -1000)", end=2, head=setting)
    assert [order.commission for order in result.trades] == pytest.approx([buy, sell])


def test_funds_have_three_decimals_and_no_tax(tmp_path):
    result = trade(tmp_path, "order(FUND, 1000 if day == 0 else -1000)", end=2, slip=True)
    assert [price for _, _, price in fills(result)] == [4.016, 4.006]
    assert [order.commission for order in result.trades] == [5.0, 5.0]


def test_set_level_hides_the_platforms_lines_and_keeps_the_strategys(tmp_path):
    result = trade(
        tmp_path, "if day == 0: order(A, 150)\nif day == 0: log.info('mine')", head="log.set_level('order', 'error')"
    )
    assert [line.split(" - ")[-1] for line in result.log] == ["mine"]


def test_a_rule_of_the_table_changes_the_result(tmp_path):
    body = "if day == 0: order(A, 100)"
    assert fills(trade(tmp_path / "a", body, slip=True))[0][2] == 10.01
    changed = trade(tmp_path / "b", body, slip=True, rules={"stock_price_rounding": "none"})
    assert fills(changed)[0][2] == 10.0 * 1.00123


def test_positions_orders_and_trades_read_as_on_the_platform(tmp_path):
    body = """
if day == 0:
    o = order(A, 100)
    print(o)
    print(list(get_trades().values())[0])
    print(portfolio.positions[A])
    print(str(o.status) == 'held', o.status == OrderStatus.held, o.avg_cost, o.commission)
    print(len(get_orders()), list(get_orders(status=OrderStatus.held)) == [o.order_id])
    print(portfolio.total_value, portfolio.positions_value, portfolio.returns)
    for code in portfolio.positions: order_target(code, 0)
"""
    result = trade(tmp_path, body)
    texts = [line.split(" - ")[-1] for line in result.log if "StockOrder" not in line]
    number = result.orders[0].entrust_id
    assert texts[0] == (
        f"UserOrder({{'status': held, 'style': MarketOrderStyle: _limit_price=0.0, 'order_id': {number}, "
        f"'price': 10.0, 'pindex': 0, 'amount': 100, 'action': 'open', 'security': '{A}', "
        "'side': 'long', 'filled': 100, "
        "'add_time': datetime.datetime(2024, 1, 3, 9, 30)})"
    )
    assert texts[1] == (
        f"UserTrade({{'trade_id': {number}, 'order_id': {number}, "
        "'time': datetime.datetime(2024, 1, 3, 9, 30), 'amount': 100, 'price': 10.0})"
    )
    assert texts[2] == (
        f"UserPosition({{'avg_cost': 10.0, 'security': '{A}', 'closeable_amount': 0, "
        "'price': 10.0, 'total_amount': 100})"
    )
    assert texts[3:7] == ["True", "True", "10.0", "5.0"]
    assert texts[7:9] == ["1", "True"]
    assert texts[9:11] == ["99995.0", "1000.0"]
    assert float(texts[11]) == pytest.approx(-5e-5)


def test_an_order_of_nan_shares_is_an_error_not_a_silence(tmp_path):
    bundle = market(tmp_path)
    days = [str(day) for day in bundle.days]
    strategy = f"def handle_data(context, data):\n    order_value('{A}', float('nan'))\n"
    result = run_backtest(strategy, bundle, days[1], days[2])
    assert result.status == "failed"
    assert "quantity is nan" in str(result.error)
    assert np.isfinite(result.total_value).all()
