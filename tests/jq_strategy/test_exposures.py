"""Exposures from bars: the textbook numbers, whatever the anchor of the factor; unknown bars give none."""

from __future__ import annotations

import numpy as np
import pytest

from jq_strategy.exposures import STYLES, industry_groups, style_exposure
from tests.panels import awkward_bars, same_bits

BARS = awkward_bars(12, 140, seed=3)
BARS["pb_ratio"] = np.random.default_rng(4).uniform(-2.0, 5.0, (12, 140))
TABLE = {style.name: style for style in STYLES}


def exposure(name: str, bars: dict[str, np.ndarray]) -> np.ndarray:
    style = TABLE[name]
    with np.errstate(all="ignore"):
        return style_exposure(style.function, style.inputs, style.days, bars)[:, 0]


def textbook(name: str, bars: dict[str, np.ndarray]) -> np.ndarray:
    price = bars["close"] * bars["factor"]
    returns = np.diff(np.log(price), axis=1)[:, -60:]
    market = np.diff(np.log(bars["benchmark"]), axis=1)[:, -60:]
    away = market - market.mean()
    return {
        "size": lambda: np.log(bars["circulating_market_cap"][:, -1]),
        "value": lambda: 1.0 / bars["pb_ratio"][:, -1],
        "momentum": lambda: np.log(price[:, -21] / price[:, -121]),
        "volatility": lambda: returns.std(axis=1, ddof=1),
        "liquidity": lambda: np.log(bars["money"][:, -20:].mean(axis=1)),
        "beta": lambda: (returns * away).sum(axis=1) / (away * away).sum(),
    }[name]()


@pytest.mark.parametrize("name", TABLE)
def test_an_exposure_is_the_textbooks_number(name: str) -> None:
    np.testing.assert_allclose(exposure(name, BARS), textbook(name, BARS), rtol=1e-9, atol=1e-12)
    assert np.isfinite(exposure(name, BARS)).sum() > 8


@pytest.mark.parametrize("name", TABLE)
def test_an_exposure_needs_exactly_its_days_and_no_anchor_of_the_factor(name: str) -> None:
    days = TABLE[name].days
    recent = {field: array[:, -days:] for field, array in BARS.items()}
    assert same_bits(exposure(name, BARS), exposure(name, recent))
    assert same_bits(exposure(name, BARS), exposure(name, {**BARS, "factor": BARS["factor"] * 0.25}))
    for field in TABLE[name].inputs:
        gap = {**recent, field: recent[field].copy()}
        gap[field][0 if field == "benchmark" else 4, 0] = np.nan
        assert np.isnan(exposure(name, gap)[4])


def test_without_trades_there_is_no_liquidity_and_without_book_value_no_value() -> None:
    silent = {**BARS, "money": BARS["money"].copy(), "pb_ratio": BARS["pb_ratio"].copy()}
    silent["money"][4, -20:] = 0.0
    silent["pb_ratio"][4, -1] = 0.0
    assert np.isnan(exposure("liquidity", silent)[4])
    assert np.isnan(exposure("value", silent)[4])
    silent["money"][4, -20] = 100.0
    assert exposure("liquidity", silent)[4] == pytest.approx(np.log(5.0))


def test_a_benchmark_that_stands_still_gives_beta_zero() -> None:
    still = {**BARS, "benchmark": np.full((1, 140), 3000.0)}
    found = exposure("beta", still)
    assert set(found[np.isfinite(found)]) == {0.0}


def test_industries_become_columns_of_zeros_and_ones() -> None:
    groups = industry_groups(["b", "", "a", "b"])
    assert groups.tolist() == [[0, 1], [0, 0], [1, 0], [0, 1]]
    assert industry_groups(["", ""]).shape == (2, 0)
