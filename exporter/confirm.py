"""Confirm a formula: export it, run the exported file in the emulator, return its figures.

The file that is run is the file that would be pasted on the platform, verified like every export. Where the costs
asked for are not the platform's defaults, ``initialize`` is followed by the two calls that set them.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import numpy as np

from exporter.export import export_formula
from exporter.strategy_file import Settings
from sdk.emulator.runner import run_backtest
from sdk.errors import StrategyError
from sdk.formula.formula_file import FormulaFile
from sdk.market.bundle import Bundle
from sdk.training.confirmation import Confirmed, Premises

_COSTS = """

_initialize_as_exported = initialize


def initialize(context):
    _initialize_as_exported(context)
    cost = OrderCost(close_tax={tax!r}, open_commission={rate!r}, close_commission={rate!r}, min_commission=5)
    set_order_cost(cost, type="stock")
    set_slippage(PriceRelatedSlippage({spread!r}))
"""


def confirm_formula(formula: FormulaFile, bundle: Bundle, start: str, end: str, premises: Premises) -> Confirmed:
    """Return what the exported formula earns from ``start`` to ``end``, both included.

    A bundle that begins too late for the formula's first windows is traded from the first day with full ones; the
    returned ``start`` says so.
    Raises ExportError when the export does not reproduce the kernel, StrategyError when the strategy stops.
    """
    settings = Settings(premises.pool_index, premises.pool_index, premises.top_k)
    with tempfile.TemporaryDirectory(prefix="jqalpha-confirm-") as folder:
        export_formula(formula, Path(folder) / "export", settings)
        text = (Path(folder) / "export" / "strategy.py").read_text("utf-8")
    first = str(max(np.datetime64(start), bundle.days[min(formula.lookback_days, len(bundle.days) - 1)]))
    result = run_backtest(text + _cost_lines(premises), bundle, first, end, premises.capital, name="confirmation")
    if result.error is not None:
        raise StrategyError(f"{formula.expression}: the exported strategy stopped: {result.error}") from result.error
    aborted = [line for line in result.log if "调仓中止" in line]
    if aborted:
        raise StrategyError(f"{formula.expression}: {aborted[0].strip()}")
    rebalances = sum("开始调仓" in line for line in result.log)
    figures = result.figures
    return Confirmed(
        start=str(result.days[0]),
        end=str(result.days[-1]),
        total_return=float(figures["algorithm_return"]),
        benchmark_return=float(figures["benchmark_return"]),
        excess_return=float(figures["excess_return"]),
        information=_finite(figures["information"]),
        max_drawdown=float(figures["max_drawdown"]),
        turnover=float(figures["turnover_rate"]) * len(result.days) / max(1, rebalances),
        beta=_finite(figures["beta"]),
        rebalances=rebalances,
    )


def _cost_lines(premises: Premises) -> str:
    defaults = Premises()
    costs = ("commission", "stamp_tax", "half_spread")
    if all(getattr(premises, name) == getattr(defaults, name) for name in costs):
        return ""
    return _COSTS.format(tax=premises.stamp_tax, rate=premises.commission, spread=2 * premises.half_spread)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
