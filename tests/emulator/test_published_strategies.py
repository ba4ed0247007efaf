"""Strategies as users publish them run to the end on the made market, trade, and meet no unsupported call."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from sdk.emulator.runner import run_backtest
from sdk.market.made.market import make_market
from sdk.market.made.spec import MarketSpec

STRATEGIES = sorted((Path(__file__).parent / "strategies").glob("*.py"))


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    return make_market(tmp_path_factory.mktemp("published") / "bundle", MarketSpec(stocks=60, years=1.5, funds=True))


@pytest.mark.parametrize("path", STRATEGIES, ids=lambda path: path.stem)
def test_a_published_strategy_runs_and_trades(path, market, tmp_path):
    result = run_backtest(path, market, "2018-06-01", "2019-03-29", 1_000_000, tmp_path / "run")
    assert result.status == "done", "\n".join(result.log[-1:])
    assert "UnsupportedCall" not in (tmp_path / "run/log.txt").read_text(encoding="utf-8")
    assert len(result.trades) >= 2
    assert not [note for note in result.notes if "future" in note], "a published strategy asks for nothing unknown"
    table = (tmp_path / "run/result.csv").read_text(encoding="gbk")
    assert len(list(csv.reader(io.StringIO(table)))) == len(result.days) + 1
    assert result.total_value.min() > 300_000


def test_there_are_enough_of_them():
    assert len(STRATEGIES) >= 32
