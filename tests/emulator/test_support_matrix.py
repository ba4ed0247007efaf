"""docs/support.md is what the code does, and every name that is not offered says so in one sentence."""

from __future__ import annotations

import pytest

from sdk.emulator.official_names import OFFICIAL, PARTIAL
from sdk.emulator.runner import run_backtest
from sdk.emulator.unsupported import UNBUILT
from tests.emulator.markets import made_bundle
from tools import support_matrix

CODE = "600000.XSHG"
USED = """
initialize set_option set_benchmark run_daily set_order_cost OrderCost get_current_data order_target_value
set_slippage get_price query get_security_info FixedSlippage get_fundamentals attribute_history
get_all_securities order_target order_value history get_index_stocks run_weekly run_monthly get_trade_days
get_trades order finance.run_query PriceRelatedSlippage set_commission PerTrade handle_data get_bars
before_trading_start record get_extras get_factor_values get_industry_stocks send_message set_subportfolios
SubPortfolioConfig get_all_trade_days after_code_changed get_valuation read_file after_trading_end
MarketOrderStyle enable_profile get_industry unschedule_all set_universe get_dominant_future LimitOrderStyle
get_industries write_file get_call_auction StepRelatedSlippage get_concept_stocks get_history_fundamentals
on_strategy_end get_ticks get_money_flow process_initialize get_billboard_list get_current_tick
get_future_contracts standardlize winsorize_med get_orders handle_tick subscribe neutralize inout_cash
valuation indicator income balance cash_flow positions cash last_price paused is_st high_limit low_limit
get_concepts unsubscribe_all cancel_order transfer_cash get_concept calc_factors marginsec_open portfolio
macro.run_query get_locked_shares get_open_orders order_id sellable_amount acc_avg_cost hold_cost today_amount
day_open locked_amount transferable_cash starting_cash portfolio_value positions_value long_positions
subportfolios run_params returns init_time avg_cost total_amount closeable_amount available_cash total_value
current_dt previous_date
"""


@pytest.fixture(scope="module")
def tables():
    """Trying every name fails when one is neither offered nor spoken for."""
    return support_matrix.tables()


def test_the_page_is_what_trying_every_name_gives():
    page = support_matrix.PAGE.read_text(encoding="utf-8")
    assert page == support_matrix.page(), "run: python tools/support_matrix.py"


def test_no_note_is_stale(tables):
    """A partial note belongs to a name that is offered."""
    status = {row.name: row.status for _, rows in tables for row in rows}
    assert [name for name in PARTIAL if status.get(name) != support_matrix.PART] == []


def test_every_unbuilt_name_is_official():
    official = {name.partition(".")[0] for group in OFFICIAL for name in group.names}
    assert sorted(set(UNBUILT) - official) == []


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    return made_bundle(tmp_path_factory.mktemp("market") / "bundle", {CODE: {"open": [10.0] * 5}})


@pytest.mark.parametrize("name", sorted(UNBUILT))
@pytest.mark.parametrize("use", ["{}()", "{}.anything"])
def test_an_unsupported_name_raises_one_sentence_with_name_line_and_way_out(market, name, use):
    text = f"def initialize(context):\n    a = 1\n    {use.format(name)}\n"
    result = run_backtest(text, market, "2024-01-02", "2024-01-02")
    assert result.status == "failed"
    last = result.log[-1].splitlines()[-1]
    kind = "UnsupportedName" if ".anything" in use else "UnsupportedCall"
    assert last.startswith(f"{kind}: {use.format(name)} 本地回测不支持 (策略第 3 行)")
    assert last.endswith(UNBUILT[name])


def test_used_names_of_public_strategies_are_official():
    """JOINQUANT.md §12 and §15: what at least 1 % of public strategies use."""
    official = {name for group in OFFICIAL for name in group.names}
    assert sorted(set(USED.split()) - official) == []
