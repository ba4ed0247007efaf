"""Every strategy of examples/strategies runs on the made market and trades."""

from __future__ import annotations

import pytest

from sdk.emulator.runner import run_backtest
from sdk.market.bundle import Bundle
from tests.bundles import real_market, small_market
from tests.conftest import ROOT

STRATEGIES = sorted((ROOT / "examples/strategies").glob("*.py"))
MADE = [
    path
    for path in STRATEGIES
    if "000001.XSHE" not in path.read_text(encoding="utf-8") and not path.stem.startswith("minute_")
]


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.stem)
def test_an_example_runs_and_trades(path, tmp_path):
    bundle = Bundle.open(small_market(), verify=False)
    result = run_backtest(path, bundle, "2019-01-02", "2020-03-31", 1_000_000, tmp_path / "run")
    assert result.status == "done", result.error
    assert result.trades
    assert result.figures["trading_days"] == len(result.days)


def test_momentum_on_the_real_market_keeps_its_book(tmp_path):
    bundle = Bundle.open(real_market(), verify=False)
    path = ROOT / "examples/strategies/monthly_momentum.py"
    result = run_backtest(path, bundle, "2021-01-01", "2022-12-31", 1_000_000, tmp_path / "run")
    assert result.status == "done", result.error
    assert len(result.days) == 485
    assert result.cash.min() > -1_000
    assert not result.notes
