"""Minute frequency: which calls a day has, what ``data`` holds, at which price an order trades."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from sdk.emulator.cli import backtest
from sdk.emulator.runner import run_backtest
from sdk.errors import ConfigError
from sdk.market.session_minutes import ENDS, LABELS, STARTS, bars_ended
from tests.emulator.markets import made_bundle

A, B = "600000.XSHG", "000002.XSHE"
DAYS = 4
RULES = {"log_extra_arguments": "joined"}


def closes(days=DAYS):
    """Bar k of day d closes at 10 + d + k ÷ 1000: every price tells its place."""
    return np.round(10.0 + np.arange(days)[:, np.newaxis] + np.arange(240) / 100, 2)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """Four business days from Tuesday 2024-01-02; B is halted on the third and has no minutes there."""
    prices, other = closes(), closes() * 2
    other[2] = np.nan
    bars = {
        A: {"open": prices[:, 0], "close": prices[:, -1], "low": prices.min(1), "high": prices.max(1)},
        B: {"open": [20.0, 22.0, 26.78, 26.0], "close": [24.78, 26.78, 26.78, 30.78], "paused": [0, 0, 1, 0]},
    }
    return made_bundle(tmp_path_factory.mktemp("minute") / "market", bars, minutes={A: prices, B: other})


def run(bundle, body, start=1, end=1, frequency="minute", cash=1_000_000, rules=None):
    head = "from jqdata import *\n"
    setup = "    set_option('use_real_price', True)\n    set_slippage(FixedSlippage(0))\n"
    if "def initialize" not in body:
        head += "def initialize(context):\n" + setup
    days = bundle.days
    result = run_backtest(
        head + body, bundle, str(days[start]), str(days[end]), cash, frequency=frequency, rules=RULES | (rules or {})
    )
    assert result.status == "done", result.error
    return result


def said(result):
    return [line.split(" - ", 2)[-1] for line in result.log]


def test_the_day_has_240_minutes_labelled_by_their_end():
    assert (LABELS[0], LABELS[119], LABELS[120], LABELS[-1]) == (931, 1130, 1301, 1500)
    assert len(set(ENDS)) == 240
    clock = {"9:29:59": 0, "9:30:00": 0, "9:30:59": 0, "9:31:00": 1, "11:29:59": 119, "11:30:00": 120}
    clock |= {"12:59:59": 120, "13:00:00": 120, "13:01:00": 121, "14:59:59": 239, "15:00:00": 240, "23:00:00": 240}
    for text, bars in clock.items():
        hour, minute, second = map(int, text.split(":"))
        assert bars_ended(hour * 3600 + minute * 60 + second) == bars, text


def test_handle_data_is_called_at_the_first_second_of_240_minutes(bundle):
    result = run(bundle, "def handle_data(context, data): print('x')\n")
    times = [line[11:19] for line in result.log]
    assert len(times) == 240
    assert (times[0], times[119], times[120], times[-1]) == ("09:30:00", "11:29:00", "13:00:00", "14:59:00")
    assert times == [f"{s // 3600:02d}:{s // 60 % 60:02d}:00" for s in STARTS]


def test_every_bar_runs_each_minute_before_handle_data_and_after_earlier_periods(bundle):
    strategy = """
def initialize(context):
    run_daily(each, 'every_bar')
    run_daily(once, 'open')
    run_weekly(week, 2, '9:31')
def each(context): print('each')
def once(context): print('once')
def week(context): print('week')
def handle_data(context, data): print('data')
"""
    result = run(bundle, strategy, start=0, end=1)
    heads = [line.split(" - ")[-1] for line in result.log]
    assert heads[:5] == ["each", "once", "data", "each", "data"]
    assert heads.count("each") == heads.count("data") == 480
    second = [line.split(" - ")[-1] for line in result.log if "2024-01-03 09:31" in line]
    assert second == ["week", "each", "data"]


def test_data_is_the_previous_minutes_bar_across_lunch_and_night(bundle):
    body = f"""
def handle_data(context, data):
    bar = data[{A!r}]
    print(bar.open, bar.close, bar.low, bar.high, bar.volume, bar.pre_close, bar.paused, bar.isnan())
"""
    rows = said(run(bundle, body))
    assert rows[0] == "12.38 12.39 12.38 12.39 1000.0 12.38 False False"  # 15:00 of the day before
    assert rows[1] == "11.0 11.0 11.0 11.0 1000.0 12.39 False False"
    assert rows[120] == "12.18 12.19 12.18 12.19 1000.0 12.18 False False"  # 13:00 sees 11:30
    assert rows[239] == "13.37 13.38 13.37 13.38 1000.0 13.37 False False"  # 14:59 sees 14:58–14:59


def test_an_order_trades_at_the_close_of_the_bar_that_carries_the_current_time(bundle):
    body = f"""
def handle_data(context, data):
    if context.current_dt.strftime('%H:%M') in ('09:30', '09:31', '10:30', '13:00', '14:50'):
        order = order({A!r}, 100)
        print(order.price, get_current_data()[{A!r}].last_price, context.portfolio.positions[{A!r}].price)
