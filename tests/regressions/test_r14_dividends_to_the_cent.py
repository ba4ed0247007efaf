"""R14: dividends are cash (20 % tax for stocks), shares are whole, nothing is cut to lots."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.emulator.runner import run_backtest
from sdk.market.bundle import Bundle
from tests.bundles import small_market
from tests.emulator.markets import made_bundle

BUY = """
def initialize(context):
    set_option('use_real_price', True)
    set_slippage(FixedSlippage(0))
    set_order_cost(OrderCost(), type='stock')
def handle_data(context, data):
    if not context.portfolio.positions:
        order_value('{code}', context.portfolio.available_cash)
"""


def test_a_four_percent_dividend_costs_a_small_account_the_tax_and_no_more(tmp_path):
    bars = {"open": [10.0, 9.6, 9.6], "pre_close": [10.0, 9.6, 9.6]}
    bundle = made_bundle(
        tmp_path / "market", {"600000.XSHG": bars}, actions=[("600000.XSHG", "2024-01-03", 0.4, 1.0)]
    )
    result = run_backtest(BUY.format(code="600000.XSHG"), bundle, "2024-01-02", "2024-01-04", 5_000)
    assert result.total_value.tolist() == pytest.approx([5000, 5000 - 0.2 * 500 * 0.4, 4960])
    assert "2024-01-04,股票,名600000(600000.XSHG),多,500股,500股,9.6,4800,0,9.6," in result.texts["position.csv"]


def test_over_years_a_held_stock_earns_its_adjusted_return_when_dividends_are_untaxed():
    bundle = Bundle.open(small_market(), verify=False)
    days = bundle.days[(bundle.days >= np.datetime64("2018-01-02"))]
    actions = bundle.corporate_actions
    code = actions[actions["ex_date"] >= "2018-03-01"]["code"].value_counts().index[0]
    rules = {"dividend_tax": 0}
    result = run_backtest(BUY.format(code=code), bundle, str(days[0]), str(days[-1]), 1_000_000, rules=rules)
    panel = bundle.panel([code], days[0], days[-1], ["open", "close", "factor"])
    price, factor = panel["close"][0], panel["factor"][0]
    held = result.orders[0].filled * result.orders[0].price
    grown = held * price[-1] * factor[-1] / (panel["open"][0][0] * factor[0]) + (1_000_000 - held)
    # cash dividends are not reinvested, so the account may lag the adjusted series by their later return
    paid = actions[(actions["code"] == code) & (actions["ex_date"] >= str(days[0]))]
    assert len(paid) >= 2
    assert result.total_value[-1] == pytest.approx(grown, rel=0.05)
