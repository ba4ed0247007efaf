"""Size budget: no source file over 450 lines, median at most 180. Run by ``make check``."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("sdk", "jq_strategy", "exporter", "parity", "tests", "examples", "benchmarks", "tools")
LONGEST, MEDIAN = 450, 180


def main() -> int:
    """Print the files over the budget; return 1 if there is one."""
    lengths = {
        path.relative_to(ROOT): len(path.read_text("utf-8").splitlines())
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
    }
    over = {path: lines for path, lines in lengths.items() if lines > LONGEST}
    median = statistics.median(lengths.values())
    for path, lines in over.items():
        print(f"{path}: {lines} lines, budget {LONGEST}")
    print(f"size budget: {len(lengths)} files, median {median:g} lines, longest {max(lengths.values())}")
    return 1 if over or median > MEDIAN else 0


if __name__ == "__main__":
    sys.exit(main())
