"""Funds and further indices of a made market: sound bars, the same stocks with and without them."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.market.bundle import Bundle
from sdk.market.made.funds import FUNDS, INDICES
from sdk.market.made.market import make_market
from sdk.market.made.spec import MarketSpec


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bundle, Bundle]:
    root = tmp_path_factory.mktemp("funds")
    spec = {"stocks": 40, "years": 1, "seed": 3}
    return make_market(root / "with", MarketSpec(**spec, funds=True)), make_market(
        root / "without", MarketSpec(**spec)
    )


def test_the_stocks_are_the_same_with_and_without_funds(bundles: tuple[Bundle, Bundle]) -> None:
    more, plain = bundles
    stocks = list(plain.panel().codes)
    for field in ("open", "close", "volume", "factor", "paused"):
        np.testing.assert_array_equal(more.panel(codes=stocks)[field], plain.panel()[field])


def test_bars_of_funds_are_sound(bundles: tuple[Bundle, Bundle]) -> None:
    more, _ = bundles
    codes = [code for code in more.panel().codes if code in FUNDS]
    assert len(codes) > 25
    panel = more.panel(codes=codes)
    bar = {name: panel[name] for name in ("open", "high", "low", "close", "high_limit", "low_limit", "volume")}
    assert (bar["high"] >= np.maximum(bar["open"], bar["close"])).all()
    assert (bar["low"] <= np.minimum(bar["open"], bar["close"])).all()
    assert (bar["high"] <= bar["high_limit"]).all()
    assert (bar["low"] >= bar["low_limit"]).all()
    assert (bar["volume"] > 0).all()
    moves = panel["close"][:, 1:] / panel["close"][:, :-1] - 1
    assert np.abs(moves).max() < 0.101


def test_a_tracking_fund_follows_its_index(bundles: tuple[Bundle, Bundle]) -> None:
    more, _ = bundles
    fund = more.panel(codes=["510300.XSHG"])["close"][0]
    index = more.index_panel(codes=["000300.XSHG"])["close"][0]
    assert np.corrcoef(np.diff(np.log(fund)), np.diff(np.log(index)))[0, 1] > 0.97


def test_indices_have_members_and_bars(bundles: tuple[Bundle, Bundle]) -> None:
    more, _ = bundles
    day = more.days[-1]
    known = set(more.index_panel().codes)
    assert "000001.XSHG" in known
    for code in known & set(INDICES):
        assert more.members(code, day)
    shanghai = more.members("000001.XSHG", day)
    assert shanghai
    assert all(code.endswith("XSHG") for code in shanghai)


def test_stocks_carry_the_codes_that_strategies_name(bundles: tuple[Bundle, Bundle]) -> None:
    _, plain = bundles
    codes = list(plain.panel().codes)
    assert codes == sorted(codes)
    assert len(set(codes)) == len(codes)
    assert {"000001.XSHE", "600519.XSHG", "300750.XSHE"} <= set(codes)


def test_every_fund_has_a_net_value_near_its_price(bundles: tuple[Bundle, Bundle]) -> None:
    more, plain = bundles
    assert not plain.has_table("finance/FUND_NET_VALUE")
    table = more.table("finance/FUND_NET_VALUE")
    assert set(table["code"]) == {code[:6] for code in more.panel().codes if code in FUNDS}
    for code in ("510300.XSHG", "518880.XSHG", "511880.XSHG"):
        net = table.loc[table["code"] == code[:6], "net_value"].to_numpy()
        premium = more.panel([code])["close"][0] / net - 1
        assert 0 < np.abs(premium).max() < 0.02
