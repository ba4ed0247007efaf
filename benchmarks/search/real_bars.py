"""The CSI 300 since 2015: five seeds learned on seven years, chosen on two, traded on two that nobody looked at.

``real``: examples/csi300.toml through ``jqalpha experiment``; returns, excess, information ratio and turnover are the
emulator's with all costs, RankIC is the batch evaluator's. ``ablation``: one setting changed at a time, three seeds
each, judged by the batch evaluator (no emulator), so its rows compare with each other and with ``plain`` only.

Survivorship: 24 of the 657 former members have no prices in these data; what they would have cost is not known.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from sdk.market.bundle import Bundle
from sdk.training.config import TrainConfig, load_config
from sdk.training.engines import local_processes
from sdk.training.experiment import run_experiment
from sdk.training.learn import search
from sdk.training.reward import Judge
from tests.bundles import real_market
from tests.conftest import SHARED

CONFIG = Path(__file__).parents[2] / "examples" / "csi300.toml"
SEEDS, QUICK_SEEDS = 5, 1
QUICK = {"steps": 2, "batch": 32, "candidates": 2, "perturbations": 1}

VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "reward ic": {"reward": {"ic": 1.0}},
    "reward excess": {"reward": {"excess": 1.0}},
    "reward log_return": {"reward": {"log_return": 1.0}},
    "reward sortino_smooth": {"reward": {"sortino_smooth": 1.0}},
    "reward sortino": {"reward": {"sortino": 1.0}},
    "raw sampling": {"masking": "raw"},
    "low rank: Newton-Schulz": {"low_rank": "newton_schulz"},
    "low rank: nuclear norm": {"low_rank": "nuclear"},
    "neutral: mom vol liq beta": {"neutralise": ("momentum", "volatility", "liquidity", "beta")},
    "no price of length": {"length_penalty": 0.0},
    "calm months first": {"calm_share": 0.3},
    "random search": {"learner": "random"},
}


def measure(quick: bool) -> dict[str, float]:
    """Run the experiment, print its table, return the figures of the test period."""
    if not SHARED.is_dir():
        print("SKIPPED: the real bars are not here")
        return {}
    config = load_config(CONFIG, QUICK if quick else {})
    bundle, start = Bundle.open(real_market()), time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        seeds = list(range(1, (QUICK_SEEDS if quick else SEEDS) + 1))
        found = run_experiment(bundle, config, seeds, Path(place), local_processes(2))
    minutes = (time.perf_counter() - start) / 60
    print(
        f"{'seed':>4} {'period':<6} {'return':>8} {'excess':>8} {'IR':>6} {'RankIC':>7} {'turnover':>8} {'ties':>5}"
    )
    for row in found.rows:
        for period, figures in row["periods"].items():
            print(
                f"{row['seed']:>4} {period:<6} {figures['return']:>8.1%} {figures['excess']:>8.1%} "
                f"{figures['information']:>6.2f} {figures['rank_ic']:>7.4f} {figures['turnover']:>8.1%} "
                f"{figures['tie_share']:>5.1%}"
            )
        print(f"     {'passed' if row['passed'] else 'not passed'}  {row['expression']}", flush=True)
    test = [row["periods"]["test"] for row in found.rows]
    rank_ic = np.array([figures["rank_ic"] for figures in test])
    return {
        "real_minutes": minutes,
        "real_train_positive": float(sum(row["periods"]["train"]["return"] > 0 for row in found.rows)),
        "real_test_excess_positive": float(sum(figures["excess"] > 0 for figures in test)),
        "real_test_information_mean": float(np.mean([figures["information"] for figures in test])),
        "real_turnover_mean": float(np.mean([figures["turnover"] for figures in test])),
        "real_test_rank_ic_mean": float(rank_ic.mean()),
        "real_test_rank_ic_deviation": float(rank_ic.std(ddof=1)) if len(rank_ic) > 1 else 0.0,
        "real_passed": float(sum(row["passed"] for row in found.rows)),
    }


def measure_ablation(quick: bool) -> dict[str, float]:
    """Search with one setting changed at a time and print what came of it."""
    if not SHARED.is_dir():
        print("SKIPPED: the real bars are not here")
        return {}
    base, bundle = load_config(CONFIG, QUICK if quick else {}), Bundle.open(real_market())
    names, seeds = (list(VARIANTS)[:2], (1,)) if quick else (list(VARIANTS), (1, 2, 3))
    heads = (("valid RankIC", 16), ("test RankIC", 16), ("valid excess", 12), ("test excess", 11), ("distinct", 8))
    print(f"{'variant':<28} " + " ".join(f"{head:>{width}}" for head, width in heads))
    found: dict[str, float] = {}
    for name in names:
        rows = np.array([_searched(bundle, base, name, seed) for seed in seeds])
        mean, deviation = rows.mean(axis=0), rows.std(axis=0)
        print(
            f"{name:<28} {mean[0]:>+8.4f} ±{deviation[0]:.4f} {mean[1]:>+8.4f} ±{deviation[1]:.4f} "
            f"{mean[2]:>+12.1%} {mean[3]:>+11.1%} {mean[4]:>8.0%}",
            flush=True,
        )
        found[f"ablation_{name.replace(':', '').replace(' ', '_').lower()}_valid_rank_ic"] = float(mean[0])
    return found


def _searched(bundle: Bundle, base: TrainConfig, name: str, seed: int) -> list[float]:
    """Return RankIC and yearly excess over the pool on validation and test of the best formula of a search."""
    config = load_config(CONFIG, {**base.model_dump(), **VARIANTS[name], "seed": seed})
    result = search(config, Judge(bundle, config))
    periods = [Judge.on(bundle, config, period).series(result.tokens) for period in (config.valid, config.holdout)]
    excess = [12 * float(np.mean(months.returns - months.pool)) for months in periods]
    return [*(float(np.mean(months.rank_ic)) for months in periods), *excess, result.records[-1].portfolios]
