"""Several accounts in one run: cash and positions of each, sums over all, transfers, money paid in and out."""

from __future__ import annotations

import json

import pytest

from sdk.emulator.runner import run_backtest
from sdk.errors import StrategyError, UnsupportedCall
from tests.emulator.markets import made_bundle

A, B = "600000.XSHG", "600001.XSHG"
DAYS = 5


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    bars = {A: {"open": [10.0, 11.0, 12.0, 13.0, 14.0]}, B: {"open": [5.0] * DAYS}}
    return made_bundle(tmp_path_factory.mktemp("parts") / "market", bars)


def run(bundle, body, accounts=(60_000, 40_000), rules=None, out=None):
    """Run ``body`` as handle_data (``day`` = 0, 1, …) on accounts of so much cash, without costs."""
    configs = ", ".join(f"SubPortfolioConfig(cash={cash}, type='stock')" for cash in accounts)
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    strategy = f"""
A, B = {A!r}, {B!r}
def initialize(context):
    set_option('use_real_price', True)
    set_slippage(FixedSlippage(0))
    set_order_cost(OrderCost(), type='stock')
    set_subportfolios([{configs}])
    g.day = -1
def handle_data(context, data):
    g.day += 1
    day, whole, parts = g.day, context.portfolio, context.subportfolios
{lines}
"""
    days = [str(day) for day in bundle.days]
    return run_backtest(strategy, bundle, days[0], days[-1], 100_000, out, rules=rules)


def said(result):
    assert result.status == "done", result.error
    return [line.split(" - ")[-1] for line in result.log if "Order" not in line and " - ERROR - " not in line]


def test_each_account_has_its_own_cash_positions_and_orders(bundle):
    body = """
if day == 0:
    print(len(parts), parts[0].available_cash, parts[1].available_cash, whole.available_cash, whole.inout_cash)
    order(A, 1000)
    o = order(A, 500, pindex=1)
    order(B, 200, pindex=1)
    print(o.pindex, o.side, [x.pindex for x in get_orders().values()])
    print(parts[0].available_cash, parts[1].available_cash, whole.available_cash)
    print(parts[0].positions[A].total_amount, parts[1].positions[A].pindex, whole.positions[A].total_amount)
    print(sorted(parts[0].positions), sorted(parts[1].long_positions), len(whole.positions), B in parts[0].positions)
if day == 1:
    order_target(A, 0, pindex=1)
    print(A in parts[1].positions, A in parts[0].positions, whole.positions[A].total_amount)
    print(parts[1].total_value, whole.total_value, whole.positions_value, parts[1].returns)
"""
    assert said(run(bundle, body)) == [
        *("2", "60000.0", "40000.0", "100000.0", "100000.0"),
        *("1", "long", "[0, 1, 1]"),
        *("50000.0", "34000.0", "84000.0"),
        *("1000", "1", "1500"),
        *(f"['{A}']", f"['{A}', '{B}']", "2", "False"),
        *("False", "True", "1000"),
        *("40500.0", "101500.0", "12000.0", "0.012499999999999956"),
    ]


def test_an_account_spends_its_own_cash_only(bundle):
    result = run(bundle, "if day == 0: order(A, 9000, pindex=1)")
    assert [order.filled for order in result.trades] == [4000]
    assert "因为资金有限，下单数量调整为 4000" in "".join(result.log)
    assert result.total_value[1] == 100_000 + 4000


def test_an_account_sells_its_own_shares_only_and_missing_ones_warn(bundle):
    body = """
if day == 0: order(A, 300)
if day == 1:
    print(order_target(A, 0, pindex=1) is None, order(A, -100, pindex=1) is None, parts[1].positions[A].price)
"""
    result = run(bundle, body)
    warned = [line for line in result.log if f"Security(code={A}) 在 positions 中不存在" in line]
    assert len(warned) == 1
    assert said(result)[-3:] == ["True", "True", "0"]
    assert len(result.trades) == 1


def test_a_pindex_that_does_not_exist_gives_none_and_a_warning(bundle):
    result = run(bundle, "if day == 0: print(order(A, 100, pindex=2) is None, order(A, 100, pindex=-1) is None)")
    assert said(result)[-2:] == ["True", "True"]
    assert sum("没有仓位 pindex=" in line for line in result.log) == 2


