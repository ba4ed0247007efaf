"""The order calls beyond one order: baskets, filters, options, limits a day, lots of every kind of security."""

from __future__ import annotations

import pytest

from sdk.emulator.instruments import instrument_of
from sdk.emulator.rules import RuleBook
from sdk.emulator.runner import run_backtest
from tests.emulator.markets import made_bundle
from tests.emulator.test_orders import FUND, MONEY, A, fills, lines, market, trade

DAYS = 6
CHINEXT, BSE, BOND = "300001.XSHE", "830946.BJ", "113001.XSHG"


def said(result):
    return [line.split(" - ")[-1] for line in result.log if "Order" not in line]


# ------------------------------------------------------------------------------------------------------ baskets
def test_a_basket_is_placed_whole(tmp_path):
    body = """
if day == 0:
    done = batch_submit_orders([{'security': A, 'amount': 250}, {'security': FUND, 'amount': 100, 'side': 'long'},
                                {'security': A, 'amount': 100, 'style': LimitOrderStyle(9.0), 'pindex': 0}])
    print([(o.security, o.amount, str(o.status)) for o in done])
    print([o.order_id for o in batch_cancel_orders([done[2], done[0].order_id])] == [done[2].order_id])
"""
    result = trade(tmp_path, body)
    assert said(result) == [f"[('{A}', 200, 'held'), ('{FUND}', 100, 'held'), ('{A}', 100, 'open')]", "True"]


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ("{'security': FUND, 'amount': 30000}", "资金不足"),
        ("{'security': FUND, 'amount': 99}", "开仓数量不能小于 100"),
        ("{'security': A, 'amount': -100}", "可平仓数量不足"),
        ("{'security': STAR, 'amount': 200}", "保护限价"),
        ("{'security': '600001.XSHG', 'amount': 100}", "不可委托"),
        ("{'security': A, 'amount': 100, 'pindex': 3}", "不可委托"),
        ("{'security': A, 'amount': 100, 'side': 'short'}", "不可委托"),
    ],
)
def test_one_bad_order_stops_the_whole_basket(tmp_path, second, reason):
    body = f"if day == 0: print(batch_submit_orders([{{'security': A, 'amount': 100}}, {second}]))"
    result = trade(tmp_path, body)
    assert said(result)[-1] == "[]"
    assert lines(result, " - ERROR - 篮子下单失败，全部未委托", reason)
    assert result.orders == ()


def test_the_sales_of_a_basket_are_checked_against_what_the_earlier_ones_leave(tmp_path):
    body = """
if day == 0: order(A, 500)
if day == 1:
    print(batch_submit_orders([{'security': A, 'amount': -300}, {'security': A, 'amount': -300}]))
    print(batch_submit_orders([{'security': A, 'amount': -300}, {'security': A, 'amount': -50}]))
    print(len(batch_submit_orders([{'security': A, 'amount': -300}, {'security': A, 'amount': -200}])))
"""
    result = trade(tmp_path, body)
    assert said(result) == ["[]", "[]", "2"]
    assert [amount for _, amount, _ in fills(result)] == [500, -300, -200]


@pytest.mark.parametrize(
    ("basket", "words"),
    [
        ("[{'security': A, 'amuont': 1}]", "no key 'amuont'; did you mean 'amount'"),
        ("[{'security': A}]", "security and amount are needed"),
        ("[A]", "expected a dict"),
    ],
)
def test_a_basket_with_a_wrong_entry_names_it(tmp_path, basket, words):
    bundle = market(tmp_path)
    days = [str(day) for day in bundle.days]
    strategy = f"A = {A!r}\ndef handle_data(context, data):\n    batch_submit_orders({basket})\n"
    result = run_backtest(strategy, bundle, days[1], days[2])
    assert "batch_submit_orders, order 0" in str(result.error)
    assert words in str(result.error)


# ------------------------------------------------------------------------------------------------------- queries
def test_orders_and_trades_of_today_are_filtered(tmp_path):
    body = """
if day == 0:
    a, f, w = order(A, 100), order(FUND, 200), order(A, 300, LimitOrderStyle(9.0))
    print([o.amount for o in get_orders(security=A).values()])
    print(list(get_orders(order_id=str(f.order_id))) == [f.order_id])
    print([o.amount for o in get_orders(security=A, status=OrderStatus.held).values()])
    print([o.amount for o in get_orders(status='open').values()], list(get_open_orders()) == [w.order_id])
    print([t.amount for t in get_trades().values()], [t.security for t in get_trades(security=FUND).values()])
    print(cancel_order(w.order_id).status, cancel_order(w), cancel_order(5), len(get_open_orders()))
if day == 1:
    print(len(get_orders()), len(get_trades()))
"""
    assert said(trade(tmp_path, body)) == [
        *("[100, 300]", "True", "[100]", "[300]", "True", "[100, 200]", f"['{FUND}']"),
        *("canceled", "None", "None", "0", "0", "0"),
    ]


