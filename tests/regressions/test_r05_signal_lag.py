"""R5: lag 1 means the trading day before the rebalance day, in what a strategy sees and in what it logs."""

from __future__ import annotations

import re

from exporter.strategy_file import Settings, render
from sdk.emulator.runner import run_backtest
from sdk.formula.formula_file import from_tokens
from sdk.market.bundle import Bundle
from tests.bundles import small_market

SEES = """
def initialize(context):
    set_option('use_real_price', True)
    run_monthly(look, 1, time='open')
def look(context):
    frame = attribute_history(get_index_stocks('000300.XSHG')[0], 1, '1d', ['close'], skip_paused=False)
    print('%s %s %s' % (context.current_dt.date(), context.previous_date, frame.index[-1].date()))
"""


def test_at_the_open_the_newest_bar_is_the_trading_day_before():
    bundle = Bundle.open(small_market(), verify=False)
    days = [str(day) for day in bundle.days]
    result = run_backtest(SEES, bundle, "2019-01-01", "2019-12-31")
    looks = [line.split(" - ")[-1].split() for line in result.log]
    assert len(looks) == 12
    for today, previous, newest in looks:
        assert previous == newest == days[days.index(today) - 1]


def test_the_exported_strategy_logs_that_day_as_its_lag():
    bundle = Bundle.open(small_market(), verify=False)
    days = [str(day) for day in bundle.days]
    strategy = render(from_tokens([0, 4, 6], "v2"), Settings(top_k=5))
    result = run_backtest(strategy, bundle, "2019-01-01", "2019-06-30")
    audits = [re.search(r"AUDIT\|v\d\|(\S{10})\|lag=(\S{10})\|", line) for line in result.log if "AUDIT|" in line]
    assert len(audits) == 6
    for found in audits:
        assert days[days.index(found.group(1)) - 1] == found.group(2)
