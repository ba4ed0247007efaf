"""R10: a halted stock has volume 0, cannot be bought and cannot be sold."""

from __future__ import annotations

from sdk.emulator.runner import run_backtest
from sdk.market.bundle import Bundle
from tests.bundles import small_market

STRATEGY = """
def initialize(context):
    set_option('use_real_price', True)
    g.halted = 0
def handle_data(context, data):
    today = get_current_data()
    for code in get_index_stocks('000300.XSHG'):
        if today[code].paused:
            g.halted += 1
            held = code in context.portfolio.positions
            assert order_target(code, 0 if held else 1000) is None
            assert (code in context.portfolio.positions) == held
        elif code not in context.portfolio.positions:
            order(code, 100)
        if data[code].paused:
            assert data[code].volume == 0
def on_strategy_end(context):
    record(halted=g.halted)
    print(g.halted)
"""


def test_nothing_trades_on_a_halt():
    bundle = Bundle.open(small_market(), verify=False)
    result = run_backtest(STRATEGY, bundle, "2019-03-01", "2019-06-28")
    assert result.status == "done", result.error
    assert int(result.log[-1].split(" - ")[-1]) > 0
    panel = bundle.panel(fields=["paused", "volume"])
    assert (panel["volume"][panel["paused"] == 1] == 0).all()
    for order in result.trades:
        day = panel.day_index(order.entrust_text[:10])
        assert panel["paused"][panel.row(order.request.security), day] == 0
