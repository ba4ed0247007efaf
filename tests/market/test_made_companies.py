"""The made companies: statements add up, come out in time, and valuation is made of what was public."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from sdk.market.bundle import Bundle
from tests.bundles import small_market

KEY = ["code", "statDate"]


@cache
def bundle() -> Bundle:
    return Bundle.open(small_market(), verify=False)


def table(name: str) -> pd.DataFrame:
    return bundle().table(f"fundamentals/{name}")


SUMS = {
    "income": (
        ("operating_profit", "total_operating_revenue + investment_income - total_operating_cost"),
        ("total_profit", "operating_profit + non_operating_revenue - non_operating_expense"),
        ("net_profit", "total_profit - income_tax_expense"),
        ("net_profit", "np_parent_company_owners + minority_profit"),
    ),
    "balance": (
        ("total_assets", "total_liability + total_owner_equities"),
        ("total_assets", "total_current_assets + total_non_current_assets"),
        (
            "total_current_assets",
            "cash_equivalents + account_receivable + inventories + bill_receivable + other_receivable "
            "+ advance_payment + other_current_assets",
        ),
        ("total_liability", "total_current_liability + total_non_current_liability"),
        ("total_owner_equities", "equities_parent_company_owners + minority_interests"),
        (
            "equities_parent_company_owners",
            "paidin_capital + capital_reserve_fund + surplus_reserve_fund + retained_profit",
        ),
    ),
    "cash_flow": (
        ("cash_equivalent_increase", "net_operate_cash_flow + net_invest_cash_flow + net_finance_cash_flow"),
        ("net_operate_cash_flow", "subtotal_operate_cash_inflow - subtotal_operate_cash_outflow"),
    ),
}


@pytest.mark.parametrize("suffix", ["", "_year"])
@pytest.mark.parametrize("name", SUMS)
def test_statements_add_up_to_the_yuan(name: str, suffix: str) -> None:
    frame = table(name + suffix)
    assert len(frame) > 100
    for whole, parts in SUMS[name]:
        assert (frame[whole] == frame.eval(parts)).all(), whole


def test_a_year_is_its_four_quarters() -> None:
    income = table("income")
    income = income.assign(year=income["statDate"].dt.year)
    quarters = income.groupby(["code", "year"])["net_profit"].agg(["sum", "size"])
    year = table("income_year").assign(year=lambda frame: frame["statDate"].dt.year).set_index(["code", "year"])
    both = quarters[quarters["size"] == 4].join(year["net_profit"], how="inner")
    assert len(both) > 100
    assert (both["sum"] == both["net_profit"]).all()


def test_reports_come_out_in_their_seasons() -> None:
    frame = table("income")
    late = set(bundle().securities.index[bundle().securities["start_date"] > pd.Timestamp(bundle().days[0])])
    old = frame[~frame["code"].isin(late)]
    for month, seasons in ((3, {4}), (6, {8}), (9, {10}), (12, {3, 4})):
        assert set(old.loc[old["statDate"].dt.month == month, "pubDate"].dt.month) == seasons
    annual, first = (old[old["statDate"].dt.month == month].set_index("code") for month in (12, 3))
    annual = annual.assign(year=annual["statDate"].dt.year + 1).set_index("year", append=True)["pubDate"]
    first = first.assign(year=first["statDate"].dt.year).set_index("year", append=True)["pubDate"]
    both = pd.concat({"annual": annual, "first": first}, axis=1).dropna()
    assert (both["first"] >= both["annual"]).all()
    assert (frame["pubDate"] <= pd.Timestamp(bundle().days[-1])).all()


def test_indicators_are_the_ratios_of_the_statements() -> None:
    both = table("indicator").merge(table("income"), on=KEY).merge(table("balance"), on=KEY)
    np.testing.assert_allclose(both["eps"], both["np_parent_company_owners"] / both["paidin_capital"], atol=1e-4)
    gross = (both["operating_revenue"] - both["operating_cost"]) / both["operating_revenue"] * 100
    np.testing.assert_allclose(both["gross_profit_margin"], gross, atol=1e-3)
    assert both["roe"].median() == pytest.approx(2.0, abs=1.5)  # percent of one quarter
    ago = table("income")[[*KEY, "net_profit"]].assign(statDate=lambda one: one["statDate"] + pd.DateOffset(years=1))
    grown = both.merge(ago, on=KEY, suffixes=("", "_ago"))
    growth = (grown["net_profit"] - grown["net_profit_ago"]) / grown["net_profit_ago"].abs() * 100
    np.testing.assert_allclose(grown["inc_net_profit_year_on_year"], growth, rtol=1e-3, atol=1e-3)


def test_pe_is_made_of_the_four_quarters_that_were_public_that_day() -> None:
    panel, income = bundle().panel(), table("income")
    for code in panel.codes[::9]:
        own = income[income["code"] == code].sort_values("statDate")
        for day in range(320, len(panel.days), 97):
            public = own[own["pubDate"].to_numpy().astype("datetime64[D]") <= panel.days[day]][
                "np_parent_company_owners"
            ]
            known = panel["pe_ratio"][panel.row(code), day]
            if len(public) >= 8 and not np.isnan(known):
                value = panel["market_cap"][panel.row(code), day] * 1e8
                assert value / public.iloc[-4:].sum() == pytest.approx(known, rel=2e-3, abs=2e-4)


def test_share_counts_agree_with_the_statements() -> None:
    panel, balance = bundle().panel(), table("balance")
    row = balance.iloc[len(balance) // 2]
    day = np.searchsorted(panel.days, np.datetime64(row["statDate"], "D"), side="right") - 1
    if day >= 0:
        shares = panel["capitalization"][panel.row(row["code"]), day] * 1e4
        assert shares == pytest.approx(row["paidin_capital"], rel=1e-6) or np.isnan(shares)


def test_money_flow_adds_up_to_nothing_and_leaves_out_halts() -> None:
    flow, panel = bundle().table("money_flow"), bundle().panel()
    nets = flow[[f"net_amount_{size}" for size in ("xl", "l", "m", "s")]].sum(axis=1)
    assert nets.abs().max() < 0.02
    assert len(flow) == int((panel["paused"] == 0).sum())


def test_plans_come_before_details_and_details_before_the_ex_date() -> None:
    plans, actions = bundle().table("dividend_plans"), bundle().corporate_actions
    assert len(plans) == len(actions)
    assert (plans["report_date"] < plans["board_plan_pub_date"]).all()
    assert (plans["board_plan_pub_date"] < plans["implementation_pub_date"]).all()
    assert (plans["implementation_pub_date"] <= plans["ex_date"]).all()


def test_every_stock_has_an_industry_of_each_kind_on_every_day_and_some_change_it() -> None:
    spans = bundle().table("industries")
    assert set(spans["kind"]) == {"sw_l1", "sw_l2", "sw_l3", "zjw", "jq_l1"}
    assert spans["out_date"].notna().sum() >= 2
    for kind in ("sw_l1", "sw_l2", "sw_l3", "zjw", "jq_l1"):
        now = spans[(spans["kind"] == kind) & spans["out_date"].isna()]
        assert sorted(now["code"]) == sorted(bundle().panel().codes)
