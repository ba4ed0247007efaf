"""Dividends, bonus shares, splits, delistings: booked before the open of the ex-date, to the cent."""

from __future__ import annotations

import json

import pytest

from sdk.emulator.runner import run_backtest
from sdk.market.bundle import Bundle
from tests.bundles import real_market
from tests.emulator.markets import made_bundle

A, FUND = "600000.XSHG", "511880.XSHG"
HOLD = """
def initialize(context):
    set_option('use_real_price', {real})
    set_slippage(FixedSlippage(0))
    set_order_cost(OrderCost(), type='stock')
    g.day = 0
def before_trading_start(context):
    p = context.portfolio
    held = [(x.total_amount, x.avg_cost, x.price) for x in p.positions.values()]
    print('%r %r %r' % (p.total_value, p.available_cash, held))
def handle_data(context, data):
    g.day += 1
    if g.day == 1:
        order('{code}', {amount})
"""


def run(path, bars, actions, code=A, amount=8400, real=True, cash=100_000, rules=None, **more):
    bundle = made_bundle(path / "market", {code: bars}, actions=actions, **more)
    days = [str(day) for day in bundle.days]
    strategy = HOLD.format(code=code, amount=amount, real=real)
    result = run_backtest(strategy, bundle, days[0], days[-1], cash, rules=rules)
    assert result.status == "done", result.error
    return result


def morning(result, day):
    """(total value, cash, [(shares, avg_cost, price)]) at 09:00 of the ``day``-th day."""
    total, cash, rest = [line for line in result.log if "09:00:00" in line][day].split(" - ")[-1].split(" ", 2)
    return float(total), float(cash), eval(rest)


def test_a_dividend_is_paid_after_twenty_percent_tax_and_lowers_the_cost_before_tax(tmp_path):
    bars = {"open": [4.76, 4.676, 4.676], "close": [4.76, 4.676, 4.676], "pre_close": [4.76, 4.676, 4.676]}
    result = run(tmp_path, bars, [(A, "2024-01-03", 0.084, 1.0)])
    total, cash, positions = morning(result, 1)
    assert cash == pytest.approx(100_000 - 8400 * 4.76 + 564.48, abs=1e-9)
    assert positions[0] == (8400, pytest.approx(4.676), 4.676)
    assert total == pytest.approx(100_000 - 0.2 * 8400 * 0.084)


def test_funds_pay_no_tax(tmp_path):
    bars = {"open": [101.6, 99.82, 99.82], "pre_close": [101.6, 99.817, 99.82]}
    result = run(tmp_path, bars, [(FUND, "2024-01-03", 1.783, 1.0)], code=FUND, amount=900, kinds={FUND: "fund"})
    assert morning(result, 1)[1] == pytest.approx(100_000 - 900 * 101.6 + 900 * 1.783)
    assert result.total_value[1] == pytest.approx(100_000 + 900 * (99.82 - 99.817))


def test_bonus_shares_are_cut_to_whole_shares_and_the_rest_is_paid(tmp_path):
    bars = {"open": [10.0, 7.69, 7.69], "pre_close": [10.0, 7.69, 7.69]}
    result = run(tmp_path, bars, [(A, "2024-01-03", 0.0, 1.3015)], amount=100)
    total, cash, positions = morning(result, 1)
    assert positions[0][:2] == (130, pytest.approx(10.0 / 1.3015))
    assert cash == pytest.approx(100_000 - 1000 + 0.15 * 7.69)
    assert total == pytest.approx(99_000 + 130.15 * 7.69)


def test_bonus_shares_can_be_sold_on_the_ex_date_even_when_odd(tmp_path):
    strategy = """
def initialize(context):
    set_option('use_real_price', True)
    g.day = 0
def handle_data(context, data):
    g.day += 1
    if g.day == 1: order('600000.XSHG', 100)
    if g.day == 2:
        print(context.portfolio.positions['600000.XSHG'].closeable_amount)
        order_target('600000.XSHG', 0)
"""
    bars = {"open": [10.0, 7.69, 7.69], "pre_close": [10.0, 7.69, 7.69]}
    bundle = made_bundle(tmp_path / "market", {A: bars}, actions=[(A, "2024-01-03", 0.0, 1.3)])
    result = run_backtest(strategy, bundle, "2024-01-02", "2024-01-04", 100_000)
    assert [(order.filled, order.is_buy) for order in result.trades] == [(100, True), (130, False)]


def test_shares_bought_on_the_ex_date_get_nothing(tmp_path):
    bars = {"open": [9.0, 10.0, 10.0]}
    result = run(tmp_path, bars, [(A, "2024-01-02", 1.0, 2.0)])
    assert morning(result, 1)[2][0][0] == 8400
    assert result.total_value[0] == 100_000