def test_more_orders_than_a_day_allows_give_none_and_the_next_day_starts_anew(tmp_path):
    body = "print([order(A, 100) is None for _ in range(4)])"
    result = trade(tmp_path, body, end=2, rules={"orders_a_day": 3})
    assert said(result).count("[False, False, False, True]") == 2
    assert len(lines(result, "当日下单数量超过 3 笔")) == 2
    basket = "print(len(batch_submit_orders([{'security': A, 'amount': 100}] * 4)))"
    assert said(trade(tmp_path / "b", basket, end=1, rules={"orders_a_day": 3}))[-1] == "0"


def test_close_today_is_for_futures(tmp_path):
    body = "if day == 0: print(order(A, 100, close_today=True) is None)"
    assert said(trade(tmp_path / "a", body))[-1] == "True"
    ignored = trade(tmp_path / "b", body, rules={"close_today_on_stocks": "ignore"})
    assert fills(ignored) == [(A, 100, 10.0)]


def test_lines_whose_text_was_never_seen_can_be_silenced(tmp_path):
    body = """
if day == 0:
    print(order(A, 100, side='short') is None, order(A, 100, pindex=7) is None)
    print(batch_submit_orders([{'security': A, 'amount': 1}]))
"""
    rules = {"refused_request_line": "silent", "basket_refused_line": "silent"}
    assert len(trade(tmp_path / "a", body, rules=rules).log) == 3
    assert len(trade(tmp_path / "b", body).log) == 6


# ------------------------------------------------------------------------------------------------------- options
def test_t0_mode_sells_what_was_bought_today(tmp_path):
    body = "if day == 0:\n    order(A, 500)\n    order(A, -200)"
    assert fills(trade(tmp_path / "a", body, head="set_option('t0_mode', True)"))[1] == (A, -200, 10.0)
    assert len(fills(trade(tmp_path / "b", body))) == 1


@pytest.mark.parametrize(
    ("call", "price"),
    [
        ("order(A, 500, LimitOrderStyle(12.5))", 12.5),
        ("order(A, 500, LimitOrderStyle(3.0))", 3.0),
        ("order(A, 500)", 10.0),
    ],
)
def test_match_by_signal_fills_without_looking_at_price_volume_limit_or_slippage(tmp_path, call, price):
    head = "set_option('match_by_signal', True)"
    bars = {"volume": [10.0] * DAYS, "high_limit": [10.0] * DAYS}
    result = trade(tmp_path, f"if day == 0: {call}", head=head, slip=True, **bars)
    assert fills(result) == [(A, 500, price)]


def test_match_by_signal_at_the_latest_price_is_a_rule(tmp_path):
    head, body = "set_option('match_by_signal', True)", "if day == 0: order(A, 500, LimitOrderStyle(12.5))"
    assert fills(trade(tmp_path, body, head=head, rules={"signal_limit_price": "last"})) == [(A, 500, 10.0)]


def test_always_match_market_order_fills_outside_the_session(tmp_path):
    strategy = f"""
def initialize(context):
    set_option('use_real_price', True)
    set_option('always_match_market_order', {{}})
    set_slippage(FixedSlippage(0))
def before_trading_start(context):
    print(order('{A}', 100).status, order('{A}', 100, LimitOrderStyle(5.0)).status)
def after_trading_end(context):
    print(order('{A}', 100).status)
"""
    bundle = market(tmp_path, open=[10.0, 11.0, 12.0, 13.0, 14.0, 15.0])
    day = str(bundle.days[1])
    always = run_backtest(strategy.format(True), bundle, day, day)
    assert said(always) == ["held", "new", "held"]
    assert [order.price for order in always.trades] == [10.0, 11.0]
    assert said(run_backtest(strategy.format(False), bundle, day, day)) == ["new", "new", "new"]


