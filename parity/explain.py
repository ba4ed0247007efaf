"""Name the causes of a verdict, given the exported strategy and the market: what ``jqalpha parity`` calls.

The strategy is run once as it is. Whichever side that run agrees with further is the *anchor*, the side that can be
run again; the other one is walked to. So a local run of another engine is explained as well as a platform run of an
old file. The strategy runs inside this process: it is the user's own export.
"""

from __future__ import annotations

from pathlib import Path

from parity.attribute import explanation, walk
from parity.compare import Verdict
from parity.counterfactual import Bench, Recipe
from parity.counterfactual_text import is_exported
from parity.explanation import Explanation
from parity.quirks import BUILT_IN, load_quirks
from parity.strategy_run import RunPlan
from sdk.market.bundle import Bundle


def explain_verdict(
    verdict: Verdict, strategy: Path, market: Path, plan: RunPlan, quirks: Path = BUILT_IN
) -> Explanation | None:
    """Return the causes of a verdict; None for a strategy that was not exported (its text cannot be changed).

    ParityError for quirks without evidence or expired at the end of the run; errors of the run as ``run_backtest``.
    """
    text = strategy.read_text("utf-8")
    if not is_exported(text):
        return None
    known = load_quirks(quirks, plan.end)
    recipe = Recipe(text, Bundle.open(market), plan.start, plan.end, plan.cash, plan.frequency)
    sides = {"local": verdict.local, "platform": verdict.platform}
    agrees = {name: Bench(side).full(recipe).standing.key for name, side in sides.items()}
    anchor = "platform" if agrees["platform"] > agrees["local"] else "local"
    target = sides["local" if anchor == "platform" else "platform"]
    return explanation(walk(recipe, target, known), anchor, plan.cash, target, known)
