"""get_valuation and get_index_stocks on the made market: columns, days, what is known when."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.emulator.api.visible import FutureDataError
from sdk.errors import JqalphaError, UnsupportedCall
from sdk.market.bundle import Bundle
from tests.bundles import small_market
from tests.emulator.test_data_api import ask


@pytest.fixture(scope="module")
def bundle():
    return Bundle.open(small_market(), verify=False)


DAY = "2019-06-03"
FIRST_TWO = "codes = get_index_stocks('000300.XSHG')[:2]\n"


def test_valuation_is_a_row_for_each_code_and_day(bundle):
    call = "get_valuation(codes, end_date=context.previous_date, fields=['circulating_market_cap'], count=3)"
    frame = ask(bundle, f"{FIRST_TWO}out.append({call})", day=DAY)
    assert list(frame.columns) == ["code", "day", "circulating_market_cap"]
    assert len(frame) == 6
    code, day = frame["code"].iloc[0], frame["day"].iloc[2]
    panel = bundle.panel([code])
    assert frame["circulating_market_cap"].iloc[2] == panel["circulating_market_cap"][0, panel.day_index(day)]
    assert str(day) == "2019-05-31"


def test_todays_valuation_is_known_after_the_close_only(bundle):
    call = f"{FIRST_TWO}out.append(get_valuation(codes, end_date=context.current_dt, fields='pe_ratio', count=1))"
    assert {str(day) for day in ask(bundle, call, day=DAY)["day"]} == {"2019-05-31"}
    assert {str(day) for day in ask(bundle, call, day=DAY, when="15:30")["day"]} == {DAY}
    with pytest.raises(FutureDataError, match="盘中不能取当日的"):
        ask(bundle, call, day=DAY, options="use_real_price avoid_future_data")


def test_a_field_that_the_bundle_lacks_is_refused_with_those_it_has(bundle):
    with pytest.raises(UnsupportedCall, match=r"ps_ration.*circulating_market_cap"):
        ask(bundle, f"{FIRST_TWO}get_valuation(codes, fields=['ps_ration'], count=1)", day=DAY)


def test_members_are_those_of_the_day(bundle):
    days = [str(day) for day in bundle.days[300::150]]
    for day in days:
        found = ask(bundle, "out.append(get_index_stocks('000300.XSHG'))", day=day)
        assert tuple(found) == bundle.members("000300.XSHG", day)
        past = ask(bundle, "out.append(get_index_stocks('000300.XSHG', '2018-01-02'))", day=day)
        assert tuple(past) == bundle.members("000300.XSHG", np.datetime64("2018-01-02"))
    with pytest.raises(JqalphaError, match=r"399999\.XSHE"):
        ask(bundle, "get_index_stocks('399999.XSHE')", day=DAY)
