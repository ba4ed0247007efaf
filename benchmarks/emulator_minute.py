"""How long a backtest on minute bars takes: CPU seconds of the run without imports, a fresh process a strategy.

Ten of sixteen made stocks, one year: 240 calls of handle_data a day. ``minute_moving_average`` looks at all ten each
minute (history as arrays, data[code]); ``minute_frames`` at one of them as a DataFrame.

usage: python -m benchmarks.emulator_minute [--quick]

Prints a table; the last line is one JSON object. ``--quick``: one run a strategy instead of three.
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

from benchmarks.process_memory import megabytes

STRATEGIES = Path(__file__).parent / "strategies"
BARS = {"minute_moving_average": 10.0, "minute_frames": 10.0}
SPAN = ("2023-01-03", "2023-12-29")
MEMORY_BAR = 250.0


def measure_here(strategy: str, market: Path, repeats: int) -> dict[str, float]:
    """Return the median CPU seconds of a run in this process, its peak megabytes, days and trades."""
    from sdk.emulator.runner import run_backtest
    from sdk.market.bundle import Bundle

    run_backtest("x = 1\n", Bundle.open(market), SPAN[0], SPAN[0])  # imports
    times, peak = [], 0.0
    for _ in range(repeats):
        started = time.process_time()
        with tempfile.TemporaryDirectory(prefix="jqalpha-benchmark-") as out:
            result = run_backtest(
                STRATEGIES / f"{strategy}.py", Bundle.open(market), *SPAN, out=Path(out) / "run", frequency="minute"
            )
        times.append(time.process_time() - started)
        peak = peak or megabytes("VmHWM")  # of one run
        assert result.status == "done", result.log[-1]
    return {
        "seconds": statistics.median(times),
        "peak_mb": peak,
        "days": float(len(result.days)),
        "trades": float(len(result.trades)),
    }


def measure(strategy: str, market: Path, repeats: int) -> dict[str, float]:
    """Return what ``measure_here`` does, of a new process."""
    command = [sys.executable, "-m", "benchmarks.emulator_minute", "--measure", strategy, str(market), str(repeats)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)


def make_market(path: Path) -> float:
    """Write the market that the strategies run on; return the CPU seconds that took."""
    from sdk.market.made.market import make_market as make
    from sdk.market.made.spec import MarketSpec

    started = time.process_time()
    make(path, MarketSpec(stocks=16, years=1.0, seed=3, start="2023-01-01", minutes=("2022-12-01", "2023-12-31")))
    return time.process_time() - started


def main() -> None:
    """Measure, print a table, and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one run a strategy")
    parser.add_argument("--measure", nargs=3, metavar=("STRATEGY", "MARKET", "REPEATS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        strategy, market, repeats = options.measure
        print(json.dumps(measure_here(strategy, Path(market), int(repeats))))
        return
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="jqalpha-benchmark-") as folder:
        market = Path(folder) / "market"
        figures["make_market_seconds"] = make_market(market)
        print(f"{'make the market':<26}{figures['make_market_seconds']:>8.2f} s CPU")
        for strategy, bar in BARS.items():
            found = measure(strategy, market, 1 if options.quick else 3)
            calls = found["days"] * 240
            figures[f"{strategy}_seconds"], figures[f"{strategy}_peak_mb"] = found["seconds"], found["peak_mb"]
            print(
                f"{strategy:<26}{found['seconds']:>8.2f} s CPU  bar {bar:g} "
                f"{'ok' if found['seconds'] <= bar else 'MISSED'}  {found['seconds'] / calls * 1e6:>5.0f} µs a call, "
                f"{found['trades']:.0f} trades  {found['peak_mb']:>5.0f} MB  bar {MEMORY_BAR:g} "
                f"{'ok' if found['peak_mb'] <= MEMORY_BAR else 'MISSED'}"
            )
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
