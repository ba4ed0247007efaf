"""The data calls: shapes, adjustment, halts, and that tomorrow never shows."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from sdk.emulator.runner import run_backtest
from sdk.errors import StrategyError
from tests.bundles import real_market
from tests.conftest import shared
from tests.emulator.markets import made_bundle, real_bundle

A, B, FUND = "600000.XSHG", "000002.XSHE", "510300.XSHG"
NAN = float("nan")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """Ten days; A doubles its shares on day 5 (2024-01-09), B is halted on days 2 and 3, and listed from day 1."""
    bars = {
        A: {
            "open": [10.0, 10.2, 10.4, 10.6, 10.8, 5.5, 5.6, 5.7, 5.8, 5.9],
            "close": [10.1, 10.3, 10.5, 10.7, 10.9, 5.55, 5.65, 5.75, 5.85, 5.95],
            "pre_close": [10.0, 10.1, 10.3, 10.5, 10.7, 5.45, 5.55, 5.65, 5.75, 5.85],
            "factor": [1.5] * 5 + [3.0] * 5,
            "volume": [1001.0] * 10,
            "high_limit": [11.0] * 10,
        },
        B: {
            "open": [NAN, 20.0, 20.0, 20.0, 21.0, 22.0, 23.0, 24.0, 25.0, 26.0],
            "paused": [0, 0, 1, 1, 0, 0, 0, 0, 0, 0],
            "volume": [0, 1e5, 0, 0, 1e5, 1e5, 1e5, 1e5, 1e5, 1e5],
        },
        FUND: {"open": [4.0111] * 10},
    }
    return made_bundle(tmp_path_factory.mktemp("data") / "market", bars, kinds={FUND: "fund"})


OUT: dict[str, list] = {}


def ask(bundle, body, day="2024-01-09", when="9:30", options="use_real_price"):
    """Run ``body`` (it appends to ``out``) at a time of a day and return what it appended."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    names = "".join(f"    set_option('{name}', True)\n" for name in options.split())
    strategy = f"""
from jqdata import *
from tests.emulator.test_data_api import OUT
A, B, FUND = {A!r}, {B!r}, {FUND!r}
def initialize(context):
{names}    run_daily(task, '{when}')
def task(context):
    out = OUT['now'] = []
{lines}
"""
    result = run_backtest(strategy, bundle, day, day)
    if result.error is not None:
        raise result.error
    out = OUT["now"]
    return out[0] if len(out) == 1 else out


def test_attribute_history_ends_yesterday_skips_halts_and_adjusts_to_today(bundle):
    frame = ask(bundle, "out.append(attribute_history(A, 3, '1d', ['open', 'close', 'volume']))")
    assert list(frame.index) == [pd.Timestamp(day) for day in ("2024-01-04", "2024-01-05", "2024-01-08")]
    assert frame["close"].tolist() == [5.25, 5.35, 5.45]
    assert frame["volume"].tolist() == [2002.0, 2002.0, 2002.0]
    halted = ask(bundle, "out.append(attribute_history(B, 3, '1d', ['close']))")
    assert [str(day)[:10] for day in halted.index] == ["2024-01-03", "2024-01-08"]
    kept = ask(bundle, "out.append(attribute_history(B, 3, '1d', ['close', 'volume'], skip_paused=False))")
    assert kept["volume"].tolist() == [0.0, 0.0, 1e5]
    arrays = ask(bundle, "out.append(attribute_history(A, 2, '1d', ['close'], df=False))")
    assert arrays["close"].tolist() == [5.35, 5.45]


def test_attribute_history_never_shows_today_not_even_after_the_close(bundle):
    for when in ("9:00", "9:30", "15:00", "15:30", "23:59"):
        frame = ask(bundle, "out.append(attribute_history(A, 1, '1d', ['close']))", when=when)
        assert frame["close"].tolist() == [5.45], when


def test_history_is_days_by_codes(bundle):
    frame = ask(bundle, "out.append(history(3, '1d', 'close', [B, A]))")
    assert list(frame.columns) == [B, A]
    assert frame[A].tolist() == [5.25, 5.35, 5.45]
    assert frame[B].tolist() == [20.0, 20.0, 21.0]
    arrays = ask(bundle, "out.append(history(2, '1d', 'close', [A], df=False))")
    assert arrays[A].tolist() == [5.35, 5.45]
    skipped = ask(bundle, "out.append(history(3, '1d', 'close', [A, B], skip_paused=True))")
    assert list(skipped.index) == [0, 1, 2]
    assert np.isnan(skipped[B][0])
    universe = ask(bundle, "set_universe([A])\nout.append(history(1, '1d', 'avg'))")
    assert list(universe.columns) == [A]


