"""Do all back ends give the same bits? Random and found formulas, two markets, every back end, one table.

Each formula scores the members of an index on several scoring days, halts and new listings among them. The reference
is the kernel on this numpy. Compared with it, bit for bit (-0 is 0, there is one NaN): torch, CPython 3.6 with numpy
1.14, onnxruntime, the batch evaluator. Inside a back end the features are computed once, by its own functions. Every
so many formulas a *sample* is scored with nothing shared: ``evaluate``, ``torch_scores``, and the exported model
file, from exactly the formula's own window. Purity is shown with the batch evaluator for all formulas
(bits/purity.py), and each pool is ranked backwards, too.

usage: python -m benchmarks.same_bits [--quick] [--formulas N] [--seed S] [--market made|real|both]
       [--sample N] [--kept FILE]

Progress goes to standard error; the last line is one JSON object; the exit code is 1 where anything differs. With
--kept a run that was cut off goes on where it was: the file has a line for each finished part.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.bits.backends import BackEnd, Batch, Numpy, Onnx, Python36, Torch
from benchmarks.bits.formulas import found_trees, random_trees
from benchmarks.bits.purity import VARIANTS
from benchmarks.bits.scene import Scene, make_scene
from benchmarks.bits.table import show
from benchmarks.bits.tally import Tally
from jq_strategy import formula as language
from sdk.market.bundle import Bundle
from sdk.market.made.market import make_market
from sdk.market.made.spec import MarketSpec
from tests.bundles import real_market
from tests.conftest import SHARED

FOUND = SHARED / "formulas.csv"
BATCH = 250
BACKWARDS = "ranking backwards"


@dataclass(frozen=True)
class Size:
    """How much is compared: random formulas, scoring days, stocks a pool, formulas of the sample."""

    formulas: int
    days: int = 5
    pool: int = 300
    sample: int = 320
    found: int | None = None  # of the file of found formulas; None means all


QUICK = Size(formulas=45, days=3, pool=40, sample=9, found=9)
FULL = Size(formulas=10_000)


@contextmanager
def market_of(name: str) -> Iterator[Bundle]:
    """Open the market ``made`` (450 stocks, made anew, 4 years) or ``real`` (what tests/bundles.py keeps)."""
    if name == "real":
        yield Bundle.open(real_market())
        return
    with tempfile.TemporaryDirectory(prefix="same-bits-") as folder:
        yield make_market(Path(folder) / "market", MarketSpec(stocks=450, years=4, seed=1))


def compare(scene: Scene, trees: list[tuple], size: Size, kept: Path | None) -> Tally:
    """Score all formulas on all back ends and variants; formulas in the order of their lookback, part by part."""
    trees = sorted(trees, key=lambda tree: (language.lookback_days(tree), repr(tree)))
    stack = scene.stack(max(map(language.lookback_days, trees)))
    total, key = Tally(), _fingerprint(scene, trees)
    done = _finished_parts(kept, key)
    every = max(1, len(trees) // size.sample)
    with closing(Python36(scene, stack)) as python36:
        reference = Numpy(scene, stack)
        others: list[Any] = [Torch(scene, stack), python36, Onnx(scene, stack), Batch(scene, stack)]
        variants: list[BackEnd] = [variant(scene, stack) for variant in VARIANTS]
        for start in range(0, len(trees), BATCH):
            part, tally = trees[start : start + BATCH], Tally()
            if start in done:
                total.add(done[start])
                continue
            want = _timed(tally, reference.name, partial(reference.scores, part))
            for other in [*others, *variants]:
                got = _timed(tally, other.name, partial(other.scores, part))
                tally.judge(scene, other.name, part, want, got)
            _timed(tally, BACKWARDS, partial(tally.judge_order, scene, BACKWARDS, part, want))
            for place in range(-start % every, len(part), every):
                _judge_sample(scene, tally, [reference, *others], part[place], want[place], (start + place) // every)
            total.add(tally.stored())
            if kept:
                with kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"key": key, "start": start, **tally.stored()}) + "\n")
            _say(f"{scene.name}: {start + len(part)}/{len(trees)} formulas, {total.differences} differences")
    return total


def _judge_sample(scene: Scene, tally: Tally, backends: list, tree: tuple, want: np.ndarray, number: int) -> None:
    """Score one formula alone in every back end, on one of the scoring days."""
    place = number % len(scene.days)
    for backend in backends:
        name = f"{backend.name} alone"
        (got,) = _timed(tally, name, partial(backend.exact, [tree], place))
        tally.judge_day(scene, name, tree, place, want[scene.blocks[place]], got)


def _timed(tally: Tally, name: str, work: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    result = work()
    tally.seconds[name] += time.perf_counter() - start
    return result


def _fingerprint(scene: Scene, trees: list[tuple]) -> str:
    """Return what a kept part belongs to: these formulas on these pools, bars and days."""
    text = hashlib.sha256(repr((scene.name, scene.codes, scene.days, trees)).encode())
    for array in (*scene.pools, *scene.bars.values()):
        text.update(array.tobytes())
    return text.hexdigest()


def _finished_parts(kept: Path | None, key: str) -> dict[int, dict[str, Any]]:
    if kept is None or not kept.exists():
        return {}
    lines = [json.loads(line) for line in kept.read_text("utf-8").splitlines()]
    return {line["start"]: line for line in lines if line["key"] == key}


def _say(words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Compare, print a table a market and one JSON line; return 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small pools, a few dozen formulas (under 45 s)")
    parser.add_argument("--formulas", type=int, help="random formulas (10,000; quick 45)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--market", choices=["made", "real", "both"], default="both")
    parser.add_argument("--sample", type=int, help="formulas that are also scored with nothing shared (320; quick 9)")
    parser.add_argument("--kept", type=Path, help="file of finished parts, of these formulas and bars")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    size = QUICK if options.quick else FULL
    given = {"formulas": options.formulas, "sample": options.sample}
    size = replace(size, **{name: value for name, value in given.items() if value is not None})
    found = found_trees(FOUND)[: size.found] if FOUND.exists() else []
    trees = list(dict.fromkeys([*found, *random_trees(size.formulas, options.seed)]))
    figures: dict[str, Any] = {}
    differences = 0
    for name in ("made", "real") if options.market == "both" else (options.market,):
        start = time.perf_counter()
        with market_of(name) as bundle:
            scene = make_scene(name, bundle, size.days, size.pool, options.seed)
            tally = compare(scene, trees, size, options.kept)
        figures[name] = {**show(scene, trees, tally), "wall_seconds": round(time.perf_counter() - start, 1)}
        differences += tally.differences
    print(json.dumps({"differences": differences, **figures}))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
