"""Data calls on minute bars: history, get_price, get_bars, what is visible when, adjustment, joined bars."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from sdk.emulator.api.visible import FutureDataError
from sdk.emulator.runner import run_backtest
from sdk.errors import StrategyError, UnsupportedCall
from tests.emulator.markets import made_bundle

A, B, C = "600000.XSHG", "000002.XSHE", "600001.XSHG"
DAYS = 8  # from Tuesday 2024-01-02; the 9th is the second Tuesday


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """Bar k of day d closes at 10 + d + k ÷ 100; A goes ex on the 8th (factor 1 → 2); B is halted on the 5th."""
    closes = np.round(10.0 + np.arange(DAYS)[:, np.newaxis] + np.arange(240) / 100, 2)
    halted = closes.copy()
    halted[3] = np.nan
    day = {"open": closes[:, 0], "close": closes[:, -1], "low": closes.min(1), "high": closes.max(1)}
    day |= {"volume": np.full(DAYS, 240e3)}
    stop = {**day, "paused": (np.arange(DAYS) == 3).astype(float)}
    stop |= {k: np.where(np.arange(DAYS) == 3, 14.39, day[k]) for k in ("open", "close", "low", "high")}
    bars = {A: {**day, "factor": [1.0] * 4 + [2.0] * 4}, B: stop, C: {"open": [5.0] * DAYS}}
    return made_bundle(tmp_path_factory.mktemp("data") / "market", bars, minutes={A: closes, B: halted})


def ask(bundle, code, when="10:30", day=9, real=True, avoid=False, frequency="minute", rules=None):
    """Run ``code`` (appends to ``out``) at a time of a day of January 2024; return what it appended."""
    out: list = []
    lines = "".join(f"    {line}\n" for line in code.splitlines())
    strategy = f"""
from jqdata import *
import datetime as dt
A, B, C = {A!r}, {B!r}, {C!r}
def initialize(context):
    set_option('use_real_price', {real})
    set_option('avoid_future_data', {avoid})
    run_daily(work, {when!r})
def work(context):
    out, now = bundle_out, context.current_dt
    if now.day != {day}: return
{lines}
"""
    import builtins

    builtins.bundle_out = out
    try:
        last = str(np.datetime64("2024-01-01") + day - 1)
        result = run_backtest(strategy, bundle, "2024-01-03", last, frequency=frequency, rules=rules)
    finally:
        del builtins.bundle_out
    if result.error is not None:
        raise result.error
    return out


@pytest.mark.parametrize("frequency", ["minute", "day"])
def test_history_ends_with_the_minute_that_has_just_ended(bundle, frequency):
    code = "f = attribute_history(A, 3, '1m', ['close', 'volume'])\nout += [f.index.tolist(), f['close'].tolist()]"
    times, closes = ask(bundle, code, frequency=frequency)
    assert [str(time)[:16] for time in times] == ["2024-01-09 10:28", "2024-01-09 10:29", "2024-01-09 10:30"]
    assert closes == [15.57, 15.58, 15.59]


def test_history_of_several_codes_and_of_joined_minutes(bundle):
    code = """
f = history(2, '15m', 'high', [A, B])
out += [f.index.tolist(), f[A].tolist(), f.columns.tolist()]
d = history(2, '5m', 'volume', [A], df=False)
out.append(d[A].tolist())
"""
    times, highs, columns, volumes = ask(bundle, code, when="10:33")
    assert [str(time)[11:16] for time in times] == ["10:18", "10:33"]  # counted back from now, not from the clock
    assert (highs, columns, volumes) == ([15.47, 15.62], [A, B], [5000.0, 5000.0])


def test_joined_days_slide_back_from_yesterday(bundle):
    code = "out.append(attribute_history(A, 9, '2d', ['open', 'high', 'low', 'close', 'volume'], fq=None))"
    (frame,) = ask(bundle, code)
    assert [str(day)[:10] for day in frame.index] == ["2024-01-04", "2024-01-08"]
    assert frame.iloc[0].tolist() == [11.0, 14.39, 11.0, 14.39, 480e3]
    (kept,) = ask(bundle, code, rules={"sliding_bars_rest": "keep"})
    assert kept.iloc[0].tolist() == [10.0, 12.39, 10.0, 12.39, 240e3]
    assert len(kept) == 3


def test_minutes_are_adjusted_by_the_factor_of_their_day(bundle):
    """The factor doubles on Monday the 8th: Friday's last minute, 15.39 raw, is 7.70 seen from there."""
    code = "out.append(attribute_history(A, 241, '1m', ['close', 'volume', 'money', 'factor']))"
    (frame,) = ask(bundle, code, when="15:00", day=8)
    assert frame.index[0] == pd.Timestamp("2024-01-05 15:00")
    assert frame.iloc[0].tolist() == [7.7, 2000.0, 15390.0, 0.5]
    assert frame.iloc[1].tolist() == [14.0, 1000.0, 14000.0, 1.0]
    (raw,) = ask(bundle, "out.append(attribute_history(A, 241, '1m', ['close'], fq=None))", when="15:00", day=8)
    assert raw["close"][0] == 15.39  # a place, as in the platform's pandas