""".replace("order = order", "got = order").replace("print(order", "print(got")
    prices = [line for line in said(run(bundle, "def before(): pass\n" + body)) if line[0].isdigit()]
    assert prices == [
        "11.0 11.0 11.0",
        "11.0 11.0 11.0",
        "11.59 11.59 11.59",
        "12.19 12.19 12.19",
        "13.29 13.29 13.29",
    ]


def test_the_newest_bar_rule_moves_prices_and_data_together(bundle):
    body = f"""
def handle_data(context, data):
    if context.current_dt.minute == 31 and context.current_dt.hour in (9, 10):
        bars = attribute_history({A!r}, 1, '1m', ['close'])
        print(get_current_data()[{A!r}].last_price, data[{A!r}].close, bars['close'][0], bars.index[-1])
"""
    now, before = (
        said(run(bundle, body, rules={"newest_minute_bar": rule})) for rule in ("label_now", "label_before")
    )
    assert now == ["11.0 11.0 11.0 2024-01-03 09:31:00", "11.6 11.6 11.6 2024-01-03 10:31:00"]
    assert before == ["11.0 12.39 12.39 2024-01-02 15:00:00", "11.59 11.59 11.59 2024-01-03 10:30:00"]


def test_day_frequency_uses_the_minutes_of_the_bundle_and_assumes_nothing(bundle):
    strategy = f"""
def initialize(context):
    set_option('use_real_price', True)
    set_slippage(FixedSlippage(0))
    run_daily(buy, '14:50')
    run_daily(look, '15:00')
def buy(context): print(order({A!r}, 100).price, context.portfolio.total_value)
def look(context): print(get_current_data()[{A!r}].last_price)
def handle_data(context, data): print(data[{A!r}].close)
"""
    result = run(bundle, strategy, frequency="day")
    words = [line for line in said(result) if line[0].isdigit()]
    assert words == ["12.39", "13.29 999995.0", "13.39"]
    assert result.notes == () or not any("day bar" in note for note in result.notes)


def test_a_halted_stock_keeps_its_last_close_in_every_minute_and_cannot_be_traded(bundle):
    body = f"""
def handle_data(context, data):
    if context.current_dt.strftime('%H:%M') == '10:00':
        bar = data[{B!r}]
        print(bar.close, bar.volume, bar.paused, get_current_data()[{B!r}].last_price, order({B!r}, 100))
        print(len(attribute_history({B!r}, 3, '1m')), history(2, '1m', 'volume', [{B!r}], df=False)[{B!r}].tolist())
        print(attribute_history({B!r}, 1, '1m').index[0])
"""
    words = [line for line in said(run(bundle, body, start=2, end=2)) if "下单失败" not in line]
    assert words == ["26.78 0.0 True 26.78 None", "3 [0.0, 0.0]", "2024-01-03 15:00:00"]


def test_minute_frequency_needs_minute_bars_in_every_month(tmp_path, bundle):
    plain = made_bundle(tmp_path / "plain", {A: {"open": [10.0] * 3}})
    with pytest.raises(ConfigError, match="it has none at all"):
        run_backtest("x = 1\n", plain, "2024-01-02", "2024-01-03", frequency="minute")
    with pytest.raises(ConfigError, match="frequency='tick' needs minute bars"):
        run_backtest("x = 1\n", plain, "2024-01-02", "2024-01-03", frequency="tick")
    with pytest.raises(ConfigError, match="choose 'day', 'minute' or 'tick'"):
        run_backtest("x = 1\n", bundle, "2024-01-02", "2024-01-03", frequency="minutes")


def test_the_command_takes_the_frequency(bundle, tmp_path):
    (tmp_path / "s.py").write_text(
        "def handle_data(context, data): record(x=context.run_params.frequency == 'minute')\n"
    )
    days = ["--start", "2024-01-02", "--end", "2024-01-03"]
    common = [str(tmp_path / "s.py"), "--market", str(bundle.path), *days, "--out", str(tmp_path / "run")]
    found = CliRunner().invoke(backtest, [*common, "--frequency", "minute"])
    assert found.exit_code == 0, found.output
    assert '"frequency": "minute"' in (tmp_path / "run" / "run.json").read_text()


def test_orders_of_the_lunch_break_wait_for_the_afternoon(bundle):
    strategy = f"""
def initialize(context):
    set_slippage(FixedSlippage(0))
    set_option('use_real_price', True)
    run_daily(noon, '12:00')
    run_daily(after, '13:00')
def noon(context): print(order({A!r}, 100).status)
def after(context): print(list(get_trades().values())[0].time, list(get_orders().values())[0].status)
"""
    words = [line for line in said(run(bundle, strategy, frequency="day")) if "StockOrder" not in line]
    assert words == ["new", "2024-01-03 13:00:00 held"]
    words = [line for line in said(run(bundle, strategy, rules={"lunch_orders": "now"})) if "StockOrder" not in line]
    assert words == ["held", "2024-01-03 12:00:00 held"]
