"""RankIC and fingerprints against pandas' ranks: ties averaged, missing scores and strangers left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sdk.scoring.monthly import MonthlyMarket, information
from sdk.scoring.rank_ic import fingerprints

STOCKS, MONTHS = 60, 9


def _market(seed: int) -> MonthlyMarket:
    rng = np.random.default_rng(seed)
    yes = np.ones((STOCKS, MONTHS), dtype=bool)
    days = np.arange(MONTHS)
    growth = np.round(rng.normal(0, 0.05, (STOCKS, MONTHS - 1)), 2)  # with ties
    codes = tuple(f"{row:06d}" for row in range(STOCKS))
    return MonthlyMarket(codes, days, days + 1, rng.random((STOCKS, MONTHS)) < 0.8, yes, yes, growth)


def _scores(kind: str) -> np.ndarray:
    rng = np.random.default_rng(5)
    scores = rng.normal(size=(STOCKS, MONTHS))
    return {
        "different": scores,
        "three values": np.sign(np.round(scores)),
        "half missing": np.where(rng.random(scores.shape) < 0.5, np.nan, scores),
        "nearly equal": 1.0 + scores * 1e-15,
        "both zeros": np.where(scores > 1, 1.0, np.where(scores > 0, 0.0, -0.0)),
        "huge and tiny": scores * 10.0 ** rng.integers(-300, 300, scores.shape),
        "infinite": np.where(scores > 1, np.inf, np.where(scores < -1, -np.inf, scores)),
    }[kind]


KINDS = ["different", "three values", "half missing", "nearly equal", "both zeros", "huge and tiny", "infinite"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_month_is_the_correlation_of_mean_ranks(kind: str) -> None:
    market, scores = _market(1), _scores(kind)
    found = information(market, scores[None])[0]
    for month in range(MONTHS - 1):
        known = market.members[:, month] & ~np.isnan(scores[:, month])
        ranks = [pd.Series(values[known, month] + 0.0).rank() for values in (scores, market.growth)]
        assert found[month] == pytest.approx(np.corrcoef(*ranks)[0, 1], abs=1e-12), month


def test_only_the_order_of_the_scores_counts() -> None:
    market, scores = _market(2), _scores("different")
    np.testing.assert_array_equal(information(market, scores[None]), information(market, np.exp(scores)[None]))
    np.testing.assert_allclose(information(market, -scores[None]), -information(market, scores[None]), atol=1e-12)


@pytest.mark.parametrize("scores", [np.zeros((STOCKS, MONTHS)), np.full((STOCKS, MONTHS), np.nan)])
def test_a_month_without_two_different_scores_counts_as_nothing(scores: np.ndarray) -> None:
    np.testing.assert_array_equal(information(_market(3), scores[None]), np.zeros((1, MONTHS - 1)))


def test_the_dot_product_of_fingerprints_is_the_correlation_of_ranks() -> None:
    rng = np.random.default_rng(7)
    one = rng.normal(size=(STOCKS, MONTHS))
    scores = np.stack([one, -one, np.exp(one), 0.7 * one + rng.normal(size=one.shape), np.zeros(one.shape)])
    days, rows = np.array([0, 4]), np.repeat(np.arange(0, STOCKS, 2)[None], 2, axis=0)
    prints = np.empty((5, rows.size))
    fingerprints(scores, scores.view(np.int64), days, rows, prints)
    ranks = [
        np.concatenate([pd.Series(s[rows[0], day]).rank() - (len(rows[0]) + 1) / 2 for day in days])
        for s in scores[:4]
    ]
    for place in range(4):
        assert prints[0] @ prints[place] == pytest.approx(np.corrcoef(ranks[0], ranks[place])[0, 1], abs=1e-12)
    np.testing.assert_array_equal(prints[4], 0.0)
    np.testing.assert_allclose((prints[:4] ** 2).sum(axis=1), 1.0)
    np.testing.assert_allclose(prints.sum(axis=1), 0.0, atol=1e-12)


def test_who_has_no_score_stands_in_the_middle_of_a_fingerprint() -> None:
    scores = np.array([[[1.0], [np.nan], [3.0], [2.0]]])
    prints = np.empty((1, 4))
    fingerprints(scores, scores.view(np.int64), np.array([0]), np.arange(4)[None], prints)
    np.testing.assert_allclose(prints[0] * np.sqrt(2), [-1.0, 0.0, 1.0, 0.0], atol=1e-12)
