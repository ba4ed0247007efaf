"""How fast formulas are scored and rewarded, beside a plain torch stack machine and beside what the machine can do.

300 stocks x 1,457 days, 72 rebalances, 512 samples of an untrained policy (length 12), one thread, medians.

usage: python -m benchmarks.formula [--quick]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from numba import njit

from benchmarks import formula_features, stack_machine
from benchmarks.made_bars import random_bars
from jq_strategy import formula as language
from sdk.formula.panel_scores import PanelScores
from sdk.scoring.monthly import Costs, MonthlyMarket, top_k_portfolio
from sdk.training.config import make_config
from sdk.training.grammar import Grammar
from sdk.training.learn import make_policy
from sdk.training.sampling import sample_formulas

STOCKS, DAYS, MONTHS, BATCH, TOP_K = 300, 1457, 72, 512, 10


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the median CPU time of a call."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def sampled_formulas(count: int) -> list[tuple[int, ...]]:
    """Return samples of an untrained policy: legal lists of at most 12 tokens."""
    config = make_config({})
    grammar = Grammar("v2", 12)
    policy, _ = make_policy(config, grammar)
    return list(sample_formulas(policy, grammar, count, torch.Generator().manual_seed(1)).lists)


def market(days: np.ndarray) -> MonthlyMarket:
    """Return a market in which everything can be traded."""
    yes = np.ones((STOCKS, MONTHS), dtype=bool)
    growth = np.random.default_rng(2).normal(0.01, 0.1, (STOCKS, MONTHS - 1))
    return MonthlyMarket(tuple(f"{n:06d}" for n in range(STOCKS)), days, days + 1, yes, yes, yes, growth)


def measure_search(repeats: int, plain_formulas: int) -> dict[str, float]:
    """Compare score + reward of one batch with the plain way; returns milliseconds a formula and the ratio."""
    bars = random_bars(STOCKS, DAYS)
    panel = PanelScores(bars)
    days = np.linspace(300, DAYS - 2, MONTHS).astype(np.int64)
    monthly, costs = market(days), Costs()
    lists = sampled_formulas(BATCH)

    def ours() -> None:
        for scored in panel.scores_of([language.parse(tokens, "v2") for tokens in lists], days):
            top_k_portfolio(monthly, scored, TOP_K, costs)

    ours()
    names = [name for name in language.token_names("v2") if not language.arity_of(name)]
    every = np.arange(DAYS)
    features = {
        name: torch.tensor(np.nan_to_num(panel.scores((name,), every)), dtype=torch.float32) for name in names
    }
    growth = torch.tensor(monthly.growth, dtype=torch.float32)

    def plain() -> None:
        for tokens in lists[:plain_formulas]:
            scored = stack_machine.scores(tokens, "v2", features)
            stack_machine.monthly_reward(scored, days, growth, TOP_K, costs.buy + costs.sell)

    rewards = [panel.scores(language.parse(tokens, "v2"), days) for tokens in lists[:64]]
    reward = median_seconds(lambda: [top_k_portfolio(monthly, x, TOP_K, costs) for x in rewards], repeats) / 64
    our_ms = median_seconds(ours, repeats) / BATCH * 1e3
    plain_ms = median_seconds(plain, max(1, repeats // 2)) / plain_formulas * 1e3
    return {
        "formula_ms": our_ms,
        "reward_ms": reward * 1e3,
        "formulas_per_second": 1e3 / our_ms,
        "plain_torch_ms": plain_ms,
        "speedup": plain_ms / our_ms,
    }


@njit(cache=True, fastmath=True)
def _triad(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    for place in range(len(a)):
        a[place] = b[place] + 3.0 * c[place]


@njit(cache=True, fastmath=True)
def _multiply_add(x: np.ndarray, rounds: int) -> None:
    for _ in range(rounds):
        for place in range(len(x)):
            x[place] = x[place] * 0.999 + 0.001


def measure_machine() -> dict[str, float]:
    """Return what one core does: STREAM triad in GB/s from memory, fused multiply-add in GFLOP/s from the cache."""
    a, b, c = (np.ones(8_000_000) for _ in range(3))
    _triad(a, b, c)
    triad = median_seconds(lambda: _triad(a, b, c), 5)
    small = np.ones(2_048)
    _multiply_add(small, 1)
    fma = median_seconds(lambda: _multiply_add(small, 50_000), 5)
    return {"triad_gb_s": 3 * 8 * 8e6 / triad / 1e9, "fma_gflop_s": 2 * 2_048 * 50_000 / fma / 1e9}


def main() -> None:
    """Measure, print a table, and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer repeats (under 45 s)")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    figures: dict[str, float] = {}
    figures.update(measure_machine())
    figures.update(measure_search(repeats=3 if quick else 7, plain_formulas=64 if quick else 256))
    figures.update({f"features_{name}": value for name, value in formula_features.measure(STOCKS, 2_900).items()})
    for name, value in figures.items():
        print(f"{name:<24}{value:>12.3f}")
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
