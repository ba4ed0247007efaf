"""Score stored bars with an exported strategy; run by the platform's Python (CPython 3.6, numpy 1.14), not by ours.

usage: python score_on_36.py strategy.py bars.npz scores.npy

Bars and scores travel as plain arrays, never as pickles. The strategy's self-checks are repeated first. A strategy
that takes exposures out of its scores finds them beside the bars, named STYLES (stocks, F) and INDUSTRIES.
"""

import sys
import types

import numpy as np

STYLES, INDUSTRIES = "neutral_styles", "neutral_industries"


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
    given = {name: stored[name] for name in stored.files}
    scores = scope["score_stocks"](given)
    if "NEUTRALISE" in scope:
        scores = neutral(scope, scores, given)
    np.save(out, scores, allow_pickle=False)


def neutral(scope, scores, given):
    """Return the neutral scores by the strategy's own functions; ValueError where its self-check differs."""
    by_industry = scope["INDUSTRY"] in scope["NEUTRALISE"]
    found = scope["made_neutral_digest"](scope["EXPOSURES"], by_industry, scope["STANDARDISE"])
    if found != scope["NEUTRAL_CHECK"]:
        raise ValueError("neutral self-check: {}, exported was {}".format(found, scope["NEUTRAL_CHECK"]))
    styles = [given[STYLES][:, [place]] for place in range(given[STYLES].shape[1])]
    exposed = scope["Exposed"](styles, given[INDUSTRIES].tolist() if by_industry else None)
    return scope["neutral_scores"](scores, exposed, scope["STANDARDISE"])


if __name__ == "__main__":
    main(*sys.argv[1:])
