"""Single changes: each applies, says what it says, and copes with a damaged file of the other side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from parity.attribute import walk
from parity.counterfactual import Bench, Recipe, run_into
from parity.counterfactual_fees import order_costs
from parity.counterfactual_guess import lag_of, task_calls
from parity.counterfactual_market import ChangedBundle, other_limits
from parity.counterfactual_text import with_daily_setting
from parity.counterfactual_values import LOGIC_CHANGES, altered, with_given
from parity.record_stream import Records
from parity.records import Side
from sdk.market.bundle import Bundle
from sdk.report.audit_lines import parse_audit
from tests.emulator.markets import made_bundle

STOCK = "600519.XSHG"
TRADER = """
def initialize(context):
    run_daily(trade, time="open")


def trade(context):
    held = context.portfolio.positions[g.stock].total_amount if g.stock in context.portfolio.positions else 0
    order_target(g.stock, 0 if held else 1000)


g.stock = "600519.XSHG"
"""
COST = (
    "set_order_cost(OrderCost(open_tax=0, close_tax={tax}, open_commission=0.0003, close_commission=0.0003, "
    "close_today_commission=0, min_commission=5), type='stock')"
)
BY_DATE = "    import datetime\n    tax = 0.001 if context.current_dt < datetime.datetime(2023, 8, 28) else 0.0005\n"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    opens = [100.0 + day * 0.37 for day in range(14)]
    return made_bundle(tmp_path_factory.mktemp("tax") / "market", {STOCK: {"open": opens}}, start="2023-08-18")


@pytest.mark.parametrize("name", LOGIC_CHANGES)
def test_every_other_implementation_can_be_written(name: str) -> None:
    change = LOGIC_CHANGES[name]
    assert change.after in altered(change)


def test_a_stamp_tax_that_follows_the_law_is_found_with_both_rates(bundle: Bundle, tmp_path: Path) -> None:
    recipe = Recipe(TRADER, bundle, "2023-08-21", "2023-09-05", 500_000.0)
    head = "def trade(context):\n"
    lawful = recipe.strategy.replace(head, f"{head}{BY_DATE}    {COST.format(tax='tax')}\n")
    target = run_into(replace(recipe, strategy=lawful), recipe.end, tmp_path / "platform")
    (cost, *_) = order_costs(target)
    assert cost.daily
    assert "0.001 if" in cost.call
    assert "else 0.0005" in cost.call
    found = walk(recipe, target)
    assert found.codes == ("FEE",)
    assert found.equal


def test_a_daily_setting_is_made_before_the_first_trade(bundle: Bundle) -> None:
    recipe = Recipe(TRADER, bundle, "2023-08-21", "2023-09-05", 500_000.0)
    side = Bench(Side("", ())).run(recipe.with_text(with_daily_setting, COST.format(tax="0")), recipe.end)
    told = side.trading["log"].fills
    sold = [fill for fill in told if fill.direction == "sell"]
    assert len(sold) >= 5
    for fill in sold:
        assert fill.fee.value == pytest.approx(0.0003 * fill.price.value * fill.amount.value, rel=1e-12)


def _audits(*lines: str) -> Side:
    return Side("made", (), audits=Records.of(parse_audit(line, "2023-08-21 09:30:00") for line in lines))


@pytest.mark.parametrize("lag", ["2023-08-1", "2023-13-45", "昨天", "20230818", "None"])
def test_a_damaged_signal_day_is_passed_over(bundle: Bundle, lag: str) -> None:
    good = "v1|2023-08-22|lag=2023-08-21|"
    assert lag_of(_audits(f"v1|2023-08-21|lag={lag}|", good), bundle) == 1
    assert lag_of(_audits(f"v1|2023-08-21|lag={lag}|"), bundle) is None
    assert lag_of(_audits("v1|2023-02-31|lag=2023-08-18|"), bundle) is None


def test_a_damaged_day_of_a_rebalance_is_passed_over(bundle: Bundle) -> None:
    good = [f"v1|{day}|" for day in bundle.days[1:]]
    span = str(bundle.days[1]), str(bundle.days[-1])
    assert task_calls(_audits(*good, "v1|2023-02-31|", "v1|soon|"), bundle, *span) == task_calls(
        _audits(*good), bundle, *span
    )


def test_a_stock_without_a_rank_takes_no_place_in_the_order_put_in() -> None:
    line = parse_audit("v1|2023-08-21|600001.XSHG:nan:2:-|600002.XSHG:nan:-:-|600003.XSHG:nan:1:-|", "")
    text = "    if True:\n        order = rank()\n        chosen = []\n"
    assert '["600003.XSHG","600001.XSHG"]' in with_given(text, [line], "rank")


def test_limits_follow_the_rule_of_the_exchange(tmp_path: Path) -> None:
    closes = [10.05, 0.03, 8.35, np.nan]
    bars = {"open": [10.0] * 4, "pre_close": closes, "high_limit": [99.0] * 4, "low_limit": [1.0] * 4}
    base = made_bundle(tmp_path / "market", {STOCK: bars})
    panel = ChangedBundle(base, [other_limits(10)]).panel([STOCK])
    # half up: 10.05 × 1.1 = 11.055 → 11.06, 10.05 × 0.9 = 9.045 → 9.05; never nearer than one tick
    np.testing.assert_array_equal(panel["high_limit"][0], [11.06, 0.04, 9.19, np.nan])
    np.testing.assert_array_equal(panel["low_limit"][0], [9.05, 0.02, 7.52, np.nan])
