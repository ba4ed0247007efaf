"""How long an exported strategy file takes on the platform's Python (CPython 3.6, numpy 1.14): one day of 300 stocks.

usage: python -m benchmarks.formula_py36 [--quick]

Prints a table; the last line is one JSON object with the CPU seconds of each formula. The interpreter's start and the
reading of the bars are not counted. ``--quick``: the slow formulas only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.made_bars import random_bars
from exporter.python36 import find_python36
from exporter.strategy_file import Settings, render
from sdk.formula.formula_file import FormulaFile
from sdk.formula.reading import read_formula

STOCKS, REPEATS = 300, 5
BAR = 1.0  # seconds, for every formula
SUM_OF_EIGHT = "RET + LIQ_SCORE + PRESSURE + FOMO + DEV + LOG_VOL + MOM20 + REL_MOM20"
FORMULAS = {
    "two": "RET + DEV",
    "eight": SUM_OF_EIGHT,
    "rank": "RANK(RET) - ZSCORE(LOG_VOL)",
    "corr20": "TS_CORR20(RET, LOG_VOL)",
    "std_rank": "TS_STD20(MOM20) + TS_RANK20(FOMO)",
    "corr20_eight": f"TS_CORR20({SUM_OF_EIGHT}, RET)",
    "jump": "JUMP(RET + DEV)",
    "jump_log_vol": "JUMP(LOG_VOL)",
    "jump_eight": f"JUMP({SUM_OF_EIGHT})",
    "jump_corr20": f"JUMP(TS_CORR20({SUM_OF_EIGHT}, LOG_VOL))",
    "jump_jump": f"JUMP(JUMP({SUM_OF_EIGHT}))",
}
QUICK = ("two", "jump_log_vol", "jump_eight", "jump_corr20")

_ON_36 = """
import sys, time, types, numpy as np
sys.modules['jqdata'] = types.ModuleType('jqdata')
scope = {'__name__': 'strategy'}
exec(compile(sys.stdin.read(), 'strategy.py', 'exec'), scope)
stored = np.load(sys.argv[1])
bars = {name: stored[name] for name in stored.files}
times = []
for _ in range(int(sys.argv[2])):
    wall, cpu = time.time(), time.process_time()
    scope['score_stocks'](bars)
    times.append((time.process_time() - cpu, time.time() - wall))
peak = next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM:'))
print(*(np.median(times, axis=0).tolist() + [int(peak) / 1024.0]))
"""


def measure(formula: FormulaFile, stocks: int, repeats: int = REPEATS) -> dict[str, float]:
    """Return the median CPU and wall seconds of a day's scores and the process's peak megabytes.

    Raises ExportError when there is no CPython 3.6 here.
    """
    python, _ = find_python36()
    every = random_bars(stocks, formula.lookback_days)
    with tempfile.TemporaryDirectory(prefix="jqalpha-py36-") as folder:
        bars = Path(folder) / "bars.npz"
        np.savez(bars, **{name: every[name] for name in formula.inputs})  # type: ignore[arg-type]
        done = subprocess.run(
            [str(python), "-c", _ON_36, str(bars), str(repeats)],
            input=render(formula, Settings()),
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
    seconds, wall, megabytes = map(float, done.stdout.split())
    return {"seconds": seconds, "wall_seconds": wall, "peak_mb": megabytes}


def main() -> None:
    """Measure, print a table, and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the slow formulas only")
    quick = parser.parse_args().quick
    print(json.dumps(measure_all(quick)))


def measure_all(quick: bool = False) -> dict[str, float]:
    """Measure the formulas, print a row each and return name -> CPU seconds."""
    print(f"{STOCKS} stocks, one day, CPython {find_python36()[1]}; bar {BAR:g} s")
    figures = {}
    for name in QUICK if quick else FORMULAS:
        formula = read_formula(FORMULAS[name], "v3").formula
        found = measure(formula, STOCKS)
        figures[f"python36_{name}_seconds"] = round(found["seconds"], 4)
        verdict = "ok" if found["seconds"] <= BAR else "MISSED"
        print(
            f"{name:<14}{formula.lookback_days:>5} days{found['seconds']:>8.3f} s CPU"
            f"{found['wall_seconds']:>8.3f} s wall{found['peak_mb']:>6.0f} MB  {verdict}"
        )
    return figures


if __name__ == "__main__":
    main()
