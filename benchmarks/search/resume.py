"""Kill a real training process at random moments, resume it, and compare every byte with a run that was left alone.

``jqalpha train`` runs as a child process and gets SIGKILL: nothing can be written or closed any more. A moment is a
checkpoint to wait for (or none) and a delay after it, both drawn from a seed; delays are as long as the undisturbed
run took from there to the next checkpoint, so they also fall into imports, into the reading of the market, and into
the selection and the writing after the last step. A process that finishes before its kill is drawn anew and does not
count.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sdk import files
from sdk.market.made.market import make_market
from sdk.market.made.spec import MarketSpec

KILLS, QUICK_KILLS, SAME_RUNS = 20, 2, 3
SETTINGS = {"steps": 8, "batch": 48, "top_k": 5, "checkpoint_every": 1, "perturbations": 2, "candidates": 6}
PERIODS = 'train = ["", "2019-12-31"]\nvalid = ["2020-01-01", ""]\n'
_PATIENCE, _POLL = 600.0, 0.002  # seconds


@dataclass(frozen=True)
class Training:
    """A training run as a command: a market, settings, and where its results go."""

    market: Path
    settings: Path

    def start(self, out: Path, *options: str) -> subprocess.Popen[bytes]:
        """Start the command."""
        command = [sys.executable, "-m", "sdk.cli", "train", str(self.settings), "--market", str(self.market)]
        return subprocess.Popen(
            [*command, "--out", str(out), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def finish(self, out: Path, *options: str) -> dict[str, bytes]:
        """Run the command to its end and return all that it left; RuntimeError with its words if it fails."""
        process = self.start(out, *options)
        _, words = process.communicate()
        if process.returncode:
            raise RuntimeError(f"training ended with {process.returncode}: {words.decode(errors='replace')[-2000:]}")
        return left_in(out)


def made_training(place: Path, **settings: object) -> Training:
    """Make a small market and settings for runs of a few seconds."""
    make_market(place / "market", MarketSpec(stocks=60, years=3, seed=1))
    return training_on(place / "market", place / "run.toml", **settings)


def training_on(market: Path, page: Path, **settings: object) -> Training:
    """Write the settings of a short run on a market."""
    lines = [f"{name} = {value}" for name, value in {**SETTINGS, **settings}.items()]
    files.write_text(page, PERIODS + "\n".join(lines) + "\n")
    return Training(market, page)


def left_in(out: Path) -> dict[str, bytes]:
    """Return every file below a directory, checkpoints that were left behind too: relative path -> bytes."""
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


@dataclass(frozen=True)
class Pace:
    """Wall seconds of a run: until its first checkpoint, between two of them, and after its last."""

    first: float
    step: float
    rest: float

    def drawn(self, rng: np.random.Generator, last: int) -> tuple[int, float]:
        """Return a moment: the checkpoint to wait for, 0 for none, and the seconds after it."""
        checkpoint = int(rng.integers(0, last + 1))
        length = {0: self.first, last: self.rest}.get(checkpoint, self.step)
        return checkpoint, float(rng.random()) * length


def watched(training: Training, out: Path) -> tuple[dict[str, bytes], Pace]:
    """Run a training to its end; return what it left and its pace."""
    process, start, seen = training.start(out), time.monotonic(), {}
    while process.poll() is None:
        seen.setdefault(_newest(out), time.monotonic() - start)
        time.sleep(_POLL)
    _, words = process.communicate()
    if process.returncode:
        raise RuntimeError(f"training ended with {process.returncode}: {words.decode(errors='replace')[-2000:]}")
    whole = time.monotonic() - start
    reached = sorted(step for step in seen if step > 0)
    between = (seen[reached[-1]] - seen[reached[0]]) / max(1, reached[-1] - reached[0])
    return left_in(out), Pace(seen[reached[0]], between, whole - seen[reached[-1]])


def kill_once(training: Training, out: Path, moment: tuple[int, float]) -> bool:
    """Start or resume the run and kill it at a moment; False when it had finished before."""
    checkpoint, delay = moment
    process, until = training.start(out, "--resume"), time.monotonic() + _PATIENCE
    while process.poll() is None and _newest(out) < checkpoint and time.monotonic() < until:
        time.sleep(_POLL)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


def _newest(out: Path) -> int:
    """Return the step of the newest checkpoint of the only run in a directory, 0 without one."""
    return max((int(path.name.split("-")[1]) for path in out.glob(".working/*/step-[0-9]*")), default=0)


def measure(quick: bool) -> dict[str, float]:
    """Run, kill and resume; return counts of kills and of equal results."""
    kills, rng = QUICK_KILLS if quick else KILLS, np.random.default_rng(7)
    with tempfile.TemporaryDirectory(prefix="jqalpha-resume-") as folder:
        place = Path(folder)
        training = made_training(place)
        whole, pace = watched(training, place / "whole")
        same = sum(training.finish(place / f"same-{run}") == whole for run in range(1, SAME_RUNS))
        killed, equal, after = 0, 0, []
        while killed < kills:
            out = place / f"killed-{killed}"
            if kill_once(training, out, pace.drawn(rng, SETTINGS["steps"] - 1)):
                killed += 1
                after.append(_newest(out))
                equal += training.finish(out, "--resume") == whole
            shutil.rmtree(out, ignore_errors=True)
        print(f"steps of the newest checkpoint at each kill: {sorted(after)} of {SETTINGS['steps']}")
        return {
            "resume_kills": killed,
            "resume_equal": equal,
            "same_seed_runs": SAME_RUNS,
            "same_seed_equal": same + 1,
        }
