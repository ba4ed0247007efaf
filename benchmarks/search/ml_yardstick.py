"""LightGBM on the same features, as a yardstick: what a usual model makes of what our formulas see.

One sample is a member of the pool on a signal day: the vocabulary's features as they are that day, and as its target
the rank of its return to the next rebalance (open to open) among the members of the day, from -0.5 to 0.5. Trained on
the training months, stopped where the validation months' RankIC is highest, judged by monthly RankIC under the
search's own rule on months that neither has seen. ``raw``: features as the formulas see them; ``ranked``: each as its
rank among the members of the day. Several seeds (rows and features are drawn); mean and deviation (ddof = 1).

It sees a feature's value of one day only; formulas also see its past. It ranks all stocks; what the fifths of the
ranking earned is printed before costs.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.search.fifths import fifths, print_fifths
from benchmarks.search.planted import planted_market
from benchmarks.search.settings import PLANTED_STOCKS, QUICK_STOCKS, SEARCH
from jq_strategy import formula as language
from sdk.errors import JqalphaError
from sdk.market.bundle import Bundle
from sdk.scoring.monthly import information
from sdk.training.config import TrainConfig, make_config
from sdk.training.reward import Judge

SEEDS, QUICK_SEEDS, ROUNDS, PATIENCE = 5, 2, 400, 50
BOUGHT = 30  # stocks, as examples/csi300.toml buys
INPUTS = ("raw", "ranked")
REAL = (("2015-01-01", "2021-12-31"), ("2022-01-01", "2023-12-31"), ("2024-01-01", "2025-12-31"))
PLANTED = (("", "2019-12-31"), ("2020-01-01", "2021-12-31"), ("2022-01-01", ""))
"""On planted markets the test is what validates the policy's search; the last two training years stop the trees."""

MODEL = {
    "objective": "regression",
    "metric": "None",
    "learning_rate": 0.02,
    "num_leaves": 31,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.75,
    "bagging_fraction": 0.75,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Samples:
    """A period: ``values`` (samples, features), NaN where unknown, ``target`` (samples,), and where they stand."""

    judge: Judge
    values: np.ndarray
    target: np.ndarray
    stocks: np.ndarray
    months: np.ndarray

    def scores(self, predicted: np.ndarray) -> np.ndarray:
        """Return predictions (samples,) as (stocks, months), NaN where there is no sample."""
        scores = np.full(self.judge.market.members.shape, np.nan)
        scores[self.stocks, self.months] = predicted
        return scores

    def rank_ic(self, predicted: np.ndarray) -> float:
        """Return the mean monthly RankIC of predictions (samples,)."""
        return float(information(self.judge.market, self.scores(predicted)[None])[0].mean())


def samples_of(judge: Judge, features: Sequence[str], inputs: str) -> Samples:
    """Return the members of all months but the last, whose return nobody knows yet."""
    market = judge.market
    months = market.growth.shape[1]
    members = market.members[:, :months]
    stocks, columns = np.nonzero(members)
    panels = [judge.panel.scores((name,), market.signal_days, market.members)[:, :months] for name in features]
    if inputs == "ranked":
        panels = [_ranks(panel) for panel in panels]
    values = np.stack([panel[stocks, columns] for panel in panels], axis=1)
    target = _ranks(np.where(members, market.growth, np.nan))[stocks, columns]
    return Samples(judge, values, target, stocks, columns)


def _ranks(panel: np.ndarray) -> np.ndarray:
    """Return each column's ranks from just above -0.5 to 0.5, ties averaged, NaN where unknown."""
    return pd.DataFrame(panel).rank(axis=0, pct=True).to_numpy() - 0.5


def yardstick(
    bundle: Bundle, config: TrainConfig, periods: Sequence[tuple[str, str]], seeds: int, inputs: str
) -> list[dict]:
    """Return ``train``, ``valid``, ``test`` RankIC, ``trees`` and ``fifths`` (period -> see there) of each seed."""
    import lightgbm

    judges = [Judge.on(bundle, config, period) for period in periods]
    banned = frozenset().union(*(judge.banned for judge in judges))
    names = [name for name in language.token_names(config.vocabulary) if not language.arity_of(name)]
    features = [name for name in names if name not in banned]
    train, valid, test = (samples_of(judge, features, inputs) for judge in judges)

    def valid_rank_ic(predicted: np.ndarray, data: object) -> tuple[str, float, bool]:
        return "rank_ic", valid.rank_ic(predicted), True

    found = []
    for seed in range(1, seeds + 1):
        data = lightgbm.Dataset(train.values, train.target, feature_name=features)
        model = lightgbm.train(
            {**MODEL, "seed": seed},
            data,
            ROUNDS,
            feval=valid_rank_ic,
            valid_sets=[lightgbm.Dataset(valid.values, valid.target, reference=data)],
            callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
        )
        row: dict = {"trees": float(model.best_iteration), "fifths": {}}
        for name, part in (("train", train), ("valid", valid), ("test", test)):
            predicted = np.asarray(model.predict(part.values))
            row[name] = part.rank_ic(predicted)
            row["fifths"][name] = fifths(part.scores(predicted), part.judge, BOUGHT)
        found.append(row)
    return found


def measure(markets: Path, quick: bool) -> dict[str, float]:
    """Print and return mean and deviation of the RankIC on real bars (where they are) and on planted markets."""
    config = make_config({**SEARCH, "checkpoint_every": 0})
    seeds = QUICK_SEEDS if quick else SEEDS
    figures: dict[str, float] = {}
    real = _real_bundle()
    if real is None:
        print("real bars: SKIPPED, the shared data are not here")
    for inputs in INPUTS if real is not None else ():
        of_inputs = yardstick(real, config, REAL, seeds, inputs)
        figures.update(_figures(f"ml_real_{inputs}", of_inputs))
        parts = [(period, [row["fifths"][period] for row in of_inputs]) for period in ("train", "valid", "test")]
        print_fifths(f"mean of the models on {inputs} features", parts, BOUGHT)
    stocks, count = (QUICK_STOCKS, 1) if quick else (PLANTED_STOCKS, 10)
    rows = []
    for seed in range(1, count + 1):
        market = planted_market(markets, seed, stocks, config)
        of_market = yardstick(market.bundle, config, PLANTED, seeds, "ranked")
        mean = statistics.fmean(row["test"] for row in of_market)
        print(
            f"planted {seed}: LightGBM {mean:.4f}, the planted formula itself {market.valid_rank_ic:.4f}", flush=True
        )
        rows.extend(of_market)
    figures.update(_figures("ml_planted_ranked", rows))
    return figures


def _figures(name: str, rows: list[dict]) -> dict[str, float]:
    figures = {}
    for period in ("train", "valid", "test"):
        values = [row[period] for row in rows]
        figures[f"{name}_{period}_rank_ic"] = statistics.fmean(values)
        figures[f"{name}_{period}_rank_ic_deviation"] = statistics.stdev(values)
    figures[f"{name}_trees"] = statistics.fmean(row["trees"] for row in rows)
    for key, value in figures.items():
        print(f"{key:<40}{value:>10.4f}")
    return figures


def _real_bundle() -> Bundle | None:
    """Return the real data as the tests import them, None where they are absent."""
    import pytest

    from tests.bundles import real_market

    try:
        return Bundle.open(real_market())
    except (pytest.skip.Exception, JqalphaError) as absent:
        print(absent)
        return None
