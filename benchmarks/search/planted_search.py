"""Who finds a planted formula: the policy's search, random search and gplearn, each with the same number of formulas.

Ten made markets (planted.py); the searches see the training months only. Found: the scores of the best formula by
training reward correlate with the planted formula's at 0.9 or more in the validation months, or it reaches the same
RankIC there. ``portfolios``: the share of different portfolios in the batch of step 50 (of the last step, if fewer).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.search.genetic import genetic_search
from benchmarks.search.planted import TRAIN, VALID, Planted, is_found, planted_market
from benchmarks.search.settings import PLANTED_STOCKS, QUICK, QUICK_STOCKS, SEARCH
from jq_strategy import formula as language
from sdk.training.config import TrainConfig, make_config
from sdk.training.learn import search
from sdk.training.reward import Judge

MARKETS, QUICK_MARKETS, DIVERSITY_STEP = 10, 1, 50


@dataclass(frozen=True)
class Found:
    """The best formula of a search, CPU seconds, share of different portfolios at DIVERSITY_STEP."""

    tokens: tuple[int, ...]
    seconds: float
    portfolios: float


def _by_policy(config: TrainConfig, judge: Judge) -> Found:
    start = time.process_time()
    result = search(config, judge)
    record = result.records[min(DIVERSITY_STEP, config.steps) - 1]
    return Found(result.tokens, time.process_time() - start, record.portfolios)


def _by_chance(config: TrainConfig, judge: Judge) -> Found:
    return _by_policy(config.model_copy(update={"learner": "random"}), judge)


def _by_evolution(config: TrainConfig, judge: Judge) -> Found:
    found = genetic_search(config, judge)
    return Found(found.tokens, found.seconds, found.distinct_at(DIVERSITY_STEP, config.batch))


SEARCHES: dict[str, Callable[[TrainConfig, Judge], Found]] = {
    "policy": _by_policy,
    "random": _by_chance,
    "gplearn": _by_evolution,
}


def measure(markets: Path, quick: bool) -> dict[str, float]:
    """Search all markets in all ways, print the table, return counts and means by name of the search."""
    config = make_config(
        {**SEARCH, **(QUICK if quick else {}), "train": TRAIN, "valid": VALID, "checkpoint_every": 0}
    )
    stocks, count = (QUICK_STOCKS, QUICK_MARKETS) if quick else (PLANTED_STOCKS, MARKETS)
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in SEARCHES}
    print(f"{'market':>6} {'search':<8} {'found':<5} {'corr':>5} {'train':>7} {'valid':>7} {'pf':>5} {'CPU s':>7}")
    for seed in range(1, count + 1):
        market = planted_market(markets, seed, stocks, config)
        print(
            f"{seed:>6} planted              {market.rank_ic:>7.4f} {market.valid_rank_ic:>7.4f}  {market.expression}"
        )
        for name, search_by in SEARCHES.items():
            judge = Judge(market.bundle, config)  # a new one each: nothing remembered from the other searches
            row, expression = _row(market, config, judge, search_by(config, judge))
            rows[name].append(row)
            print(
                f"{seed:>6} {name:<8} {'yes' if row['found'] else 'no':<5} {row['correlation']:>5.2f} "
                f"{row['train_rank_ic']:>7.4f} {row['valid_rank_ic']:>7.4f} {row['portfolios']:>5.0%} "
                f"{row['seconds']:>7.1f}  {expression}",
                flush=True,
            )
    figures: dict[str, float] = {"planted_markets": count, "planted_found": _sum(rows["policy"], "found")}
    for name, of_search in rows.items():
        figures[f"planted_found_{name}"] = _sum(of_search, "found")
        figures[f"planted_found_by_correlation_{name}"] = float(sum(row["correlation"] >= 0.9 for row in of_search))
        for key in ("portfolios", "valid_rank_ic", "seconds"):
            figures[f"planted_{key}_{name}"] = float(np.mean([row[key] for row in of_search]))
    figures["planted_portfolios_least_policy"] = min(row["portfolios"] for row in rows["policy"])
    return figures


def _row(market: Planted, config: TrainConfig, judge: Judge, found: Found) -> tuple[dict[str, float], str]:
    verdict = is_found(market, config, found.tokens)
    row = {name: float(value) for name, value in verdict.items()}
    row["train_rank_ic"] = float(judge.series(found.tokens).rank_ic.mean())
    row["seconds"], row["portfolios"] = found.seconds, found.portfolios
    return row, language.expression(language.parse(found.tokens, config.vocabulary))


def _sum(rows: list[dict[str, float]], key: str) -> float:
    return float(sum(row[key] for row in rows))
