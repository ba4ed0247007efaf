"""get_ticks and get_current_tick: one tick a minute and one of the opening auction; what no bar holds is NaN."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.emulator.api.visible import FutureDataError
from sdk.errors import StrategyError
from tests.emulator.markets import made_bundle
from tests.emulator.test_data_api import A
from tests.emulator.test_data_api import ask as ask_days
from tests.emulator.test_minute_data import ask, bundle  # noqa: F401 - the market of ten days with minutes


def test_the_last_ticks_of_a_stock(bundle):  # noqa: F811
    (ticks,) = ask(bundle, "out.append(get_ticks(A, now, count=3))", when="10:30")
    assert ticks.dtype.names == ("time", "current", "high", "low", "volume", "money")
    assert ticks["time"].tolist() == [20240109102800.0, 20240109102900.0, 20240109103000.0]
    assert ticks["current"].tolist() == [15.57, 15.58, 15.59]
    assert ticks["high"].tolist() == ticks["current"].tolist()
    assert ticks["low"].tolist() == [15.0] * 3
    assert np.diff(ticks["volume"]).tolist() == [1000.0, 1000.0]
    assert ticks["volume"][0] == 58_000.0


def test_the_auction_is_a_tick_of_its_own_and_halted_days_have_none(bundle):  # noqa: F811
    code = (
        "out.append(get_ticks({}, end_dt='2024-01-05 09:26:00', start_dt='2024-01-04', fields=['time', 'current']))"
    )
    (ticks,) = ask(bundle, code.format("A"))
    assert len(ticks) == 242  # the whole 4th and the auction of the 5th
    assert ticks[-1].tolist() == (20240105092500.0, 13.0)
    assert ask(bundle, code.format("B"))[0]["time"].max() < 20240105000000.0


def test_ticks_of_several_codes_are_one_frame(bundle):  # noqa: F811
    code = "out.append(get_ticks([A, B], now, count=1, fields=['time', 'current', 'a1_p'], df=True))"
    (frame,) = ask(bundle, code)
    assert frame.index.tolist() == [("600000.XSHG", 0), ("000002.XSHE", 0)]
    assert str(frame["time"].iloc[0]) == "2024-01-09 10:30:00"
    assert frame["current"].tolist() == [15.59, 15.59]
    assert frame["a1_p"].isna().all()


def test_without_minutes_the_ticks_are_made_of_the_day_bar(tmp_path):
    days = made_bundle(
        tmp_path / "market", {A: {"open": [10.0, 10.2], "close": [10.1, 10.5], "volume": [500.0, 700.0]}}
    )
    code = "out.append(get_ticks(A, context.current_dt, count=1, fields=['current', 'volume'])[0].tolist())"
    assert ask_days(days, code, day="2024-01-03", when="14:50") == (10.2, 0.0)
    assert ask_days(days, code, day="2024-01-03", when="15:10") == (10.5, 700.0)


def test_no_tick_of_later_than_now(bundle):  # noqa: F811
    code = "out.append(get_ticks(A, '2024-01-09 14:00:00', count=1)['time'][0])"
    assert ask(bundle, code) == [20240109103000.0]
    with pytest.raises(FutureDataError, match="get_ticks"):
        ask(bundle, code, avoid=True)
    with pytest.raises(StrategyError, match="either start_dt or count"):
        ask(bundle, "get_ticks(A, now)")
    with pytest.raises(StrategyError, match="did you mean 'current'"):
        ask(bundle, "get_ticks(A, now, count=1, fields=['curent'])")


def test_the_current_tick_of_the_auction(bundle):  # noqa: F811
    (tick, none) = ask(
        bundle, "out += [get_current_tick(A), get_current_tick(B)]", when="9:26", day=5, frequency="day"
    )
    assert (tick.current, tick["high"], none) == (13.0, 13.0, None)
    assert np.isnan(tick["a1_v"])
