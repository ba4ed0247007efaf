"""R25: an error stops the rebalance, keeps the positions and says so in the log."""

from __future__ import annotations

from exporter.strategy_file import Settings, render
from sdk.emulator.runner import run_backtest
from sdk.formula.formula_file import from_tokens
from sdk.market.bundle import Bundle
from tests.bundles import small_market

BREAK = """
_get_price = get_price
def get_price(*args, **kwargs):
    if g.__dict__.setdefault('calls', 0) >= 0 and str(kwargs['end_date'])[:7] == '2019-02':
        raise RuntimeError('数据服务不可用')
    return _get_price(*args, **kwargs)
"""


def test_a_rebalance_without_data_trades_nothing_and_says_so():
    bundle = Bundle.open(small_market(), verify=False)
    strategy = render(from_tokens([0, 4, 6], "v2"), Settings(top_k=5)) + BREAK
    result = run_backtest(strategy, bundle, "2019-01-02", "2019-04-30")
    assert result.status == "done", result.error
    assert "2019-03" not in {order.entrust_text[:7] for order in result.orders}
    errors = [
        line
        for line in result.log
        if " - ERROR - " in line and "调仓中止，持仓不变: RuntimeError: 数据服务不可用" in line
    ]
    assert [line[:7] for line in errors] == ["2019-03"]
    held = [line.count("多") for line in result.texts["position.csv"].splitlines() if line.startswith("2019-03-29")]
    assert sum(held) == 5


def test_an_uncaught_error_of_a_strategy_fails_the_run_loudly():
    bundle = Bundle.open(small_market(), verify=False)
    result = run_backtest(
        "def handle_data(context, data):\n    raise KeyError('x')\n", bundle, "2019-01-02", "2019-01-31"
    )
    assert result.status == "failed"
    assert " - ERROR - Traceback" in result.log[-1]
    assert len(result.days) == 0