@pytest.mark.parametrize(
    ("fq", "close", "volume", "factor"),
    [("'pre'", 5.45, 2002.0, 0.5), ("None", 10.9, 1001.0, 1.0), ("'post'", 16.35, 667.0, 1.5)],
)
def test_get_price_adjusts_prices_volume_and_factor_but_not_money(bundle, fq, close, volume, factor):
    fields = "['close', 'volume', 'money', 'factor']"
    frame = ask(bundle, f"out.append(get_price(A, count=1, end_date='2024-01-08', fields={fields}, fq={fq}))")
    assert frame.iloc[0].tolist() == pytest.approx([close, volume, 1001.0 * 10.9, factor])
    assert list(frame.columns) == ["close", "volume", "money", "factor"]


def test_get_price_of_a_list_is_a_long_frame_code_by_code(bundle):
    call = "get_price([A, B], count=4, end_date=context.previous_date, fields=['close', 'paused'], panel=False{})"
    frame = ask(bundle, f"out.append({call.format('')})")
    assert list(frame.columns) == ["time", "code", "close", "paused"]
    assert frame["code"].tolist() == [A] * 4 + [B] * 4
    assert frame["paused"].tolist() == [0, 0, 0, 0, 0, 1, 1, 0]
    wide = frame.set_index(["time", "code"])["close"].unstack()
    assert wide[A].tolist() == [5.15, 5.25, 5.35, 5.45]
    assert wide.index[-1] == pd.Timestamp("2024-01-08")
    skipped = ask(bundle, f"out.append({call.format(', skip_paused=True')})")
    assert skipped["code"].tolist() == [A] * 4 + [B] * 2
    unfilled = ask(bundle, f"out.append({call.format(', fill_paused=False')})")
    assert np.isnan(unfilled["close"].tolist()[5])
    alone_or_not = "get_price({}, count=2, end_date='2024-01-08', fields=['close'], panel=False, skip_paused=True)"
    both, alone = ask(bundle, f"out += [{alone_or_not.format('[A, B]')}, {alone_or_not.format('B')}]")
    assert both["code"].tolist() == [A] * 2 + [B] * 2
    assert both["close"].tolist()[2:] == alone["close"].tolist()
    assert (
        both["time"].tolist()[2:] == alone.index.tolist() == [pd.Timestamp("2024-01-03"), pd.Timestamp("2024-01-08")]
    )


def test_get_price_by_dates_before_listing_is_nan_and_default_fields_are_six(bundle):
    frame = ask(bundle, "out.append(get_price(B, start_date='2024-01-01', end_date='2024-01-04'))")
    assert list(frame.columns) == ["open", "close", "high", "low", "volume", "money"]
    assert np.isnan(frame["close"].iloc[0])
    assert len(frame) == 3
    panel = ask(bundle, "out.append(get_price([A, B], count=2, end_date='2024-01-08', fields=['close']))")
    assert panel["close"][A].tolist() == [5.35, 5.45]
    assert panel.close is panel["close"]
    whole = ask(bundle, "out.append(get_price([A, B], count=2, end_date='2024-01-08', fields=['close', 'open']))")
    last = whole.iloc[:, -1, :]
    assert list(last.index) == [A, B]
    assert list(last.columns) == ["close", "open"]
    assert last.loc[A, "close"] == 5.45
    assert whole.loc[:, "2024-01-08", :].equals(last)
    assert whole.major_xs(whole.major_axis[-1]).equals(last)
    assert whole.minor_xs(A).equals(whole.iloc[:, :, 0])
    assert whole.loc["close"].equals(whole["close"])
    assert whole.iloc[0, 0, 0] == 5.35
    assert whole.iloc[0, :, 0].tolist() == whole.loc["close", :, A].tolist() == [5.35, 5.45]
    assert list(whole.iloc[:1].to_frame().columns) == ["close"]
    rows = whole.to_frame()
    assert rows.index.names == ["major", "minor"]
    assert rows.loc[("2024-01-08", A), "close"] == 5.45
    assert len(rows) == 4


