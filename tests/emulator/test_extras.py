"""get_extras: net values of funds by day and code, what is known when, what a bundle lacks; futures by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sdk.emulator.api.visible import FutureDataError
from sdk.emulator.runner import run_backtest
from sdk.errors import StrategyError, UnsupportedCall
from tests.emulator.markets import made_bundle
from tests.emulator.test_data_api import ask

A, ETF, OTHER = "600000.XSHG", "510300.XSHG", "159915.XSHE"
NEAR, FAR, MAIN = "IF2401.CCFX", "IF2402.CCFX", "IF9999.CCFX"
DAYS = 10


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    days = pd.bdate_range("2024-01-02", periods=DAYS)
    numbers = np.arange(1.0, DAYS + 1)
    rows = [
        pd.DataFrame({"code": "159915", "day": days[::2], "net_value": numbers[::2], "sum_value": 7.0}),
        pd.DataFrame({"code": ETF, "day": days, "net_value": numbers / 10, "sum_value": numbers}),
        pd.DataFrame({"code": ["510300"], "day": [pd.Timestamp("2024-01-06")], "net_value": [99.0]}),  # a Saturday
    ]
    bars = {code: {"open": [10.0] * DAYS} for code in (A, ETF, OTHER, MAIN)}
    bars |= {NEAR: {"open": [10.0] * DAYS, "volume": [9.0] * 4 + [1.0] * 6}}
    bars |= {FAR: {"open": [10.0] * DAYS, "volume": [5.0] * DAYS}}
    kinds = {**dict.fromkeys((ETF, OTHER), "fund"), **dict.fromkeys((NEAR, FAR, MAIN), "futures")}
    return made_bundle(
        tmp_path_factory.mktemp("extras") / "m",
        bars,
        kinds=kinds,
        delisted={NEAR: "2024-01-11"},
        tables={"finance/FUND_NET_VALUE": pd.concat(rows)},
    )


def test_net_values_by_day_and_code(bundle):
    found = ask(
        bundle, f"out.append(get_extras('unit_net_value', ['{OTHER}', '{ETF}', A], count=3))", day="2024-01-09"
    )
    assert list(found.columns) == [OTHER, ETF, A]
    assert found.index.astype(str).tolist() == ["2024-01-04", "2024-01-05", "2024-01-08"]
    np.testing.assert_array_equal(found.to_numpy().T, [[3.0, np.nan, 5.0], [0.3, 0.4, 0.5], [np.nan] * 3])
    arrays = ask(bundle, f"out.append(get_extras('acc_net_value', '{ETF}', '2024-01-03', '2024-01-05', df=False))")
    assert arrays[ETF].tolist() == [2.0, 3.0, 4.0]


def test_a_net_value_is_known_after_the_day(bundle):
    call = f"out.append(get_extras('unit_net_value', '{ETF}', end_date=context.current_dt, count=1))"
    with pytest.raises(FutureDataError, match="盘中不能取当日的"):
        ask(bundle, call, options="avoid_future_data")
    assert ask(bundle, call, when="15:30", options="avoid_future_data").index.astype(str).tolist() == ["2024-01-09"]
    assert ask(bundle, call).index.astype(str).tolist() == ["2024-01-08"]


@pytest.mark.parametrize(
    ("info", "error", "words"),
    [
        ("adj_net_value", UnsupportedCall, "needs refactor_net_value .* has code day net_value sum_value"),
        ("futures_positions", UnsupportedCall, "no settlement of futures"),
        ("unit_netvalue", StrategyError, "did you mean 'unit_net_value'"),
    ],
)
def test_what_a_bundle_lacks_is_said(bundle, info, error, words):
    with pytest.raises(error, match=words):
        ask(bundle, f"get_extras('{info}', '{ETF}', count=1)")


def test_contracts_are_the_listed_ones_and_the_dominant_one_traded_most(bundle):
    call = "out.append((get_future_contracts('IF'), get_dominant_future('if')))"
    assert ask(bundle, call, day="2024-01-05") == ([NEAR, FAR], NEAR)
    assert ask(bundle, call, day="2024-01-09") == ([NEAR, FAR], FAR)
    assert ask(bundle, call, day="2024-01-12") == ([FAR], FAR)
    assert ask(bundle, "out.append((get_future_contracts('RB'), get_dominant_future('RB')))") == ([], "")
    assert list(ask(bundle, "out.append(get_all_securities(['futures']))").index) == [NEAR, FAR, MAIN]


def test_a_contract_can_be_looked_at_and_not_traded(bundle, tmp_path):
    source = f"""
def initialize(context):
    run_daily(trade, '9:30')
def trade(context):
    assert order('{FAR}', 1) is None
    log.info(history(1, '1d', 'close', ['{FAR}']))
"""
    done = run_backtest(source, bundle, "2024-01-04", "2024-01-05")
    assert done.status == "done", done.log[-1]
    assert "期货账户未提供" in done.log[0]
    assert not done.trades
    plain = made_bundle(tmp_path / "m", {A: {"open": [10.0] * 9}})
    for call in ("get_dominant_future('IF')", "get_future_contracts('IF')", "get_all_securities(['futures'])"):
        with pytest.raises(UnsupportedCall, match=r"futures|a bundle has stock"):
            ask(plain, call, day="2024-01-08")
