"""How long parity takes and how much memory it needs, on made downloads; bars beside the figures.

Cases: a platform run of 800 days whose log shows its first 1,000 lines (read both sides and compare them, write page
and JSON); the same run with its whole log; files of 100 MB (log of orders, transaction.csv, position.csv, a log of
the strategy's own lines), each judged against itself in a process of its own.

Then the planted faults (planted_faults.py): on the made market and, where the real data are there, on real bars.

    python -m benchmarks.parity [--quick] [--only readers|faults] [--stages mending|fresh]

Prints tables; the last line is one JSON object. ``--quick``: files of 2 MB instead of 100 MB, not the whole
log, one fault of some causes on the made market. CPU seconds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from benchmarks.made_downloads import BIG_FILES, write_big_file, write_download

DAYS, LOG_LINES = 800, 1_000


class Case(NamedTuple):
    """A measured case: its name, what it needs (local and platform), and its bars in CPU seconds and MB."""

    name: str
    local: Path
    platform: Path
    seconds_bar: float | None
    memory_bar: float | None


def cases(folder: Path, quick: bool) -> list[Case]:
    """Write the downloads and return the cases."""
    megabytes = 2 if quick else 100
    local = write_download(folder / "local", DAYS, None, seed=1)
    cut = write_download(folder / "cut", DAYS, LOG_LINES, seed=1)
    found = [Case(f"{LOG_LINES:,} 行日志 × {DAYS} 天", local, cut, 5.0, 300.0)]
    if not quick:
        found.append(Case(f"整份日志 × {DAYS} 天", local, local, None, 300.0))
    for name in BIG_FILES:
        path = write_big_file(folder / f"big-{name}", name, megabytes << 20)
        found.append(Case(f"{name} {megabytes} MB", path, path, None, 300.0))
    return found


_MEASURE = """
import sys, time, json
from pathlib import Path
import jinja2, rich.console
from benchmarks.process_memory import megabytes
from parity.compare import compare_sides
from parity.page import write_html
from parity.report import write_json
from parity.side import read_side
started = time.process_time()
verdict = compare_sides(read_side(Path(sys.argv[1])), read_side(Path(sys.argv[2])))
write_html(verdict, Path(sys.argv[3]) / "parity.html")
write_json(verdict, Path(sys.argv[3]) / "parity.json")
print(json.dumps({"seconds": time.process_time() - started, "mb": megabytes("VmHWM"), "values": verdict.compared,
    "equal": verdict.equal, "unknown": sum(side.lines.get("unknown", 0) for side in (verdict.local, verdict.platform))
}))
"""


def measure(case: Case, folder: Path) -> dict[str, float]:
    """Judge one case in a fresh process."""
    arguments = [str(case.local), str(case.platform), str(folder)]
    done = subprocess.run([sys.executable, "-c", _MEASURE, *arguments], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def readers(quick: bool) -> list[dict[str, object]]:
    """Measure all cases; returns one row each."""
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for case in cases(folder, quick):
            found = measure(case, folder)
            held = (case.seconds_bar is None or found["seconds"] <= case.seconds_bar) and (
                case.memory_bar is None or found["mb"] <= case.memory_bar
            )
            rows.append({"case": case.name, **found, "seconds_bar": case.seconds_bar, "held": held})
    return rows


def main() -> int:
    """Print the table and the JSON line; return 1 where a bar is not held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="files of 2 MB, a few faults")
    parser.add_argument("--only", choices=["readers", "faults"], help="one part")
    parser.add_argument("--stages", choices=["mending", "fresh"], default="mending", help="formulas and months")
    chosen = parser.parse_args()
    figures = {} if chosen.only == "readers" else planted(chosen.quick, chosen.stages)
    held = True if chosen.only == "faults" else _readers(chosen.quick, figures)
    print(json.dumps(figures, ensure_ascii=False))
    return 0 if held and (chosen.only == "readers" or _bars_held(figures)) else 1


def planted(quick: bool, stages: str) -> dict:
    """Plant faults, print a row a case, and return the figures."""
    from benchmarks.planted_faults import QUICK, SETS, TWO, suite
    from tests.bundles import real_market, small_market
    from tests.conftest import SHARED

    kinds = [("made", small_market())]
    if quick:
        return suite(kinds, QUICK, TWO[:1], SETS[stages])
    if SHARED.is_dir():
        kinds.append(("real", real_market()))
    else:
        print("SKIPPED: the real bars are not here")
    return suite(kinds, None, TWO, SETS[stages])


def _bars_held(figures: dict) -> bool:
    return (
        figures["first_cause_named"] >= 0.95
        and figures["first_day_exact"] == 1.0
        and figures["attributed_share"] >= 0.99
        and figures["two_named"] >= 0.9
        and figures["false_causes"] == 0
    )


def _readers(quick: bool, figures: dict) -> bool:
    rows = readers(quick)
    print(f"{'case':<28} {'CPU s':>8} {'bar':>6} {'MB':>6} {'values':>10}  held")
    for row in rows:
        bar = f"{row['seconds_bar']:g}" if row["seconds_bar"] else "–"
        print(
            f"{row['case']:<28} {row['seconds']:>8.2f} {bar:>6} {row['mb']:>6.0f} {row['values']:>10,}  {row['held']}"
        )
    figures["readers"] = rows
    return all(row["held"] for row in rows)


if __name__ == "__main__":
    sys.exit(main())
