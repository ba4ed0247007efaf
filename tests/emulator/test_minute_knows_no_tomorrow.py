"""Minutes after a moment, changed, change nothing that a strategy saw, did or wrote up to it."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.emulator.lookahead import check_lookahead
from sdk.emulator.runner import run_backtest
from sdk.market.session_minutes import bars_ended
from tests.emulator.markets import made_bundle

CODES = ("600000.XSHG", "000002.XSHE", "300003.XSHE")
DAYS, LAST = 12, 9
STRATEGY = """
from jqdata import *
def initialize(context):
    set_option('use_real_price', {real})
    g.codes = ['600000.XSHG', '000002.XSHE', '300003.XSHE']
    for clock in ('9:05', '9:30', '9:31', '10:17', '11:30', '12:15', '13:00', '13:01', '14:50', '14:59:30'):
        run_daily(look, clock)
def handle_data(context, data):
    for code in g.codes:
        bar = data[code]
        print(bar.open, bar.high, bar.low, bar.close, bar.volume, bar.money, bar.avg, bar.pre_close, bar.mavg(3))
def look(context):
    now, codes = context.current_dt, g.codes
    for frame in (
        history(4, '1m', 'close', codes), attribute_history(codes[0], 7, '5m'), history(3, '1d', 'high', codes),
        get_price(codes, count=5, end_date=now, frequency='1m', panel=False),
        get_price(codes[1], end_date='2024-12-31 15:00:00', count=3, frequency='15m'),
        get_price(codes[2], '2024-01-02', now, frequency='minute', fields=['close', 'avg']).tail(4),
    ):
        print(frame.to_csv())
    for unit in ('1m', '15m', '60m', '1d', '1w', '1M'):
        for include in (False, True):
            fields = ['date', 'open', 'high', 'low', 'close', 'volume', 'money']
            print(get_bars(codes[1], 3, unit=unit, fields=fields, include_now=include).tolist())
            print(get_bars(codes[1], 3, unit=unit, fields=fields, include_now=include, end_dt=now).tolist())
    for number, code in enumerate(codes):
        item = get_current_data()[code]
        print(item.last_price, item.day_open, item.high_limit, item.low_limit, item.paused)
        price = item.last_price
        order_target_value(code, 20000 + 700 * (now.day + now.minute))
        order(code, 300, LimitOrderStyle(round(price * 0.999, 2)))
        order(code, -200, LimitOrderStyle(round(price * 1.001, 2)))
        order(code, -100, StopMarketOrderStyle('stop_loss', round(price * 0.998, 2)))
        order(code, 100, StopLimitOrderStyle('stop_loss', round(price * 1.002, 2), round(price * 1.004, 2)))
    p = context.portfolio
    print(p.total_value, p.available_cash, p.locked_cash, list(p.positions.values()), get_open_orders())
"""


def market(path, changed_from=None):
    """Random walks of 240 × 12 minutes; from a (day, bar) on everything differs but the days' volumes and opens."""
    bars, minutes, volumes = {}, {}, {}
    for number, code in enumerate(CODES):
        made = [walk([seed, number]) for seed in (1, 2)]
        closes, volume = made[0]
        if changed_from is not None:
            day, bar = changed_from
            for mine, other in zip(made[0], made[1], strict=True):
                mine[day, bar:] = other[day, bar:]
                mine[day + 1 :] = other[day + 1 :]
        opens = closes[:, 0].copy()
        pre_close = np.r_[opens[0], closes[:-1, -1]]
        bars[code] = {
            **{"open": opens, "close": closes[:, -1], "high": closes.max(1), "low": closes.min(1)},
            **{"pre_close": pre_close, "high_limit": pre_close * 1.1, "low_limit": pre_close * 0.9},
            "factor": np.where(np.arange(DAYS) < 6, 1.0, 1.25),
            "volume": np.full(DAYS, 240e3),
        }
        minutes[code], volumes[code] = closes, volume
    return made_bundle(path, bars, minutes=minutes, minute_volumes=volumes)


def walk(seed):
    """(closes, volumes) of (days, 240), two decimals and whole shares."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 0.0008, DAYS * 240).cumsum().reshape(DAYS, 240)
    return np.round(20 * np.exp(steps), 2), np.round(rng.uniform(0, 2000, (DAYS, 240)))


def run(bundle, frequency, real):
    rules = {"log_extra_arguments": "joined"}
    days = [str(day) for day in bundle.days]
    result = run_backtest(STRATEGY.format(real=real), bundle, days[3], days[LAST], 500_000, None, frequency, rules)
    assert result.status == "done", result.error
    return result


@pytest.mark.parametrize("frequency", ["minute", "day"])
@pytest.mark.parametrize("moment", ["09:31:00", "10:17:00", "12:15:00", "13:01:00", "14:50:00"])
def test_minutes_after_now_change_nothing_up_to_now(tmp_path, moment, frequency):
    """The last day's high, low and close move with its minutes; nothing up to the moment may know."""
    hour, minute, _ = map(int, moment.split(":"))
    change = (LAST, bars_ended(hour * 3600 + minute * 60))
    one = run(market(tmp_path / "a"), frequency, True)
    two = run(market(tmp_path / "b", change), frequency, True)
    day = str(one.days[-1])

    def until(result):
        return [line for line in result.log if line[:19] <= f"{day} {moment}"]

    assert until(one) == until(two)
    assert one.log != two.log
    assert len(one.trades) > 50


@pytest.mark.parametrize("real", [True, False])
def test_what_follows_the_run_changes_nothing_at_all(tmp_path, real):
    one = run(market(tmp_path / "a"), "minute", real)
    two = run(market(tmp_path / "b", (LAST + 1, 0)), "minute", real)
    assert one.log == two.log
    assert one.texts == two.texts


@pytest.mark.parametrize("frequency", ["minute", "day"])
def test_the_look_ahead_check_veils_minutes_too(tmp_path, frequency):
    honest = """
from jqdata import *
def initialize(context): run_daily(work, '9:30')
def work(context):
    bars = attribute_history('600000.XSHG', 10, '1m', ['close'])['close']
    order_value('600000.XSHG', 10000 * bars[-1] / bars[0])
"""
    cheat = honest.replace(
        "attribute_history('600000.XSHG', 10, '1m', ['close'])",
        "get_price('600000.XSHG', end_date=context.current_dt.replace(hour=11), count=90, frequency='1m')",
    )
    bundle = market(tmp_path / "m")
    days = str(bundle.days[3]), str(bundle.days[5])
    assert check_lookahead(honest, bundle, *days, frequency=frequency).clean
    found = check_lookahead(cheat, bundle, *days, frequency=frequency)
    assert found.findings[0].kind == "order"
    assert "get_price" in found.findings[0].source