def test_funds_round_to_three_decimals(bundle):
    assert ask(bundle, "out.append(get_price(FUND, count=1, fields=['close']))")["close"].tolist() == [4.011]


def test_get_price_of_today_shows_what_is_known_and_cuts_the_rest(bundle):
    today = "end_date=context.current_dt"
    cut = ask(bundle, f"out.append(get_price(A, count=1, {today}, fields=['close']))")
    assert [str(day)[:10] for day in cut.index] == ["2024-01-08"]
    fields = "['open', 'high_limit', 'pre_close', 'paused']"
    known = ask(bundle, f"out.append(get_price(A, count=1, {today}, fields={fields}))")
    assert known.iloc[0].tolist() == [5.5, 11.0, 5.45, 0.0]
    early = ask(bundle, f"out.append(get_price(A, count=1, {today}, fields=['open']))", when="9:00")
    assert [str(day)[:10] for day in early.index] == ["2024-01-08"]
    closed = ask(bundle, f"out.append(get_price(A, count=1, {today}, fields=['close']))", when="15:00")
    assert closed["close"].tolist() == [5.55]


@pytest.mark.parametrize(
    ("call", "when", "words"),
    [
        (
            *("get_price(A, end_date='2024-01-12', count=1)", "9:30"),
            "avoid_future_data=True时，get_price的end_date(2024-01-12 00:00:00)不能大于当前日期(2024-01-09 09:30:00)",
        ),
        (
            *("get_price(A, end_date='2024-01-09', count=1, fields=['close'])", "9:30"),
            "avoid_future_data=True时，盘中不能取当日的['close']字段数据",
        ),
        (
            *("get_price(A, end_date='2024-01-09', count=1, fields=['open'])", "9:00"),
            "avoid_future_data=True时，当天开盘前不能获取当日的['open']字段数据",
        ),
        ("get_bars(A, 1, end_dt='2024-01-10')", "9:30", "get_bars的end_dt(2024-01-10 00:00:00)"),
        ("get_index_stocks('000300.XSHG', '2024-01-10')", "9:30", "get_index_stocks的date(2024-01-10)"),
        ("get_extras('is_st', [A], end_date='2024-01-10', count=1)", "9:30", "get_extras的end_date"),
    ],
)
def test_avoid_future_data_raises_with_the_platforms_sentence(bundle, call, when, words):
    from sdk.emulator.api.visible import FutureDataError

    with pytest.raises(FutureDataError) as caught:
        ask(bundle, f"out.append({call})", when=when, options="use_real_price avoid_future_data")
    assert words in str(caught.value)


def test_cut_answers_are_noted_in_the_run_and_never_in_the_log(bundle):
    strategy = f"def handle_data(context, data):\n    get_price('{A}', count=1, end_date='2024-01-12')\n"
    result = run_backtest(strategy, bundle, "2024-01-09", "2024-01-10")
    assert result.log == ()
    assert any("get_price was asked 2 times" in note for note in result.notes)


def test_get_bars_returns_structured_rows(bundle):
    rows = ask(bundle, "out.append(get_bars(B, 3, '1d', ['date', 'close']))")
    assert rows["date"].tolist() == [dt.date(2024, 1, 3), dt.date(2024, 1, 8)]
    assert rows["close"].tolist() == [20.0, 21.0]
    now = ask(bundle, "out.append(get_bars(A, 2, fields=['date', 'close', 'volume'], include_now=True))")
    assert now["date"].tolist() == [dt.date(2024, 1, 8), dt.date(2024, 1, 9)]
    assert now["close"].tolist() == [5.45, 5.5]
    assert now["volume"].tolist() == [2002.0, 0.0]
    frame = ask(bundle, "out.append(get_bars([A, B], 1, df=True))")
    assert frame.loc[A]["close"].tolist() == [5.45]