def test_options_of_the_platform_that_change_nothing_here_are_accepted(tmp_path):
    trade(tmp_path, "pass", head="set_option('match_with_order_book', True); set_option('order_volume_ratio', 0.25)")


# ---------------------------------------------------------------------------------------------------------- lots
@pytest.mark.parametrize(
    ("code", "kind", "asked", "bought", "sold"),
    [
        ("600000.XSHG", "stock", 250, 200, 100),
        (CHINEXT, "stock", 250, 200, 100),
        ("688001.XSHG", "stock", 333, 333, 150),
        ("688001.XSHG", "stock", 199, 0, 0),
        (BSE, "stock", 133, 133, 50),
        (BSE, "stock", 99, 0, 0),
        ("510300.XSHG", "fund", 250, 200, 100),
        (BOND, "fund", 25, 20, 10),
        (BOND, "fund", 9, 0, 0),
        ("000300.XSHG", "index", 7, 7, 3),
    ],
)
def test_each_market_has_its_lot(tmp_path, code, kind, asked, bought, sold):
    part = {100: 150, 150: 150, 50: 50, 10: 15, 3: 3, 0: 1}[sold]
    strategy = f"""
def initialize(context):
    set_option('use_real_price', True)
    g.day = 0
def handle_data(context, data):
    g.day += 1
    if g.day == 1: order('{code}', {asked}, MarketOrderStyle(100))
    if g.day == 2: order('{code}', -{part}, MarketOrderStyle(1))
"""
    bundle = made_bundle(tmp_path / "market", {code: {"open": [10.0] * 3}}, kinds={code: kind})
    result = run_backtest(strategy, bundle, str(bundle.days[0]), str(bundle.days[1]), 100_000)
    assert [order.filled for order in result.trades] == [amount for amount in (bought, sold) if amount]


def test_a_rest_below_the_first_lot_of_star_is_sold_whole_when_the_rule_says_so(tmp_path):
    bundle = made_bundle(tmp_path / "market", {"688001.XSHG": {"open": [10.0] * 3}})
    strategy = """
def handle_data(context, data):
    style, held = MarketOrderStyle(10.5), len(context.portfolio.positions)
    order('688001.XSHG', -150 if held else 350, MarketOrderStyle(9.5) if held else style)
"""
    days = [str(day) for day in bundle.days]
    free = run_backtest(strategy, bundle, days[0], days[1], 100_000)
    strict = run_backtest(strategy, bundle, days[0], days[1], 100_000, rules={"star_partial_sell": "first_lot"})
    assert [order.filled for order in free.trades] == [350, 150]
    assert [order.filled for order in strict.trades] == [350]


# -------------------------------------------------------------------------------------------- costs and slippage
@pytest.mark.parametrize(
    ("code", "name", "types"),
    [
        ("510300.XSHG", "沪深300ETF", ("stock_fund", "fund")),
        ("511010.XSHG", "国债ETF", ("bond_fund", "fund")),
        ("513100.XSHG", "纳指ETF", ("QDII_fund", "fund")),
        ("159920.XSHE", "恒生ETF", ("QDII_fund", "fund")),
        ("160505.XSHE", "博时主题混合LOF", ("mixture_fund", "fund")),
        ("150019.XSHE", "银华锐进B", ("fjb", "fund")),
        ("150018.XSHE", "银华稳进A", ("fja", "fund")),
        ("161812.XSHE", "银华深证100分级", ("fjm", "fund")),
        ("511880.XSHG", "银华日利", ("mmf", "money_market_fund")),
        ("113001.XSHG", "中行转债", ("bond",)),
        ("600000.XSHG", "浦发银行", ("stock",)),
    ],
)
def test_a_security_belongs_to_a_cost_class_and_its_wider_class(code, name, types):
    kind = "stock" if code[0] == "6" else "fund"
    assert instrument_of(code, name, kind, RuleBook()).cost_types == types


