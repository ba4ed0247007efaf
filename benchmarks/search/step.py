"""One whole training step: how long it takes, where the time goes, what memory it needs; beside the plain way.

512 formulas of at most 12 tokens, drawn by an untrained policy, so that nearly all of them are new: later steps of a
search are cheaper. 300 stocks x 1,457 days, 72 rebalances, two cores; then 5,000 stocks x 8 years. Peak memory is
that of a fresh process, interpreter and libraries included (Linux). Seconds are wall time, medians of several steps,
each of a new search that remembers nothing; CPU seconds stand beside them. The plain way (plain_step.py) runs in the
same process and scores a part of its batch, scaled up; ``raw`` is without the grammar, lists repaired afterwards.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch

from benchmarks.made_bars import many_bars, open_market
from benchmarks.process_memory import megabytes
from benchmarks.search.plain_step import plain_step
from jq_strategy import formula as language
from sdk.formula.panel_scores import PanelScores
from sdk.formula.trees import Tree
from sdk.training.config import TrainConfig, make_config
from sdk.training.evaluator import Evaluator
from sdk.training.judgement import Judgement
from sdk.training.learn import Search
from sdk.training.sampling import Sample

STOCKS, DAYS, MONTHS = 300, 1457, 72
WIDE_STOCKS, WIDE_DAYS, WIDE_MONTHS = 5_000, 1_952, 84  # 8 years; rebalances after the first, when windows are full
FIRST_SIGNAL = 245
SETTINGS = {"steps": 1, "batch": 512, "max_length": 12, "threads": 2, "network_threads": 2, "checkpoint_every": 0}


@dataclass(frozen=True)
class StepSeconds:
    """Wall seconds of one step and of its parts, CPU seconds of the step; ``other`` is what remains."""

    step: float
    sample: float
    evaluate: float
    reward: float
    update: float
    cpu: float

    @property
    def other(self) -> float:
        """Pools, records, counts."""
        return self.step - self.sample - self.evaluate - self.reward - self.update


class TimedEvaluator(Evaluator):
    """Notes when it is asked, how long scores take and how long all of judging takes."""

    banned: frozenset[str] = frozenset()
    asked = scoring = judging = 0.0

    def judge_all(self, lists: Sequence[tuple[int, ...]]) -> list[Judgement]:
        start = time.perf_counter()
        found = super().judge_all(lists)
        self.asked, self.judging = start, self.judging + time.perf_counter() - start
        return found

    def _scores(self, trees: Sequence[Tree]) -> Iterator[np.ndarray]:
        parts = super()._scores(trees)
        while True:
            start = time.perf_counter()
            part = next(parts, None)
            self.scoring += time.perf_counter() - start
            if part is None:
                return
            yield part


class TimedSearch(Search):
    """Notes how long the update of the policy takes."""

    learning = 0.0

    def _learn(self, sample: Sample, earned: np.ndarray, overlap: np.ndarray) -> float:
        start = time.perf_counter()
        entropy = super()._learn(sample, earned, overlap)
        self.learning += time.perf_counter() - start
        return entropy


def made_panel(stocks: int, days: int, threads: int) -> PanelScores:
    """Return random bars with all features computed, the bars let go."""
    bars = many_bars(stocks, days)
    panel = PanelScores(bars, threads=threads)
    del bars
    panel.release_bars([name for name in language.token_names("v2") if not language.arity_of(name)])
    return panel


def signal_days(days: int, months: int) -> np.ndarray:
    """Return evenly spaced signal days, the last one with a day to trade behind it."""
    return np.linspace(FIRST_SIGNAL, days - 2, months).astype(np.int64)


def timed_step(config: TrainConfig, panel: PanelScores, months: int) -> StepSeconds:
    """Return the seconds of the first step of a new search."""
    torch.set_num_threads(config.network_threads)
    evaluator = TimedEvaluator(panel, open_market(panel.shape[0], signal_days(panel.shape[1], months)), config)
    run = TimedSearch(config, evaluator)
    start, cpu = time.perf_counter(), time.process_time()
    run.update()
    step, cpu = time.perf_counter() - start, time.process_time() - cpu
    sample, reward = evaluator.asked - start, evaluator.judging - evaluator.scoring
    return StepSeconds(step, sample, evaluator.scoring, reward, run.learning, cpu)


def median_step(config: TrainConfig, panel: PanelScores, months: int, repeats: int) -> StepSeconds:
    """Return medians over steps of searches of different seeds, after one that loads the compiled loops."""
    timed_step(config, panel, months)
    steps = [timed_step(config.model_copy(update={"seed": seed}), panel, months) for seed in range(1, repeats + 1)]
    return StepSeconds(*(statistics.median(values) for values in zip(*map(_values, steps), strict=True)))


def _values(step: StepSeconds) -> list[float]:
    return list(asdict(step).values())


def in_new_process(stocks: int, days: int, months: int, repeats: int) -> dict[str, float]:
    """Return step_seconds, cpu_seconds, peak_mb and before_mb (the peak before the first step) of a fresh process."""
    shape = [str(number) for number in (stocks, days, months, repeats)]
    command = [sys.executable, "-m", "benchmarks.search.step", *shape]
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "NUMBA_NUM_THREADS": "2"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout)


def measure(quick: bool) -> dict[str, float]:
    """Return seconds, shares, speed-ups and memory; ``quick`` leaves the wide panel out and repeats less."""
    repeats, judged = (3, 16) if quick else (9, 96)
    config = make_config(SETTINGS)
    panel = made_panel(STOCKS, DAYS, config.threads)
    ours = median_step(config, panel, MONTHS, repeats)
    figures = {"step_seconds": ours.step, "step_cpu_seconds": ours.cpu}
    for part in ("sample", "evaluate", "reward", "update", "other"):
        figures[f"step_share_{part}"] = getattr(ours, part) / ours.step
    figures["step_ppo_seconds"] = median_step(
        make_config({**SETTINGS, "learner": "ppo"}), panel, MONTHS, repeats
    ).step
    figures.update(_plain(panel, ours, judged, repeats=1 if quick else 3))
    fresh = in_new_process(STOCKS, DAYS, MONTHS, 2)
    figures.update({"peak_rss_mb": fresh["peak_mb"], "peak_before_step_mb": fresh["before_mb"]})
    if not quick:
        wide = in_new_process(WIDE_STOCKS, WIDE_DAYS, WIDE_MONTHS, 3)
        figures.update({"wide_step_seconds": wide["step_seconds"], "wide_step_cpu_seconds": wide["cpu_seconds"]})
        figures["wide_peak_rss_mb"] = wide["peak_mb"]
    return figures


def _plain(panel: PanelScores, ours: StepSeconds, judged: int, repeats: int) -> dict[str, float]:
    """Return the plain way's seconds with the grammar and without, and how much faster our step is in each case."""
    names = [name for name in language.token_names("v2") if not language.arity_of(name)]
    days = np.arange(DAYS)
    features = {name: torch.tensor(np.nan_to_num(panel.scores((name,), days)), dtype=torch.float32) for name in names}
    market, figures = open_market(STOCKS, signal_days(DAYS, MONTHS)), {}
    for suffix, masking in (("", "grammar"), ("_raw", "raw")):
        config = make_config({**SETTINGS, "masking": masking})
        mine = ours if masking == "grammar" else median_step(config, panel, MONTHS, repeats)
        runs = [plain_step(config, features, market, judged) for _ in range(repeats)]
        middle = sorted(runs, key=lambda run: run.step)[len(runs) // 2]
        figures[f"plain{suffix}_seconds"] = middle.step
        figures[f"plain{suffix}_judge_seconds"] = middle.judge
        figures[f"plain{suffix}_network_seconds"] = middle.sample + middle.update
        figures[f"step_speedup{suffix}"] = middle.step / mine.step
        figures[f"step_cpu_speedup{suffix}"] = middle.cpu / mine.cpu
    return figures


def main(arguments: list[str]) -> None:
    """Measure this process: stocks, days, months, repeats; print one JSON object."""
    stocks, days, months, repeats = map(int, arguments)
    config = make_config(SETTINGS)
    panel = made_panel(stocks, days, config.threads)
    before = megabytes("VmHWM")
    step = median_step(config, panel, months, repeats)
    seconds = {"step_seconds": step.step, "cpu_seconds": step.cpu}
    print(json.dumps({**seconds, "peak_mb": megabytes("VmHWM"), "before_mb": before}))


if __name__ == "__main__":
    main(sys.argv[1:])
