"""get_factor_values: the formulas on the made market, what is known when, and what is not offered."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.emulator.api.factors import OF_BARS, OF_BOOKS
from sdk.emulator.api.visible import FutureDataError
from sdk.errors import StrategyError, UnsupportedCall
from sdk.market.bundle import Bundle
from tests.bundles import small_market
from tests.emulator.test_data_api import ask

DAY = "2019-06-03"
POOL = "pool = get_index_stocks('000300.XSHG')[:5]\n"


@pytest.fixture(scope="module")
def made():
    return Bundle.open(small_market(), verify=False)


def values(made, factors, more="end_date=context.previous_date, count=1", **kwargs):
    return ask(made, f"{POOL}out.append(get_factor_values(pool, {factors!r}, {more}))", day=DAY, **kwargs)


def history(made, code, field, count):
    """Adjusted values of the last days up to the day before DAY."""
    panel = made.panel([code])
    stop = int(np.searchsorted(panel.days, np.datetime64(DAY)))
    block = panel[field][0, stop - count : stop]
    return block * panel["factor"][0, stop - count : stop] if field == "close" else block


def test_a_factor_is_a_frame_of_days_by_codes(made):
    found = values(made, ["ROC6", "natural_log_of_market_cap"], "end_date=context.previous_date, count=3")
    assert list(found) == ["ROC6", "natural_log_of_market_cap"]
    assert found["ROC6"].shape == (3, 5)
    assert str(found["ROC6"].index[-1])[:10] == "2019-05-31"
    assert values(made, "ROC6")["ROC6"].shape == (1, 5)


def test_one_day_by_position_is_the_last_of_count(made):
    by_place = values(made, "ROC6", "context.previous_date, count=2")["ROC6"]
    assert by_place.equals(values(made, "ROC6", "end_date=context.previous_date, count=2")["ROC6"])
    with pytest.raises(StrategyError, match="either count or start_date"):
        values(made, "ROC6", "start_date='2019-05-01', end_date='2019-05-31', count=2")


def test_formulas(made):
    names = ["ROC20", "BIAS10", "VOL20", "Variance20", "natural_log_of_market_cap", "MAC5", "TVMA6", "price_no_fq"]
    found = values(made, names)
    code = found["ROC20"].columns[0]
    close = history(made, code, "close", 21)
    gains = close[1:] / close[:-1] - 1
    expected = {
        "ROC20": (close[-1] / close[0] - 1) * 100,
        "BIAS10": (close[-1] / close[-10:].mean() - 1) * 100,
        "VOL20": history(made, code, "turnover_ratio", 20).mean(),
        "Variance20": gains.var(ddof=1) * 250,
        "natural_log_of_market_cap": np.log(history(made, code, "market_cap", 1)[0] * 1e8),
        "MAC5": close[-5:].mean() / close[-1],
        "TVMA6": history(made, code, "money", 6).mean(),
    }
    for name, value in expected.items():
        assert found[name][code].iloc[0] == pytest.approx(value, rel=1e-9), name


def test_sums_of_four_quarters_agree_with_the_valuation_of_the_day(made):
    """pe_ratio = market value ÷ profit of four quarters: two ways to the same statements."""
    found = values(made, ["np_parent_company_owners_ttm", "total_operating_revenue_ttm"])
    for code in found["np_parent_company_owners_ttm"].columns:
        value = history(made, code, "market_cap", 1)[0] * 1e8
        for name, ratio in (
            ("np_parent_company_owners_ttm", "pe_ratio"),
            ("total_operating_revenue_ttm", "ps_ratio"),
        ):
            assert value / found[name][code].iloc[0] == pytest.approx(history(made, code, ratio, 1)[0], rel=1e-3)


def test_style_factors_are_standardised_over_all_stocks(made):
    body = "pool = list(get_all_securities(date=context.previous_date).index)\n"
    names = "['size', 'natural_log_of_market_cap']"
    call = f"out.append(get_factor_values(pool, {names}, end_date=context.previous_date, count=1))"
    found = ask(made, body + call, day=DAY)
    size, raw = found["size"].iloc[0], found["natural_log_of_market_cap"].iloc[0]
    assert size.std(ddof=0) == pytest.approx(1.0)
    weight = np.exp(raw)
    assert (size * weight).sum() / weight.sum() == pytest.approx(0.0, abs=1e-9)
    assert (size.rank() == raw.rank()).all()


@pytest.mark.parametrize("name", sorted({**OF_BARS, **OF_BOOKS}))
def test_every_factor_has_values_on_the_made_market(made, name):
    frame = ask(
        made, f"{POOL}out.append(get_factor_values(pool, '{name}', end_date='2020-06-01', count=2))", day="2020-06-03"
    )[name]
    finite = np.isfinite(frame.to_numpy(float))
    assert finite.any() if name == "PEG" else finite.all(), "PEG has no value where profits fall"


def test_todays_value_is_known_after_the_close_only(made):
    for when, last in (("9:30", "2019-05-31"), ("15:30", DAY)):
        frame = values(made, "ROC6", "end_date=context.current_dt, count=1", when=when)["ROC6"]
        assert str(frame.index[-1])[:10] == last
    with pytest.raises(FutureDataError):
        values(made, "ROC6", "end_date='2019-12-31', count=1", options="use_real_price avoid_future_data")


def test_the_list_of_factors_and_what_is_not_in_it(made):
    frame = ask(made, "out.append(get_all_factors())", day=DAY)
    assert list(frame.columns) == ["factor", "factor_intro", "category", "category_intro"]
    assert len(frame) == len(OF_BARS) + len(OF_BOOKS)
    with pytest.raises(UnsupportedCall, match=r"get_factor_values\('VOL21'\).*did you mean 'VOL"):
        values(made, "VOL21")
    with pytest.raises(StrategyError, match="200000"):
        ask(
            made,
            "get_factor_values(list(get_all_securities().index), ['ROC6'] * 20, end_date='2020-12-01')",
            day="2020-12-03",
        )


def test_jqfactor_offers_the_same_function(made):
    body = f"{POOL}from jqfactor import get_factor_values as same\n"
    call = "out.append(same(pool, 'ROC6', end_date='2019-05-31', count=1)['ROC6'])"
    assert ask(made, body + call, day=DAY).shape == (1, 5)


def test_further_formulas(made):
    found = values(made, ["ARBR", "boll_up", "EMAC10", "VDIFF", "inventory_turnover_days", "roic_ttm"])
    code = found["ARBR"].columns[0]
    panel = made.panel([code])
    stop = int(np.searchsorted(panel.days, np.datetime64(DAY)))
    factor = panel["factor"][0, :stop]
    opened, high, low, close = (panel[name][0, :stop] * factor for name in ("open", "high", "low", "close"))
    popular = (high - opened)[-26:].sum() / (opened - low)[-26:].sum() * 100
    above, below = np.maximum(high[1:] - close[:-1], 0), np.maximum(close[:-1] - low[1:], 0)
    assert found["ARBR"][code].iloc[0] == pytest.approx(popular - above[-26:].sum() / below[-26:].sum() * 100)
    band = close[-20:].mean() + 2 * close[-20:].std()
    assert found["boll_up"][code].iloc[0] == pytest.approx(band / close[-1])
    smooth = close[-40]
    for price in close[-39:]:
        smooth += (price - smooth) * 2 / 11
    assert found["EMAC10"][code].iloc[0] == pytest.approx(smooth / close[-1])


def quarters(made, table, column, code, count):
    """The last quarters of a figure that were public on the day before DAY, the latest first."""
    frame = made.table(f"fundamentals/{table}")
    rows = frame[(frame["code"] == code) & (frame["pubDate"] < DAY)].drop_duplicates("statDate", keep="last")
    return rows.sort_values("statDate")[column].to_numpy()[: -count - 1 : -1]


def test_figures_of_one_quarter_and_by_market_value(made):
    found = values(made, ["non_recurring_gain_loss", "operating_profit_per_share", "MLEV", "cfo_to_ev"])
    code = found["MLEV"].columns[1]
    (owners,), (adjusted,) = (
        quarters(made, *of, code, 1)
        for of in (("income", "np_parent_company_owners"), ("indicator", "adjusted_profit"))
    )
    assert found["non_recurring_gain_loss"][code].iloc[0] == pytest.approx(owners - adjusted)
    (profit,) = quarters(made, "income", "operating_profit", code, 1)
    shares, value = (history(made, code, name, 1)[0] for name in ("capitalization", "market_cap"))
    assert found["operating_profit_per_share"][code].iloc[0] == pytest.approx(profit / (shares * 1e4))
    long_debt, debt, cash = (
        quarters(made, "balance", name, code, 1)[0]
        for name in ("total_non_current_liability", "total_liability", "cash_equivalents")
    )
    assert found["MLEV"][code].iloc[0] == pytest.approx(long_debt / (long_debt + value * 1e8))
    flow = quarters(made, "cash_flow", "net_operate_cash_flow", code, 4).sum()
    assert found["cfo_to_ev"][code].iloc[0] == pytest.approx(flow / (value * 1e8 + debt - cash))


def test_a_factor_of_the_strategy_may_depend_on_statements(made):
    body = """