def test_current_data_is_lazy_and_knows_today_only(bundle):
    body = """
data = get_current_data()
size, known, item = len(data), A in data, data[A]
out.append([size, known, item.last_price, item.day_open, item.high_limit, item.paused, item.is_st, item.name])
"""
    assert ask(bundle, body)[:4] == [0, False, 5.5, 5.5]
    assert ask(bundle, body)[4:] == [11.0, False, False, "名600000"]
    before = ask(bundle, body, when="9:00")
    assert before[2] == 5.45
    assert np.isnan(before[3])
    assert ask(bundle, "out.append(get_current_data()[B].paused)", day="2024-01-04")
    assert ask(bundle, "out.append(get_current_data([A, B])[B].paused)", day="2024-01-04"), "as the call once was"


def test_handle_data_sees_yesterdays_bar(bundle):
    strategy = f"""
def initialize(context): set_option('use_real_price', True)
def handle_data(context, data):
    bar = data['{A}']
    print(bar.open, bar.close, bar.pre_close, bar.volume, bar.paused, bar.security, bar.isnan())
    print(round(bar.mavg(3, 'close'), 6), bar.returns > 0, bar.price, bar.mavg(99), len(data))
"""
    result = run_backtest(strategy, bundle, "2024-01-09", "2024-01-09")
    said = [line.split(" - ")[-1] for line in result.log]
    assert said == ["5.4", "5.45", "5.35", "2002.0", "False", A, "False", "5.35", "True", "5.45", "nan", "1"]


def test_lists_of_securities_and_days(bundle):
    stocks = ask(bundle, "out.append(get_all_securities())")
    assert list(stocks.index) == [B, A]
    assert list(stocks.columns) == ["display_name", "name", "start_date", "end_date", "type"]
    assert stocks["end_date"].iloc[0] == pd.Timestamp("2200-01-01")
    assert list(ask(bundle, "out.append(get_all_securities(['fund'], date='2024-01-08'))").index) == [FUND]
    info = ask(bundle, "out.append(get_security_info(A))")
    assert (info.display_name, info.start_date, info.type) == ("名600000", dt.date(2000, 1, 1), "stock")
    days = ask(bundle, "out.append(get_trade_days(count=2))")
    assert days.tolist() == [dt.date(2024, 1, 8), dt.date(2024, 1, 9)]
    assert len(ask(bundle, "out.append(get_all_trade_days())")) == 10
    span = ask(bundle, "out.append(get_trade_days('2024-01-03', '2024-01-05'))")
    assert span.tolist() == [dt.date(2024, 1, 3), dt.date(2024, 1, 4), dt.date(2024, 1, 5)]
    codes = ask(bundle, "out.append(normalize_code(['600000', 'sz000002', '000300.SH', 2]))")
    assert codes == ["600000.XSHG", "000002.XSHE", "000300.XSHG", "000002.XSHE"]
    full = ["000001.XSHE", "000001.xshe", "600000.XSHG", "000300", "113009", "128039", "900901"]
    codes = ask(bundle, f"out.append(normalize_code({full}))")
    assert [code[-1] for code in codes] == ["E", "E", "G", "E", "G", "E", "G"]
    flags = ask(bundle, "out.append(get_extras('is_st', [A, B], count=2))")
    assert flags.shape == (2, 2)
    assert not flags.to_numpy().any()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("attribute_history('600001.XSHE', 5)", "did you mean '600000.XSHG'"),
        ("attribute_history(A, 5, '1d', ['clse'])", "did you mean 'close'"),
        ("attribute_history(A, 0)", "count=0"),
        ("get_price(A, count=5, start_date='2024-01-02')", "either count or start_date"),
        ("get_price(A, end_date='yesterday', count=1)", "'yesterday' is not a date"),
        ("get_price(A, count=1, fq='before')", "choose 'pre', 'post' or None"),
        ("get_trade_days()", "give start_date or count"),
    ],
)
def test_a_wrong_argument_is_named_with_the_nearest_right_one(bundle, call, words):
    from sdk.errors import StrategyError

    with pytest.raises(StrategyError, match=words):
        ask(bundle, f"out.append({call})")


