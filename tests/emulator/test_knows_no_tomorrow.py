"""Truncation: what happens after a moment changes nothing that a strategy saw, did or wrote before it."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.emulator.runner import run_backtest
from tests.emulator.markets import made_bundle

CODES = ("600000.XSHG", "000002.XSHE", "300003.XSHE")
DAYS, CUT = 30, 20
STRATEGY = """
from jqdata import *
def initialize(context):
    set_option('use_real_price', {real})
    set_benchmark('600000.XSHG')
    run_daily(early, '9:05')
    run_daily(look, '9:30')
    run_daily(noon, '13:00')
    run_weekly(look, 1, '9:31')
def early(context): look(context)
def noon(context): look(context)
def look(context):
    codes = ['600000.XSHG', '000002.XSHE', '300003.XSHE']
    today = context.current_dt
    known = ['open', 'pre_close', 'high_limit', 'low_limit', 'paused', 'factor']
    for frame in (
        history(5, '1d', 'close', codes), attribute_history(codes[0], 5),
        get_price(codes, count=5, end_date=today, panel=False),
        get_price(codes, count=3, end_date=today, fields=known, panel=False), get_price(codes[1], count=4),
        get_price(codes[0], start_date='2024-01-01', end_date='2024-12-31', fields=['close', 'volume']),
        get_extras('is_st', codes, count=2),
    ):
        print(frame.to_csv())
    print(get_bars(codes[2], 5, end_dt=today).tolist())
    for code in codes:
        item = get_current_data()[code]
        print(item.last_price, item.day_open, item.high_limit, item.low_limit, item.paused, item.is_st)
        order_target_value(code, 20000 + 1000 * today.day)
    p = context.portfolio
    print(p.total_value, p.available_cash, list(p.positions.values()), get_trade_days(count=3))
"""


def bars(seed, changed_from=None, keep=()):
    """Random walks; with ``changed_from`` everything from that day on differs, except the fields ``keep`` of it."""
    made = {}
    for number, code in enumerate(CODES):
        rng = np.random.default_rng([seed, number])
        close = np.round(20 * np.exp(np.cumsum(rng.normal(0, 0.02, DAYS))), 2)
        fields = {
            "open": np.round(close * (1 + rng.normal(0, 0.005, DAYS)), 2),
            "close": close,
            "factor": np.where(np.arange(DAYS) < 25, 1.0, 1.1),
            "volume": np.round(rng.uniform(1e5, 1e6, DAYS)),
            "paused": (rng.random(DAYS) < 0.05).astype(float),
            "is_st": (rng.random(DAYS) < 0.1).astype(float),
        }
        fields["pre_close"] = np.r_[close[0], close[:-1]]
        fields["high_limit"], fields["low_limit"] = fields["pre_close"] * 1.1, fields["pre_close"] * 0.9
        if changed_from is not None:
            for name, values in bars(seed + 1)[code].items():
                fields[name][changed_from + (name in keep) :] = values[changed_from + (name in keep) :]
        made[code] = fields
    return made


def run(path, market, real, last):
    bundle = made_bundle(path, market)
    result = run_backtest(STRATEGY.format(real=real), bundle, str(bundle.days[5]), str(bundle.days[last]), 200_000)
    assert result.status == "done", result.error
    return result


def test_days_after_the_end_of_a_run_change_nothing(tmp_path):
    one = run(tmp_path / "a", bars(1), True, CUT)
    two = run(tmp_path / "b", bars(1, changed_from=CUT + 1), True, CUT)
    assert one.log == two.log
    assert one.texts == two.texts
    assert len(one.trades) > 10


@pytest.mark.parametrize("moment", ["09:05:00", "09:30:00", "09:31:00", "13:00:00"])
def test_at_the_open_nothing_of_the_day_but_its_open_is_known(tmp_path, moment):
    """The day's volume and halt stay: they decide whether an order fills (matching.py), not what can be read."""
    keep = ("open", "pre_close", "high_limit", "low_limit", "paused", "is_st", "factor", "volume")
    one = run(tmp_path / "a", bars(1), True, CUT)
    two = run(tmp_path / "b", bars(1, changed_from=CUT, keep=keep), True, CUT)
    day = str(one.days[-1])

    def until(result):
        return [line for line in result.log if line[:19] <= f"{day} {moment}"]

    assert until(one) == until(two)
    assert one.texts["result.csv"] != two.texts["result.csv"]


def test_before_the_open_not_even_the_open_is_known(tmp_path):
    keep = ("pre_close", "high_limit", "low_limit", "paused", "is_st", "factor", "volume")
    one = run(tmp_path / "a", bars(1), True, CUT)
    two = run(tmp_path / "b", bars(1, changed_from=CUT, keep=keep), True, CUT)
    day = str(one.days[-1])
    before = [[line for line in result.log if line[:16] <= f"{day} 09:05"] for result in (one, two)]
    assert before[0] == before[1]
    assert one.log != two.log
