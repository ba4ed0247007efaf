"""RANK and ZSCORE: who is compared with whom, and that neither order nor strangers change a bit."""

import numpy as np
import pandas as pd
import pytest

from jq_strategy import formula as language
from jq_strategy import kernel
from sdk.formula.panel_scores import PanelScores
from tests.panels import awkward_bars, random_lists, same_bits

DAYS, STOCKS = 430, 12
BARS = awkward_bars(STOCKS, DAYS, seed=41)
RNG = np.random.default_rng(42)


def _formulas(count: int) -> list[tuple]:
    trees = [language.parse(tokens, "v3") for tokens in random_lists(900, 43, "v3")]
    return [tree for tree in trees if language.compares_stocks(tree) and language.lookback_days(tree) <= 400][:count]


def _rows(rows: np.ndarray, bars: dict[str, np.ndarray] = BARS) -> dict[str, np.ndarray]:
    return {name: array if name == "benchmark" else array[rows] for name, array in bars.items()}


@pytest.mark.parametrize("stocks", [1, 2, 7, 64, 65, 300])
def test_rank_is_pandas_average_rank_in_percent(stocks: int) -> None:
    x = RNG.integers(0, max(stocks // 2, 2), (stocks, 5)).astype(float)
    known = RNG.random((stocks, 1)) < 0.8
    known[0] = True
    want = pd.DataFrame(np.where(known, x, np.nan)).rank(pct=True).to_numpy()
    np.testing.assert_allclose(kernel.RANK(x, known)[known[:, 0]], want[known[:, 0]], rtol=1e-15)


@pytest.mark.parametrize("stocks", [2, 3, 64, 65, 300])
def test_zscore_is_the_distance_from_the_mean_in_deviations(stocks: int) -> None:
    x = RNG.normal(3, 2, (stocks, 4))
    known = np.ones((stocks, 1), dtype=bool)
    want = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
    np.testing.assert_allclose(kernel.ZSCORE(x, known), want, rtol=1e-4, atol=1e-9)


def test_equal_values_have_zscore_zero_and_one_middle_rank() -> None:
    x, known = np.full((7, 2), 0.1), np.ones((7, 1), dtype=bool)
    assert np.abs(kernel.ZSCORE(x, known)).max() < 1e-8
    assert (kernel.RANK(x, known) == 4.0 / 7.0).all()
    assert kernel.RANK(x[:1], known[:1])[0, 0] == 1.0
    assert kernel.ZSCORE(x[:1], known[:1])[0, 0] == 0.0


def test_the_order_of_the_pool_changes_no_bit() -> None:
    order = RNG.permutation(STOCKS)
    for tree in _formulas(60):
        assert same_bits(language.evaluate(tree, _rows(order)), language.evaluate(tree, BARS)[order])


def test_stocks_without_a_score_neither_count_nor_move_anybody() -> None:
    for tree in _formulas(60):
        with_strangers = language.evaluate(tree, BARS)[:, 0]
        scored = np.isfinite(with_strangers)
        alone = language.evaluate(tree, _rows(np.flatnonzero(scored)))[:, 0]
        assert same_bits(alone, with_strangers[scored]), language.expression(tree)
        other = {name: array.copy() for name, array in BARS.items()}
        for name in ("open", "high", "low", "close", "volume", "money"):
            other[name][~scored] *= 3.0
        assert same_bits(language.evaluate(tree, other)[:, 0], with_strangers)


def test_the_pool_of_a_panel_is_the_members_of_the_scoring_day() -> None:
    members = RNG.random((STOCKS, 3)) < 0.7
    panel, days = PanelScores(BARS), [401, 415, 429]
    for tree in _formulas(60):
        scores = panel.scores(tree, days, members)
        lookback = language.lookback_days(tree)
        for column, day in enumerate(days):
            rows = np.flatnonzero(members[:, column])
            window = {name: array[:, day + 1 - lookback : day + 1] for name, array in _rows(rows).items()}
            assert same_bits(scores[rows, column], language.evaluate(tree, window)[:, 0]), language.expression(tree)
        assert np.isnan(scores[~members]).all()


def test_members_change_only_formulas_that_compare_stocks() -> None:
    members = (np.arange(STOCKS) % 3 > 0)[:, None]
    plain, ranked = ("DEV",), ("RANK", ("DEV",))
    panel, days = PanelScores(BARS), [429]
    inside = members[:, 0]
    assert same_bits(panel.scores(plain, days)[inside], panel.scores(plain, days, members)[inside])
    assert not same_bits(panel.scores(ranked, days)[inside], panel.scores(ranked, days, members)[inside])


def test_several_days_at_once_are_the_days_one_by_one() -> None:
    for tree in _formulas(40):
        together = language.evaluate(tree, BARS, days=8)
        for later in range(8):
            cut = {name: array[:, : DAYS - later] for name, array in BARS.items()}
            assert same_bits(together[:, 7 - later], language.evaluate(tree, cut)[:, 0])
