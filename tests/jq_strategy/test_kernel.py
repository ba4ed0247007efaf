"""The kernel: exact functions against mpmath, features against plain definitions and the sister system's panel."""

import json

import mpmath
import numpy as np
import pytest

from jq_strategy import formula as language
from jq_strategy import kernel
from tests.conftest import shared
from tests.panels import awkward_bars

RNG = np.random.default_rng(11)


def _worst(function, exact, x: np.ndarray) -> float:
    with mpmath.workdps(40):
        pairs = zip(x, function(x[None, :])[0], strict=True)
        return max(float(abs((mpmath.mpf(y) - exact(v)) / exact(v))) for v, y in pairs if exact(mpmath.mpf(v)) != 0)


def test_ln_is_within_its_stated_error() -> None:
    x = np.concatenate([np.exp(RNG.uniform(-43, 43, 800)), 1 + RNG.normal(0, 1e-3, 400), RNG.uniform(0.5, 2, 400)])
    assert _worst(kernel.ln, lambda v: mpmath.log(mpmath.mpf(v)), x) < 4e-16


def test_tanh_is_within_its_stated_error() -> None:
    x = np.concatenate([RNG.uniform(-3, 3, 800), RNG.uniform(-25, 25, 400), RNG.normal(0, 1e-3, 400)])
    assert _worst(kernel.hyperbolic_tangent, lambda v: mpmath.tanh(mpmath.mpf(v)), x) < 7e-16


def test_ln_and_tanh_are_monotone() -> None:
    points = np.sort(np.exp(RNG.uniform(-5, 5, 400_000)))[None, :]
    assert (np.diff(kernel.ln(points)) >= 0).all()
    points = np.sort(RNG.uniform(-4, 4, 400_000))[None, :]
    assert (np.diff(kernel.hyperbolic_tangent(points)) >= 0).all()


def test_ln_from_one_has_the_bits_of_ln() -> None:
    x = np.concatenate([2.0 ** RNG.uniform(0, 63, 100_000), 2.0 ** np.arange(64), [np.nextafter(2.0, 1.0)]])[None, :]
    assert kernel.ln_from_one(x).tobytes() == kernel.ln(x).tobytes()


@pytest.mark.parametrize("days", [119, 120, 260])
def test_sliding_windows_are_the_windows_in_order(days: int) -> None:
    x = np.round(RNG.normal(size=(3, days)), 1) + 0.0  # with ties
    assert (kernel.ascending_windows(x, 120) == np.sort(kernel.windows(x, 120), axis=-1)).all()


def test_a_split_over_stocks_changes_no_value() -> None:
    x = RNG.normal(size=(37, 250))
    for function in (kernel.normalised, kernel.JUMP):
        alone = np.concatenate([function(x[stock : stock + 1]) for stock in range(37)])
        assert function(x).tobytes() == alone.tobytes()
        assert function(x[:0]).shape == (0, 131)


def test_each_day_of_log_vol_stands_at_its_own_factor() -> None:
    volume = np.floor(np.exp(RNG.normal(13, 1, (5, 260))))
    factor = np.cumprod(np.where(RNG.random((5, 260)) < 0.02, 1.03, 1.0), axis=1)
    factor[0] = 1.0 + RNG.random(260)  # another level every day
    found = kernel.LOG_VOL(volume, factor)
    for day in range(119, 260):
        window = slice(day - 119, day + 1)
        adjusted = 1.0 + volume[:, window] * (factor[:, day : day + 1] / factor[:, window])
        assert found[:, day - 119].tobytes() == kernel.normalised(kernel.ln(adjusted))[:, 0].tobytes()


def test_ln_of_one_is_zero_and_tanh_is_odd() -> None:
    assert kernel.ln(np.ones((1, 1)))[0, 0] == 0.0
    x = RNG.normal(0, 2, (1, 1000))
    assert (kernel.hyperbolic_tangent(-x) == -kernel.hyperbolic_tangent(x)).all()


