"""How often the gates let a formula through where there is nothing to find.

Made markets without a signal; on each, several seeds are searched, selected on the validation months and, where an
emulator is installed, confirmed there. Any formula that passes is luck.
"""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.search.planted import TRAIN, VALID, empty_market
from benchmarks.search.settings import EMPTY, PLANTED_STOCKS, QUICK, QUICK_STOCKS, SEARCH
from sdk.training.config import make_config
from sdk.training.confirmation import confirmation
from sdk.training.learn import search
from sdk.training.reward import Judge
from sdk.training.run import select_formula

MARKETS, SEEDS, QUICK_MARKETS, QUICK_SEEDS = 10, 3, 2, 1


def measure(markets: Path, quick: bool) -> dict[str, float]:
    """Search all markets with all seeds, print a row each, return the share that passed all gates."""
    config = make_config({**SEARCH, **(QUICK if quick else EMPTY), "train": TRAIN, "valid": VALID})
    stocks, count, seeds = (QUICK_STOCKS, QUICK_MARKETS, QUICK_SEEDS) if quick else (PLANTED_STOCKS, MARKETS, SEEDS)
    if confirmation() is None:
        print("no emulator is installed (entry point jqalpha.confirmation): its gate is not asked")
    runs, through, but_for_evidence = 0, 0, 0
    print(f"{'market':>6} {'seed':>4} {'passed':<6} {'CPU s':>6}  gates that stopped it")
    for number in range(1, count + 1):
        bundle = empty_market(markets, number, stocks)
        judge = Judge(bundle, config)
        for seed in range(1, seeds + 1):
            one, start = config.model_copy(update={"seed": seed}), time.process_time()
            selection = select_formula(bundle, one, judge, search(one, judge))
            stopped = [gate.name for gate in selection.choice.gates if gate.passed is False]
            runs, through = runs + 1, through + selection.passed
            but_for_evidence += set(stopped) <= {"evidence"}
            seconds = time.process_time() - start
            words = "yes" if selection.passed else "no"
            print(f"{number:>6} {seed:>4} {words:<6} {seconds:>6.1f}  {', '.join(stopped)}", flush=True)
    return {
        "empty_runs": runs,
        "empty_passed": through,
        "empty_passed_share": through / runs,
        "empty_shipped_stopped_by_evidence_alone_share": but_for_evidence / runs,
    }
