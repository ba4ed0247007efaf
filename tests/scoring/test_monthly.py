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
    first = min(value / 2, 0.5)  # in rank order, until the cash is spent
    second = held * market.growth[1, 1] + first * market.growth[2, 1] + (0.5 - first) * market.growth[3, 1]
    assert result.returns[1] == pytest.approx(second / value)


def test_costs_are_paid_on_what_is_traded() -> None:
    market = dataclasses.replace(_simple(6, 3), growth=np.zeros((6, 2)))
    scores = np.arange(6.0)[:, None] * np.ones((6, 3))
    scores[:, 1] = -scores[:, 1]
    costs = Costs(commission=0.001, stamp_tax=0.002, half_spread=0.003)
    result = top_k_portfolio(market, scores, 3, costs)
    invested = 2 / 3 + (1 - 2 / 3 * 1.004)  # the costs of the first two are missing for the third
    value = 1 - 0.004 * invested
    assert result.returns[0] == pytest.approx(value - 1, rel=1e-9)
    cash = 1 - 1.004 * invested + invested * (1 - 0.006)
    bought = 2 * value / 3 + (cash - 2 * value / 3 * 1.004)
    assert result.returns[1] == pytest.approx((value - 0.006 * invested - 0.004 * bought) / value - 1, rel=1e-9)
    assert result.turnover[1] == pytest.approx(bought / value)


IMPACT = Costs(0.0, 0.0, 0.0, impact_low=0.001, impact_high=0.003, capital=1e6)


def test_impact_rises_in_a_line_from_nothing_to_a_fifth_of_the_mean_money() -> None:
    """One stock, all of a million: the buyer and the seller pay the rate of their own participation."""
    yes = np.ones((1, 3), dtype=bool)
    simple = MonthlyMarket(("a",), np.arange(3), np.arange(3) + 1, yes, yes, yes, np.zeros((1, 2)))
    for money, rate in ((1e15, 0.001), (1e7, 0.002), (5e6, 0.003), (2.5e6, 0.005), (np.nan, 0.003), (0.0, 0.003)):
        market = dataclasses.replace(simple, money=np.full((1, 3), money))
        result = top_k_portfolio(market, np.ones((1, 3)), 1, IMPACT)
        assert result.returns[0] == pytest.approx(-rate, rel=1e-6), money
    leaves = np.array([[1.0, np.nan, np.nan]])
    sold = top_k_portfolio(dataclasses.replace(simple, money=np.full((1, 3), 1e7)), leaves, 1, IMPACT)
    assert sold.returns[1] == pytest.approx(-0.002 / 0.998, rel=1e-6)


def test_capital_matters_for_the_impact_alone() -> None:
    market = dataclasses.replace(_simple(30, 13), money=np.full((30, 13), 1e8))
    scores = np.random.default_rng(1).normal(size=(30, 13))

    def earned(**costs: float) -> float:
        return top_k_portfolio(market, scores, 5, dataclasses.replace(IMPACT, **costs)).returns.sum()

    assert earned(capital=1e6) > earned(capital=1e8)
    assert earned(impact_low=0.002) < earned(impact_low=0.001)
    assert earned(impact_high=0.02) < earned(impact_high=0.003)
    free = {"impact_low": 0.0, "impact_high": 0.0}
    assert earned(capital=1e6, **free) == earned(capital=1e9, **free)
    assert earned(capital=1e6, **free) == top_k_portfolio(market, scores, 5, FREE).returns.sum()


def test_all_rates_can_be_scaled_together() -> None:
    assert Costs(0.1, 0.2, 0.3, 0.4, 0.5, 7.0).scaled(0.5) == Costs(0.05, 0.1, 0.15, 0.2, 0.25, 7.0)


def test_dividends_come_in_cash_and_buy_what_is_ranked_next() -> None:
    """Stock 0 pays all of its gain in cash, is held on, and the cash is there at the next rebalance."""
    base = _simple(3, 3)
    growth, paid = np.zeros((3, 2)), np.zeros((3, 2))
    growth[0, 0] = paid[0, 0] = 0.2
    growth[1, 1] = 1.0
    scores = np.array([[3.0, 3.0, 3.0], [2.0, 2.0, 2.0], [np.nan] * 3])
    sellable = np.zeros((3, 3), dtype=bool)
    market = dataclasses.replace(base, growth=growth, paid=paid, sellable=sellable)
    result = top_k_portfolio(market, scores, 2, FREE)
    assert result.returns[0] == pytest.approx(0.1)
    assert result.turnover[1] == pytest.approx(0.1 / 1.1)  # both are topped up from 0.5 to 0.55
    assert result.returns[1] == pytest.approx(0.55 / 1.1)


def test_the_hash_of_a_month_is_that_of_the_set_chosen() -> None:
    market = _simple(30, 13)
    rng = np.random.default_rng(2)
    scores = rng.normal(size=(30, 13))
    found = top_k_portfolio(market, scores, 5, FREE).choice
    np.testing.assert_array_equal(top_k_portfolio(market, np.exp(scores), 5, FREE).choice, found)
    turned = scores.copy()
    best = np.argsort(-scores[:, 3])[:5]
    turned[best, 3] = scores[best[::-1], 3]  # the same five in another order
    np.testing.assert_array_equal(top_k_portfolio(market, turned, 5, FREE).choice, found)
    turned[best[0], 3] = -99.0
    other = top_k_portfolio(market, turned, 5, FREE).choice
    np.testing.assert_array_equal(np.flatnonzero(other != found), [3])
    same_every_month = top_k_portfolio(market, np.repeat(scores[:, :1], 13, axis=1), 5, FREE).choice
    assert len(set(same_every_month.tolist())) == 12  # the month is part of it


def test_a_delisted_holding_keeps_its_last_price(market: MonthlyMarket) -> None:
    assert np.isfinite(market.growth).all()
    assert (market.growth > -1).all()
