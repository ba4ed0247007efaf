"""Run by CPython 3.6: score stored bars with an exported strategy and print the hex digits of the scores.

usage: run_on_36.py strategy.py bars.npz
"""

import sys
import types

import numpy as np

sys.modules["jqdata"] = types.ModuleType("jqdata")
scope = {"__name__": "strategy"}
with open(sys.argv[1], encoding="utf-8") as source:
    exec(compile(source.read(), sys.argv[1], "exec"), scope)
stored = np.load(sys.argv[2], allow_pickle=False)
scores = scope["score_stocks"]({name: stored[name] for name in stored.files})
found = scope["short_digest"](
    scope["array_bytes"](scope["score_stocks"](scope["made_bars"](scope["INPUTS"], scope["LOOKBACK_DAYS"])))
)
assert found == scope["SELF_CHECK"], (found, scope["SELF_CHECK"])
print(" ".join(scope["score_hex"](score) for score in scores))
