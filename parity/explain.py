"""Name the causes of a verdict, given the exported strategy and the market: what ``jqalpha parity`` calls.

The strategy is run once as it is. Whichever side that run agrees with further is the *anchor*, the side that can be
run again; the other one is walked to, from that run. So a local run of another engine is explained as well as a
platform run of an old file. The strategy runs inside this process: it is the user's own export.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from parity.attribute import explanation, walk
from parity.compare import Verdict
from parity.counterfactual import Bench, Recipe, Standing
from parity.counterfactual_text import is_exported
from parity.explanation import Explanation
from parity.quirks import BUILT_IN, load_quirks
from parity.records import Side
from parity.strategy_run import RunPlan
from sdk.errors import ParityError
from sdk.market.bundle import Bundle
from sdk.report.plain_text import plain

_NAMES = {"local": ("本地", "local"), "platform": ("平台", "platform")}
_OTHER_RUN = (
    "重新运行与{0}侧不同，基点相对于重新运行 the strategy run again differs from the {1} side too; "
    "basis points count from that run"
)


def explain_verdict(
    verdict: Verdict, strategy: Path, market: Path, plan: RunPlan, quirks: Path = BUILT_IN
) -> Explanation | None:
    """Return the causes of a verdict; None for a strategy that was not exported (its text cannot be changed).

    ParityError for a file that is no text in UTF-8, for quirks without evidence or expired at the end of the run, and
    for a strategy that fails; other errors of the run as ``run_backtest``.
    """
    text = _text_of(strategy)
    if not is_exported(text):
        return None
    known = load_quirks(quirks, plan.end)
    recipe = Recipe(text, Bundle.open(market), plan.start, plan.end, plan.cash, plan.frequency)
    sides = {"local": verdict.local, "platform": verdict.platform}
    own = Bench(verdict.platform).run(recipe, recipe.end)
    agrees = {name: _standing(recipe, own, side) for name, side in sides.items()}
    anchor = "platform" if agrees["platform"].key > agrees["local"].key else "local"
    target = sides["local" if anchor == "platform" else "platform"]
    found = explanation(walk(recipe, target, known, own=own), anchor, plan.cash, target, known)
    if agrees[anchor].equal:
        return found
    return replace(found, remarks=(*found.remarks, _OTHER_RUN.format(*_NAMES[anchor])))


def _standing(recipe: Recipe, own: Side, side: Side) -> Standing:
    bench = Bench(side)
    bench.take(recipe, own)
    return bench.full(recipe).standing


def _text_of(strategy: Path) -> str:
    try:
        return strategy.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise ParityError(
            f"{plain(str(strategy))}: 无法读取 cannot be read as UTF-8: {problem}; 请重新导出 export it again"
        ) from problem