def test_funds_have_the_platforms_types(tmp_path):
    names = {"510300.XSHG": "etf", "159915.XSHE": "etf", "161725.XSHE": "lof", "501018.XSHG": "lof"}
    names |= {"511880.XSHG": "mmf", "600000.XSHG": "stock", "000300.XSHG": "index", "113009.XSHG": "conbond"}
    kinds = {code: {"stock": "stock", "index": "index"}.get(kind, "fund") for code, kind in names.items()}
    market = made_bundle(tmp_path / "market", {code: {"open": [10.0] * 3} for code in names}, kinds=kinds)
    for code, kind in names.items():
        assert ask(market, f"out.append(get_security_info({code!r}).type)", day="2024-01-04") == kind
        listed = ask(market, f"out.append(get_all_securities([{kind!r}]))", day="2024-01-04")
        assert code in listed.index
        assert set(listed["type"]) == {kind}
    funds = ask(market, "out.append(get_all_securities(['fund', 'open_fund']))", day="2024-01-04")
    assert sorted(set(funds["type"])) == ["etf", "lof", "mmf"]
    result = run_backtest("def initialize(c): get_all_securities(['futures'])", market, "2024-01-04", "2024-01-04")
    assert "futures" in str(result.error)


@pytest.mark.parametrize("end", ["'2024-1-5'", "'2024/1/5'", "'20240105'", "'2024-1-5 09:30:00'"])
def test_dates_may_be_written_without_zeros(bundle, end):
    last = ask(bundle, f"out.append(get_price(A, end_date={end}, count=1))").index[-1]
    assert last == pd.Timestamp("2024-01-05")


def test_without_the_guard_a_future_end_shows_of_today_what_is_known(bundle):
    call = "out.append(get_price(A, end_date='2024-01-11', count=1, fields={}).index[-1].day)"
    assert ask(bundle, call.format("['high_limit', 'paused', 'open']")) == 9
    assert ask(bundle, call.format("['high_limit']"), when="9:00") == 9
    assert ask(bundle, call.format("['open']"), when="9:00") == 8
    assert ask(bundle, call.format("['close']")) == 8


def test_the_average_is_kept_with_three_decimals_and_adjusted_after_that(tmp_path):
    bars = {A: {"open": [10.0066] * 4, "factor": [1.0, 1.0, 2.0, 2.0]}}
    market = made_bundle(tmp_path / "market", bars)
    raw = ask(market, "out.append(get_price(A, count=3, fields='avg', fq=None))", day="2024-01-05")
    assert raw["avg"].tolist() == [10.007, 10.007, 10.007]
    pre = ask(market, "out.append(get_price(A, count=3, fields='avg'))", day="2024-01-05")
    assert pre["avg"].tolist() == [5.0, 5.0, 10.01]
    futures_only = ask(market, "out.append(get_price(A, count=1, fields='open_interest'))", day="2024-01-05")
    assert futures_only.isna().all().all()


def test_pre_adjusted_prices_are_joinquants_own(tmp_path):
    """get_price(fq='pre') of 000001.XSHE as JoinQuant returned it, from raw bars and JoinQuant's own factor.

    The factor of the bars beside the project is another vendor's (up to 0.13 % off before 2016), so only the
    arithmetic and the rounding are compared; volumes to 1e-5, because the factor has six digits.
    """
    native = pd.read_parquet(shared("market/joinquant_native/get_price_fq_pre_5stocks_2005_2023.parquet"))
    native = native[(native["code"] == "000001.XSHE") & (native["date"].astype(str) >= "2015-01-05")]
    factor = native["factor"].to_numpy()
    market = real_bundle(
        tmp_path / "market", ["000001.XSHE"], ["000300.XSHG"], "2015-01-05", "2023-06-30", factor=factor
    )
    fields = ["open", "close", "high", "low", "pre_close", "high_limit", "low_limit", "volume"]
    body = f"out.append(get_price('000001.XSHE', start_date='2015-01-05', end_date='2023-06-30', fields={fields}))"
    mine = ask(market, body, day="2023-06-30", when="15:30")
    assert len(mine) == len(native) == 2065
    traded = native["paused"].to_numpy() == 0
    for field in fields[:-1]:
        differ = np.abs(mine[field].to_numpy() - native[field].to_numpy())[traded] > 1e-9
        assert differ.sum() == 0, (field, differ.sum())
    assert mine["volume"].to_numpy() == pytest.approx(native["volume"].to_numpy(), rel=1e-5, abs=1)
    assert (mine["volume"] % 1 == 0).all()


