"""R24: what is compared states its premises; unequal ones are refused by name, equal runs are equal."""

from __future__ import annotations

import json

import pytest

from parity.compare import compare_sides
from parity.side import read_side
from sdk.emulator.runner import run_backtest
from sdk.errors import ParityError
from sdk.market.bundle import Bundle
from tests.bundles import small_market

STRATEGY = """
def initialize(context):
    set_option('use_real_price', True)
    {setting}
    run_monthly(trade, 1, 'open')
def trade(context):
    for code in get_index_stocks('000300.XSHG')[:5]:
        order_target_value(code, context.portfolio.total_value / 5)
"""
SPAN = ("2019-01-02", "2019-03-29")


def side(path, setting="pass", span=SPAN, cash=1_000_000, rules=None):
    bundle = Bundle.open(small_market(), verify=False)
    result = run_backtest(STRATEGY.format(setting=setting), bundle, *span, cash=cash, out=path, rules=rules, name="s")
    assert result.status == "done", result.error
    return read_side(path)


def test_runs_of_equal_premises_are_compared_and_equal(tmp_path):
    assert compare_sides(side(tmp_path / "a"), side(tmp_path / "b")).equal


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"setting": "set_slippage(FixedSlippage(0))"}, "options.slippage"),
        ({"setting": "set_order_cost(OrderCost(min_commission=1), type='stock')"}, "options.costs"),
        ({"setting": "set_option('order_volume_ratio', 0.5)"}, "options.order_volume_ratio"),
        ({"setting": "set_option('match_by_signal', True)"}, "options.match_by_signal"),
        ({"span": ("2019-01-02", "2019-02-28")}, "end: 2019-03-29 ≠ 2019-02-28"),
        ({"cash": 500_000}, "cash: 1000000.0 ≠ 500000.0"),
        ({"rules": {"value_order_shares": "delta_first"}}, "rules_changed.value_order_shares"),
    ],
)
def test_unequal_premises_are_refused_and_named(tmp_path, change, named):
    with pytest.raises(ParityError, match="premises") as refused:
        compare_sides(side(tmp_path / "a"), side(tmp_path / "b", **change))
    assert named in str(refused.value)


def test_a_run_states_all_its_premises(tmp_path):
    side(tmp_path / "a")
    page = json.loads((tmp_path / "a/run.json").read_text(encoding="utf-8"))
    for name in ("strategy_sha256", "bundle_fingerprint", "start", "end", "cash", "frequency", "rules_changed"):
        assert name in page
    assert page["options"]["slippage"] == {"all": "PriceRelatedSlippage(value=0.00246)"}
    assert page["options"]["costs"] == {}
