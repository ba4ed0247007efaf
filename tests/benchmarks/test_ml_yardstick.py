"""LightGBM as a yardstick: fed with the members' features of the day, judged by the search's own RankIC."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.search import ml_yardstick
from benchmarks.search.fifths import fifths
from jq_strategy import formula as language
from sdk.market.bundle import Bundle
from sdk.training.config import make_config
from sdk.training.reward import Judge
from tests.bundles import small_market

PERIODS = (("", "2019-06-30"), ("2019-07-01", "2020-03-31"), ("2020-04-01", ""))
FEATURES = ["RET", "DEV"]


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(small_market())


@pytest.mark.parametrize("inputs", ml_yardstick.INPUTS)
def test_samples_are_the_members_and_their_features_of_the_day(bundle: Bundle, inputs: str) -> None:
    judge = Judge.on(bundle, make_config({"top_k": 5}), PERIODS[0])
    samples = ml_yardstick.samples_of(judge, FEATURES, inputs)
    months = judge.market.growth.shape[1]
    assert len(samples.target) == judge.market.members[:, :months].sum()
    assert samples.rank_ic(samples.target) == pytest.approx(1.0)
    assert samples.rank_ic(-samples.target) == pytest.approx(-1.0)
    tokens = (language.token_names("v2").index("DEV"),)
    of_formula = float(judge.series(tokens).rank_ic.mean())
    assert samples.rank_ic(samples.values[:, FEATURES.index("DEV")]) == pytest.approx(of_formula)
    if inputs == "ranked":
        assert np.nanmax(np.abs(samples.values)) <= 0.5


def test_the_same_seed_gives_the_same_figures_and_the_test_period_changes_nothing_else(bundle: Bundle) -> None:
    config = make_config({"top_k": 5})
    first = ml_yardstick.yardstick(bundle, config, PERIODS, 2, "ranked")
    assert first == ml_yardstick.yardstick(bundle, config, PERIODS, 2, "ranked")
    assert first[0] != first[1]
    shorter = (*PERIODS[:2], ("2020-04-01", "2020-10-31"))
    other = ml_yardstick.yardstick(bundle, config, shorter, 2, "ranked")
    for mine, theirs in zip(first, other, strict=True):
        assert _before_the_test(mine) == _before_the_test(theirs)
        assert mine["test"] != theirs["test"]
        assert mine["fifths"]["test"] != theirs["fifths"]["test"]


def _before_the_test(row: dict) -> dict:
    return {**row, "test": None, "fifths": {**row["fifths"], "test": None}}


def test_fifths_of_the_returns_themselves_rise(bundle: Bundle) -> None:
    judge = Judge.on(bundle, make_config({"top_k": 5}), PERIODS[0])
    growth = judge.market.growth
    known = np.pad(np.where(judge.market.members[:, : growth.shape[1]], growth, np.nan), ((0, 0), (0, 1)))
    found = fifths(known, judge, 5)
    assert found == sorted(found)
    assert found[0] < 0 < found[-1]
