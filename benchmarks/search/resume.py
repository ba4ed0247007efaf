"""Kill a real training process at random moments, resume it, and compare every byte with a run that was left alone.

``jqalpha train`` runs as a child process and gets SIGKILL: nothing can be written or closed any more. A moment is a
number of checkpoints to wait for and a delay after the last of them, both drawn from a seed; the delays are long
enough to reach into the selection that follows the last step, and a delay from the start reaches into the reading of
the market. A process that finishes before its kill is drawn anew and does not count.
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
_PATIENCE, _POLL, _DELAYS = 600.0, 0.002, 1.5  # seconds; delays as a multiple of what a step took


@dataclass(frozen=True)
class Training:
    """A training run as a command: a market, settings, and where its results go."""

    market: Path
    settings: Path

    def start(self, out: Path, *options: str) -> subprocess.Popen[bytes]:
        """Start the command."""
        program = "from sdk.cli import main; main()"  # what the script jqalpha does
        command = [sys.executable, "-c", program, "train", str(self.settings), "--market", str(self.market)]
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


def kill_once(training: Training, out: Path, rng: np.random.Generator, steps: int, step_seconds: float) -> bool:
    """Start or resume the run and kill it at a drawn moment; False when it had finished before."""
    checkpoints, delay = int(rng.integers(0, steps)), float(rng.random()) * _DELAYS * step_seconds
    process = training.start(out, "--resume")
    until = time.monotonic() + _PATIENCE
    while process.poll() is None and _newest(out) < checkpoints and time.monotonic() < until:
        time.sleep(_POLL)
    time.sleep(delay if checkpoints else delay * 4)  # from the start: imports and the market come first
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
        start = time.monotonic()
        whole = training.finish(place / "whole")
        step_seconds = (time.monotonic() - start) / (SETTINGS["steps"] + 4)  # imports and selection: some steps' time
        same = sum(training.finish(place / f"same-{run}") == whole for run in range(1, SAME_RUNS))
        killed, equal, after = 0, 0, []
        while killed < kills:
            out = place / f"killed-{killed}"
            if kill_once(training, out, rng, SETTINGS["steps"], step_seconds):
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
