"""Queries of fundamentals: SQL on what was public, and nothing that was not."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.emulator.api.visible import FutureDataError
from sdk.emulator.runner import run_backtest
from sdk.errors import StrategyError, UnsupportedCall
from tests.emulator.companies import A, B, C, companies
from tests.emulator.test_data_api import ask

GUARDED = "use_real_price avoid_future_data"


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    return companies(tmp_path_factory.mktemp("companies") / "market")


def rows(market, query, day="2024-04-01", more="", **kwargs):
    """The answer as a list of tuples."""
    frame = ask(market, f"out.append(get_fundamentals({query}{more}))", day=day, **kwargs)
    return [tuple(row) for row in frame.itertuples(index=False)]


# ------------------------------------------------------------------------------------------- what is public when
@pytest.mark.parametrize(
    ("day", "profit", "stat"),
    [
        ("2024-03-19", 100.0, "2023-09-30"),
        ("2024-03-20", 100.0, "2023-09-30"),  # public today: the default date is the day before
        ("2024-03-21", 110.0, "2023-12-31"),
        ("2024-03-28", 110.0, "2023-12-31"),
        ("2024-03-29", 90.0, "2023-12-31"),  # the correction
        ("2024-04-08", 90.0, "2023-12-31"),
        ("2024-04-09", 120.0, "2024-03-31"),
    ],
)
def test_a_statement_is_seen_from_its_publication_on(market, day, profit, stat):
    query = f"query(income.net_profit, income.statDate).filter(income.code == '{A}')"
    assert rows(market, query, day) == [(profit, stat)]


def test_valuation_is_the_one_of_the_day_before(market):
    query = "query(valuation.code, valuation.market_cap, valuation.day).order_by(valuation.market_cap.desc())"
    # Monday 1 April: the 21st bar of Friday 29 March counts from 0
    assert rows(market, query) == [(C, 320.0, "2024-03-29"), (B, 220.0, "2024-03-29"), (A, 120.0, "2024-03-29")]


def test_a_date_in_the_past_shows_what_was_public_then(market):
    query = f"query(indicator.roe).filter(indicator.code == '{A}')"
    assert rows(market, query, "2024-04-09", ", date='2024-03-10'") == [(10.0,)]
    assert rows(market, query, "2024-04-09", ", '2024-03-21'") == [(11.0,)]
    by_date = rows(market, query, "2024-04-09", ", date=datetime.date(2024, 3, 28)")
    assert by_date == rows(market, query, "2024-04-09", ", date=pd.Timestamp('2024-03-28')") == [(9.0,)]


def test_a_weekend_publication_is_seen_when_the_rule_says(market):
    query = f"query(income.net_profit).filter(income.code == '{B}')"
    assert rows(market, query, "2024-03-25") == [(-5.0,)]
    assert rows(market, query, "2024-03-25", ", date='2024-03-24'") == [(20.0,)]
    assert rows(market, query, "2024-03-26") == [(20.0,)]
    text = "def initialize(context): print(get_fundamentals(query(income.net_profit)).net_profit.tolist())"
    for rules, seen in (
        ({}, "[-5.0, 30.0, 110.0]"),
        ({"fundamentals_default_date": "calendar_day"}, "[20.0, 30.0, 110.0]"),
    ):
        result = run_backtest(text, market, "2024-03-25", "2024-03-25", rules=rules)
        assert result.log[0].endswith(seen), result.log


def test_the_day_after_rule_hides_publications_of_the_day(market):
    text = (
        "def initialize(context): print(get_fundamentals(query(income.net_profit), '2024-03-20').net_profit.tolist())"
    )
    for rule, seen in (("pub_date", "110.0]"), ("day_after", "100.0]")):
        result = run_backtest(text, market, "2024-04-01", "2024-04-01", rules={"statement_seen_from": rule})
        assert result.log[0].endswith(seen)


def test_the_future_is_refused_with_the_guard_and_cut_without(market):
    query = f"query(valuation.market_cap, valuation.day).filter(valuation.code == '{A}')"
    assert rows(market, query, more=", date='2024-04-10'") == [(120.0, "2024-03-29")]
    assert rows(market, query, more=", date=context.current_dt", when="15:30") == [(121.0, "2024-04-01")]
    with pytest.raises(FutureDataError, match="不能大于当前日期"):
        rows(market, query, more=", date='2024-04-10'", options=GUARDED)
    with pytest.raises(FutureDataError, match="盘中不能取当日的"):
        rows(market, query, more=", date=context.current_dt", options=GUARDED)
    assert rows(market, query, more=", date=context.previous_date", options=GUARDED)


def test_statements_may_be_asked_for_with_the_date_of_today(market):
    """Published on 2024-03-20: not known before its close, and no error with the guard."""
    query = f"query(income.net_profit).filter(income.code == '{A}')"
    before, after = [
        rows(market, query, day="2024-03-20", more=", date=context.current_dt", options=GUARDED, when=when)
        for when in ("9:00", "15:30")
    ]
    assert (before, after) == ([(100.0,)], [(110.0,)])
    call = f"get_history_fundamentals('{A}', income.net_profit, watch_date=context.current_dt.date())"
    assert len(ask(market, f"out.append({call})", day="2024-03-20", when="9:00", options=GUARDED)) == 1


LOOK = """
from jqdata import *
def initialize(context):
    set_option('use_real_price', True)
    for time in ('9:00', '9:30', '14:50', '15:30'): run_daily(look, time)
