"""Industries, concepts, index weights, money flow, 龙虎榜, unlocks: shapes, dates, and what a bundle lacks."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from sdk.emulator.api.visible import FutureDataError
from sdk.errors import StrategyError, UnsupportedCall
from sdk.market.bundle import Bundle
from tests.bundles import small_market
from tests.emulator.companies import A, B, C, companies
from tests.emulator.markets import made_bundle
from tests.emulator.test_data_api import ask


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    return companies(tmp_path_factory.mktemp("companies") / "market")


@pytest.fixture(scope="module")
def made():
    return Bundle.open(small_market(), verify=False)


def one(market, call, day="2024-04-01", **kwargs):
    return ask(market, f"out.append({call})", day=day, **kwargs)


# ---------------------------------------------------------------------------------------- industries, concepts
def test_industry_members_are_those_of_the_day(market):
    assert one(market, "get_industry_stocks('801780')", "2024-03-14") == [B, A]
    assert one(market, "get_industry_stocks('801780')", "2024-03-15") == [B]
    assert one(market, "get_industry_stocks('801780', date='2024-03-10')") == [B, A]
    with pytest.raises(StrategyError, match="no industry '80178'; did you mean '801780'"):
        one(market, "get_industry_stocks('80178')")
    assert one(market, "get_industry_stocks('850111') + get_industry_stocks('M75')") == []


def test_the_industry_of_a_stock_by_classification(market):
    assert one(market, f"get_industry(['{A}', '{B}'])") == {
        A: {"sw_l1": {"industry_code": "801880", "industry_name": "汽车I"}},
        B: {"sw_l1": {"industry_code": "801780", "industry_name": "银行I"}},
    }
    assert one(market, f"get_industry('{A}', date='2024-03-01')")[A]["sw_l1"]["industry_name"] == "银行I"
    frame = one(market, f"get_industry('{A}', df=True)")
    assert list(frame.columns) == ["code", "type", "industry_code", "industry_name"]


def test_the_list_of_industries(market):
    frame = one(market, "get_industries('sw_l1')")
    assert list(frame.index) == ["801780", "801880"]
    assert frame["name"].tolist() == ["银行I", "汽车I"]
    assert frame["start_date"].tolist() == [dt.date(2014, 2, 21)] * 2
    with pytest.raises(StrategyError, match="no classification 'zjw'"):
        one(market, "get_industries()")


def test_concepts(market):
    assert one(market, "get_concept_stocks('SC0001')", "2024-03-19") == [A]
    assert one(market, "get_concept_stocks('SC0001')", "2024-03-20") == [C, A]
    assert list(one(market, "get_concepts()").index) == ["SC0001"]
    found = one(market, f"get_concept(['{A}', '{B}'], '2024-03-20')")
    assert found == {A: {"jq_concept": [{"concept_code": "SC0001", "concept_name": "概念"}]}, B: {"jq_concept": []}}


def test_index_weights_are_the_last_published_ones(made):
    frame = one(made, "get_index_weights('000300.XSHG', context.current_dt)", "2019-06-03")
    assert list(frame.columns) == ["date", "weight", "display_name"]
    assert set(frame["date"]) == {dt.date(2019, 5, 31)}
    assert frame["weight"].sum() == pytest.approx(100, abs=0.05)
    assert tuple(frame.index) == made.members("000300.XSHG", "2019-05-31")


def test_without_a_table_of_weights_circulating_values_stand_in(tmp_path):
    members = pd.DataFrame({"index_code": "000300.XSHG", "code": [A, B], "out_date": pd.NaT})
    members["in_date"] = pd.Timestamp("2024-01-02")
    days = pd.bdate_range("2024-01-02", periods=5)
    value = pd.DataFrame({"code": [A] * 5 + [B] * 5, "date": [*days, *days]})
    value["circulating_market_cap"] = [30.0] * 5 + [10.0] * 5
    bars = {code: {"open": [10.0] * 5} for code in (A, B)}
    bundle = made_bundle(tmp_path / "m", bars, valuation=value, index_members=members)
    frame = one(bundle, "get_index_weights('000300.XSHG')", "2024-01-04")
    assert frame["weight"].to_dict() == {B: 25.0, A: 75.0}
    assert set(frame["date"]) == {dt.date(2024, 1, 3)}


# ------------------------------------------------------------------------------------------------------- flows
def test_money_flow_has_the_platforms_columns_and_units(market):
    frame = one(market, f"get_money_flow('{A}', end_date=context.previous_date, count=2)")
    assert list(frame.columns[:5]) == ["date", "sec_code", "change_pct", "net_amount_main", "net_pct_main"]
    row = frame.iloc[-1]
    assert (str(row["date"])[:10], row["sec_code"], row["net_amount_main"]) == ("2024-03-29", A, 25.0)
    money = 1e6 * 12.0  # volume × close of 29 March
    assert row["net_pct_main"] == pytest.approx(25.0 * 1e4 / money * 100, abs=0.005)
    assert row["change_pct"] == pytest.approx((12.0 / 11.9 - 1) * 100, abs=0.005)
    short = one(
        market, f"get_money_flow(['{A}', '{B}'], fields=['sec_code', 'net_amount_s'], start_date='2024-03-28')"
    )
    assert short["sec_code"].tolist() == [B, B, A, A]


def test_todays_flows_are_not_known_before_the_close(market):
    flow = f"get_money_flow('{A}', count=1, end_date=%s)['date']"
    for call in (flow, "get_billboard_list(count=1, end_date=%s)['day']"):
        for when, last in (("9:30", "2024-03-29"), ("15:30", "2024-04-01")):
            days = one(market, call % "context.current_dt", when=when)
            assert [str(day)[:10] for day in days] == [last]
        with pytest.raises(FutureDataError):
            one(market, call % "'2024-04-10'", options="use_real_price avoid_future_data")


def test_billboard_rows(market):
    frame = one(market, f"get_billboard_list(['{A}'], end_date=context.previous_date, count=2)")
    assert frame["day"].tolist() == [dt.date(2024, 3, 28), dt.date(2024, 3, 29)]
    assert frame["abnormal_name"].tolist() == ["涨幅偏离值达7%的证券"] * 2
    assert one(market, f"get_billboard_list(['{B}'], count=5)").empty


def test_unlocks_lie_ahead(market):
    frame = one(market, f"get_locked_shares(['{A}', '{B}'], start_date=context.current_dt, forward_count=5)")
    assert frame["day"].tolist() == [dt.date(2024, 4, 3)]
    assert list(frame.columns) == ["day", "code", "num", "rate1", "rate2"]
    both = one(market, "get_locked_shares(start_date='2024-03-01', end_date='2024-04-30')")
    assert both["code"].tolist() == [A, B]


def test_margin_trading_comes_from_its_table(tmp_path):
    table = pd.DataFrame({"code": A, "date": pd.bdate_range("2024-01-02", periods=5), "fin_value": range(5)})
    table["sec_value"] = 1.0
    bundle = made_bundle(tmp_path / "m", {A: {"open": [10.0] * 5}}, tables={"margin": table})
    frame = one(bundle, f"get_mtss('{A}', end_date=context.previous_date, count=2)", "2024-01-05")
    assert list(frame.columns) == ["date", "sec_code", "fin_value", "sec_value"]
    assert frame["fin_value"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("call", "file"),
    [
        (f"get_industry('{A}')", "industries"),
        ("get_concepts()", "concepts"),
        ("get_index_weights('000300.XSHG')", "index_weights"),
        (f"get_money_flow('{A}', count=1)", "money_flow"),
        ("get_billboard_list(count=1)", "billboard"),
        ("get_locked_shares(start_date='2024-01-02', forward_count=1)", "locked_shares"),
        (f"get_mtss('{A}', count=1)", "margin"),
    ],
)  # fmt: skip
def test_a_bundle_without_the_table_says_so(tmp_path, call, file):
    bundle = made_bundle(tmp_path / "m", {A: {"open": [10.0] * 5}})
    name = call.partition("(")[0]
    with pytest.raises(UnsupportedCall, match=rf"{name}.*{file}\.parquet"):
        one(bundle, call, "2024-01-04")


def test_a_wrong_field_is_named(market):
    with pytest.raises(StrategyError, match="no field 'net_main'; did you mean 'net_pct_main'"):
        one(market, f"get_money_flow('{A}', count=1, fields='net_main')")