def test_get_price_takes_times_and_a_bare_date_is_midnight(bundle):
    code = """
span = {'start_date': '2024-01-09 10:28:00', 'end_date': '2024-01-09 10:30:00'}
out.append(get_price(A, frequency='1m', **span).index.tolist())
out.append(get_price(A, end_date='2024-01-09', count=1, frequency='minute').index.tolist())
fields = ['close', 'pre_close', 'avg']
out.append(get_price([A, B], end_date=now, count=2, frequency='1m', fields=fields, panel=False))
"""
    span, date, frame = ask(bundle, code)
    assert [str(time)[11:16] for time in span] == ["10:28", "10:29", "10:30"]
    assert [str(time) for time in date] == ["2024-01-08 15:00:00"]
    assert frame.columns.tolist() == ["time", "code", "close", "pre_close", "avg"]
    assert frame["pre_close"].tolist() == [15.57, 15.58] * 2


def test_a_halted_day_is_filled_or_nan_or_skipped(bundle):
    code = """
end = '2024-01-05 10:00:00'
for option in ({}, {'fill_paused': False}, {'skip_paused': True}):
    f = get_price(B, end_date=end, count=2, frequency='1m', fields=['close', 'volume', 'paused'], fq=None, **option)
    out.append((str(f.index[-1]), f['close'].iloc[-1], f['volume'].iloc[-1], f['paused'].iloc[-1]))
"""
    filled, gaps, skipped = ask(bundle, code)
    assert filled == ("2024-01-05 10:00:00", 14.39, 0.0, 1.0)
    assert gaps[0] == filled[0]
    assert np.isnan(gaps[1])
    assert skipped == ("2024-01-04 15:00:00", 14.39, 1000.0, 0.0)


def test_minutes_of_the_future_are_cut_and_counted_or_refused(bundle):
    code = "out.append(str(get_price(A, end_date='2024-01-09 14:00:00', count=1, frequency='1m').index[0]))"
    assert ask(bundle, code) == ["2024-01-09 10:30:00"]
    with pytest.raises(FutureDataError) as caught:
        ask(bundle, code, avoid=True)
    assert "get_price的end_date(2024-01-09 14:00:00)不能大于当前时间(2024-01-09 10:30:00)" in str(caught.value)


BARS = [
    # unit, when, include_now, labels (day hour:minute)
    ("1m", "10:33", False, ["09 10:32", "09 10:33"]),
    ("5m", "10:33", False, ["09 10:25", "09 10:30"]),
    ("5m", "10:33", True, ["09 10:30", "09 10:33"]),
    ("15m", "09:44", False, ["08 14:45", "08 15:00"]),
    ("30m", "13:00", False, ["09 11:00", "09 11:30"]),
    ("60m", "13:10", False, ["09 10:30", "09 11:30"]),
    ("60m", "13:10", True, ["09 11:30", "09 13:10"]),
    ("120m", "13:10", False, ["08 15:00", "09 11:30"]),
    ("120m", "15:00", False, ["09 11:30", "09 15:00"]),
]


@pytest.mark.parametrize(("unit", "when", "now", "labels"), BARS)
def test_get_bars_follows_the_clock(bundle, unit, when, now, labels):
    code = f"out.append(get_bars(A, 2, unit={unit!r}, fields=['date', 'close'], include_now={now})['date'].tolist())"
    (times,) = ask(bundle, code, when=when)
    assert all(isinstance(time, dt.datetime) for time in times)
    assert [f"{time:%d %H:%M}" for time in times] == labels


