"""Scores many formulas for as long as it is asked; run by the platform's Python (CPython 3.6, numpy 1.14).

usage: python -m benchmarks.bits.score_on_36 stack.npz

``stack.npz`` holds the bars of a stack and ``blocks`` (pools, 2), the rows of each pool. A line on standard input is
a JSON object: ``trees`` (nested lists), ``out`` (a file for the scores (formulas, rows), plain float64), and
``window``: null, or the number of a pool; then nothing is shared, ``evaluate`` itself scores the last
``lookback_days`` bars of that pool. The answer is one line.
"""

import json
import sys
from types import SimpleNamespace

import numpy as np

from benchmarks.bits.plans import SharedFeatures
from jq_strategy import formula, inputs, kernel


def as_tree(node):
    """Return the tuples that JSON has made lists."""
    return tuple(as_tree(part) if isinstance(part, list) else part for part in node)


def kernel_here():
    """Return the kernel and the missing-bar rule as one namespace."""
    return SimpleNamespace(**dict(vars(kernel), **vars(inputs)))


def exact(tree, bars, block):
    """Return the scores (rows of the block,) that ``evaluate`` gives from exactly the formula's own window."""
    days = formula.lookback_days(tree)
    window = {name: bars[name][block, -days:] for name in formula.inputs_of(tree)}
    return formula.evaluate(tree, window)[:, 0]


def main(path):
    """Answer until the standard input ends."""
    stored = np.load(path, allow_pickle=False)
    blocks = [slice(int(start), int(stop)) for start, stop in stored["blocks"]]
    bars = {name: stored[name] for name in stored.files if name != "blocks"}
    with np.errstate(all="ignore"):
        shared = SharedFeatures(kernel_here(), np.concatenate, bars, blocks)
        for line in sys.stdin:
            asked = json.loads(line)
            trees = [as_tree(tree) for tree in asked["trees"]]
            if asked["window"] is None:
                scores = [np.concatenate(shared.scores(tree)) for tree in trees]
            else:
                scores = [exact(tree, bars, blocks[asked["window"]]) for tree in trees]
            np.save(asked["out"], np.array(scores), allow_pickle=False)
            print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
