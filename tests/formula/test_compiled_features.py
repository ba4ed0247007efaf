"""The compiled features have the kernel's bits on awkward bars."""

from __future__ import annotations

import numpy as np
import pytest

from jq_strategy import kernel
from jq_strategy.inputs import usable_bars
from sdk.formula.compiled_features import COMPILED
from tests.panels import awkward_bars, same_bits

STOCKS, DAYS = 40, 420


def _inputs(bars: dict[str, np.ndarray], feature: kernel.Feature) -> list[np.ndarray]:
    arrays = [np.broadcast_to(bars[name], (STOCKS, DAYS)) for name in feature.inputs]
    with np.errstate(invalid="ignore"):
        return usable_bars(arrays, feature.inputs)[1]


def _awkward(kind: str) -> dict[str, np.ndarray]:
    bars = awkward_bars(STOCKS, DAYS, seed=31)
    rng = np.random.default_rng(32)
    if kind == "flat":
        for name, array in bars.items():
            if name != "benchmark":
                array[:] = array[:, -1:]
    if kind == "few values":
        bars["close"] = rng.integers(9, 12, (STOCKS, DAYS)).astype(float)
        bars["volume"] = rng.integers(0, 3, (STOCKS, DAYS)) * 100.0
    if kind == "a factor every day":
        bars["factor"] = np.cumprod(rng.uniform(1.0, 1.01, (STOCKS, DAYS)), axis=1)
    if kind == "no volume":
        bars["volume"][:] = 0.0
    return bars


@pytest.mark.parametrize("kind", ["usual", "flat", "few values", "a factor every day", "no volume"])
@pytest.mark.parametrize("feature", kernel.FEATURES, ids=lambda feature: feature.name)
def test_compiled_feature_has_the_kernels_bits(feature: kernel.Feature, kind: str) -> None:
    inputs = _inputs(_awkward(kind), feature)
    with np.errstate(all="ignore"):
        want = feature.function(*inputs)
    got = COMPILED[feature.name](*inputs)[:, feature.days - 1 :]
    assert same_bits(want + 0.0, got + 0.0)


def test_every_feature_of_the_kernel_is_compiled() -> None:
    assert set(COMPILED) == set(kernel.FEATURE_TABLE)