def test_get_bars_joins_open_high_low_close_and_volume(bundle):
    code = "out.append(get_bars(A, 1, '30m', ['open','high','low','close','volume','money'], fq_ref_date=None)[0])"
    (row,) = ask(bundle, code, when="10:30")
    assert list(row)[:5] == [15.29, 15.59, 15.29, 15.59, 30000.0]


def test_the_running_day_holds_what_the_minutes_hold(bundle):
    code = """
out.append(get_bars(A, 1, '1d', ['date','open','high','low','close','volume'], include_now=True)[0].tolist())
out.append(get_bars(A, 2, '1d', ['date'])['date'].tolist())
out.append(get_bars(A, 1, '1d', ['close'], end_dt=now, include_now=True)['close'].tolist())
"""
    today, finished, ended = ask(bundle, code)
    assert today == (dt.date(2024, 1, 9), 15.0, 15.59, 15.0, 15.59, 60000.0)
    assert (finished, ended) == ([dt.date(2024, 1, 5), dt.date(2024, 1, 8)], [15.59])
    (opening,) = ask(bundle, code.splitlines()[1], when="9:30")
    assert opening == (dt.date(2024, 1, 9), 15.0, 15.0, 15.0, 15.0, 0.0)


def test_weeks_and_months_end_with_their_last_trading_day(bundle):
    code = """
for now in (False, True):
    rows = get_bars(A, 2, '1w', ['date', 'open', 'close', 'volume'], include_now=now, fq_ref_date=None)
    out.append([row.tolist() for row in rows])
out.append(get_bars(A, 2, '1M', ['date', 'close'], include_now=True)['date'].tolist())
out.append(len(get_bars(A, 2, '1M')))
"""
    weeks, running, months, done = ask(bundle, code)
    assert weeks == [(dt.date(2024, 1, 5), 10.0, 15.39, 4 * 240e3)]
    assert running == [*weeks, (dt.date(2024, 1, 9), 14.0, 15.59, 240e3 + 60e3)]
    assert (months, done) == ([dt.date(2024, 1, 9)], 0)


def test_get_bars_of_a_list_and_as_frames(bundle):
    code = """
out.append(get_bars([A, B], 2, unit='5m', fields=['date', 'close'], df=True))
out.append(sorted(get_bars([A, B], 2, unit='5m')))
"""
    frame, codes = ask(bundle, code)
    assert frame.index.get_level_values(0).tolist() == [A, A, B, B]
    assert (codes, frame.loc[A]["close"].tolist()) == ([B, A], [15.54, 15.59])


def test_fq_ref_date_chooses_the_day_whose_price_is_the_traded_one(bundle):
    code = """
for day in (dt.date(2024, 1, 5), None, '2024-01-09'):
    out.append(get_bars(A, 3, '1d', ['close', 'factor'], fq_ref_date=day)[0].tolist())
"""
    friday, raw, now = ask(bundle, code)
    assert (friday, raw, now) == ((14.39, 1.0), (14.39, 1.0), (7.2, 1.0))


@pytest.mark.parametrize("unit", ["1h", "0m", "241m", "m5", "1M", 5])
def test_a_unit_that_is_no_bar_length_names_the_known_ones(bundle, unit):
    with pytest.raises(StrategyError, match="known: 1d"):
        ask(bundle, f"history(1, {unit!r}, 'close', [A])")


def test_joined_bars_have_six_fields_only(bundle):
    with pytest.raises(StrategyError, match="does not exist for joined bars"):
        ask(bundle, "get_price(A, count=1, frequency='5m', fields=['close', 'factor'])")


def test_a_bundle_without_minutes_says_so_with_the_line(tmp_path):
    plain = made_bundle(tmp_path / "plain", {A: {"open": [10.0] * 8}})
    with pytest.raises(UnsupportedCall, match=r"策略第 \d+ 行.*this bundle has no minute bars"):
        ask(plain, "get_bars(A, 1, unit='5m')", frequency="day", rules={"minute_calls_without_minutes": "refuse"})


def test_the_minutes_that_a_code_lacks_are_made_of_its_day_bars(bundle):
    code = """
out.append(history(2, '1m', 'close', [A, C]).values.tolist())
out.append(get_bars(C, 1, unit='1m', fields=['close'])['close'].tolist())
volume = get_price(C, end_date='2024-01-08 15:00:00', count=2, frequency='1m', fields=['volume'])['volume']
out.append(volume.gt(0).tolist())
"""
    assert ask(bundle, code) == [[[15.58, 5.0], [15.59, 5.0]], [5.0], [False, True]]
    refused = {"minute_calls_without_minutes": "refuse"}
    (found,) = ask(bundle, "out.append(history(1, '1m', 'close', [A, C]).values.tolist()[0])", rules=refused)
    assert found[0] == 15.59
    assert np.isnan(found[1])