@pytest.mark.parametrize("length", [1, 2, 3, 20, 120])
def test_window_sums_equal_plain_sums_and_forget_the_past(length: int) -> None:
    x = RNG.normal(size=(3, 300))
    sums = kernel.window_sum(x, length)
    plain = np.array([[row[t - length + 1 : t + 1].sum() for t in range(length - 1, 300)] for row in x])
    np.testing.assert_allclose(sums, plain, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(kernel.places_sum(kernel.windows(x, length), length), plain, rtol=1e-12, atol=1e-12)
    assert (kernel.window_sum(x[:, 57:], length)[:, -1] == sums[:, -1]).all()


def test_features_agree_with_the_sister_system() -> None:
    stored = json.loads(shared("repair_vectors.json").read_text("utf-8"))
    bars = {name: np.array(values) for name, values in stored["panel"].items()}
    bars["factor"] = np.ones_like(bars["close"])
    compared = 0
    for name, want in stored["features_last_day"].items():
        tree = (language.SHORT_NAMES.get(name, name),)
        if set(language.inputs_of(tree)) <= set(bars):
            np.testing.assert_allclose(language.evaluate(tree, bars)[:3, 0], want, atol=1e-3)
            compared += 1
    assert compared == 6


def test_normalisation_is_the_lower_median_and_the_mad() -> None:
    x = RNG.normal(size=(1, 120))
    median = np.sort(x[0])[59]
    spread = np.sort(np.abs(x[0] - median))[59]
    assert kernel.normalised(x)[0, 0] == pytest.approx((x[0, -1] - median) / spread, rel=1e-4)


def test_a_flat_window_scores_zero_and_rounding_does_not_wake_it() -> None:
    flat = np.full((1, 120), 15.3)
    assert kernel.normalised(flat)[0, 0] == 0.0
    flat[0, -1] = np.nextafter(15.3, 16)
    assert abs(kernel.normalised(flat)[0, 0]) < 1e-6


def test_operators_do_what_the_vocabulary_says() -> None:
    x, y = np.array([[1.0, -2.0, 3.0, 0.0]]), np.array([[4.0, 5.0, -1e-6, 0.0]])
    with np.errstate(divide="ignore"):
        assert kernel.DIV(x, y)[0, 2] == 0.0  # not finite becomes 0
    assert kernel.SIGN(x).tolist() == [[1.0, -1.0, 1.0, 0.0]]
    assert kernel.GATE(x, y, x)[0].tolist() == [4.0, -2.0, -1e-6, 0.0]
    assert kernel.DECAY(x)[0].tolist() == pytest.approx([3.0 - 1.6 + 0.6, 0.0 + 2.4 - 1.2])
    assert kernel.MAX3(x)[0].tolist() == [3.0, 3.0]
    assert kernel.DELAY1(x)[0].tolist() == [1.0, -2.0, 3.0]


def test_jump_is_the_excess_over_three_deviations_of_the_last_120_days() -> None:
    x = RNG.normal(size=(1, 120))
    x[0, -1] = 9.0
    expected = (9.0 - x.mean()) / (x.std(ddof=1) + 1e-6) - 3.0
    assert kernel.JUMP(x)[0, 0] == pytest.approx(expected, rel=1e-12)


def test_a_total_return_flat_series_does_not_move_over_a_split() -> None:
    bars = awkward_bars(2, 200, 5)
    bars["close"][:] = 10.0
    bars["factor"][:] = 1.0
    bars["close"][:, 150:], bars["factor"][:, 150:] = 5.0, 2.0
    for name in ("RET", "DEV", "MOM20"):
        assert (language.evaluate((name,), bars, days=40) == 0.0).all(), name


def test_scaling_all_factors_of_a_stock_changes_nothing() -> None:
    bars = awkward_bars(6, 300, 6)
    for name in ("RET", "FOMO", "DEV", "LOG_VOL", "MOM20", "REL_MOM20"):
        before = language.evaluate((name,), bars, days=60)
        doubled = language.evaluate((name,), {**bars, "factor": bars["factor"] * 8.0}, days=60)
        other = language.evaluate((name,), {**bars, "factor": bars["factor"] * 1.2345}, days=60)
        np.testing.assert_array_equal(before, doubled)
        np.testing.assert_allclose(before, other, atol=1e-9)
