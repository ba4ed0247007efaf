"""How long a backtest takes: CPU seconds of the run without imports, medians, a fresh process a strategy.

Day bars: a made market of 300 stocks, 1,724 trading days. Minute bars: ten of sixteen made stocks, one year, 240
calls of handle_data a day; ``minute_moving_average`` looks at all ten each minute (history as arrays, data[code]),
``minute_frames`` at one of them as a DataFrame. Opening the bundle and writing the files of the run count. Also the
import time of the emulator and the peak memory of one run.

usage: python -m benchmarks.emulator [--quick]

Prints a table; the last line is one JSON object. ``--quick``: fewer runs a strategy.
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
from typing import NamedTuple

from benchmarks.process_memory import megabytes

STRATEGIES = Path(__file__).parent / "strategies"
IMPORT_BAR, MEMORY_BAR = 0.8, 250.0


class Case(NamedTuple):
    """A strategy, its frequency, the bar in CPU seconds, and how often it runs (in all, with --quick)."""

    strategy: str
    frequency: str
    bar: float
    runs: tuple[int, int]


CASES = (
    Case("monthly_top10", "day", 0.30, (5, 3)),
    Case("monthly_top10_one_by_one", "day", 1.0, (5, 3)),
    Case("daily_top10", "day", 1.5, (5, 3)),
    Case("minute_moving_average", "minute", 10.0, (3, 1)),
    Case("minute_frames", "minute", 10.0, (3, 1)),
)
MARKETS = {
    "day": {"stocks": 300, "years": 8, "seed": 1},
    "minute": {"stocks": 16, "years": 1.0, "seed": 3, "start": "2023-01-01", "minutes": ("2022-12-01", "2023-12-31")},
}
SPANS = {"day": (300, 300 + 1_724 - 1), "minute": ("2023-01-03", "2023-12-29")}  # positions in the calendar, or dates


def measure_here(strategy: str, frequency: str, market: Path, runs: int) -> dict[str, float]:
    """Return the median CPU seconds of a run in this process, the peak megabytes of one, and its lines of log."""
    import pandas  # noqa: F401 - what a run imports at its first use
    import pyarrow.parquet  # noqa: F401

    from sdk.emulator.runner import run_backtest
    from sdk.market.bundle import Bundle

    days = Bundle.open(market).days
    first, last = (str(days[day]) if isinstance(day, int) else day for day in SPANS[frequency])
    times, peak = [], 0.0
    for _ in range(runs):
        started = time.process_time()
        bundle = Bundle.open(market)
        with tempfile.TemporaryDirectory(prefix="jqalpha-benchmark-") as out:
            path = STRATEGIES / f"{strategy}.py"
            result = run_backtest(path, bundle, first, last, out=Path(out) / "run", frequency=frequency)
        times.append(time.process_time() - started)
        peak = peak or megabytes("VmHWM")  # of one run
    assert result.status == "done", result.log[-1]
    return {"seconds": statistics.median(times), "peak_mb": peak, "log_lines": float(len(result.log))}


def measure(case: Case, market: Path, runs: int) -> dict[str, float]:
    """Return what ``measure_here`` does, of a new process."""
    command = [sys.executable, "-m", "benchmarks.emulator", "--measure"]
    command += [case.strategy, case.frequency, str(market), str(runs)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)


def import_seconds(runs: int) -> float:
    """Return the median wall seconds that ``import sdk.emulator`` adds to a new interpreter."""
    code = "import time; t = time.perf_counter(); import sdk.emulator.runner; print(time.perf_counter() - t)"
    command = [sys.executable, "-c", code]
    done = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(runs)]
    return statistics.median(float(run.stdout) for run in done)


def make_markets(folder: Path) -> dict[str, Path]:
    """Write the markets that the strategies run on; return frequency -> bundle."""
    from sdk.market.made.market import make_market
    from sdk.market.made.spec import MarketSpec

    for frequency, spec in MARKETS.items():
        make_market(folder / frequency, MarketSpec(**spec))  # type: ignore[arg-type]
    return {frequency: folder / frequency for frequency in MARKETS}


def main() -> None:
    """Measure, print a table, and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer runs a strategy")
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        strategy, frequency, market, runs = options.measure
        print(json.dumps(measure_here(strategy, frequency, Path(market), int(runs))))
        return
    figures = {"import_seconds": import_seconds(3 if options.quick else 5)}
    print(f"import sdk.emulator{'':<13}{figures['import_seconds']:>8.3f} s wall  bar {IMPORT_BAR:g}")
    with tempfile.TemporaryDirectory(prefix="jqalpha-benchmark-") as folder:
        markets = make_markets(Path(folder))
        for case in CASES:
            found = measure(case, markets[case.frequency], case.runs[options.quick])
            seconds, memory = found["seconds"], found["peak_mb"]
            figures[f"{case.strategy}_seconds"], figures[f"{case.strategy}_peak_mb"] = seconds, memory
            print(
                f"{case.strategy:<32}{seconds:>8.3f} s CPU   bar {case.bar:<5g}{_word(seconds, case.bar)}"
                f"{memory:>8.0f} MB  bar {MEMORY_BAR:g} {_word(memory, MEMORY_BAR)}"
            )
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}))


def _word(found: float, bar: float) -> str:
    return f"{'ok' if found <= bar else 'MISSED':<7}"


if __name__ == "__main__":
    main()
