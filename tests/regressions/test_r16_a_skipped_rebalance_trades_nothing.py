"""R16: a rebalance that is skipped leaves every position as it is, buys and sells alike."""

from __future__ import annotations

from sdk.emulator.runner import run_backtest
from sdk.market.bundle import Bundle
from tests.bundles import small_market

STRATEGY = """
def initialize(context):
    set_option('use_real_price', True)
    run_monthly(rebalance, 1, time='open')
def rebalance(context):
    if context.current_dt.month == {skip}:
        log.info('跳过')
        return
    pool = get_index_stocks('000300.XSHG')
    start = context.current_dt.month % 5
    target = pool[start : start + 5]
    for code in context.portfolio.positions:
        if code not in target:
            order_target(code, 0)
    for code in target:
        order_target_value(code, context.portfolio.total_value / 5)
"""


def test_only_the_skipped_month_has_no_orders():
    bundle = Bundle.open(small_market(), verify=False)
    result = run_backtest(STRATEGY.format(skip=4), bundle, "2019-01-02", "2019-07-31")
    assert result.status == "done", result.error
    assert {order.entrust_text[:7] for order in result.orders} == {
        f"2019-{month:02d}" for month in (1, 2, 3, 5, 6, 7)
    }
    shares = [
        [
            tuple(line.split(",")[i] for i in (2, 4))
            for line in result.texts["position.csv"].splitlines()
            if line.startswith(day)
        ]
        for day in ("2019-03-29", "2019-04-30")
    ]
    names = [[name for name, _ in rows if name != "Cash"] for rows in shares]
    assert names[0] == names[1]
