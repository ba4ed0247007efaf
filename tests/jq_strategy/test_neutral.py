"""Neutral scores: uncorrelated with what was taken out, whatever the pool's order, the same bits on old numpy."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jq_strategy.neutral import STANDARDS, pool_sum
from tests.conftest import ROOT
from tests.exporter.test_python36 import PYTHON36
from tests.jq_strategy import neutral_cases
from tests.jq_strategy.neutral_cases import made_case, neutral_of
from tests.panels import same_bits

SEEDS = range(24)
BOTH = pytest.mark.parametrize("standard", STANDARDS)


def standardised(x: np.ndarray, standard: str) -> np.ndarray:
    with np.errstate(all="ignore"):
        return STANDARDS[standard](x[:, None], np.ones((len(x), 1), bool))[:, 0]


def correlation(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(), y - y.mean()
    scale = np.sqrt((x @ x) * (y @ y))
    return abs(x @ y) / scale if scale > 1e-6 else 0.0


@BOTH
@pytest.mark.parametrize("with_industries", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_left_is_uncorrelated_and_is_the_residual_of_least_squares(
    seed: int, with_industries: bool, standard: str
) -> None:
    score, styles, industries = made_case(seed)
    if np.nanmax(np.abs(score)) > 1e200 and standard == "zscore":
        pytest.skip("squares of such scores overflow: every z-score is 0")
    left = neutral_of(score, styles, industries if with_industries else None, standard)
    known = np.isfinite(left)
    expected = np.isfinite(score) & np.isfinite(styles).all(axis=0)
    names = np.array(industries)
    if with_industries:
        expected &= names != ""
    assert np.array_equal(known, expected)
    if known.sum() < 15:
        return
    columns = [standardised(style[known], standard) for style in styles]
    for column in columns:
        assert correlation(left[known], column) <= 1e-10
    dummies = [names[known] == name for name in sorted(set(names[known]))] if with_industries else []
    for dummy in dummies:
        assert abs(left[known][dummy].mean()) <= 1e-12
    design = np.stack([np.ones(known.sum()), *columns, *[dummy.astype(float) for dummy in dummies]], axis=1)
    plain = standardised(score[known], standard)
    residual = plain - design @ np.linalg.lstsq(design, plain, rcond=1e-9)[0]
    np.testing.assert_allclose(left[known], residual, atol=1e-9)


@BOTH
@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_the_pool_and_strangers_in_it_change_no_bit(seed: int, standard: str) -> None:
    score, styles, industries = made_case(seed)
    order = np.random.default_rng(seed).permutation(len(score))
    shuffled = [style[order] for style in styles]
    names = [industries[place] for place in order]
    strangers = 300
    for given_names, shuffled_names in ((None, None), (industries, names)):
        want = neutral_of(score, styles, given_names, standard)
        assert same_bits(want[order], neutral_of(score[order], shuffled, shuffled_names, standard))
        more = None if given_names is None else [*given_names, *["I1"] * strangers]
        longer = np.concatenate([score, np.full(strangers, np.nan)])
        with_strangers = [np.concatenate([style, np.arange(strangers) * 1e9]) for style in styles]
        got = neutral_of(longer, with_strangers, more, standard)
        assert same_bits(want, got[: len(score)])
        assert np.isnan(got[len(score) :]).all()


@BOTH
def test_stocks_that_are_equal_in_everything_stay_equal(standard: str) -> None:
    score, styles, industries = made_case(7)
    for array in (score, *styles):
        array[20:24] = array[20]
    names = industries[:20] + ["I4"] * 4 + industries[24:]
    left = neutral_of(score, styles, names, standard)
    assert len({value.hex() for value in left[20:24]}) == 1
    assert np.isfinite(left[20])
    assert len(set(left[np.isfinite(left)])) > 200


@BOTH
def test_a_score_that_the_styles_explain_is_zero_and_not_rounding(standard: str) -> None:
    _, styles, industries = made_case(7)
    for score in (styles[0] * 1.0, np.ones(len(styles[0]))):
        left = neutral_of(score, styles, industries, standard)
        assert set(left[np.isfinite(left)]) == {0.0}


def test_a_lone_stock_of_an_industry_is_zero() -> None:
    score, styles, industries = made_case(7)
    left = neutral_of(score, styles, [*industries[:-1], "alone"], "rank")
    assert left[-1] == 0.0
    assert np.count_nonzero(left[np.isfinite(left)]) > 200


@BOTH
def test_a_style_that_another_explains_changes_nothing_more(standard: str) -> None:
    score, styles, _ = made_case(7)
    twice = neutral_of(score, [*styles, styles[1] * 1.0], None, standard)
    assert same_bits(twice, neutral_of(score, styles, None, standard))


@given(st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=40), st.randoms())
def test_the_pools_sum_is_exact_in_any_order(values: list[float], random) -> None:
    want = pool_sum(np.array(values)[:, None])[0, 0]
    random.shuffle(values)
    assert pool_sum(np.array(values)[:, None])[0, 0].hex() == want.hex()
    assert abs(want - sum(values)) <= 1e-14 * len(values)


@pytest.mark.skipif(
    not PYTHON36.exists(), reason="CPYTHON 3.6 ABSENT: nothing was proved about the platform's Python"
)
def test_old_numpy_gives_the_same_bits() -> None:
    place = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([PYTHON36, neutral_cases.__file__], capture_output=True, text=True, check=False, env=place)
    assert done.returncode == 0, done.stderr
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        neutral_cases.main()
    assert done.stdout == printed.getvalue()
    assert len(set(printed.getvalue().split())) > 5000
