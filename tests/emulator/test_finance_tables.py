"""finance.run_query: dividends from corporate actions and plans, tables that a bundle was given."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from sdk.errors import StrategyError, UnsupportedCall
from sdk.market.bundle import Bundle
from tests.bundles import small_market
from tests.emulator.companies import A, B, companies
from tests.emulator.markets import made_bundle
from tests.emulator.test_data_api import ask


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    return companies(tmp_path_factory.mktemp("companies") / "market")


def dividends(market, day, code=B, columns="finance.STK_XR_XD", when="9:30"):
    """Rows of STK_XR_XD of one company."""
    query = f"query({columns}).filter(finance.STK_XR_XD.code == '{code}')"
    return ask(market, f"out.append(finance.run_query({query}))", day=day, when=when)


def test_a_dividend_without_a_plan_is_seen_from_the_registration_date_on(market):
    assert dividends(market, "2024-03-11", A).empty
    (row,) = dividends(market, "2024-03-12", A).to_dict("records")
    assert row["a_registration_date"] == dt.date(2024, 3, 11)
    assert row["a_xr_date"] == dt.date(2024, 3, 12)
    assert (row["bonus_ratio_rmb"], row["transfer_ratio"]) == (5.0, 0.0)
    assert row["bonus_amount_rmb"] == 0.5 * 1000  # CNY a share × 1e4 shares = 1e4 CNY
    assert row["plan_progress"] == "实施方案"


def test_a_plan_is_seen_before_its_dates_are(market):
    assert dividends(market, "2024-03-15").empty
    (plan,) = dividends(market, "2024-03-18").to_dict("records")
    assert (plan["bonus_ratio_rmb"], plan["transfer_ratio"], plan["plan_progress"]) == (2.0, 3.0, "董事会预案")
    assert plan["board_plan_pub_date"] == dt.date(2024, 3, 15)
    assert plan["a_registration_date"] is plan["a_xr_date"] is plan["implementation_pub_date"] is None
    (row,) = dividends(market, "2024-03-26").to_dict("records")
    assert (row["a_registration_date"], row["a_xr_date"]) == (dt.date(2024, 4, 1), dt.date(2024, 4, 2))
    assert row["report_date"] == dt.date(2023, 12, 31)
    assert dividends(market, "2024-03-25", when="15:30")["plan_progress"].tolist() == ["实施方案"]


@pytest.mark.parametrize("date", ["'2024-03-11'", "datetime.date(2024, 3, 11)", "pd.Timestamp('2024-03-11')"])
def test_dates_may_be_texts_dates_or_timestamps(market, date):
    table = "finance.STK_XR_XD"
    for sign, count in (("==", 1), (">", 1), ("<=", 1), (">=", 2)):
        query = f"query({table}.code).filter({table}.a_registration_date {sign} {date})"
        assert len(ask(market, f"out.append(finance.run_query({query}))", day="2024-04-01")) == count, sign


def test_a_table_of_the_bundle_is_seen_by_its_publication(market):
    query = "query(finance.STK_AUDIT_OPINION.code, finance.STK_AUDIT_OPINION.opinion_type_id)"
    for day, codes in (("2024-03-20", []), ("2024-03-21", [A]), ("2024-03-27", [A, B])):
        assert ask(market, f"out.append(finance.run_query({query}))", day=day)["code"].tolist() == codes
    whole = ask(market, "out.append(finance.run_query(query(finance.STK_AUDIT_OPINION)))", day="2024-04-01")
    assert list(whole.columns) == ["id", "code", "pub_date", "opinion_type_id"]
    assert whole["opinion_type_id"].tolist() == [1, 3]
    assert whole["pub_date"].tolist() == [dt.date(2024, 3, 20), dt.date(2024, 3, 26)]


def test_the_platforms_own_table_of_dividends_is_seen_the_same_way(tmp_path):
    dates = {"board_plan_pub_date": "2024-01-03", "implementation_pub_date": "2024-01-05", "a_xr_date": "2024-01-10"}
    frame = pd.DataFrame({"id": [7], "code": [A], "bonus_ratio_rmb": [3.0], "plan_progress": ["实施方案"]})
    frame = frame.assign(**{name: pd.to_datetime([day]).date for name, day in dates.items()})
    bundle = made_bundle(tmp_path / "m", {A: {"open": [10.0] * 9}}, tables={"finance/STK_XR_XD": frame})
    assert dividends(bundle, "2024-01-03", A).empty
    (plan,) = dividends(bundle, "2024-01-04", A).to_dict("records")
    assert (plan["id"], plan["bonus_ratio_rmb"], plan["a_xr_date"], plan["plan_progress"]) == (
        7,
        3.0,
        None,
        "董事会预案",
    )
    (row,) = dividends(bundle, "2024-01-08", A).to_dict("records")
    assert (row["a_xr_date"], row["plan_progress"]) == (dt.date(2024, 1, 10), "实施方案")


def test_a_limit_holds(market):
    query = "query(finance.STK_XR_XD.code).order_by(finance.STK_XR_XD.code.desc()).limit(1)"
    assert ask(market, f"out.append(finance.run_query({query}))", day="2024-04-01")["code"].tolist() == [A]


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (
            "finance.FUND_NET_VALUE",
            UnsupportedCall,
            r"FUND_NET_VALUE.*finance\.STK_AUDIT_OPINION .*finance\.STK_XR_XD",
        ),
        ("finance.run_query(query(valuation.code))", StrategyError, "use get_fundamentals"),
        ("finance.run_query(query(finance.STK_XR_XD.code, finance.STK_AUDIT_OPINION.code))", StrategyError, "一张表"),
        ("finance.run_query('x')", StrategyError, r"query\(…\)"),
        ("finance.STK_XR_XD.price", AttributeError, "price"),
        ("macro.MAC_MONEY_SUPPLY_MONTH", UnsupportedCall, r"macro\.MAC_MONEY_SUPPLY_MONTH.*no macro table.*--table"),
    ],
)
def test_what_is_not_there_is_named(market, call, kind, words):
    with pytest.raises(kind, match=words):
        ask(market, f"out.append({call})", day="2024-04-01")


def test_lists_of_stocks_and_companies_follow_from_the_securities():
    made = Bundle.open(small_market(), verify=False)
    lists = "finance.run_query(query(finance.STK_LIST).filter(finance.STK_LIST.code.in_(pool)))"
    companies = "finance.run_query(query(finance.STK_COMPANY_INFO).filter(finance.STK_COMPANY_INFO.code.in_(pool)))"
    gone = "finance.STK_LIST.state_id == 301003"
    body = f"""
