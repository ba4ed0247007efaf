"""The operators over 5, 10 and 20 days against pandas, and their rules for windows without spread."""

import mpmath
import numpy as np
import pandas as pd
import pytest

from jq_strategy import kernel

RNG = np.random.default_rng(5)
DAYS = (5, 10, 20)
X, Y = RNG.normal(size=(3, 90)), RNG.normal(size=(3, 90))


def _operator(name: str, days: int, *operands: np.ndarray) -> np.ndarray:
    return kernel.OPERATOR_TABLE[f"TS_{name}{days}"].function(*operands)


@pytest.mark.parametrize("days", DAYS)
@pytest.mark.parametrize(("name", "method"), [("MEAN", "mean"), ("STD", "std"), ("MAX", "max"), ("MIN", "min")])
def test_mean_deviation_and_extremes_are_those_of_pandas(name: str, method: str, days: int) -> None:
    want = getattr(pd.DataFrame(X.T).rolling(days), method)().to_numpy()[days - 1 :].T
    np.testing.assert_allclose(_operator(name, days, X), want, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("days", DAYS)
def test_rank_averages_ties_within_the_window(days: int) -> None:
    x = np.round(X * 2)
    want = pd.DataFrame(x.T).rolling(days).rank(pct=True).to_numpy()[days - 1 :].T
    np.testing.assert_allclose(_operator("RANK", days, x), want, rtol=1e-15)


@pytest.mark.parametrize("days", DAYS)
def test_correlation_is_that_of_pandas_and_stays_within_one(days: int) -> None:
    want = np.stack([pd.Series(x).rolling(days).corr(pd.Series(y))[days - 1 :] for x, y in zip(X, Y, strict=True)])
    np.testing.assert_allclose(_operator("CORR", days, X, Y), want, rtol=1e-9, atol=1e-12)
    same = _operator("CORR", days, X, X * 3.0)
    assert (same <= 1.0).all()
    np.testing.assert_allclose(same, 1.0, rtol=1e-15)


@pytest.mark.parametrize("days", DAYS)
@pytest.mark.parametrize("value", [0.1, 1e308, 5e-324, -7.3])
def test_a_window_without_spread_has_no_deviation_and_no_correlation(days: int, value: float) -> None:
    flat = np.full((1, days), value)
    with np.errstate(all="ignore"):
        assert _operator("STD", days, flat)[0, 0] == 0.0
        assert _operator("CORR", days, flat, X[:1, :days])[0, 0] == 0.0
        assert _operator("CORR", days, X[:1, :days], flat)[0, 0] == 0.0
        assert _operator("RANK", days, flat)[0, 0] == pytest.approx((days + 1) / 2 / days, rel=1e-15)


def test_log1p_abs_is_right_from_the_smallest_to_the_largest_number() -> None:
    x = np.concatenate(
        [10.0 ** RNG.uniform(-320, 308.2, 3000), RNG.uniform(0, 3, 1000), [0.0, 1e308, kernel.LARGEST]]
    )
    got = kernel.LOG1P_ABS(-x[None, :])[0]
    with mpmath.workdps(60):
        for value, log in zip(x, got, strict=True):
            exact = mpmath.log1p(mpmath.mpf(float(value)))
            assert abs(mpmath.mpf(float(log)) - exact) <= 4 * mpmath.mpf(float(np.spacing(log)))


def test_log1p_abs_is_monotone() -> None:
    x = np.sort(np.concatenate([np.exp(RNG.uniform(-45, 45, 300_000)), RNG.uniform(0, 2, 200_000)]))[None, :]
    assert (np.diff(kernel.LOG1P_ABS(x)) >= 0).all()


def test_sqrt_abs_is_the_rounded_root() -> None:
    assert kernel.SQRT_ABS(np.array([[-9.0, 0.0, -0.0, 2.0]])).tolist() == [[3.0, 0.0, 0.0, np.sqrt(2.0)]]
