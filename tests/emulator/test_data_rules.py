"""The other values of the rules about data: each changes what it says and nothing else."""

from __future__ import annotations

import pytest

from sdk.emulator.runner import run_backtest
from tests.emulator.companies import A, companies

DAY = "2024-04-01"


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    return companies(tmp_path_factory.mktemp("companies") / "market")


def said(market, call, options="pass", **rules):
    """What ``print(call)`` writes at 09:30, or the error."""
    start = f"def initialize(context):\n    {options}; run_daily(go, '9:30')\n"
    text = f"{start}def go(context): print({call})\n"
    result = run_backtest(text, market, DAY, DAY, rules=rules)
    return str(result.error) if result.error is not None else result.log[-1].partition(" - INFO  - ")[2]


@pytest.mark.parametrize(
    ("call", "rule", "values"),
    [
        (
            "type(get_fundamentals(query(valuation.day)).day[0]).__name__",
            "fundamentals_dates",
            {"text": "str", "date": "date"},
        ),
        (
            "[name for name in get_fundamentals(query(valuation, income)) if name[:4] == 'code']",
            "repeated_columns",
            {"numbered": "['code', 'code.1']", "first": "['code']"},
        ),
        (
            "len(get_locked_shares(start_date='2024-03-01', end_date='2024-04-30'))",
            "future_unlocks",
            {"give": "2", "cut": "1"},
        ),
        ("len(finance.run_query(query(finance.STK_XR_XD)))", "finance_row_limit", {"5000": "2", "1": "1"}),
        (
            f"float(get_factor_values('{A}', 'size', end_date='2024-03-29', count=1)['size'].iloc[0, 0]) > 0",
            "style_factors",
            {"zscore": "False", "raw": "True"},
        ),
    ],
)
def test_a_rule_has_another_value(market, call, rule, values):
    for value, expected in values.items():
        assert said(market, call, **{rule: value}) == expected, value


def test_a_period_that_has_not_ended_can_be_an_error(market):
    call = "len(get_fundamentals(query(income.code), statDate='2024q2'))"
    guarded = "set_option('avoid_future_data', True)"
    assert said(market, call, guarded) == "0"
    assert "statDate(2024-06-30)不能大于当前日期" in said(market, call, guarded, stat_date_of_the_future="error")


def test_weights_can_be_refused_without_a_table(market):
    refused = said(market, "get_index_weights('000300.XSHG')", index_weights_without_table="refuse")
    assert "index_weights.parquet" in refused