def look(context):
    today = context.current_dt
    for date in (None, today, '2024-12-31'):
        print(get_fundamentals(query(valuation.code, valuation.market_cap, income.net_profit), date=date).to_csv())
    for period in ('2023q4', 2023): print(get_fundamentals(query(income), statDate=period).to_csv())
    print(get_fundamentals_continuously(query(valuation.market_cap, indicator.roe), count=3, panel=False).to_csv())
    print(get_fundamentals_continuously(query(valuation.market_cap), today, 2, False).to_csv())
    print(get_history_fundamentals(CODES, [income.net_profit, indicator.roe], stat_date='2024q1', count=3).to_csv())
    print(get_history_fundamentals(CODES, [income.net_profit], watch_date=today, count=2).to_csv())
    for table in (finance.STK_XR_XD, finance.STK_AUDIT_OPINION): print(finance.run_query(query(table)).to_csv())
    print(get_money_flow(CODES[:2], end_date=today, count=2).to_csv(), get_money_flow(CODES[0]).to_csv())
    print(get_billboard_list(end_date=today, count=2).to_csv())
    print(get_valuation(CODES, end_date=today, count=1).to_csv())
    factors = ['net_profit_ttm', 'market_cap', 'ROC6', 'VOL5']
    print([frame.to_csv() for frame in get_factor_values(CODES, factors, end_date=today, count=2).values()])
    print(get_industry(CODES), get_concept_stocks('SC0001'))
