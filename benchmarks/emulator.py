"""How long a backtest takes: CPU seconds of the run without imports, medians, a fresh process a strategy.

A made market of 300 stocks, 1,724 trading days of daily bars; then ten stocks and a year of minute bars
(``emulator_minute.py``). Also the import time of the emulator and the peak memory of each process.

usage: python -m benchmarks.emulator [--quick]

Prints a table; the last line is one JSON object. ``--quick``: three runs a strategy instead of five, one instead of
three on minute bars.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import emulator_minute
from benchmarks.process_memory import megabytes

STRATEGIES = Path(__file__).parent / "strategies"
BARS = {"monthly_top10": 0.30, "monthly_top10_one_by_one": 1.0, "daily_top10": 1.5}
START, DAYS = 300, 1_724
IMPORT_BAR, MEMORY_BAR = 0.8, 250.0


def measure_here(strategy: str, market: Path, repeats: int) -> dict[str, float]:
    """Return the median CPU seconds of a run in this process, its peak megabytes and its trades."""
    from sdk.emulator.runner import run_backtest
    from sdk.market.bundle import Bundle

    times, peak = [], 0.0
    for _ in range(repeats):
        started = time.process_time()
        bundle = Bundle.open(market)
        first, last = bundle.days[START], bundle.days[START + DAYS - 1]
        with tempfile.TemporaryDirectory(prefix="jqalpha-benchmark-") as out:
            result = run_backtest(STRATEGIES / f"{strategy}.py", bundle, str(first), str(last), out=Path(out) / "run")
        times.append(time.process_time() - started)
        peak = peak or megabytes("VmHWM")  # of one run
    assert result.status == "done", result.log[-1]
    return {
        "seconds": statistics.median(times),
        "peak_mb": peak,
        "log_lines": float(len(result.log)),
    }


def measure(strategy: str, market: Path, repeats: int) -> dict[str, float]:
    """Return what ``measure_here`` does, of a new process."""
    command = [sys.executable, "-m", "benchmarks.emulator", "--measure", strategy, str(market), str(repeats)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)


def import_seconds(repeats: int) -> float:
    """Return the median wall seconds that ``import sdk.emulator`` adds to a new interpreter."""
    code = "import time; t = time.perf_counter(); import sdk.emulator.runner; print(time.perf_counter() - t)"
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(repeats)
    ]
    return statistics.median(float(run.stdout) for run in runs)


def make_market(path: Path) -> None:
    """Write the market that the strategies run on."""
    from sdk.market.made.market import make_market as make
    from sdk.market.made.spec import MarketSpec

    make(path, MarketSpec(stocks=300, years=8, seed=1))


def told(strategy: str, found: dict[str, float], bar: float) -> dict[str, float]:
    """Print one line of the table; return its figures."""
    seconds = "ok" if found["seconds"] <= bar else "MISSED"
    memory = "ok" if found["peak_mb"] <= MEMORY_BAR else "MISSED"
    print(
        f"{strategy:<32}{found['seconds']:>8.3f} s CPU   bar {bar:g} {seconds}"
        f"{found['peak_mb']:>8.0f} MB  bar {MEMORY_BAR:g} {memory}"
    )
    return {f"{strategy}_seconds": found["seconds"], f"{strategy}_peak_mb": found["peak_mb"]}


def main() -> None:
    """Measure, print a table, and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three runs a strategy, one on minute bars")
    parser.add_argument("--measure", nargs=3, metavar=("STRATEGY", "MARKET", "REPEATS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        strategy, market, repeats = options.measure
        print(json.dumps(measure_here(strategy, Path(market), int(repeats))))
        return
    repeats = 3 if options.quick else 5
    figures: dict[str, float] = {"import_seconds": import_seconds(repeats)}
    print(f"import sdk.emulator{'':<14}{figures['import_seconds']:>8.3f} s wall  bar {IMPORT_BAR:g}")
    with tempfile.TemporaryDirectory(prefix="jqalpha-benchmark-") as folder:
        market = Path(folder) / "market"
        make_market(market)
        for strategy, bar in BARS.items():
            found = measure(strategy, market, repeats)
            figures |= told(strategy, found, bar)
        minutes = Path(folder) / "minutes"
        emulator_minute.make_market(minutes)
        for strategy, bar in emulator_minute.BARS.items():
            found = emulator_minute.measure(strategy, minutes, 1 if options.quick else 3)
            figures |= told(strategy, found, bar)
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
