"""jqfactor: winsorize, standardlize, neutralize, Factor and calc_factors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sdk.emulator.lib.preprocess import standardlize, winsorize_med, winsorizer
from sdk.emulator.runner import run_backtest
from sdk.errors import StrategyError
from sdk.market.bundle import Bundle
from tests.bundles import small_market
from tests.emulator.markets import made_bundle

INF, NAN = float("inf"), float("nan")
winsorize = winsorizer("value")


def test_sigma_borders_are_the_outermost_values_inside_or_the_limits():
    row = np.array([0.0, 1, 2, 3, 4, 100])
    low, high = row.mean() - row.std(), row.mean() + row.std()
    assert winsorize(row, scale=1).tolist() == [0, 1, 2, 3, 4, 4]
    np.testing.assert_array_equal(winsorizer("limit")(row, scale=1), np.clip(row, low, high))
    np.testing.assert_array_equal(winsorize(row, scale=1, inclusive=False), [0, 1, 2, 3, 4, NAN])


def test_quantiles_and_ranges():
    row = pd.Series(np.arange(20.0), index=[f"s{i}" for i in range(20)])
    assert winsorize(row, qrange=[0.05, 0.9]).tolist() == [1, *range(1, 18), 17, 17]
    assert winsorize(row, range=[2, 5]).iloc[[0, 3, 19]].tolist() == [2, 3, 5]
    assert winsorize(row, range=[2, 5], inclusive=False).isna().sum() == 16
    assert row.tolist() == list(range(20)), "the input is not changed"


def test_infinities_are_blanked_or_lie_outside():
    row = np.array([1.0, 2, 3, NAN, INF, -INF])
    np.testing.assert_array_equal(winsorize(row, range=[0, 2]), [1, 2, 2, NAN, NAN, NAN])
    np.testing.assert_array_equal(winsorize(row, range=[0, 2], inf2nan=False), [1, 2, 2, NAN, 2, 0])
    np.testing.assert_array_equal(winsorize_med(row, scale=1), [1, 2, 3, NAN, NAN, NAN])
    np.testing.assert_allclose(standardlize(row), [-(1.5**0.5), 0, 1.5**0.5, NAN, NAN, NAN])
    np.testing.assert_allclose(standardlize(row, inf2nan=False)[4:], [INF, -INF])


def test_the_median_rule_and_the_axis():
    table = pd.DataFrame([[1.0, 2, 3, 4, 100], [5, 5, 5, 5, 5]], index=["a", "b"], columns=list("vwxyz"))
    assert winsorize_med(table, scale=3).loc["a"].tolist() == [1, 2, 3, 4, 6]
    assert winsorize_med(table, scale=1, inclusive=False).loc["a"].isna().tolist() == [True, *[False] * 3, True]
    assert winsorize_med(table, scale=0, axis=0)["z"].tolist() == [52.5, 52.5]
    scaled = standardlize(table, axis=0)
    assert scaled["v"].tolist() == [-1, 1]
    assert scaled.columns.tolist() == list("vwxyz")
    assert standardlize(table).loc["b"].isna().all(), "no spread, no z-score"


@pytest.mark.parametrize("choice", [{}, {"scale": 1, "range": [0, 1]}, {"qrange": [5, 95]}])
def test_winsorize_needs_exactly_one_sensible_choice(choice):
    with pytest.raises(StrategyError, match="winsorize"):
        winsorize(np.arange(3.0), **choice)


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    """Four stocks, 30 days; the third has twice the factor from day 10 on."""
    factor = np.r_[np.ones(10), np.full(20, 2.0)]
    bars = {
        "600000.XSHG": {"open": np.arange(1.0, 31)},
        "600001.XSHG": {"open": np.full(30, 5.0), "paused": np.r_[np.zeros(20), 1, np.zeros(9)]},
        "600002.XSHG": {"open": np.r_[np.full(10, 8.0), np.full(20, 4.0)], "factor": factor},
        "600003.XSHG": {"open": np.arange(30.0, 0, -1)},
    }
    return made_bundle(tmp_path_factory.mktemp("market") / "bundle", bars)


HEAD = """
from jqdata import *
from jqfactor import *
import pandas as pd
codes = ['600000.XSHG', '600001.XSHG', '600002.XSHG', '600003.XSHG']
class Mean(Factor):
    name = 'mean'
    max_window = 3
    dependencies = ['close', 'open']
    def calc(self, data):
        assert list(data['close'].T.merge(data['open'].T, on='code').index) == codes and len(data['open']) == 3
        return data['close'].mean()
