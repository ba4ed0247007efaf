"""The monthly top-K portfolio: signal lag, ties, halts, limits, costs, against a plain second computation."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from jq_strategy.ranking import choose
from sdk.market.bundle import Bundle
from sdk.scoring.monthly import Costs, MonthlyMarket, monthly_market, top_k_portfolio
from tests.bundles import small_market

FREE = Costs(0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def market() -> MonthlyMarket:
    return monthly_market(Bundle.open(small_market()), "000300.XSHG", "2018-01-01", "2020-12-31")


def _simple(stocks: int, months: int) -> MonthlyMarket:
    rng = np.random.default_rng(0)
    yes = np.ones((stocks, months), dtype=bool)
    return MonthlyMarket(
        codes=tuple(f"{row:06d}.XSHE" for row in range(stocks)),
        signal_days=np.arange(months) * 20,
        trade_days=np.arange(months) * 20 + 1,
        members=yes,
        buyable=yes,
        sellable=yes,
        growth=rng.normal(0, 0.1, (stocks, months - 1)),
    )


def test_the_signal_day_is_the_trading_day_before(market: MonthlyMarket) -> None:
    bundle = Bundle.open(small_market())
    assert (market.trade_days - market.signal_days == 1).all()
    months = bundle.days[market.trade_days].astype("datetime64[M]")
    assert (bundle.days[market.signal_days].astype("datetime64[M]") == months - 1).all()


def test_without_costs_a_month_earns_the_mean_of_its_choice() -> None:
    market = _simple(30, 13)
    scores = np.random.default_rng(1).normal(size=(30, 13))
    result = top_k_portfolio(market, scores, 5, FREE)
    plain = [
        np.mean(
            [market.growth[market.codes.index(code), month] for code in choose(market.codes, scores[:, month], 5)]
        )
        for month in range(12)
    ]
    np.testing.assert_allclose(result.returns, plain, rtol=1e-12)


def test_equal_scores_are_chosen_by_code_and_counted() -> None:
    market = _simple(20, 4)
    scores = np.zeros((20, 4))
    scores[7] = 1.0
    result = top_k_portfolio(market, scores, 3, FREE)
    expected = market.growth[[7, 0, 1]].mean(axis=0)
    np.testing.assert_allclose(result.returns, expected, rtol=1e-12)
    assert result.cut_in_tie.all()


def test_missing_scores_are_never_bought() -> None:
    market = _simple(10, 3)
    scores = np.full((10, 3), np.nan)
    scores[4] = -5.0
    result = top_k_portfolio(market, scores, 4, FREE)
    np.testing.assert_allclose(result.returns[0], market.growth[4, 0] / 4, rtol=1e-12)


def test_a_stock_locked_at_the_open_is_not_bought_and_a_halted_one_not_sold() -> None:
    market = _simple(6, 4)
    buyable, sellable = market.buyable.copy(), market.sellable.copy()
    buyable[0, 0] = False  # wanted in month 0, cannot be bought
    sellable[1, 1] = buyable[1, 1] = False  # held from month 0, unwanted in month 1, cannot be sold
    market = dataclasses.replace(market, buyable=buyable, sellable=sellable)
    scores = np.zeros((6, 4)) - np.arange(6)[:, None]
    scores[:2, 1:] = -99.0
    result = top_k_portfolio(market, scores, 2, FREE)
    assert result.returns[0] == pytest.approx(market.growth[1, 0] / 2)
    assert result.turnover[0] == pytest.approx(0.5)
    held = 0.5 * (1 + market.growth[1, 0])
    value = 0.5 + held
    bought = [value / 2, value / 2]
    affordable = 0.5 / sum(bought)
    second = held * market.growth[1, 1] + affordable * (
        bought[0] * market.growth[2, 1] + bought[1] * market.growth[3, 1]
    )
    assert result.returns[1] == pytest.approx(second / value)


def test_costs_are_paid_on_what_is_traded() -> None:
    market = dataclasses.replace(_simple(6, 3), growth=np.zeros((6, 2)))
    scores = np.arange(6.0)[:, None] * np.ones((6, 3))
    scores[:, 1] = -scores[:, 1]
    costs = Costs(commission=0.001, stamp_tax=0.002, half_spread=0.003)
    result = top_k_portfolio(market, scores, 3, costs)
    assert result.returns[0] == pytest.approx(-(1 - 1 / 1.004), rel=1e-9)
    invested = 1 / 1.004
    after = invested * (1 - 0.006) / 1.004
    assert result.returns[1] == pytest.approx(after / invested - 1, rel=1e-9)


def test_a_delisted_holding_keeps_its_last_price(market: MonthlyMarket) -> None:
    assert np.isfinite(market.growth).all()
    assert (market.growth > -1).all()
