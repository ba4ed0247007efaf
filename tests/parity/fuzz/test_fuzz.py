"""Whatever a download holds, reading and comparing it ends in a verdict or in one of the project's own errors."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.process_memory import megabytes
from parity.compare import compare_sides
from parity.page import write_html
from parity.report import as_dict
from parity.side import read_side
from sdk.errors import JqalphaError
from tests.conftest import ROOT, SHARED
from tests.parity.fuzz.damaged_files import corpus, inputs
from tests.report.made_run import write_run

SEED, EVERYDAY, MANY, PARTS = 20_260_501, 1_500, 50_000, 4
SECONDS_EACH, MEMORY = 5, 300.0
PAGE_EVERY = 50  # a page is written of each so manieth input that was judged


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Raise TimeoutError in this thread when the work takes longer."""

    def stop(*_: object) -> None:
        raise TimeoutError

    old = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)


def survive(folder: Path, seed: int, count: int) -> dict[str, float]:
    """Read and compare ``count`` damaged inputs; return what became of them. Any other error comes through."""
    real = SHARED / "platform_runs"
    made = write_run(folder / "local")
    ours = read_side(made)
    found: Counter[str] = Counter()
    for number, (name, data) in enumerate(inputs(corpus(real if real.exists() else None), seed, count)):
        path = folder / name
        path.write_bytes(data)
        try:
            with time_limit(SECONDS_EACH):
                side = read_side(path)
                verdict = compare_sides(ours if number % 2 else side, side)
                told = json.dumps(as_dict(verdict), ensure_ascii=False)
                if number % PAGE_EVERY == 0:
                    write_html(verdict, folder / "page.html")
                    told += (folder / "page.html").read_text("utf-8")
        except JqalphaError as error:
            words = str(error)
            found["loud errors"] += "\n" in words or "\x1b" in words
            found["refused"] += 1
            continue
        except Exception as error:
            raise AssertionError(f"seed {seed} input {number} ({name}): {type(error).__name__}: {error}") from error
        assert "\x1b" not in told, (seed, number)
        assert "<script" not in told.partition("<!DOCTYPE")[2], (seed, number)
        found["equal" if verdict.equal else "different"] += 1
        found["unknown lines"] += side.lines.get("unknown", 0)
    assert not found.pop("loud errors"), seed
    return {**found, "inputs": count, "peak_mb": round(megabytes("VmHWM"))}


@pytest.fixture
def counted(capsys: pytest.CaptureFixture[str]) -> Iterator[list[dict[str, float]]]:
    """Print the counts of a run, whatever the verbosity."""
    counts: list[dict[str, float]] = []
    yield counts
    with capsys.disabled():
        print(f"\n  fuzz: {counts}")


def test_a_damaged_download_is_judged_or_refused(tmp_path: Path, counted: list[dict[str, float]]) -> None:
    found = survive(tmp_path, SEED, EVERYDAY)
    counted.append(found)
    assert found["refused"] + found["equal"] + found["different"] == EVERYDAY
    assert min(found["refused"], found["equal"], found["different"]) > EVERYDAY / 50


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_fifty_thousand_damaged_downloads(part: int, tmp_path: Path, counted: list[dict[str, float]]) -> None:
    """Each part in a process of its own, so that its peak memory is its own."""
    code = (
        "import json, sys; from pathlib import Path; from tests.parity.fuzz.test_fuzz import survive;"
        "print(json.dumps(survive(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))"
    )
    arguments = [str(tmp_path), str(SEED + 1 + part), str(-(-MANY // PARTS))]
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2_000:]
    found = json.loads(done.stdout)
    counted.append(found)
    assert found["inputs"] * PARTS >= MANY
    assert found["peak_mb"] <= MEMORY