"""


def said(market, body, day="2024-02-06", head=HEAD):
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    result = run_backtest(f"{head}def handle_data(context, data):\n{lines}\n", market, day, day)
    return result, [line.split(" - ", 2)[2] for line in result.log]


def test_a_factor_is_computed_for_each_known_day_on_post_adjusted_prices(market):
    """On 2024-02-06 (day 25 from 0) yesterday's close of the first stock is 25."""
    result, lines = said(
        market,
        """
found = calc_factors(codes, [Mean()], '2024-02-02', context.previous_date)['mean']
print([found.shape, *(str(day.date()) for day in found.index)])
print(found.iloc[-1].tolist())
print(calc_factors(codes, [Mean], '2024-02-05', '2024-02-05', use_real_price=True)['mean'].iloc[0].tolist())
print(len(calc_factors(codes, [Mean()], '2024-02-02', '2024-02-29')['mean']))
""",
    )
    assert result.status == "done", result.error
    assert lines[0] == "[(2, 4), '2024-02-02', '2024-02-05']"
    assert lines[1] == "[24.0, 5.0, 8.0, 7.0]"
    assert lines[2] == "[24.0, 5.0, 4.0, 7.0]"
    assert lines[3] == "2", "tomorrow is cut off"


def test_neutralize_leaves_nothing_that_the_regressors_explain(market):
    result, lines = said(
        market,
        """
x = pd.Series([1.0, 2.0, 3.0, 4.0], index=codes)
price = get_price(codes, end_date=context.previous_date, count=1, fields=['close'], fq='post', panel=False)
close = price.set_index('code')['close'].reindex(codes)
left = neutralize(2 * close, how=['close'], date=context.previous_date)
print(bool(left.abs().max() < 1e-9))
left = neutralize(x, how=['close'], date=str(context.previous_date), add_constant=True)
print(bool(abs(left.sum()) < 1e-9 and abs((left * close).sum()) < 1e-9 and left.abs().max() > 0.1))
table = pd.DataFrame([x, x * 2], index=[context.previous_date] * 2)
print(neutralize(table, how='close').shape)
""",
    )
    assert result.status == "done", result.error
    assert lines == ["True", "True", "(2, 4)"]


def test_industries_are_asked_of_the_strategys_own_calls(market):
    """Whatever get_industry is in the namespace answers; a stock without an industry has no residual."""
    from sdk.emulator.lib.exposures import Exposures
    from sdk.emulator.lib.neutral import neutralizer
    from sdk.emulator.rules import RuleBook
    from sdk.emulator.session import Session

    day = market.days[25].item()
    session = Session(market, RuleBook(), (day, day), 25, 25, 1e6)
    asked = []

    def get_industry(codes, date):
        asked.append(date)
        kinds = {"600000.XSHG": "801010", "600001.XSHG": "801010", "600002.XSHG": "801020"}
        return {code: {"sw_l1": {"industry_code": kinds[code]}} if code in kinds else {} for code in codes}

    neutralize = neutralizer(session, Exposures(session, {"get_industry": get_industry}))
    codes = ["600000.XSHG", "600001.XSHG", "600002.XSHG", "600003.XSHG"]
    left = neutralize(pd.Series([1.0, 3.0, 7.0, 9.0], index=codes), how=["sw_l1"])
    np.testing.assert_allclose(left, [-1, 1, 0, NAN], atol=1e-12)
    assert asked == [market.days[24].item()]
    filled = neutralize(pd.Series([1.0, NAN, 7.0, 9.0], index=codes), how="sw_l1", fillna="sw_l1")
    np.testing.assert_allclose(filled, [0, 0, 0, NAN], atol=1e-12)


def test_what_the_bundle_lacks_is_named_with_the_line(market):
    body = "neutralize(pd.Series([1.0] * 4, index=codes), how=['no_such_factor'], date=context.previous_date)"
    result, lines = said(market, body)
    assert result.status == "failed"
    assert "UnsupportedCall" in lines[-1]
    assert "no_such_factor" in lines[-1]
    assert "get_all_factors() lists what is offered" in lines[-1]
    assert "策略第 14 行" in lines[-1]


@pytest.mark.parametrize(
    ("line", "wrong", "words"),
    [
        ("    max_window = 3", "    max_window = 0", "max_window=0"),
        ("    name = 'mean'", "    pass", "has no name"),
        ("    dependencies = ['close', 'open']", "    dependencies = 'close'", "must be a list"),
        ("        return data['close'].mean()", "        return 1.0", "returned float"),
    ],
)
def test_a_wrong_factor_is_named(market, line, wrong, words):
    result, lines = said(market, "calc_factors(codes, [Mean()])", head=HEAD.replace(line, wrong))
    assert result.status == "failed"
    assert words in lines[-1]


def test_a_factor_may_depend_on_money_flow():
    made = Bundle.open(small_market(), verify=False)
    text = """
from jqdata import *
from jqfactor import *
class Flow(Factor):
    name, max_window, dependencies = 'flow', 2, ['net_pct_main']
    def calc(self, data): return data['net_pct_main'].iloc[-1]
def initialize(context):
    day, codes = context.previous_date, get_index_stocks('000300.XSHG')[:5]
    found = calc_factors(codes, [Flow()], day, day)['flow'].iloc[0]
    told = get_money_flow(codes, end_date=day, count=1).set_index('sec_code')['net_pct_main']
    print(len(told) > 0 and all(abs(found[code] - value) < 1e-9 for code, value in told.items()))
"""
    result = run_backtest(text, made, "2019-06-03", "2019-06-03")
    assert result.log[-1].endswith("True"), result.log
