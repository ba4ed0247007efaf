"""R26: on a flat window rounding stays rounding, whatever the scale of the data (not so under a floor of 1e-6)."""

import numpy as np
import pytest

from jq_strategy import formula as language
from jq_strategy import kernel
from tests.panels import awkward_bars

SCALES = [1e-2, 1.0, 15.3, 1e4, 1e9]


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("ulps", [1, 4])
def test_a_few_ulps_on_a_flat_window_are_nothing(scale: float, ulps: int) -> None:
    flat = np.full((1, 120), scale)
    assert kernel.normalised(flat)[0, 0] == 0.0
    for _ in range(ulps):
        flat[0, -1] = np.nextafter(flat[0, -1], np.inf)
    assert abs(kernel.normalised(flat)[0, 0]) < 1e-6
    everybody = np.repeat(flat[:, -1:], 50, axis=0)
    everybody[::2] = scale
    assert abs(kernel.ZSCORE(everybody, everybody > 0)).max() < 1e-5


@pytest.mark.parametrize("scale", SCALES)
def test_the_floor_does_not_flatten_what_moves(scale: float) -> None:
    rng = np.random.default_rng(3)
    x = 1.0 + 0.01 * rng.normal(size=(1, 120))
    np.testing.assert_allclose(kernel.normalised(scale * x), kernel.normalised(x), rtol=1e-4)


@pytest.mark.parametrize("name", ["RET", "DEV", "MOM20", "LOG_VOL", "FOMO"])
def test_a_stock_halted_all_along_scores_zero_under_any_price_volume_and_factor(name: str) -> None:
    bars = awkward_bars(5, 200, seed=26)
    prices = np.array([0.87, 3.33, 12.34, 99.99, 1888.88])[:, None]
    for field in ("open", "high", "low", "close"):
        bars[field] = np.repeat(prices, 200, axis=1)
    bars["volume"], bars["money"] = np.zeros((5, 200)), np.zeros((5, 200))
    bars["factor"] = np.repeat(np.array([1.0, 1.1, 7.77, 133.7, 0.3])[:, None], 200, axis=1)
    assert (language.evaluate((name,), bars, days=40) == 0.0).all()


def test_a_dividend_during_a_halt_moves_a_stock_by_rounding_only() -> None:
    bars = awkward_bars(3, 200, seed=27)
    for array in bars.values():
        array[:] = np.nan_to_num(array, nan=1.0)
    bars["close"][1], bars["factor"][1] = 10.0, 1.0
    bars["close"][1, 150:], bars["factor"][1, 150:] = 10.0 * 0.96, 1.0 / 0.96
    assert abs(language.evaluate(("RET",), bars, days=60)[1]).max() < 1e-5