""".replace("CODES", str([A, B, C]))


@pytest.mark.parametrize("cut", ["2024-03-20", "2024-03-25", "2024-04-08"])
def test_what_becomes_public_later_changes_nothing_before(tmp_path, market, cut):
    other = companies(tmp_path / "other", changed_from=cut)
    one, two = (run_backtest(LOOK, bundle, "2024-03-04", "2024-04-10", 1e5) for bundle in (market, other))
    assert one.status == two.status == "done", (one.error, two.error)

    def before(result):
        return [line for line in result.log if line[:16] < f"{cut} 15:00"]

    assert len(before(one)) > 50
    assert before(one) == before(two)
    assert one.log != two.log


# ----------------------------------------------------------------------------------------------------- the SQL
def test_conditions_order_limit_and_offset(market):
    base = "query(valuation.code)"
    assert rows(market, f"{base}.filter(valuation.pe_ratio > 0)") == [(A,)]
    assert rows(market, f"{base}.filter(valuation.pb_ratio.between(0.5, 2)).order_by(valuation.pb_ratio)") == [
        (B,),
        (A,),
    ]
    assert rows(
        market, f"{base}.filter(valuation.code.in_(['{A}', '{C}'])).order_by(valuation.market_cap.desc())"
    ) == [
        (C,),
        (A,),
    ]
    assert rows(market, f"{base}.order_by(valuation.market_cap.asc()).limit(1).offset(1)") == [(B,)]
    assert rows(market, f"{base}.filter(~valuation.code.in_(['{A}'])).limit(1)") == [(B,)]
    assert rows(
        market, f"query(valuation.market_cap / valuation.pb_ratio, valuation.code).filter(valuation.code == '{A}')"
    ) == [(80.0, A)]


def test_several_tables_are_joined_by_code(market):
    query = "query(valuation.code, income.net_profit, indicator.roe)"
    assert rows(market, f"{query}.filter(indicator.roe > 2, valuation.market_cap < 300)") == [(A, 90.0, 9.0)]
    joined = "query(valuation.code).join(indicator, valuation.code == indicator.code).filter(indicator.roe > 2)"
    assert rows(market, joined) == [(C,), (A,)]
    assert rows(market, "query(income.net_profit).filter(valuation.market_cap > 300)") == [(30.0,)]


@pytest.mark.parametrize(
    "codes", ["np.array(codes)", "pd.Series(codes)", "pd.Index(codes)", "set(codes)", "dict.fromkeys(codes)"]
)
def test_codes_may_come_in_any_container(market, codes):
    body = f"codes = ['{A}', '{B}']\nq = query(valuation.code).filter(valuation.code.in_({codes}))\n"
    assert ask(market, f"{body}out.append(get_fundamentals(q))", day="2024-04-01")["code"].tolist() == [B, A]


def test_a_query_is_not_changed_by_being_asked(market):
    body = "q = query(valuation.code).limit(2)\nout.append(len(get_fundamentals(q)) + len(get_fundamentals(q)))"
    assert ask(market, body, day="2024-04-01") == 4


def test_columns_are_those_of_the_platform(market):
    frame = ask(market, "out.append(get_fundamentals(query(valuation, income)))", day="2024-04-01")
    assert list(frame.columns[:4]) == ["id", "code", "day", "pe_ratio"]
    assert {"id.1", "code.1", "day.1", "pubDate", "statDate", "net_profit"} <= set(frame.columns)
    assert frame["market_cap"].dtype == float
    assert frame["ps_ratio"].isna().all()  # not in this bundle, and only the whole table was asked for
    assert np.isnan(frame["pe_ratio"][frame["code"] == B].iloc[0])
    assert (frame["code"] == frame["code.1"]).all()


def test_nothing_found_is_an_empty_frame_with_its_columns(market):
    frame = ask(
        market,
        "out.append(get_fundamentals(query(valuation.code).filter(valuation.pe_ratio > 999)))",
        day="2024-04-01",
    )
    assert frame.empty
    assert list(frame.columns) == ["code"]
    first = ask(market, "out.append(get_fundamentals(query(valuation.code, valuation.pe_ratio)))", day="2024-03-01")
    assert first.empty


def test_at_most_as_many_rows_as_the_platform_gives(market):
    calls = (f"len(get_fundamentals(query(valuation.code){limit}))" for limit in ("", ".limit(9)"))
    text = f"def initialize(context): print({', '.join(calls)})"
    result = run_backtest(text, market, "2024-04-01", "2024-04-01", rules={"fundamentals_row_limit": 2})
    assert [line[-1] for line in result.log] == ["2", "2"]


# ----------------------------------------------------------------------------------------------------- periods
@pytest.mark.parametrize(
    ("day", "period", "found"),
    [
        ("2024-03-19", "'2023q4'", []),
        ("2024-03-21", "'2023q4'", [(A, 110.0)]),
        ("2024-03-21", "'2023q4.0'", [(A, 110.0)]),
        ("2024-04-01", "'2023Q4'", [(B, 20.0), (A, 90.0)]),
        ("2024-04-01", "'2023q3'", [(B, -5.0), (C, 30.0), (A, 100.0)]),
        ("2024-04-01", "'2023'", [(A, 400.0)]),
        ("2024-04-01", "2022", [(A, 300.0)]),
        ("2024-04-01", "'2024q1'", []),
    ],
)
def test_stat_date_gives_the_period_as_far_as_it_is_public(market, day, period, found):
    assert rows(market, "query(income.code, income.net_profit)", day, f", statDate={period}") == found


def test_continuously_is_the_query_of_each_day(market):
    query = "query(valuation.market_cap, income.net_profit).filter(valuation.code == '%s')"
    call = f"get_fundamentals_continuously({query}, count=3%s)"
    frame = ask(market, f"out.append({call % (A, ', panel=False')})", day="2024-03-22")
    assert list(frame.columns) == ["day", "code", "market_cap", "net_profit"]
    assert frame["day"].tolist() == ["2024-03-19", "2024-03-20", "2024-03-21"]
    assert frame["market_cap"].tolist() == [112.0, 113.0, 114.0]
    assert frame["net_profit"].tolist() == [100.0, 110.0, 110.0]
    panel = ask(market, f"out.append({call % (A, '')})", day="2024-03-22")
    assert panel["net_profit"][A].tolist() == [100.0, 110.0, 110.0]


def test_history_counts_back_from_a_period_or_from_what_was_public(market):
    call = "get_history_fundamentals(['%s', '%s'], [income.net_profit, income.statDate], %s)"
    frame = ask(market, f"out.append({call % (A, C, 'stat_date=' + repr('2023q4') + ', count=2')})", day="2024-04-01")
    assert [tuple(row) for row in frame.itertuples(index=False)] == [
        (A, "2023-09-30", 100.0),
        (A, "2023-12-31", 90.0),
        (C, "2023-09-30", 30.0),
    ]
    watched = ask(
        market, f"out.append({call % (A, B, 'watch_date=' + repr('2024-03-21') + ', count=1')})", day="2024-04-01"
    )
    assert watched["net_profit"].tolist() == [110.0, -5.0]
    years = "stat_date=2023, count=2, interval='1y', stat_by_year=True"
    call = f"get_history_fundamentals('{A}', income.net_profit, {years})"
    yearly = ask(market, f"out.append({call})", day="2024-04-01")
    assert yearly["net_profit"].tolist() == [300.0, 400.0]


# ------------------------------------------------------------------------------------------------------- errors
@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        ("get_fundamentals(valuation)", StrategyError, r"must be query\(…\)"),
        ("get_fundamentals(query(valuation.code), '2024-03-01', statDate='2023')", StrategyError, "either date or"),
        ("get_fundamentals(query(income.code), statDate='2023q5')", StrategyError, "'2023q5' is no period"),
        ("get_fundamentals(query(valuation.code), date='soon')", StrategyError, "'soon' is not a date"),
        ("get_fundamentals(query(valuation.ps_ratio))", UnsupportedCall, r"StockValuation\.ps_ratio.*market_cap"),
        ("get_fundamentals(query(balance.total_assets))", UnsupportedCall, r"fundamentals/balance\.parquet"),
        ("get_fundamentals(query(indicator.roe), statDate='2023')", UnsupportedCall, "indicator_year"),
        ("get_fundamentals(query(bank_indicator.total_loan))", UnsupportedCall, "bank_indicator_acc"),
        (f"get_history_fundamentals('{A}', income.net_profit)", StrategyError, "either watch_date or stat_date"),
        (f"get_history_fundamentals('{A}', 'net_profit', stat_date='2023')", StrategyError, "income.net_profit"),
        (f"get_history_fundamentals('{A}', income.total_profit, stat_date=2023)", UnsupportedCall, "total_profit"),
        ("query(valuation.pe)", AttributeError, "pe"),
    ],
)  # fmt: skip
def test_a_wrong_query_says_what_is_wrong(market, call, kind, words):
    with pytest.raises(kind, match=words):
        ask(market, f"out.append({call})", day="2024-04-01")


def test_a_run_without_query_never_imports_sqlalchemy(tmp_path):
    import subprocess
    import sys

    text = "import sys, sdk.emulator, sdk.emulator.runner, sdk.emulator.namespace; print('sqlalchemy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
