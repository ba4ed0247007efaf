"""Confirmation runs the exported file itself: its figures are those of a backtest of the export."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from exporter.confirm import confirm_formula
from exporter.export import export_formula
from exporter.strategy_file import Settings
from sdk.emulator.runner import run_backtest
from sdk.errors import StrategyError
from sdk.formula.formula_file import from_tokens
from sdk.market.bundle import Bundle
from sdk.training.confirmation import Premises
from tests.bundles import small_market

SPAN = ("2019-01-02", "2019-12-31")
FORMULA = from_tokens([0, 4, 7], "v2")


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(small_market())


def test_the_figures_are_those_of_a_backtest_of_the_export(bundle: Bundle, tmp_path: Path) -> None:
    export_formula(FORMULA, tmp_path / "export", Settings(top_k=5))
    run = run_backtest(tmp_path / "export" / "strategy.py", bundle, *SPAN)
    found = confirm_formula(FORMULA, bundle, *SPAN, Premises(top_k=5))
    assert found.total_return == run.figures["algorithm_return"]
    assert (found.excess_return, found.information) == (run.figures["excess_return"], run.figures["information"])
    assert (found.beta, found.max_drawdown) == (run.figures["beta"], run.figures["max_drawdown"])
    bought = sum(order.filled * order.price for order in run.trades if order.is_buy)
    sold = sum(order.filled * order.price for order in run.trades if not order.is_buy)
    assert found.turnover == pytest.approx((bought + sold) / 2 / run.total_value.mean() / 12, rel=1e-3)
    assert found.rebalances == 12


@pytest.mark.parametrize(
    "change", [{"commission": 0.003}, {"stamp_tax": 0.01}, {"half_spread": 0.01}, {"capital": 30_000}], ids=str
)
def test_premises_change_the_run(bundle: Bundle, change: dict) -> None:
    base = Premises(top_k=5)
    costly = confirm_formula(FORMULA, bundle, *SPAN, replace(base, **change))
    assert costly.total_return != confirm_formula(FORMULA, bundle, *SPAN, base).total_return
    if "capital" not in change:
        assert costly.total_return < confirm_formula(FORMULA, bundle, *SPAN, base).total_return


def test_trading_begins_where_the_formula_has_its_windows(bundle: Bundle) -> None:
    deep = from_tokens([0, 14], "v2")  # reaches further back than the bundle does on its first days
    found = confirm_formula(deep, bundle, str(bundle.days[5]), str(bundle.days[330]), Premises(top_k=5))
    assert found.start == str(bundle.days[deep.lookback_days])
    assert found.rebalances > 0


def test_a_strategy_that_cannot_rebalance_is_an_error(bundle: Bundle) -> None:
    nobody = Premises(top_k=5, pool_index="000905.XSHG")  # an index without members here
    with pytest.raises(StrategyError, match=r"调仓中止|没有"):
        confirm_formula(from_tokens([0], "v2"), bundle, str(bundle.days[400]), str(bundle.days[480]), nobody)