from jqfactor import Factor, calc_factors
class Change(Factor):
    name, max_window, dependencies = 'change', 1, ['roa', 'roa_1', 'net_profit_4', 'total_assets']
    def calc(self, data):
        out.append({name: frame.iloc[-1] for name, frame in data.items()})
        return data['roa'].iloc[-1] - data['roa_1'].iloc[-1]
day = context.previous_date
out.append(calc_factors(pool, [Change()], start_date=day, end_date=day)['change'])
"""
    seen, change = ask(made, POOL + body, day=DAY)
    code = change.columns[2]
    roa, before = quarters(made, "indicator", "roa", code, 2)
    assert (seen["roa"][code], seen["roa_1"][code]) == (roa, before)
    assert seen["net_profit_4"][code] == quarters(made, "income", "net_profit", code, 5)[4]
    assert seen["total_assets"][code] == quarters(made, "balance", "total_assets", code, 1)[0]
    assert change[code].iloc[0] == roa - before


def test_an_industry_is_a_factor_of_ones_and_noughts(made):
    call = (
        "code = get_industries('sw_l1').index[0]\npool = list(get_all_securities(date=context.previous_date).index)\n"
        "out.append(get_factor_values(pool, [code], end_date=context.previous_date, count=2)[code])\n"
        "out.append(get_industry_stocks(code, date=context.previous_date))"
    )
    frame, members = ask(made, call, day=DAY)
    assert frame.shape[0] == 2
    assert set(frame.columns[frame.iloc[-1] == 1]) == set(members) & set(frame.columns)
    assert 0 < len(members) < frame.shape[1]
    assert set(np.unique(frame)) == {0, 1}
    assert not values(made, ["801999"])["801999"].to_numpy().any()  # one of the platform's that the bundle lacks


def test_the_mean_of_eight_years_takes_the_years_that_are_known(made):
    """DAY knows reports from 2014 on: four years of returns, three of growing margins."""
    found = values(made, ["roa_ttm_8y", "roe_ttm_8y", "DEGM_8y", "roa_ttm", "roe_ttm", "DEGM"])
    for long, now in (("roa_ttm_8y", "roa_ttm"), ("roe_ttm_8y", "roe_ttm"), ("DEGM_8y", "DEGM")):
        gap = (found[long] - found[now]).abs()
        assert found[long].notna().any().any(), long
        assert 0 < gap.max().max() < 1, long


def test_the_mean_of_eight_years_by_hand():
    class Firm:
        """Returns of 10, 20, 10 and 0 percent in the last four years, nothing before."""

        def ttm_of(self, column, year, table="income"):
            return np.array([[(10.0, 20.0, 10.0, 0.0, *([np.nan] * 5))[year]]])

        def end_of(self, column, year):
            return np.array([[100.0]])

    value = OF_BOOKS["roa_ttm_8y"].value(Firm())
    assert value[0, 0] == pytest.approx((1.1 * 1.2 * 1.1) ** 0.25 - 1)
