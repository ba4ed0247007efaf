"""R29: a chosen stock that opens at its upper limit is not bought, its share stays in cash, nobody takes its place.

One rule in three places: the exported strategy in the emulator, what the emulator fills, and the training portfolio.
"""

from __future__ import annotations

import re

import numpy as np
import pytest

from exporter.strategy_file import Settings, render
from sdk.emulator.runner import run_backtest
from sdk.formula.formula_file import from_tokens
from sdk.scoring.monthly import Costs, monthly_market, top_k_portfolio
from tests.emulator.markets import made_bundle

INDEX, K, DAYS = "000300.XSHG", 3, 280
CODES = [f"60000{number}.XSHG" for number in range(8)]
FORMULA = from_tokens([0, 4, 6], "v2")


def bars():
    """Eight stocks on random walks inside their limits."""
    rng = np.random.default_rng(29)
    found = {}
    for code in CODES:
        close = np.round(20 * np.exp(np.cumsum(rng.normal(0, 0.015, DAYS))), 2)
        before = np.r_[close[0], close[:-1]]
        found[code] = {
            "open": np.round(before * (1 + rng.normal(0, 0.004, DAYS)), 2),
            "close": close,
            "high": np.maximum(close, before) * 1.02,
            "low": np.minimum(close, before) * 0.98,
            "volume": np.round(rng.uniform(1e6, 2e6, DAYS)),
            "high_limit": np.round(before * 1.1, 2),
            "low_limit": np.round(before * 0.9, 2),
        }
    return found


def rebalanced(path, prices):
    """Run the exported strategy over its first rebalances; return (result, bundle, first rebalance day, chosen)."""
    bundle = made_bundle(path, prices, start="2023-01-02", pool_index=INDEX)
    days = bundle.days
    first = next(i for i in range(240, DAYS) if str(days[i])[:7] != str(days[i - 1])[:7])
    strategy = render(FORMULA, Settings(top_k=K))
    result = run_backtest(strategy, bundle, str(days[first]), str(days[first]), 1_000_000)
    assert result.status == "done", result.error
    held = re.findall(r"\((\d{6}\.\w{4})\),多", result.texts["position.csv"])
    return result, bundle, first, sorted(held)


def test_the_share_of_a_stock_at_its_limit_stays_in_cash(tmp_path):
    prices = bars()
    _, _, first, free = rebalanced(tmp_path / "free", prices)
    assert len(free) == K
    locked = free[0]
    prices[locked]["open"][first] = prices[locked]["high_limit"][first]
    result, _, _, held = rebalanced(tmp_path / "locked", prices)
    assert held == free[1:]
    assert any(line.endswith(f"开盘涨停，不买入: {locked}") for line in result.log)
    assert result.cash[-1] == pytest.approx(1_000_000 / K, rel=0.02)
    assert [order.request.security for order in result.orders if order.request.security == locked] == []


def test_the_training_portfolio_leaves_the_same_share_in_cash(tmp_path):
    prices = bars()
    bundle = made_bundle(tmp_path / "free", prices, start="2023-01-02", pool_index=INDEX)
    scores = np.tile(np.arange(len(CODES), dtype=float)[:, None], 6)
    span = (INDEX, str(bundle.days[60]), str(bundle.days[-1]))
    market = monthly_market(bundle, *span)
    day = int(market.trade_days[0])
    best = CODES[-1]
    prices[best]["open"][day] = prices[best]["high_limit"][day]
    locked = monthly_market(made_bundle(tmp_path / "locked", prices, start="2023-01-02", pool_index=INDEX), *span)
    assert (market.buyable[-1, 0], locked.buyable[-1, 0]) == (True, False)
    months, free_of_charge = len(market.trade_days), Costs(0, 0, 0)
    found = top_k_portfolio(locked, scores[:, :1].repeat(months, axis=1), K, free_of_charge)
    others = locked.growth[-K:-1, 0]
    assert found.returns[0] == pytest.approx(others.sum() / K)


def test_the_emulator_cancels_a_market_buy_at_the_limit_whoever_sends_it(tmp_path):
    prices = bars()
    prices[CODES[0]]["open"][5] = prices[CODES[0]]["high_limit"][5]
    bundle = made_bundle(tmp_path / "market", prices, start="2023-01-02")
    strategy = "def handle_data(context, data):\n    order('600000.XSHG', 100)\n    order('600001.XSHG', 100)\n"
    day = str(bundle.days[5])
    result = run_backtest("from jqdata import *\n" + strategy, bundle, day, day)
    assert [(order.request.security, order.filled) for order in result.orders] == [(CODES[0], 0), (CODES[1], 100)]
    assert any("已经涨停，市价买单取消" in line for line in result.log)
