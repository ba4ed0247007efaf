"""How long the exported models take, against the bars; one thread, onnxruntime as the verification opens it.

usage: python -m benchmarks.formula_onnx [--quick] [--no-python36]

Prints a table; the last line is one JSON object with the figures: CPU seconds of this one thread (medians of several
runs after a first one), the same in wall seconds under ``..._wall``, bytes, megabytes. On a machine shared with other
work the two differ. Bars are made: random walks with factor changes. ``--quick`` leaves out the slowest cases.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import formula_py36
from benchmarks.process_memory import megabytes
from exporter.onnx_graph import build_history_model, build_model
from exporter.verify import onnx_scores, open_model
from sdk.errors import ExportError
from sdk.formula.formula_file import FormulaFile, from_tokens

FORMULAS = {  # tokens of vocabulary v2
    "two": [0, 4, 6],
    "eight": [0, 1, 6, 2, 6, 3, 6, 4, 6, 5, 6, 19, 6, 20, 6],
    "jump": [0, 4, 6, 14],
    "jump_log_vol": [5, 14],
    "jump_eight": [0, 1, 6, 2, 6, 3, 6, 4, 6, 5, 6, 19, 6, 20, 6, 14],
}
BARS = {  # case: (bar, unit)
    "last_300_two": (0.015, "s"),
    "last_300_eight": (0.2, "s"),
    "last_300_jump": (0.5, "s"),
    "last_300_jump_log_vol": (0.5, "s"),
    "last_5000_two": (0.4, "s"),
    "last_5000_eight": (4.0, "s"),
    "last_5000_jump": (9.0, "s"),
    "history_two": (5.0, "s"),
    "history_eight": (5.0, "s"),
    "history_memory_eight": (300.0, "MB"),
    "load": (0.2, "s"),
    "size": (100_000.0, "bytes"),
    "python36_300_eight": (1.0, "s"),
    "python36_300_jump": (1.0, "s"),
    "python36_300_jump_log_vol": (1.0, "s"),
    "python36_300_jump_eight": (1.0, "s"),
}
HISTORY_DAYS = 1457

Bars = dict[str, np.ndarray]


def made_bars(formula: FormulaFile, stocks: int, days: int) -> Bars:
    """Return random bars of a formula's inputs: (stocks, days), no gaps."""
    rng = np.random.default_rng(7)
    shape = (stocks, days)
    close = np.round(10 * np.exp(np.cumsum(rng.normal(0, 0.02, shape), axis=1)), 2) + 0.5
    volume = np.floor(np.exp(rng.normal(13, 1, shape)))
    everything = {
        "close": close,
        "open": close * 1.002,
        "high": close * 1.01,
        "low": close * 0.99,
        "volume": volume,
        "money": volume * close,
        "factor": np.cumprod(np.where(rng.random(shape) < 0.004, 1.03, 1.0), axis=1),
        "circulating_market_cap": np.full(shape, 90.0),
        "benchmark": 3000 * np.exp(np.cumsum(rng.normal(0, 0.01, (1, days)), axis=1)),
    }
    return {name: everything[name] for name in formula.inputs}


def timed(function: Callable[[], Any], repeats: int) -> tuple[float, float]:
    """Return the median CPU and wall seconds of ``repeats`` calls after a first one."""
    function()
    pairs = [once(function) for _ in range(repeats)]
    return statistics.median(cpu for cpu, _ in pairs), statistics.median(wall for _, wall in pairs)


def once(function: Callable[[], Any]) -> tuple[float, float]:
    """Return CPU and wall seconds of one call."""
    cpu, wall = time.process_time(), time.perf_counter()
    function()
    return time.process_time() - cpu, time.perf_counter() - wall


def note(figures: dict[str, float], case: str, seconds: tuple[float, float]) -> None:
    """Write both times of a case down."""
    figures[case], figures[f"{case}_wall"] = seconds


def last_day(figures: dict[str, float], stocks: int, names: list[str], repeats: int) -> None:
    """Measure last-day models."""
    for name in names:
        formula = from_tokens(FORMULAS[name], "v2")
        session = open_model(build_model(formula).SerializeToString())
        bars = made_bars(formula, stocks, formula.lookback_days)
        note(figures, f"last_{stocks}_{name}", timed(lambda s=session, b=bars: onnx_scores(s, b), repeats))


def load_and_size(figures: dict[str, float], repeats: int) -> None:
    """Measure loading and size of the largest model, history and last-day."""
    formula = from_tokens(FORMULAS["jump_eight"], "v2")
    models = [build_model(formula, features=True), build_history_model(formula)]
    data = [model.SerializeToString() for model in models]
    figures["size"] = float(max(len(text) for text in data))
    note(figures, "load", max(timed(lambda text=text: open_model(text), repeats) for text in data))


def history(figures: dict[str, float], name: str) -> None:
    """Measure a history model in a process of its own: one run, megabytes above what was there before."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.formula_onnx", "--history", name],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    *seconds, megabytes = json.loads(done.stdout)
    note(figures, f"history_{name}", (seconds[0], seconds[1]))
    figures[f"history_memory_{name}"] = megabytes


def one_history(name: str) -> list[float]:
    """Run a history model once on 300 stocks and 1,457 days; return CPU and wall seconds and megabytes (Linux)."""
    formula = from_tokens(FORMULAS[name], "v2")
    session = open_model(build_history_model(formula).SerializeToString())
    bars = made_bars(formula, 300, HISTORY_DAYS)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew at what is resident now
    before = megabytes("VmRSS")
    seconds = once(lambda: onnx_scores(session, bars))
    return [*seconds, megabytes("VmHWM") - before]


def python36(figures: dict[str, float], name: str) -> None:
    """Measure the exported file under the platform's Python (formula_py36.py)."""
    found = formula_py36.measure(from_tokens(FORMULAS[name], "v2"), 300)
    note(figures, f"python36_300_{name}", (found["seconds"], found["wall_seconds"]))


def main() -> None:
    """Measure, print the table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--no-python36", action="store_true")
    parser.add_argument("--history", choices=sorted(FORMULAS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.history:
        print(json.dumps(one_history(options.history)))
        return
    figures = measure_all(options.quick, not options.no_python36)
    load = os.getloadavg()[0]
    print(f"load average {load:.1f} on {os.cpu_count()} cores; {Path(sys.executable).name} numpy {np.__version__}")
    print(json.dumps({"load_average": load, **figures}))


def measure_all(quick: bool = False, on_python36: bool = False) -> dict[str, float]:
    """Measure every case, print a row each and return the figures."""
    figures: dict[str, float] = {}
    last_day(figures, 300, list(FORMULAS), 5 if quick else 9)
    last_day(figures, 5000, ["two", "eight", "jump"] if quick else list(FORMULAS), 1 if quick else 3)
    load_and_size(figures, 3)
    for name in ("two", "eight") if quick else FORMULAS:
        history(figures, name)
    if on_python36:
        try:
            for name in ("eight", "jump") if quick else FORMULAS:
                python36(figures, name)
        except ExportError as problem:
            print(f"python36: {problem}")
    for case, figure in figures.items():
        if case.endswith("_wall"):
            continue
        bar, unit = BARS.get(case, (None, "MB" if "memory" in case else "s"))
        verdict = "" if bar is None else f"bar {bar:g}  {'ok' if figure <= bar else 'MISSED'}"
        wall = f"(wall {figures[f'{case}_wall']:.4g})" if f"{case}_wall" in figures else ""
        print(f"{case:<28} {figure:>12.4g} {unit:<6} {wall:<16} {verdict}")
    return figures


if __name__ == "__main__":
    main()
