"""A made market has every awkward thing of a real one, and none of them contradicts another."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sdk.errors import MarketError
from sdk.market.bundle import Bundle
from sdk.market.exchange_rules import ex_reference, limit_down, limit_percent, limit_up, to_fen
from sdk.market.made.market import make_market
from sdk.market.made.spec import RUN_UP_DAYS, MarketSpec
from sdk.market.panel import Panel
from sdk.market.quality import inspect
from tests.bundles import small_market


@cache
def market() -> tuple[Bundle, Panel]:
    bundle = Bundle.open(small_market())
    return bundle, bundle.panel()


def board(prefix: str) -> np.ndarray:
    return np.array([code.startswith(prefix) for code in market()[1].codes])[:, np.newaxis]


def trading() -> np.ndarray:
    return market()[1]["paused"] == 0


def at_upper() -> np.ndarray:
    panel = market()[1]
    return trading() & (panel["close"] == panel["high_limit"])


def halts() -> list[int]:
    """Lengths of all halts in trading days."""
    paused = np.pad((market()[1]["paused"] == 1).astype(int), ((0, 0), (1, 1)))
    change = np.diff(paused, axis=1)
    return (np.nonzero(change == -1)[1] - np.nonzero(change == 1)[1]).tolist()


def unlimited() -> np.ndarray:
    return trading() & np.isnan(market()[1]["high_limit"])


def one_price() -> np.ndarray:
    panel = market()[1]
    return at_upper() & (panel["low"] == panel["high"])


def limit_is(percent: int) -> np.ndarray:
    panel = market()[1]
    return trading() & (
        to_fen(np.nan_to_num(panel["high_limit"]))
        == limit_up(to_fen(np.nan_to_num(panel["pre_close"], nan=1)), percent)
    )


REFORM = np.datetime64("2020-08-24")
COUNTS = {
    "a halt of one day": lambda: sum(length == 1 for length in halts()),
    "a halt of two weeks or more": lambda: sum(length >= 8 for length in halts()),
    "closes at the upper limit": lambda: at_upper().sum(),
    "closes at the lower limit": lambda: (trading() & (market()[1]["close"] == market()[1]["low_limit"])).sum(),
    "one-price limit days": lambda: one_price().sum(),
    "upper limit touched, not kept": lambda: (
        trading() & (market()[1]["high"] == market()[1]["high_limit"]) & ~at_upper()
    ).sum(),
    "ST days at 5 %": lambda: (limit_is(5) & (market()[1]["is_st"] == 1)).sum(),
    "names with ST": lambda: market()[0].securities["display_name"].str.contains("ST").sum(),
    "ChiNext at 10 % before the reform": lambda: (board("300") & limit_is(10) & (market()[1].days < REFORM)).sum(),
    "ChiNext at 20 % since the reform": lambda: (board("300") & limit_is(20) & (market()[1].days >= REFORM)).sum(),
    "STAR at 20 %": lambda: (board("688") & limit_is(20)).sum(),
    "STAR without limits": lambda: (board("688") & unlimited()).sum(),
    "ChiNext without limits": lambda: (board("300") & unlimited()).sum(),
    "new listings with a first-day limit of 44 %": lambda: limit_is(44).sum(),
    "new listings": lambda: (market()[0].securities["start_date"].iloc[:-1] > market()[1].days[0]).sum(),
    "delistings": lambda: market()[0].securities["end_date"].notna().sum(),
    "cash dividends": lambda: (market()[0].corporate_actions["cash_pre_tax"] > 0).sum(),
    "splits": lambda: (market()[0].corporate_actions["share_ratio"] > 1).sum(),
    "odd lots": lambda: (market()[1]["volume"] % 100 > 0).sum(),
    "members that leave": lambda: market()[0].index_members["out_date"].notna().sum(),
}


@pytest.mark.parametrize("thing", COUNTS)
def test_it_occurs(thing: str) -> None:
    assert COUNTS[thing]() > 0


def test_a_new_listing_without_limits_has_none_for_five_days() -> None:
    assert set(unlimited().sum(axis=1).tolist()) == {0, 5}


def test_nothing_is_found_by_the_quality_checks() -> None:
    assert inspect(market()[0]) == ()


def test_prices_lie_on_the_tick_and_volumes_mostly_on_the_lot() -> None:
    panel = market()[1]
    for field in ("open", "high", "low", "close", "pre_close", "high_limit", "low_limit"):
        known = panel[field][~np.isnan(panel[field])]
        assert (np.round(known, 2) == known).all(), field
    volume = panel["volume"][trading()]
    assert 0.9 < (volume % 100 == 0).mean() < 0.99
    assert (volume > 0).all()


def test_a_halted_stock_shows_its_last_close_and_trades_nothing() -> None:
    panel = market()[1]
    rows, days = np.nonzero(panel["paused"] == 1)
    for field in ("open", "high", "low", "close", "pre_close", "high_limit", "low_limit"):
        assert (panel[field][rows, days] == panel["close"][rows, days - 1]).all(), field
    assert (panel["volume"][rows, days] == 0).all()
    assert (panel["money"][rows, days] == 0).all()


def test_limits_follow_from_the_ex_reference_price_board_and_st() -> None:
    panel = market()[1]
    first = np.argmax(~np.isnan(panel["close"]), axis=1)[:, np.newaxis]
    ruled = trading() & ~np.isnan(panel["high_limit"]) & ((np.arange(len(panel.days)) > first) | (first == 0))
    percent = limit_percent(panel.codes, panel.days, panel["is_st"] == 1)[ruled]
    before = to_fen(panel["pre_close"][ruled])
    assert (to_fen(panel["high_limit"][ruled]) == limit_up(before, percent)).all()
    assert (to_fen(panel["low_limit"][ruled]) == limit_down(before, percent)).all()


def test_the_average_price_lies_inside_the_bar() -> None:
    panel = market()[1]
    fen, volume = to_fen(panel["money"][trading()]), panel["volume"][trading()]
    assert (fen >= to_fen(panel["low"][trading()]) * volume).all()
    assert (fen <= to_fen(panel["high"][trading()]) * volume).all()


def test_an_ex_date_follows_the_exact_rule_and_keeps_the_total_return() -> None:
    bundle, panel = market()
    actions = bundle.corporate_actions
    assert len(actions) > 50
    for action in actions.itertuples():
        row, day = panel.row(action.code), panel.day_index(action.ex_date)
        close, pre_close = panel["close"][row, day - 1], panel["pre_close"][row, day]
        mills, tenths = round(action.cash_pre_tax * 1000), round(action.share_ratio * 10)
        assert to_fen(pre_close) == ex_reference(to_fen(close), np.array(mills), np.array(tenths))
        factor = panel["factor"][row, day - 1 : day + 1]
        assert factor[1] == pytest.approx(factor[0] * close / pre_close, rel=1e-12)
        # what an old share became is worth what it was, up to the rounding of the reference price
        kept = pre_close * action.share_ratio + action.cash_pre_tax
        assert kept == pytest.approx(close, abs=0.005 * action.share_ratio + 1e-9)
        if action.share_ratio > 1:
            shares = panel["circulating_cap"][row, day - 1 : day + 1]
            assert shares[1] / shares[0] == pytest.approx(action.share_ratio, rel=1e-6)


def test_the_adjusted_return_is_the_return_from_the_reference_price() -> None:
    panel = market()[1]
    adjusted = panel["close"] * panel["factor"]
    both = ~np.isnan(adjusted[:, 1:]) & ~np.isnan(adjusted[:, :-1])
    gain = (adjusted[:, 1:] / adjusted[:, :-1])[both]
    np.testing.assert_allclose(gain, (panel["close"] / panel["pre_close"])[:, 1:][both], rtol=1e-12)


def test_valuation_is_in_joinquants_units() -> None:
    panel = market()[1]
    live = ~np.isnan(panel["close"])
    value = panel["close"] * panel["circulating_cap"] * 1e4 / 1e8
    np.testing.assert_allclose(panel["circulating_market_cap"][live], value[live], rtol=1e-3)
    turnover = panel["volume"] / (panel["circulating_cap"] * 1e4) * 100
    np.testing.assert_allclose(panel["turnover_ratio"][live], turnover[live], atol=1e-3)
    assert (panel["market_cap"][live] >= panel["circulating_market_cap"][live]).all()


def test_the_index_has_about_fifty_members_which_change_in_june_and_december() -> None:
    bundle, panel = market()
    mask = bundle.members_mask("000300.XSHG", panel.codes, panel.days)
    assert set(mask.sum(axis=0).tolist()) <= {48, 49, 50}
    assert not (mask & np.isnan(panel["close"])).any()
    joined = bundle.index_members["in_date"].iloc[:]
    later = joined[joined > panel.days[0]]
    assert set(later.dt.month) <= {6, 12}
    assert len(later) > 0


def test_the_index_moves_with_the_value_of_its_members() -> None:
    bundle, panel = market()
    index = bundle.index_panel(["000300.XSHG"])
    mask = bundle.members_mask("000300.XSHG", panel.codes, panel.days)
    weight = np.where(mask[:, 1:], np.nan_to_num(panel["circulating_market_cap"][:, :-1]), 0)
    moves = np.nan_to_num(panel["close"] / panel["pre_close"])[:, 1:]
    expected = (weight * moves).sum(0) / weight.sum(0)
    found = index["close"][0, 1:] / index["close"][0, :-1]
    np.testing.assert_allclose(found, expected, atol=2e-4)
    assert (index["pre_close"][0, 1:] == index["close"][0, :-1]).all()
    assert (index["high"] >= np.maximum(index["open"], index["close"])).all()
    assert (index["low"] <= np.minimum(index["open"], index["close"])).all()


def test_returns_look_like_a_market() -> None:
    panel = market()[1]
    live = trading()
    gain = np.log(panel["close"] / panel["pre_close"])[live]
    assert 0.015 < gain.std() < 0.035
    assert ((gain - gain.mean()) ** 4).mean() / gain.var() ** 2 > 5
    gap = np.abs(np.log(panel["open"] / panel["pre_close"]))[live]
    assert (gap > 0).mean() > 0.85
    market_move = np.nanmean(np.where(live, panel["close"] / panel["pre_close"] - 1, np.nan), axis=0)
    assert market_move.std() > 0.006
    turnover = np.log(panel["turnover_ratio"][live] + 1e-4)
    assert np.corrcoef(np.abs(gain), turnover)[0, 1] > 0.1


def test_the_calendar_leaves_room_for_history_before_the_working_years() -> None:
    bundle, _ = market()
    work_from = np.datetime64(bundle.manifest["source"]["work_from"])
    assert np.searchsorted(bundle.days, work_from) == RUN_UP_DAYS
    assert bundle.days[RUN_UP_DAYS] >= np.datetime64("2018-01-01")
    assert np.is_busday(bundle.days).all()


def test_same_seed_same_bytes_other_seed_other_bytes(tmp_path: Path) -> None:
    spec = MarketSpec(stocks=20, years=1, seed=7)
    one, two = make_market(tmp_path / "one", spec), make_market(tmp_path / "two", spec)
    assert one.fingerprint == two.fingerprint
    assert (tmp_path / "one" / "manifest.json").read_bytes() == (tmp_path / "two" / "manifest.json").read_bytes()
    other = make_market(tmp_path / "other", MarketSpec(stocks=20, years=1, seed=8))
    assert other.fingerprint != one.fingerprint


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("start", ["2012-01-01", "2019-06-01", "2024-01-01"])
def test_small_markets_of_any_time_are_sound(tmp_path: Path, seed: int, start: str) -> None:
    bundle = make_market(tmp_path / "market", MarketSpec(stocks=12, years=0.5, seed=seed, start=start))
    assert inspect(bundle) == ()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"stocks": 3}, "stocks = 3; allowed: 10 … 5000"),
        ({"years": 0}, "years = 0"),
        ({"signal": -1}, "signal = -1"),
        ({"start": "whenever"}, "'whenever' is not a day"),
    ],
)
def test_an_impossible_market_is_refused(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(MarketError, match=words):
        MarketSpec(**wrong)