def test_three_hundred_stocks_by_150_days_take_a_few_hundredths_of_a_second():
    from sdk.market.bundle import Bundle

    market = Bundle.open(real_market(), verify=False)
    body = """
import time
pool = get_index_stocks('000300.XSHG', context.previous_date)
end = context.previous_date
call = lambda: get_price(pool, end_date=end, count=150, panel=False)
call()
spent = []
for _ in range(5):
    start = time.perf_counter()
    frame = call()
    spent.append(time.perf_counter() - start)
out.append((len(pool), len(frame), min(spent)))
"""
    pool, rows, seconds = ask(market, body, day="2023-03-01", options="use_real_price avoid_future_data")
    assert pool >= 280
    assert rows == pool * 150
    assert seconds < 0.05, f"{seconds:.3f} s"


STRANGER = "601919.XSHG"


def test_a_security_that_the_bundle_lacks_is_never_listed(bundle):
    body = f"""
S = {STRANGER!r}
now, info = get_current_data()[S], get_security_info(S)
out.append([now.paused, bool(now.is_st), str(now.last_price), info.type, str(info.start_date)])
out.append(attribute_history(S, 3, '1d', ['close']).shape)
both = get_price([A, S], count=2, end_date=context.previous_date, fields=['close'], panel=False)
out.append(both['close'].tolist())
out.append(history(2, '1d', 'close', [A, S])[S].isna().all())
out += [order(S, 100), order_target_value(S, 1000), S in context.portfolio.positions]
out.append([get_security_info(code).type for code in ('510999.XSHG', '000999.XSHG', '162999.XSHE', '300999.XSHE')])
out.append(get_extras('is_st', [A, S], count=1, end_date=context.previous_date).shape)
"""
    found = ask(bundle, body.strip())
    assert found[0] == [True, False, "nan", "stock", "2200-01-01"]
    assert found[1] == (0, 1)
    assert np.isnan(found[2][2:]).all()
    assert not np.isnan(found[2][:2]).any()
    assert found[3:7] == [True, None, None, False]
    assert found[7] == ["etf", "index", "lof", "stock"]
    assert found[8] == (1, 2)


def test_a_run_says_which_securities_it_lacked_and_the_rule_refuses_them(bundle):
    text = f"def initialize(context): print(attribute_history({STRANGER!r}, 1, '1d', ['close']).empty)"
    found = run_backtest(text, bundle, "2024-01-09", "2024-01-09")
    assert any(STRANGER in note and "unknown_security" in note for note in found.notes)
    refused = run_backtest(text, bundle, "2024-01-09", "2024-01-09", rules={"unknown_security": "error"})
    assert "找不到标的 '601919.XSHG'" in str(refused.error)
    for wrong in ("600000.XSHE", "600000", "60000.XSHG", "601919"):
        bad = run_backtest(text.replace(STRANGER, wrong), bundle, "2024-01-09", "2024-01-09")
        assert "找不到标的" in str(bad.error), wrong


def test_empty_lists_and_whole_floats_are_taken(bundle):
    body = """
none = get_bars([], 3, '1d', ['date', 'close'], df=True).reset_index()
out.append(list(none.columns) == ['level_0', 'level_1', 'date', 'close'])
out.append(get_price([], count=2, end_date=context.previous_date, fields=['close'], panel=False).empty)
out.append(get_ticks([], context.current_dt, count=1, df=True).empty)
out.append(len(attribute_history(A, 4 / 2, '1d', ['close'])))
out.append(order_target_value(A, np.array([3000.0])).amount)
"""
    assert ask(bundle, body.strip()) == [True, True, True, 2, 500]
    with pytest.raises(StrategyError, match="whole number"):
        ask(bundle, "attribute_history(A, 2.5, '1d')")


@pytest.mark.parametrize(
    ("when", "rules", "known"),
    [
        ("9:24", {"day_open_from": "09:25"}, 0),
        ("9:25", {"day_open_from": "09:25"}, 1),
        ("9:26", {}, 0),
        ("9:27", {}, 1),
    ],
)
def test_todays_open_is_known_when_the_platforms_page_says(bundle, when, rules, known):
    text = f"""
def initialize(context):
    set_option('use_real_price', True)
    run_daily(task, {when!r})
def task(context): print(get_current_data()[{A!r}].day_open > 0)
"""
    result = run_backtest(text, bundle, "2024-01-09", "2024-01-09", rules=rules)
    assert result.log[-1].endswith(str(bool(known)))
    assert any("day_open was asked 1 times" in note for note in result.notes) is (when == "9:26")
