"""Days valued together give the files that the same days give one by one.

A strategy with an empty ``before_trading_start`` has no quiet day, the same strategy without it has many.
"""

from __future__ import annotations

import numpy as np
import pytest

from sdk.emulator.engine import Engine
from sdk.emulator.runner import run_backtest
from sdk.market.bundle import Bundle
from tests.bundles import small_market
from tests.emulator.markets import made_bundle

SPAN = ("2019-01-02", "2020-12-31")
FILES = ("transaction.csv", "position.csv", "result.csv")
BUSY_DAYS = "\ndef before_trading_start(context):\n    pass\n"
STRATEGY = """
def initialize(context):
    set_option('use_real_price', %s)
    half = context.portfolio.starting_cash / 2
    set_subportfolios([SubPortfolioConfig(half, 'stock'), SubPortfolioConfig(half, 'stock')])
    %s
    run_monthly(move, 3, '14:50')
def move(context):
    pool = get_index_stocks('000300.XSHG')
    first = context.current_dt.month %% 5
    for pindex in (0, 1):
        for code in list(context.subportfolios[pindex].positions)[:4]:
            order_target(code, 0, pindex=pindex)
        for code in pool[first : first + 6]:
            order_value(code, 60000, pindex=pindex)
    inout_cash(1000)
    record(held=len(context.portfolio.positions))
def on_event(context, event):
    log.info(event.name, event.security, event.pindex, event.dividends)
    order(event.security, 100)
"""


@pytest.fixture
def spans(monkeypatch):
    """Length of every span of days that was valued at once."""
    found, hold = [], Engine._hold

    def kept(self, first, stop):
        found.append(stop - first)
        hold(self, first, stop)

    monkeypatch.setattr(Engine, "_hold", kept)
    return found


@pytest.mark.parametrize("real", [True, False])
@pytest.mark.parametrize("more", ["pass", "run_weekly(move, 2, 'open')"])
def test_together_and_one_by_one_are_the_same_to_the_byte(spans, real, more):
    bundle = Bundle.open(small_market(), verify=False)
    source = STRATEGY % (real, more)
    together = run_backtest(source, bundle, *SPAN)
    assert len(spans) > 20
    assert 150 < sum(spans) < len(together.days)
    del spans[:]
    one_by_one = run_backtest(source + BUSY_DAYS, bundle, *SPAN)
    assert not spans
    assert together.status == one_by_one.status == "done"
    assert (b"Dividends" in "".join(together.log).encode()) == real
    assert together.log == one_by_one.log
    assert together.figures == one_by_one.figures
    for name in FILES:
        assert together.texts[name] == one_by_one.texts[name], name


@pytest.mark.parametrize("delisted", ["keep", "cash"])
def test_a_holding_without_bars_keeps_its_last_close(tmp_path, spans, delisted):
    a, b = "600000.XSHG", "600001.XSHG"
    prices = {a: {"open": np.arange(10.0, 22.0)}, b: {"open": [10.0] * 5 + [np.nan] * 7}}
    bundle = made_bundle(tmp_path / "m", prices, delisted={b: "2024-01-08"})
    source = f"""
def initialize(context):
    set_option('use_real_price', True)
    run_monthly(buy, 1, 'open')
def buy(context):
    order('{a}', 1000)
    order('{b}', 1000)
"""
    days = bundle.days
    runs = [
        run_backtest(text, bundle, str(days[0]), str(days[-1]), rules={"delisted_position": delisted})
        for text in (source, source + BUSY_DAYS)
    ]
    assert runs[0].total_value.tolist() == runs[1].total_value.tolist()
    assert runs[0].total_value[-1] > runs[0].total_value[5]
    for name in FILES:
        assert runs[0].texts[name] == runs[1].texts[name], name
    assert (f"({b})" in runs[0].texts["position.csv"].splitlines()[-2]) == (delisted == "keep")
    assert bool(spans) == (delisted == "keep")