def test_dividends_reach_every_account(tmp_path):
    bars = {A: {"open": [10.0, 9.0, 9.0, 9.0, 9.0], "pre_close": [10.0, 9.0, 9.0, 9.0, 9.0]}, B: {"open": [5.0] * 5}}
    bundle = made_bundle(tmp_path / "market", bars, actions=[(A, "2024-01-03", 1.0, 1.0)])
    body = """
if day == 0: order(A, 100); order(A, 200, pindex=1)
if day == 1: print(parts[0].available_cash, parts[1].available_cash, whole.positions[A].avg_cost)
"""
    assert said(run(bundle, body)) == ["59080.0", "38160.0", "9.0"]


def test_cash_moves_between_accounts_at_once_without_todays_proceeds(bundle):
    body = """
if day == 0: order(A, 1000)
if day == 1:
    transfer_cash(from_pindex=0, to_pindex=1, cash=20000)
    print(parts[0].available_cash, parts[1].available_cash)
    print(parts[0].inout_cash, parts[1].inout_cash, whole.inout_cash)
    order(A, -1000)
    print(parts[0].available_cash, parts[0].transferable_cash)
    transfer_cash(0, 1, 30000.5)
    print(parts[1].available_cash)
"""
    result = run(bundle, body)
    assert said(result) == [
        *("30000.0", "60000.0", "40000.0", "60000.0", "100000.0"),
        *("41000.0", "30000.0"),
        "60000.0",
    ]
    errors = [line for line in result.log if " - ERROR - " in line]
    assert len(errors) == 1
    assert "可取资金只有 30000.0" in errors[0]
    raised = run(bundle, body, rules={"cash_move_refused": "raise"})
    assert isinstance(raised.error, StrategyError)


def test_money_paid_in_counts_as_capital_from_its_day_on(bundle):
    body = """
if day == 0: order(A, 1000)
if day == 2:
    inout_cash(100000, pindex=1)
    print(whole.inout_cash, whole.starting_cash, parts[1].inout_cash, parts[1].available_cash)
if day == 3: inout_cash(-50000)
"""
    result = run(bundle, body)
    assert said(result) == ["200000.0", "200000.0", "140000.0", "140000.0"]
    assert result.total_value.tolist() == [100_000, 101_000, 202_000, 153_000, 154_000]
    rows = [line.split(",") for line in result.texts["result.csv"].splitlines()[1:]]
    assert [row[2] for row in rows] == ["0", "1", "1", "2", "2.67"]
    assert [row[3] for row in rows] == ["0", "1000", "1000", "1000", "1000"]
    assert result.figures["algorithm_return"] == pytest.approx(154 / 150 - 1)


def test_by_units_money_paid_in_leaves_the_return_alone(bundle):
    body = "if day == 0: order(A, 1000)\nif day == 2: inout_cash(102000)"
    result = run(bundle, body, rules={"inout_returns": "units"})
    rows = [line.split(",")[2] for line in result.texts["result.csv"].splitlines()[1:]]
    assert rows == ["0", "1", "2", "2.5", "3"]


def test_paying_out_more_than_may_leave_is_refused_and_the_whole_capital_is_an_error(bundle):
    body = "if day == 0: order(A, 5000)\nif day == 1: inout_cash(-20000); print(parts[0].available_cash)"
    result = run(bundle, body)
    assert said(result) == ["10000.0"]
    assert any("inout_cash(-20000.0" in line or "inout_cash(-20000," in line for line in result.log)
    everything = run(bundle, "inout_cash(-100000)", accounts=(100_000,))
    assert "must stay above 0" in str(everything.error)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("set_subportfolios([])", "between 1 and 100"),
        ("set_subportfolios([SubPortfolioConfig(1, 'stock')] * 101)", "between 1 and 100"),
        ("set_subportfolios([SubPortfolioConfig(1, 'stock')])", "must add up to the capital 100000.0"),
        ("set_subportfolios([SubPortfolioConfig(1e5, 'stok')])", "did you mean 'stock'"),
        ("set_subportfolios([SubPortfolioConfig(2e5, 'stock'), SubPortfolioConfig(-1e5, 'stock')])", "below 0"),
        ("set_subportfolios([SubPortfolioConfig('much', 'stock')])", "is not a number of CNY"),
        ("transfer_cash(0, 1, 5)", "no subportfolio 1; there are 1, from 0"),
        ("transfer_cash(0, 0, -5)", "must not be below 0"),
        ("inout_cash(float('nan'))", "cash is nan"),
    ],
)
def test_wrong_accounts_are_named(bundle, call, words):
    result = run_backtest(f"def initialize(context):\n    {call}\n", bundle, "2024-01-02", "2024-01-03", 100_000)
    assert isinstance(result.error, StrategyError)
    assert words in str(result.error)