def test_the_days_gain_counts_from_the_ex_reference_price(tmp_path):
    bars = {"open": [10.0, 5.0, 5.0], "close": [10.0, 5.1, 5.1], "pre_close": [10.0, 5.0, 5.1]}
    result = run(tmp_path, bars, [(A, "2024-01-03", 0.0, 2.0)], amount=1000)
    lines = result.texts["position.csv"].splitlines()
    row = next(line for line in lines if line.startswith("2024-01-03")).split(",")
    assert row[4:6] == ["2000股", "2000股"]
    assert row[9] == "5"
    assert row[12] == "200"


def test_without_real_prices_nothing_is_booked_and_prices_are_adjusted_to_the_last_day(tmp_path):
    bars = {"open": [10.0, 5.0, 5.5], "pre_close": [10.0, 5.0, 5.0], "factor": [1.0, 2.0, 2.0]}
    result = run(tmp_path, bars, [(A, "2024-01-03", 0.0, 2.0)], real=False, amount=1000)
    assert [order.price for order in result.trades] == [5.0]
    assert morning(result, 2)[2][0][:2] == (1000, 5.0)
    assert result.total_value[2] == 100_500


def test_a_delisted_position_stays_priced_and_cannot_be_sold(tmp_path):
    nan = float("nan")
    bars = {"open": [10.0, 9.0, nan, nan]}
    others = {"600001.XSHG": {"open": [1.0] * 4}}
    strategy = (
        HOLD.format(code=A, amount=100, real=True)
        + "    if g.day == 3: print('sold', order_target('600000.XSHG', 0))\n"
    )
    bundle = made_bundle(tmp_path / "market", {A: bars, **others}, delisted={A: "2024-01-03"})
    kept = run_backtest(strategy, bundle, "2024-01-02", "2024-01-05", 10_000)
    assert kept.total_value.tolist() == [10_000, 9_900, 9_900, 9_900]
    assert any(line.endswith(" - None") for line in kept.log)
    cash = run_backtest(strategy, bundle, "2024-01-02", "2024-01-05", 10_000, rules={"delisted_position": "cash"})
    assert cash.total_value.tolist() == [10_000, 9_900, 9_900, 9_900]
    assert cash.cash[-1] == 9_900


EVENTS = """
def initialize(context):
    set_option('use_real_price', {real})
    set_slippage(FixedSlippage(0))
    set_order_cost(OrderCost(), type='stock')
    half = context.portfolio.starting_cash / 2
    set_subportfolios([SubPortfolioConfig(half, 'stock'), SubPortfolioConfig(half, 'stock')])
    g.day = 0
def handle_data(context, data):
    g.day += 1
    if g.day == 1: order('{code}', 1000); order('{code}', 500, pindex=1)
def on_event(context, event):
    assert isinstance(event, DividendsEvent) and not isinstance(event, ForcedLiquidationEvent)
    held = context.subportfolios[event.pindex].positions[event.security].total_amount
    print('%s %d %s %s %d %r' % (event.name, event.pindex, event.security, event.side, held, event.dividends))
"""


def events(path, code, kind, real=True):
    bars = {"open": [10.0, 6.0, 6.0], "pre_close": [10.0, 6.0, 6.0], "factor": [1.0, 1.6, 1.6]}
    actions = [(code, "2024-01-03", 0.4, 1.6)]
    bundle = made_bundle(path / "market", {code: bars}, actions=actions, kinds={code: kind})
    result = run_backtest(EVENTS.format(code=code, real=real), bundle, "2024-01-02", "2024-01-04", 100_000)
    assert result.status == "done", result.error
    return [line.split(" - ")[-1] for line in result.log if "Dividends" in line], result


@pytest.mark.parametrize(("code", "kind", "post"), [(A, "stock", 0.4 * 0.8), (FUND, "fund", 0.4)])
def test_on_event_tells_each_account_of_its_dividend_before_the_open(tmp_path, code, kind, post):
    said, result = events(tmp_path, code, kind)
    facts = f"'scale_factor': 1.6, 'bonus_pre_tax': 0.4, 'bonus_post_tax': {post!r}"
    dividends = f"[{{'date': datetime.date(2024, 1, 3), {facts}}}]"
    assert said == [f"Dividends 0 {code} long 1600 {dividends}", f"Dividends 1 {code} long 800 {dividends}"]
    assert sum("2024-01-03 08:00:00" in line for line in result.log) == 2


def test_without_real_prices_there_is_no_event(tmp_path):
    assert events(tmp_path, A, "stock", real=False)[0] == []


def test_the_line_of_a_dividend_is_a_rule(tmp_path):
    bars = {"open": [10.0, 9.0], "pre_close": [10.0, 9.0]}
    shown = [
        sum("除权除息" in line for line in run(tmp_path / name, bars, [(A, "2024-01-03", 1.0, 1.0)], rules=rules).log)
        for name, rules in (("a", None), ("b", {"dividend_line": "line"}))
    ]
    assert shown == [0, 1]


