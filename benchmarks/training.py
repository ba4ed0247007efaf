"""What the search for formulas does: how fast, what it finds, what it does not claim, and whether it comes back.

    step       one whole training step against the plain way; where the time goes; memory
    planted    ten made markets with a planted formula: policy, random search, gplearn
    empty      ten made markets without a signal: how many seeds pass all gates
    resume     kills at random moments and resumes, byte for byte; the same seed three times
    ray        a Ray cluster of two workers gives the table of local processes
    yardstick  LightGBM on the same features, real bars and planted markets
    real       five seeds on the CSI 300, traded by the emulator
    ablation   the same search with one setting changed at a time
    neutral    exposures and beta on the CSI 300, before and after they are taken out

usage: python -m benchmarks.training [--quick] [--only PART,...] [--markets DIR]

Each part prints its table; the last line is one JSON object of all figures. ``--quick`` shows that everything runs,
on small markets and short searches: its counts say nothing about the search. Made markets are kept in ``--markets``
(default: a directory in the system's temporary folder), because making them takes minutes. A part that needs what is
not installed, or data that are not here, says so and adds no figures.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.search import (
    empty_markets,
    ml_yardstick,
    neutral_bars,
    planted_search,
    ray_table,
    real_bars,
    resume,
    step,
)
from sdk.errors import nearest

PARTS: dict[str, Callable[[Path, bool], dict[str, float]]] = {
    "step": lambda markets, quick: step.measure(quick),
    "planted": planted_search.measure,
    "empty": empty_markets.measure,
    "resume": lambda markets, quick: resume.measure(quick),
    "ray": lambda markets, quick: ray_table.measure(quick),
    "yardstick": ml_yardstick.measure,
    "real": lambda markets, quick: real_bars.measure(quick),
    "ablation": lambda markets, quick: real_bars.measure_ablation(quick),
    "neutral": lambda markets, quick: neutral_bars.measure(quick),
}
BARS = {
    "step_speedup": (">=", 40.0),
    "peak_rss_mb": ("<=", 1_500.0),
    "wide_step_seconds": ("<=", 30.0),
    "wide_peak_rss_mb": ("<=", 10_000.0),
    "planted_found": (">=", 8.0),
    "planted_portfolios_policy": (">=", 0.4),
    "empty_passed_share": ("<=", 0.05),
    "resume_equal": (">=", float(resume.KILLS)),
    "same_seed_equal": (">=", float(resume.SAME_RUNS)),
    "ray_same_table": (">=", 1.0),
    "real_minutes": ("<=", 15.0),
    "real_train_positive": (">=", 5.0),
    "real_test_excess_positive": (">=", 3.0),
    "real_test_information_mean": (">=", 0.0),
    "real_turnover_mean": ("<=", 1.0),
    "neutral_size_top_most": ("<=", 0.1),
    "neutral_beta_top_most": ("<=", 0.1),
    "neutral_beta_spread_most": ("<=", 0.1),
}


def verdict(name: str, value: float) -> str:
    """Say what a figure was to reach and whether it did; nothing for a figure without a bar."""
    if name not in BARS:
        return ""
    relation, bar = BARS[name]
    reached = value >= bar if relation == ">=" else value <= bar
    return f"  {relation} {bar:g}: {'reached' if reached else 'MISSED'}"


def main() -> None:
    """Measure the parts that were asked for, print their tables, and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small markets, short searches: does everything run?")
    parser.add_argument("--only", default=",".join(PARTS), metavar="PART,...", help=", ".join(PARTS))
    default = Path(tempfile.gettempdir()) / "jqalpha-made-markets"
    parser.add_argument("--markets", type=Path, default=default, metavar="DIR", help="where made markets are kept")
    options = parser.parse_args()
    parts = options.only.split(",")
    for part in parts:
        if part not in PARTS:
            parser.error(f"no part {part!r}{nearest(part, PARTS)} (known: {', '.join(PARTS)})")
    options.markets.mkdir(parents=True, exist_ok=True)
    figures: dict[str, float] = {}
    for part in parts:
        print(f"\n{part}", flush=True)
        start = time.perf_counter()
        found = PARTS[part](options.markets, options.quick)
        for name, value in found.items():
            print(f"  {name:<44}{value:>12.4f}{'' if options.quick else verdict(name, value)}")
        print(f"  ({time.perf_counter() - start:.0f} s)", flush=True)
        figures.update(found)
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
