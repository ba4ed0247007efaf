"""Platform runs smoke_510300_2025: the order lines of both logs, and the instant of the last line.

The bar of 09:35 is not known; 4.01 is the price in steps of 0.01 that gives the fill 4.015 and the 2,400 shares.
"""

from __future__ import annotations

import re

import pytest

from sdk.emulator.runner import run_backtest
from tests.conftest import shared
from tests.emulator.markets import made_bundle

FUND = "510300.XSHG"
STRATEGY = f"""
def initialize(context):
    set_option('use_real_price', True)
    run_daily(buy, '09:35')

def buy(context):
    if context.current_dt.day == 2:
        order_target_value({FUND!r}, 10000)

def on_strategy_end(context):
    log.info('sent')
"""


@pytest.mark.parametrize("name", ["log_a", "log_b"])
def test_order_lines_are_the_platforms(tmp_path, name):
    lines = shared(f"platform_runs/smoke_510300_2025/{name}.txt").read_text(encoding="utf-8").splitlines()
    expected = [line for line in lines if f"security={FUND} mode=" in line]
    number = re.search(r"entrust_id=(\d+)", expected[1])
    bundle = made_bundle(tmp_path / "market", {FUND: {"open": [4.01] * 3}}, start="2025-01-01", kinds={FUND: "fund"})
    rules = {"first_entrust_id": number.group(1)}
    result = run_backtest(STRATEGY, bundle, "2025-01-02", "2025-01-03", 100_000, rules=rules)
    assert list(result.log[:-1]) == expected
    last_of_a = shared("platform_runs/smoke_510300_2025/log_a.txt").read_text(encoding="utf-8").splitlines()[-1]
    assert result.log[-1].split(" - ")[0] == last_of_a.split(" - ")[0] == "2025-01-03 23:59:59.001000"
