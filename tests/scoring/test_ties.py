"""Ties per day: how many scores differ, and where the group at the cut begins and ends."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jq_strategy.ranking import choose, tie_sentences
from sdk.errors import ConfigError
from sdk.market.bundle import Bundle
from sdk.scoring.monthly import Costs, monthly_market, top_k_portfolio
from sdk.scoring.ties import DayTies, checked_keys, day_ties, keys_of_text, tie_share, tie_statistics
from tests.bundles import small_market

NAN = float("nan")
PANELS = arrays(np.float64, (8, 4), elements=st.sampled_from([0.0, -0.0, 1.0, 2.0, NAN]))


def test_ranks_10_11_12_equal_at_a_cut_after_10() -> None:
    scores = np.array([20.0 - rank for rank in range(9)] + [3.0, 3.0, 3.0, 1.0, NAN])
    found = day_ties(scores, 10)
    assert found == DayTies(scored=13, distinct=11, size=3, inside=1, first=10, last=12)
    assert found.cut_in_tie
    assert not day_ties(scores, 9).cut_in_tie
    assert not day_ties(scores, 12).cut_in_tie


def test_without_enough_scores_nothing_is_cut() -> None:
    assert day_ties(np.array([1.0, 1.0, NAN]), 3) == DayTies(2, 1, 0, 0, 0, 0)
    assert day_ties(np.array([1.0, 1.0, NAN]), 2) == DayTies(2, 1, 2, 2, 1, 2)


def test_the_share_is_over_the_days() -> None:
    days = tie_statistics(np.array([[1.0, 2.0], [1.0, 1.0]]), 1)
    assert [day.cut_in_tie for day in days] == [True, False]
    assert tie_share(days) == 0.5
    assert math.isnan(tie_share(()))


@given(PANELS, st.integers(1, 8))
def test_the_cut_ties_where_another_order_of_equal_scores_chooses_others(scores: np.ndarray, k: int) -> None:
    codes = [f"{row}" for row in range(8)]
    for column, day in zip(scores.T, tie_statistics(scores, k), strict=True):
        one = set(choose(codes, column, k))
        other = set(choose(codes, column, k, ("money",), money=list(range(8))))
        assert day.cut_in_tie == (one != other)


@given(PANELS, st.integers(1, 8))
def test_the_statistics_are_those_of_the_alarm(scores: np.ndarray, k: int) -> None:
    for column, day in zip(scores.T, tie_statistics(scores, k), strict=True):
        known = sorted(column[~np.isnan(column)], reverse=True)
        alarm = any("影响入选: " in sentence for sentence in tie_sentences(known, k))
        assert day.cut_in_tie == alarm
        assert day.size == 0 or day.size == known.count(known[k - 1])


@pytest.mark.parametrize("k", [1, 5, 20])
def test_the_statistics_are_those_of_the_reward(k: int) -> None:
    market = monthly_market(Bundle.open(small_market()), "000300.XSHG", "2018-01-01", "2020-12-31")
    scores = np.random.default_rng(k).integers(0, 9, market.members.shape).astype(float)
    scores[::7] = NAN
    found = top_k_portfolio(market, scores, k, Costs(0.0, 0.0, 0.0)).cut_in_tie
    days = tie_statistics(np.where(market.members, scores, NAN), k)
    assert list(found) == [day.cut_in_tie for day in days[: len(found)]]
    assert 0 < tie_share(days) < 1 or k == 1


def test_an_unknown_key_names_its_place_and_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"--rank-keys: unknown rank key 'mony'; did you mean 'money'\?"):
        keys_of_text("held, mony", "--rank-keys")
    with pytest.raises(ConfigError, match="here: rank key 'held' stands behind 'code'"):
        checked_keys(["code", "held"], "here")
    assert keys_of_text("held, money", "--rank-keys") == ("held", "money", "code")
