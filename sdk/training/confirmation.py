"""What the emulator says of a formula: the exported strategy traded day by day, costs included.

The batch evaluator screens thousands of formulas; the few that matter are exported and run like any other strategy.
The export lives in a room that this one may not import, so it is found as an entry point of the group
``jqalpha.confirmation``, as the commands are. Where none is installed, selections say that they are unconfirmed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

from sdk.formula.formula_file import FormulaFile
from sdk.market.bundle import Bundle

GROUP = "jqalpha.confirmation"


@dataclass(frozen=True)
class Premises:
    """How the exported strategy trades: stocks held, pool, CNY, rates of the traded value (one side's slippage)."""

    top_k: int = 10
    pool_index: str = "000300.XSHG"
    capital: float = 1_000_000
    commission: float = 0.0003
    stamp_tax: float = 0.001
    half_spread: float = 0.00123


@dataclass(frozen=True)
class Confirmed:
    """Figures of one emulated run, under JoinQuant's definitions (sdk/scoring/figures.py).

    Returns and drawdown as fractions of the whole period; ``information``, ``beta`` None where undefined;
    ``turnover`` is the mean of bought and sold, a month, ÷ the mean total value; ``rebalances`` counts the months
    traded.
    """

    start: str
    end: str
    total_return: float
    benchmark_return: float
    excess_return: float
    information: float | None
    max_drawdown: float
    turnover: float
    beta: float | None
    rebalances: int


Confirmation = Callable[[FormulaFile, Bundle, str, str, Premises], Confirmed]


def confirmation() -> Confirmation | None:
    """Return the installed confirmation, or None."""
    found: list[Any] = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return found[0].load() if found else None
