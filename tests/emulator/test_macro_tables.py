"""macro.run_query: rows of a period that is over, from the tables that a bundle has."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sdk.emulator.api.macro import period_end
from sdk.errors import StrategyError, UnsupportedCall
from sdk.market.made.economy import economy_tables
from sdk.market.made.market import make_market
from sdk.market.made.spec import MarketSpec
from tests.emulator.markets import made_bundle
from tests.emulator.test_data_api import A, ask

MONTHS = pd.DataFrame(
    {
        "stat_month": [f"2023-{month:02d}" for month in range(9, 13)] + ["2024-01", "2024-02"],
        "pmi": [50.2, 49.5, 49.4, 49.0, 49.2, 49.1],
    }
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    path = tmp_path_factory.mktemp("macro") / "market"
    return made_bundle(path, {A: {"open": [10.0] * 40}}, tables={"macro/MAC_MANUFACTURING_PMI": MONTHS})


def rows(bundle, filters="", day="2024-01-31", when="9:30"):
    code = (
        f"out.append(macro.run_query(query(macro.MAC_MANUFACTURING_PMI.stat_month){filters})['stat_month'].tolist())"
    )
    return ask(bundle, code, day=day, when=when)


@pytest.mark.parametrize(
    ("day", "when", "last"),
    [("2024-01-31", "14:00", "2023-12"), ("2024-01-31", "15:30", "2024-01"), ("2024-02-01", "9:00", "2024-01")],
)
def test_a_month_is_seen_when_it_is_over(bundle, day, when, last):
    assert rows(bundle, day=day, when=when)[-1] == last


def test_filters_order_and_limit_are_the_databases(bundle):
    table = "macro.MAC_MANUFACTURING_PMI"
    months = f".filter({table}.pmi < 49.5).order_by({table}.stat_month.desc()).limit(2)"
    assert rows(bundle, months) == ["2023-12", "2023-11"]


def test_a_table_that_is_not_there_names_what_is_and_how_to_bring_it(bundle):
    with pytest.raises(UnsupportedCall, match=r"macro\.MAC_MANUFACTURING_PMI; did you mean.*macro/MAC_.*\.parquet"):
        ask(bundle, "macro.MAC_MANUFACTURNG_PMI")
    with pytest.raises(StrategyError, match="not a macro table"):
        ask(bundle, "macro.run_query(query(valuation.code))")


def test_a_made_market_has_the_index_of_manufacturing(tmp_path):
    market = make_market(tmp_path / "market", MarketSpec(stocks=20, years=1, seed=3))
    frame = market.table("macro/MAC_MANUFACTURING_PMI")
    assert frame["stat_month"].iloc[-1] == str(market.days[-1])[:7]
    assert frame["pmi"].between(44, 57).all()
    again = economy_tables(market.days, np.random.default_rng([1, 2]))["macro/MAC_MANUFACTURING_PMI"]
    assert not again["pmi"].equals(frame["pmi"])


@pytest.mark.parametrize(
    ("period", "last"),
    [("2023-02", "2023-02-28"), ("202402", "2024-02-29"), ("2023", "2023-12-31"), ("2023-05-17", "2023-05-17")],
)
def test_the_last_day_of_a_period(period, last):
    assert str(period_end(period)) == last