pool = list(get_all_securities(date=context.previous_date).index)
out += [pool, {lists}, {companies}, get_industry(pool, date=context.previous_date)]
out.append(finance.run_query(query(finance.STK_LIST.code).filter({gone}))['code'].tolist())
"""
    pool, listed, told, industries, gone = ask(made, body.strip(), day="2019-06-03")
    assert sorted(listed["code"]) == sorted(told["code"]) == sorted(pool)
    assert set(listed["state"]) == {"正常上市"}
    assert listed["start_date"].max() <= dt.date(2019, 5, 31)
    assert told.set_index("code")["industry_id"].to_dict() == {
        code: kinds["zjw"]["industry_code"] for code, kinds in industries.items()
    }
    assert not set(gone) & set(pool)


def test_the_made_market_trades_with_hong_kong():
    made = Bundle.open(small_market(), verify=False)
    body = """
held, flow = finance.STK_HK_HOLD_INFO, finance.STK_ML_QUOTA
day = context.previous_date
out.append(finance.run_query(query(held).filter(held.link_id.in_(['310001', '310002']), held.day == day)))
rows = query(flow).filter(flow.day <= day, flow.link_id == 310001).order_by(flow.day.desc()).limit(10)
out.append(finance.run_query(rows))
out.append(get_index_stocks('000300.XSHG', date=day))
"""
    holdings, flow, members = ask(made, body.strip(), day="2019-06-03")
    assert sorted(holdings["code"]) == members
    assert holdings["share_ratio"].between(0.01, 24).all()
    assert len(flow) == 10
    assert flow["day"].iloc[0] == dt.date(2019, 5, 31)
    assert (
        (flow["quota_daily"] - flow["buy_amount"] + flow["sell_amount"]).round(2).equals(flow["quota_daily_balance"])
    )


def test_hasattr_tells_which_tables_there_are(market):
    names = "(finance, 'STK_XR_XD'), (finance, 'STK_FIN_FORCAST'), (macro, 'MAC_MONEY_SUPPLY_MONTH')"
    assert ask(market, f"out += [hasattr(*pair) for pair in ({names})]", day="2024-04-01") == [True, False, False]


def test_without_share_counts_the_amount_is_unknown_and_the_ratio_is_not(tmp_path):
    bundle = made_bundle(tmp_path / "m", {A: {"open": [10.0] * 5}}, actions=[(A, "2024-01-04", 0.1, 1.0)])
    frame = dividends(bundle, "2024-01-08", A)
    assert frame["bonus_ratio_rmb"].tolist() == [1.0]
    assert frame["bonus_amount_rmb"].isna().all()


def test_a_column_that_is_asked_for_beside_its_table_comes_once(market):
    found = dividends(
        market, "2024-03-12", A, "finance.STK_XR_XD.a_xr_date, finance.STK_XR_XD.code, finance.STK_XR_XD"
    )
    assert found.columns.tolist()[:2] == ["a_xr_date", "code"]
    assert found.columns.is_unique
    (row,) = found.to_dict("records")
    assert (row["a_xr_date"], row["code"], row["bonus_ratio_rmb"]) == (dt.date(2024, 3, 12), A, 5.0)
