"""R13: a stock that left the index stays priced and can be sold."""

from __future__ import annotations

import numpy as np

from sdk.emulator.runner import run_backtest
from sdk.market.bundle import Bundle
from tests.bundles import small_market

STRATEGY = """
def initialize(context):
    set_option('use_real_price', True)
    run_daily(trade, 'open')
def trade(context):
    code, day = '{code}', str(context.current_dt.date())
    member = code in get_index_stocks('000300.XSHG')
    if not context.portfolio.positions and member:
        order_value(code, 100000)
    elif day >= '{sell}':
        assert not member
        order_target(code, 0)
"""


def test_a_former_member_is_priced_every_day_and_sold_when_asked():
    bundle = Bundle.open(small_market(), verify=False)
    left = bundle.index_members.dropna(subset=["out_date"])
    row = left[(left["out_date"] > "2018-06-01") & (left["out_date"] < "2020-06-30")].iloc[0]
    code, out = row["code"], np.datetime64(row["out_date"], "D")
    place = int(np.searchsorted(bundle.days, out))
    start, sell, end = bundle.days[place - 10], bundle.days[place + 40], bundle.days[place + 45]
    result = run_backtest(STRATEGY.format(code=code, sell=sell), bundle, str(start), str(end), 200_000)
    assert result.status == "done", result.error
    buy, sale = result.trades[0], result.trades[-1]
    assert (buy.is_buy, sale.is_buy) == (True, False)
    assert sale.entrust_text[:10] > str(out)
    closes = bundle.panel([code], start, end, ["close"])["close"][0]
    rows = [line.split(",") for line in result.texts["position.csv"].splitlines()[1:] if code in line]
    assert len(rows) > 40
    by_day = dict(zip([str(day) for day in bundle.days[place - 10 : place + 46]], closes, strict=True))
    assert all(float(row[6]) == round(by_day[row[0]], 3) for row in rows)
    assert "Cash" in result.texts["position.csv"].splitlines()[-1]
