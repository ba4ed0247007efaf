"""CPU time and memory of all eight features over a whole panel: one core, a fresh process each.

usage: python -m benchmarks.formula_features [--quick]

Prints a table; the last line is one JSON object. The peak is that of the whole process, interpreter and bars
included (Linux). ``--quick``: 300 stocks only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time

from benchmarks.made_bars import many_bars, random_bars
from benchmarks.process_memory import megabytes
from jq_strategy import kernel
from sdk.formula.panel_scores import PanelScores

DAYS = 2_900
BARS = {300: (1.2, 400.0), 5_000: (20.0, 6_000.0)}  # stocks: (CPU seconds, megabytes)


def measure(stocks: int, days: int) -> dict[str, float]:
    """Return CPU seconds and peak megabytes of all features on random bars (stocks, days), in a new process."""
    _in_new_process(2, 300)  # compiled loops are in numba's cache from here on
    return _in_new_process(stocks, days)


def _in_new_process(stocks: int, days: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.formula_features", "--measure", str(stocks), str(days)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout)


def measure_here(stocks: int, days: int) -> dict[str, float]:
    """Return what ``measure`` does, of this process."""
    _every_feature(PanelScores(random_bars(2, 300)), 299)  # load the compiled loops
    bars = many_bars(stocks, days)
    before = megabytes("VmHWM")
    start = time.process_time()
    _every_feature(PanelScores(bars), days - 1)
    return {"seconds": time.process_time() - start, "peak_mb": megabytes("VmHWM"), "bars_peak_mb": before}


def _every_feature(panel: PanelScores, day: int) -> None:
    for feature in kernel.FEATURES:
        panel.scores((feature.name,), [day])


def main() -> None:
    """Measure, print a table, and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="300 stocks only")
    parser.add_argument("--measure", nargs=2, type=int, metavar=("STOCKS", "DAYS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure_here(*options.measure)))
        return
    figures: dict[str, float] = {}
    for stocks, bars in BARS.items():
        if options.quick and stocks > 300:
            continue
        found = measure(stocks, DAYS)
        for key, unit, bar in zip(("seconds", "peak_mb"), ("s", "MB"), bars, strict=True):
            figures[f"features_{stocks}_{key}"] = round(found[key], 3)
            verdict = "ok" if found[key] <= bar else "MISSED"
            print(f"{stocks} x {DAYS} {key:<10}{found[key]:>10.2f} {unit:<3} bar {bar:g}  {verdict}")
        print(f"{stocks} x {DAYS} of which bars: peak {found['bars_peak_mb']:.0f} MB before the first feature")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