@pytest.mark.parametrize("kind", ["futures", "index_futures", "stock_margin"])
def test_accounts_that_are_not_built_are_refused_by_name(bundle, kind):
    call = f"set_subportfolios([SubPortfolioConfig(5e4, 'stock'), SubPortfolioConfig(5e4, {kind!r})])"
    result = run_backtest(f"def initialize(context):\n    {call}\n", bundle, "2024-01-02", "2024-01-03", 100_000)
    assert isinstance(result.error, UnsupportedCall)
    assert f"set_subportfolios(type='{kind}')" in str(result.error)
    assert "策略第 2 行" in str(result.error)


def test_accounts_are_made_in_initialize_only(bundle):
    late = "def handle_data(context, data):\n    set_subportfolios([SubPortfolioConfig(100000, 'stock')])\n"
    result = run_backtest(late, bundle, "2024-01-02", "2024-01-03", 100_000)
    assert "in initialize only" in str(result.error)


def test_every_documented_field_of_the_account_can_be_read(bundle):
    body = """
if day == 0:
    order(A, 1000)
    order(A, -100, LimitOrderStyle(20.0))
    order(B, 100, LimitOrderStyle(4.0))
    fields = 'inout_cash starting_cash available_cash cash transferable_cash locked_cash margin positions_value'
    for owner in (whole, parts[0], whole.subportfolios[0]):
        print([getattr(owner, name) for name in (fields + ' total_value portfolio_value returns').split()])
        print(dict(owner.short_positions), sorted(owner.positions), sorted(owner.long_positions))
        print(sorted(owner.unsell_positions))
    debts = 'type total_liability net_value cash_liability sec_liability interest maintenance_margin_rate'
    print([getattr(parts[0], name) for name in (debts + ' available_margin').split()], parts[0].is_dangerous(0.2))
    p = whole.positions[A]
    names = 'security side pindex price total_amount closeable_amount sellable_amount amount today_amount'
    print([getattr(p, name) for name in (names + ' locked_amount value avg_cost acc_avg_cost hold_cost').split()])
    print(p.init_time, p.transact_time)
    run = context.run_params
    print(run.start_date, run.end_date, run.type, run.frequency, context.universe, context.previous_date)
"""
    texts = said(run(bundle, body, accounts=(100_000,)))
    money = "[100000.0, 100000.0, 89600.0, 89600.0, 89600.0, 400.0, 10000.0, 10000.0, 100000.0, 100000.0, 0.0]"
    assert texts[:5] == [money, "{}", f"['{A}']", f"['{A}']", f"['{A}']"]
    assert texts[5:10] == texts[:5]
    assert texts[10:15] == texts[:5]
    assert texts[15:17] == ["['stock', 0.0, 100000.0, 0.0, 0.0, 0.0, inf, 0.0]", "False"]
    assert texts[17] == f"['{A}', 'long', 0, 10.0, 1000, 0, 0, 0, 1000, 0, 10000.0, 10.0, 10.0, 10.0]"
    assert texts[18:20] == ["2024-01-02 09:30:00", "2024-01-02 09:30:00"]
    assert texts[20:] == ["2024-01-02", "2024-01-08", "full_backtest", "day", "[]", "2024-01-01"]


def test_a_covered_attribute_of_context_comes_back_with_del(bundle):
    body = """
if day == 0:
    context.portfolio = 1
    print(context.portfolio)
    del context.portfolio
    print(context.portfolio.total_value)
    context.mine = 5
    print(context.mine)
"""
    assert said(run(bundle, body, accounts=(100_000,))) == ["1", "100000.0", "5"]


def test_positions_of_all_accounts_are_in_the_files(bundle, tmp_path):
    body = "if day == 0: order(A, 300); order(A, 200, pindex=1)"
    result = run(bundle, body, out=tmp_path / "run")
    rows = [line for line in result.texts["position.csv"].splitlines() if line.startswith("2024-01-02")]
    assert [row.split(",")[4] for row in rows[:-1]] == ["300股", "200股"]
    assert rows[-1].split(",")[2] == "Cash"
    assert json.loads((tmp_path / "run/run.json").read_text())["options"]["accounts"] == 2