@pytest.mark.parametrize(
    ("settings", "fee"),
    [
        ("pass", 5.0),
        ("set_order_cost(OrderCost(open_commission=0.01), type='fund')", 40.11),
        (
            "set_order_cost(OrderCost(open_commission=0.02), type='stock_fund');"
            " set_order_cost(OrderCost(open_commission=0.01), type='fund')",
            80.22,
        ),
        (
            "set_order_cost(OrderCost(min_commission=3), type='fund', ref=FUND);"
            " set_order_cost(OrderCost(open_commission=0.02), type='stock_fund')",
            3.0,
        ),
        ("set_order_cost(OrderCost(open_commission=0.02), type='bond_fund')", 5.0),
        ("set_order_cost(OrderCost(open_tax=0.5), type='fund')", 0.0),
        ("set_commission(PerTrade(0.01, 0.02, 1))", 40.11),
        (
            "set_commission(PerTrade(0.01, 0.02, 1)); set_order_cost(OrderCost(open_commission=0.02), type='fund')",
            80.22,
        ),
        (
            "set_order_cost(OrderCost(open_commission=0.02), type='fund'); set_commission(PerTrade(0.01, 0.02, 1))",
            40.11,
        ),
        ("set_order_cost(OrderCost(min_commission=7), type='fund', ref=FUND); set_commission(PerTrade())", 7.0),
    ],
)
def test_the_cost_of_a_fund_is_ref_before_class_before_type_before_default(tmp_path, settings, fee):
    result = trade(tmp_path, "if day == 0: order(FUND, 1000)", head=settings)
    assert [order.commission for order in result.trades] == pytest.approx([fee])


def test_a_tax_set_for_funds_is_charged_only_when_the_rule_says_so(tmp_path):
    head = "set_order_cost(OrderCost(open_tax=0.01), type='fund')"
    charged = trade(tmp_path, "if day == 0: order(FUND, 1000)", head=head, rules={"fund_tax": "as_set"})
    assert [order.commission for order in charged.trades] == pytest.approx([40.11])


def test_money_funds_take_fund_settings_only_when_the_rule_says_so(tmp_path):
    head, body = "set_order_cost(OrderCost(min_commission=9), type='fund')", "if day == 0: order(MONEY, 100)"
    for name, rules, fee in (("a", None, 0.0), ("b", {"money_fund_takes_fund_settings": "yes"}, 9.0)):
        assert [order.commission for order in trade(tmp_path / name, body, head=head, rules=rules).trades] == [fee]


@pytest.mark.parametrize(
    ("settings", "price"),
    [
        ("set_slippage(FixedSlippage(1)); set_slippage(FixedSlippage(0.1), type='fund')", 4.061),
        ("set_slippage(FixedSlippage(1), type='fund'); set_slippage(FixedSlippage(0.1), type='stock_fund')", 4.061),
        (
            "set_slippage(FixedSlippage(1), type='stock_fund');"
            " set_slippage(FixedSlippage(0.1), type='fund', ref=FUND)",
            4.061,
        ),
        ("set_slippage(FixedSlippage(0.1), type='bond_fund')", 4.016),
        ("set_slippage(StepRelatedSlippage(5), type='fund')", 4.013),
    ],
)
def test_the_slippage_of_a_fund_is_ref_before_class_before_type_before_global(tmp_path, settings, price):
    assert fills(trade(tmp_path, "if day == 0: order(FUND, 100)", head=settings, slip=True)) == [(FUND, 100, price)]


def test_a_money_fund_never_slips_even_when_told_to(tmp_path):
    head = "set_slippage(FixedSlippage(1)); set_slippage(FixedSlippage(1), type='money_market_fund', ref=MONEY)"
    assert fills(trade(tmp_path, "if day == 0: order(MONEY, 100)", head=head, slip=True)) == [(MONEY, 100, 100.0)]


@pytest.mark.parametrize("word", ["etf", "LOF"])
def test_listed_funds_are_funds_to_costs_and_slippage(tmp_path, word):
    head = (
        f"set_slippage(FixedSlippage(0.2), type={word!r}); set_order_cost(OrderCost(min_commission=7), type={word!r})"
    )
    bundle = market(tmp_path)
    strategy = f"def initialize(context):\n    set_option('use_real_price', True); {head}\n"
    strategy += f"def handle_data(context, data): order({FUND!r}, 100)\n"
    result = run_backtest(strategy, bundle, str(bundle.days[1]), str(bundle.days[1]))
    (order,) = result.trades
    assert (order.price, order.commission) == (round(bundle.panel([FUND])["open"][0, 1] + 0.1, 3), 7)


def test_an_unknown_type_of_slippage_is_named(tmp_path):
    bundle = market(tmp_path)
    strategy = "def initialize(context):\n    set_slippage(FixedSlippage(0), type='stok')\n"
    result = run_backtest(strategy, bundle, str(bundle.days[1]), str(bundle.days[2]))
    assert "no type 'stok'; did you mean 'stock'" in str(result.error)
