"""Exposures and beta on the CSI 300, before and after size, momentum, volatility, liquidity and beta are taken out.

Formulas that searches came back with, and single features. Market values begin in 2020, so the period does. Two
portfolios (sdk/scoring/neutral_effect.py): the K best beside the pool, and all stocks in proportion to their score.
"""

from __future__ import annotations

from sdk.formula.reading import read_formula
from sdk.market.bundle import Bundle
from sdk.scoring.neutral_effect import NeutralEffect, neutral_effect
from tests.bundles import real_market
from tests.conftest import SHARED

FORMULAS = (
    "RET",
    "LOG_VOL",
    "REL_MOM20",
    "(-TSUM20(REL_MOM20))",
    "TSUM20((-(LOG_VOL + REL_MOM20)))",
    "TSUM20((PRESSURE - ABS(LOG_VOL)))",
)
NAMES, PERIOD, TOP_K = ("size", "momentum", "volatility", "liquidity", "beta"), ("2020-03-01", "2024-12-31"), 30


def measure(quick: bool) -> dict[str, float]:
    """Print a row a formula, return the largest of each figure."""
    if not SHARED.is_dir():
        print("SKIPPED: the real bars are not here")
        return {}
    bundle = Bundle.open(real_market())
    print(f"K = {TOP_K}, each pair before -> after; beta over the whole period (extremes of 60 days after)")
    print(f"{'size, scores':>17} {'size, K best':>17} {'beta, K best':>33} {'beta, spread':>33}  formula")
    found = []
    for text in FORMULAS[-1:] if quick else FORMULAS:
        formula = read_formula(text, "v2").formula
        found.append(neutral_effect(formula, bundle, PERIOD, NAMES, top_k=TOP_K))
        _print(found[-1])
    after = [{line.portfolio: line.whole for line in one.betas if line.scores == "after"} for one in found]
    return {
        "neutral_size_scores_most": max(one.exposures[0].correlation_after for one in found),
        "neutral_size_top_most": max(abs(one.exposures[0].top_after) for one in found),
        "neutral_beta_top_most": max(abs(betas["top"]) for betas in after),
        "neutral_beta_spread_most": max(abs(betas["spread"]) for betas in after),
    }


def _print(one: NeutralEffect) -> None:
    size, betas = one.exposures[0], {(line.portfolio, line.scores): line for line in one.betas}
    cells = [f"{size.correlation_before:+.3f} -> {size.correlation_after:+.3f}"]
    cells.append(f"{size.top_before:+.3f} -> {size.top_after:+.3f}")
    for name in ("top", "spread"):
        before, after = betas[name, "before"], betas[name, "after"]
        cells.append(f"{before.whole:+.3f} -> {after.whole:+.3f} ({after.least:+.2f} … {after.most:+.2f})")
    print(f"{cells[0]:>17} {cells[1]:>17} {cells[2]:>33} {cells[3]:>33}  {one.formula}", flush=True)
