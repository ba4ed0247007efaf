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

from benchmarks.search.fifths import fifths, print_fifths
from sdk.formula.reading import read_formula
from sdk.market.bundle import Bundle
from sdk.training.config import TrainConfig, load_config
from sdk.training.engines import local_processes
from sdk.training.experiment import run_experiment
from sdk.training.learn import search
from sdk.training.period_screen import PeriodScreen
from sdk.training.reward import Judge
from sdk.training.select import select
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
    "no price of turnover": {"turnover_penalty": 0.0, "tie_penalty": 0.01},
    "ten stocks": {"top_k": 10},
    "vocabulary v3": {"vocabulary": "v3"},
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
    rankings = _fifths_of(bundle, config, [row["expression"] for row in found.rows])
    print_fifths("mean of the formulas", rankings, config.top_k)
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


def _fifths_of(bundle: Bundle, config: TrainConfig, expressions: list[str]) -> list[tuple[str, list[list[float]]]]:
    trees = [read_formula(text, config.vocabulary).formula.tokens_repaired for text in expressions]
    rows = []
    for name in ("train", "valid", "holdout"):
        judge = Judge.on(bundle, config, getattr(config, name))
        rows.append((name, [fifths(judge.scores(tokens), judge, config.top_k) for tokens in trees]))
    return rows


def measure_ablation(quick: bool) -> dict[str, float]:
    """Search with one setting changed at a time and print what came of it.

    ``excess``: a year, over the pool, after costs, of the best formula by training reward; ``gated``: of the one that
    the gates choose among it and its neighbours (the best, where none passes); ``passed``: how many seeds did.
    """
    if not SHARED.is_dir():
        print("SKIPPED: the real bars are not here")
        return {}
    base, bundle = load_config(CONFIG, QUICK if quick else {}), Bundle.open(real_market())
    names, seeds = (list(VARIANTS)[:2], (1,)) if quick else (list(VARIANTS), (1, 2, 3))
    heads = ("train RankIC", "valid", "test", "train excess", "valid", "test", "gated test", "passed", "turnover")
    print(f"{'variant':<26} " + " ".join(f"{head:>12}" for head in (*heads, "distinct")))
    found: dict[str, float] = {}
    for name in names:
        rows = np.array([_searched(bundle, base, name, seed) for seed in seeds])
        mean, deviation = rows.mean(axis=0), rows.std(axis=0)
        cells = [f"{mean[place]:+.3f} ±{deviation[place]:.3f}" for place in range(3)]
        cells += [f"{mean[place]:+.1%} ±{deviation[place]:.1%}" for place in range(3, 7)]
        cells += [f"{rows[:, 7].sum():.0f} of {len(seeds)}", f"{mean[8]:.0%}", f"{mean[9]:.0%}"]
        print(f"{name:<26} " + " ".join(f"{cell:>12}" for cell in cells), flush=True)
        key = f"ablation_{name.replace(':', '').replace(' ', '_').lower()}"
        found |= {f"{key}_valid_rank_ic": float(mean[1]), f"{key}_test_excess": float(mean[5])}
    return found


def _searched(bundle: Bundle, base: TrainConfig, name: str, seed: int) -> list[float]:
    """Return the figures of a row of the ablation for one seed."""
    config = load_config(CONFIG, {**base.model_dump(), **VARIANTS[name], "seed": seed})
    judge = Judge(bundle, config)
    result = search(config, judge)
    judges = (judge, *(Judge.on(bundle, config, period) for period in (config.valid, config.holdout)))
    screens = [PeriodScreen(each, config) for each in judges]
    chosen = select(result.candidates, result.trials, config, judge.banned, (screens[0], screens[1]), None)
    best = [screen.trials([result.tokens])[0] for screen in screens]
    (gated,) = screens[2].trials([chosen.choice.tokens])
    excess = [12 * float(trial.excess.mean()) for trial in (*best, gated)]
    rest = [float(chosen.passed), best[2].turnover, result.records[-1].portfolios]
    return [*(trial.rank_ic for trial in best), *excess, *rest]