def test_an_event_on_a_halted_day_is_booked_on_its_date(tmp_path):
    bars = {
        "open": [10.0, 5.0, 5.0, 5.2],
        "pre_close": [10.0, 5.0, 5.0, 5.0],
        "paused": [0, 1, 1, 0],
        "volume": [1e6, 0, 0, 1e6],
    }
    result = run(tmp_path, bars, [(A, "2024-01-03", 0.0, 2.0)], amount=1000)
    assert morning(result, 1)[2] == [(2000, 5.0, 5.0)]
    assert result.total_value.tolist() == [100_000, 100_000, 100_000, 100_400]


def test_a_merger_of_shares_cuts_what_waits_to_be_sold(tmp_path):
    strategy = """
def initialize(context):
    set_option('use_real_price', True)
    set_slippage(FixedSlippage(0))
    g.day = 0
def before_trading_start(context):
    for p in context.portfolio.positions.values():
        print(p.total_amount, p.locked_amount, p.closeable_amount)
def handle_data(context, data):
    g.day += 1
    if g.day == 1: order('600000.XSHG', 1000)
def after_trading_end(context):
    if g.day == 2: order('600000.XSHG', -900)
"""
    bars = {"open": [10.0, 10.0, 20.0, 20.0], "pre_close": [10.0, 10.0, 20.0, 20.0]}
    bundle = made_bundle(tmp_path / "market", {A: bars}, actions=[(A, "2024-01-04", 0.0, 0.5)])
    result = run_backtest(strategy, bundle, "2024-01-02", "2024-01-05", 100_000)
    assert result.status == "done", result.error
    assert [line.split(" - ")[-1] for line in result.log if "09:00:00" in line] == [
        "1000",
        "0",
        "1000",
        "0",
        "500",
        "0",
    ]
    assert [(order.filled, order.is_buy) for order in result.trades] == [(1000, True), (500, False)]


def test_without_real_prices_a_delisted_position_can_be_turned_into_cash_too(tmp_path):
    nan = float("nan")
    bars = {A: {"open": [10.0, 9.0, nan, nan]}, "600001.XSHG": {"open": [1.0] * 4}}
    bundle = made_bundle(tmp_path / "market", bars, delisted={A: "2024-01-03"})
    strategy = HOLD.format(code=A, amount=100, real=False)
    result = run_backtest(strategy, bundle, "2024-01-02", "2024-01-05", 10_000, rules={"delisted_position": "cash"})
    assert result.cash.tolist() == [9_000, 9_000, 9_900, 9_900]


def test_on_the_real_market_an_ex_date_moves_the_account_by_the_tax_alone():
    """300 stocks over a year with hundreds of events: value at 09:00 = value at 16:00 of the day before."""
    strategy = """
def initialize(context):
    set_option('use_real_price', True)
    log.set_level('order', 'error')
    g.last = None
def before_trading_start(context):
    if g.last is not None:
        print('%r' % (context.portfolio.total_value - g.last))
def handle_data(context, data):
    if not context.portfolio.positions:
        for code in get_index_stocks('000300.XSHG'):
            order_value(code, 100000, MarketOrderStyle(get_current_data()[code].high_limit))
def after_trading_end(context):
    g.last = context.portfolio.total_value
"""
    bundle = Bundle.open(real_market(), verify=False)
    for tax, largest in ((0.0, 1.0), (0.2, 10_000.0)):
        rules = {"dividend_tax": tax}
        result = run_backtest(strategy, bundle, "2021-06-01", "2022-06-30", 40_000_000, rules=rules)
        assert result.status == "done", result.error
        jumps = [float(line.split(" - ")[-1]) for line in result.log if "09:00:00 - INFO" in line]
        assert len(jumps) > 250
        assert max(abs(jump) for jump in jumps) < largest
        assert max(jumps) < 1.0
        assert (sum(jump < -1 for jump in jumps) > 50) == (tax > 0)


def test_a_rule_that_was_changed_is_in_run_json(tmp_path):
    bars = {"open": [10.0, 9.0]}
    bundle = made_bundle(tmp_path / "market", {A: bars}, actions=[(A, "2024-01-03", 1.0, 1.0)])
    strategy = HOLD.format(code=A, amount=100, real=True)
    out = tmp_path / "run"
    result = run_backtest(strategy, bundle, "2024-01-02", "2024-01-03", 10_000, out, rules={"dividend_tax": 0.1})
    assert result.cash[-1] == pytest.approx(10_000 - 1000 + 90)
    assert json.loads((out / "run.json").read_text())["rules_changed"] == {"dividend_tax": "0.1"}