def test_a_code_without_minutes_is_named_by_the_run(bundle):
    strategy = f"""
def initialize(context): run_daily(work, '10:00')
def work(context):
    print(attribute_history({C!r}, 1, '1m', ['close']), get_current_data()[{C!r}].last_price)
"""
    result = run_backtest(strategy, bundle, "2024-01-03", "2024-01-03", frequency="minute")
    assert any(f"1 codes have no minute bars in some month of the run: {C}" in note for note in result.notes)


def test_mavg_vwap_and_stddev_count_days_in_minute_frequency(bundle):
    strategy = f"""
def initialize(context): set_option('use_real_price', True)
def handle_data(context, data):
    if context.current_dt.strftime('%d %H:%M') == '05 10:00':
        bar = data[{A!r}]
        print('%.4f %.4f %.4f %s' % (bar.mavg(3), bar.vwap(2), bar.stddev(3), bar.mavg(9)))
"""
    result = run_backtest(strategy, bundle, "2024-01-03", "2024-01-05", frequency="minute")
    closes = np.array([12.39, 13.39, 14.39])
    assert result.log[-1].endswith(f"{closes.mean():.4f} {13.89:.4f} {closes.std():.4f} nan"), result.log


def test_the_call_auction_is_the_days_open(bundle):
    code = """
f = get_call_auction([A, B], start_date='2024-01-04', end_date='2024-12-31', fields=['time', 'current'])
out.append([(c, str(t), x) for c, t, x in zip(f['code'], f['time'], f['current'])])
"""
    (early,) = ask(bundle, code, when="9:20", day=5)
    assert early == [(A, "2024-01-04 09:25:00", 12.0), (B, "2024-01-04 09:25:00", 12.0)]
    (rows,) = ask(bundle, code, when="9:26", day=5)
    assert rows == [early[0], (A, "2024-01-05 09:25:00", 13.0), early[1]]  # B is halted on the 5th


def test_the_volume_of_the_auction_is_unknown_refused_or_the_first_minutes_by_rule(bundle):
    (unknown,) = ask(
        bundle, "f = get_call_auction(A, fields=['current', 'volume', 'a1_p'])\nout.append(f.loc[0].tolist())"
    )
    assert unknown[1] > 0 and np.isnan(unknown[2]) and np.isnan(unknown[3])  # noqa: PT018
    with pytest.raises(UnsupportedCall, match="call_auction_volume=first_minute"):
        ask(bundle, "get_call_auction(A)", rules={"call_auction_volume": "refuse"})
    rule = {"call_auction_volume": "first_minute"}
    (volume,) = ask(bundle, "out.append(get_call_auction(A)['volume'][0])", rules=rule)
    assert volume == 1000.0
    with pytest.raises(UnsupportedCall, match="a1_p"):
        ask(bundle, "get_call_auction(A, fields=['time', 'a1_p'])", rules=rule)


def test_the_current_tick_is_the_day_so_far(bundle):
    minute = ask(bundle, f"out.append(get_current_tick('{A}'))", when="10:30", day=3, frequency="day")[0]
    closes = np.round(11.0 + np.arange(240) / 100, 2)
    assert minute.current == closes[59]
    assert (minute.high, minute.low) == (closes[:60].max(), closes[:60].min())
    assert minute.volume > 0
    assert np.isnan(minute.a1_p)
    several = ask(bundle, f"out.append(get_current_tick(['{A}', '{C}']))", when="10:30", day=3, frequency="day")[0]
    assert several[C].current == 5.0
    assert np.isnan(several[C].volume)
    frame = ask(bundle, f"out.append(get_current_tick(['{A}'], df=True))", when="10:30", day=3, frequency="day")[0]
    assert frame.loc[A, "current"] == closes[59]


def test_there_is_no_tick_before_the_open_and_of_what_is_halted(bundle):
    assert ask(bundle, f"out.append(get_current_tick('{A}'))", when="9:00", day=3, frequency="day") == [None]
    assert ask(bundle, f"out.append(get_current_tick('{B}'))", when="10:30", day=5, frequency="day") == [None]
