"""R15: the limit prices of the day's data decide, also on ex-dates and for ST; the engine computes none."""

from __future__ import annotations

from pathlib import Path

import sdk.emulator
from sdk.emulator.runner import run_backtest
from tests.emulator.markets import made_bundle

A, ST = "600000.XSHG", "600001.XSHG"
STRATEGY = f"""
def initialize(context):
    set_option('use_real_price', True)
    set_slippage(FixedSlippage(0))
def handle_data(context, data):
    print(get_current_data()['{A}'].high_limit, get_current_data()['{ST}'].high_limit)
    order('{A}', 100)
    order('{ST}', 100)
"""


def test_an_ex_date_and_an_st_stock_use_their_own_limits(tmp_path):
    # a 10:10 split: the limit is 10 % above the ex-reference price 5.00, far below yesterday's close
    split = {"open": [10.0, 10.0, 5.5], "pre_close": [10.0, 10.0, 5.0], "high_limit": [11.0, 11.0, 5.5]}
    st = {"open": [4.0, 4.0, 4.2], "high_limit": [4.2, 4.2, 4.2], "is_st": [1, 1, 1]}
    bundle = made_bundle(tmp_path / "market", {A: split, ST: st})
    days = [str(day) for day in bundle.days]
    result = run_backtest(STRATEGY, bundle, days[1], days[2])
    assert [(order.request.security, order.filled) for order in result.orders] == [
        (A, 100),
        (ST, 100),
        (A, 0),
        (ST, 0),
    ]
    assert [line.split(" - ")[-1] for line in result.log if line[-4:] in ("11.0", " 5.5", " 4.2")] == [
        "11.0",
        "4.2",
        "5.5",
        "4.2",
    ]


def test_a_day_without_limits_blocks_nothing(tmp_path):
    bundle = made_bundle(tmp_path / "market", {A: {"open": [10.0, 20.0, 44.0]}, ST: {"open": [4.0, 4.0, 4.0]}})
    result = run_backtest(STRATEGY, bundle, str(bundle.days[1]), str(bundle.days[2]))
    assert [order.filled for order in result.orders] == [100, 100, 100, 100]


def test_no_band_is_written_in_the_engine():
    for path in Path(sdk.emulator.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "1.1 *" not in text
        assert "0.9 *" not in text
        assert "* 1.1" not in text
