"""Score stored bars with an exported strategy; run by the platform's Python (CPython 3.6, numpy 1.14), not by ours.

usage: python score_on_36.py strategy.py bars.npz scores.npy

Bars and scores travel as plain arrays, never as pickles. The strategy's self-check is repeated first.
"""

import sys
import types

import numpy as np


def main(strategy, bars, out):
    """Write the scores (stocks,) of the bars; ValueError where this Python does not reproduce the self-check."""
    sys.modules["jqdata"] = types.ModuleType("jqdata")
    scope = {"__name__": "strategy"}  # type: dict
    with open(strategy, encoding="utf-8") as source:
        exec(compile(source.read(), strategy, "exec"), scope)  # noqa: S102 - our own export
    made = scope["made_bars"](scope["INPUTS"], scope["LOOKBACK_DAYS"])
    found = scope["short_digest"](scope["array_bytes"](scope["score_stocks"](made)))
    if found != scope["SELF_CHECK"]:
        raise ValueError("self-check: this Python computes {}, exported was {}".format(found, scope["SELF_CHECK"]))
    stored = np.load(bars, allow_pickle=False)
    np.save(out, scope["score_stocks"]({name: stored[name] for name in stored.files}), allow_pickle=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
