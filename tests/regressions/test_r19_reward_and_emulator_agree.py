"""R19: the reward bought at the close of the trade day and used day-0 signals, 48 points away from the backtest.

Here: month for month, what the reward says and what the exported strategy earns in the emulator differ by less than
1 bp at equal costs. Capital is large, so that lots and least commissions do not matter, and the day's volume is no
limit; no slippage, because its cents are rounded.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exporter.strategy_file import Settings, render
from jq_strategy import formula as language
from sdk.emulator.runner import run_backtest
from sdk.formula.formula_file import from_tokens
from sdk.market.bundle import Bundle
from sdk.training.config import make_config
from sdk.training.reward import Judge
from tests.bundles import real_market, small_market

CAPITAL, BASIS_POINT = 1e9, 1e-4
SAME_COSTS = """
    set_slippage(FixedSlippage(0))
    set_option("order_volume_ratio", 1000)
    set_order_cost(OrderCost(0, 0.001, 0.0003, 0.0003, 0.0003, 0), type="stock")
"""
FORMULAS = ["RET DEV ADD", "MOM20 TSUM20", "LOG_VOL NEG", "PRESSURE TSUM20 JUMP"]
SETTINGS = {"half_spread": 0.0, "impact_low": 0.0, "impact_high": 0.0, "min_listed_days": 180, "top_k": 10}


def emulated(expression: str, bundle: Bundle, period: tuple[str, str], judge: Judge) -> np.ndarray:
    """Return what the exported strategy earns from the open of each rebalance to the next one's."""
    formula = from_tokens(list(_tokens(expression)), "v2")
    text = render(formula, Settings(top_k=SETTINGS["top_k"], min_listed_days=SETTINGS["min_listed_days"]))
    begin, start = "    set_benchmark(BENCHMARK)\n", '    log.info("开始调仓: %s" % context.current_dt)\n'
    assert text.count(begin) == text.count(start) == 1
    text = text.replace(begin, begin + SAME_COSTS)
    text = text.replace(start, start + '    log.info("VALUE %r" % context.portfolio.total_value)\n')
    result = run_backtest(text, bundle, *period, CAPITAL)
    assert result.status == "done", result.error
    value = {line[:10]: float(line.rpartition("VALUE ")[2]) for line in result.log if "VALUE " in line}
    values = np.array([value[str(day)] for day in judge.dates])
    return values[1:] / values[:-1] - 1.0


def _tokens(expression: str) -> tuple[int, ...]:
    names = language.token_names("v2")
    return tuple(names.index(name) for name in expression.split())


def _compare(path: Path, period: tuple[str, str], expressions: list[str]) -> None:
    bundle = Bundle.open(path, verify=False)
    judge = Judge(bundle, make_config({**SETTINGS, "train": period, "warm_up_days": 2000}))
    for expression in expressions:
        told = judge.series(_tokens(expression)).returns
        earned = emulated(expression, bundle, period, judge)
        assert len(told) >= 35
        assert np.abs(earned).max() > 0.01
        difference = np.abs(told - earned)
        worst = int(difference.argmax())
        assert difference[worst] <= BASIS_POINT, (expression, str(judge.dates[worst]), told[worst], earned[worst])


def test_on_a_made_market_of_three_years() -> None:
    _compare(small_market(), ("2018-01-01", "2020-12-31"), FORMULAS)


@pytest.mark.slow
def test_on_real_bars_of_six_years() -> None:
    _compare(real_market(), ("2016-01-01", "2021-12-31"), FORMULAS)
