"""Halts, new listings, zero volume, missing factors, the factor's anchor: each has a rule (docs/operators.md)."""

import numpy as np
import pytest

from jq_strategy import formula as language
from jq_strategy import kernel
from jq_strategy.ranking import choose, rank_stocks
from sdk.formula.panel_scores import PanelScores
from tests.panels import awkward_bars, same_bits

STOCKS, DAYS = 40, 400
BARS = awkward_bars(STOCKS, DAYS, 6)
NORMALISED = ("RET", "FOMO", "DEV", "LOG_VOL", "MOM20", "REL_MOM20")
LAST = [DAYS - 1]


def _changed(name: str, rows: slice | int, days: slice | int, value: float) -> dict[str, np.ndarray]:
    bars = {field: array.copy() for field, array in BARS.items()}
    bars[name][rows, days] = value
    return bars


def _halted(days: slice) -> dict[str, np.ndarray]:
    """Stock 2 halted on ``days``: everything stands still, no volume."""
    bars = {field: array.copy() for field, array in BARS.items()}
    for name in ("open", "high", "low", "close", "factor"):
        bars[name][2, days] = bars["factor" if name == "factor" else "close"][2, max(days.start - 1, 0)]
    bars["volume"][2, days] = bars["money"][2, days] = 0.0
    return bars


def _ranks(scores: np.ndarray) -> list[list[int]]:
    codes = [f"{row:06d}.XSHE" for row in range(len(scores))]
    return [rank_stocks(codes, column) for column in scores.T]


@pytest.mark.parametrize("name", NORMALISED)
def test_the_anchor_of_the_factor_does_not_matter(name: str) -> None:
    rng = np.random.default_rng(9)
    days = range(150, DAYS)
    before = PanelScores(BARS).scores((name,), days)
    powers = 2.0 ** rng.integers(-12, 13, (STOCKS, 1))
    assert same_bits(before, PanelScores({**BARS, "factor": BARS["factor"] * powers}).scores((name,), days))
    any_numbers = np.exp(rng.uniform(-5, 5, (STOCKS, 1)))
    after = PanelScores({**BARS, "factor": BARS["factor"] * any_numbers}).scores((name,), days)
    np.testing.assert_allclose(before, after, rtol=0, atol=1e-12)
    assert _ranks(before) == _ranks(after)


@pytest.mark.parametrize("feature", kernel.FEATURES, ids=lambda feature: feature.name)
def test_a_new_listing_has_no_score_until_its_window_is_full(feature: kernel.Feature) -> None:
    listed, codes = 200, [f"{row:06d}.XSHE" for row in range(STOCKS)]
    bars = {name: array.copy() for name, array in BARS.items()}
    for name in set(bars) - {"benchmark"}:
        bars[name][0, :listed] = np.nan
        bars[name][0, listed:] = BARS[name][2, listed:]
    scores = PanelScores(bars).scores((feature.name,), range(DAYS))
    assert np.isnan(scores[0, : listed + feature.days - 1]).all()
    assert np.isfinite(scores[0, listed + feature.days - 1 :]).all()
    too_young = scores[:, listed + feature.days - 2]
    missing = np.flatnonzero(np.isnan(too_young))
    assert set(rank_stocks(codes, too_young)[STOCKS - len(missing) :]) == set(missing)
    assert codes[0] not in choose(codes, too_young, STOCKS)


@pytest.mark.parametrize("feature", kernel.FEATURES, ids=lambda feature: feature.name)
def test_a_halted_day_is_known(feature: kernel.Feature) -> None:
    scores = PanelScores(_halted(slice(380, 395))).scores((feature.name,), range(379, DAYS))
    assert np.isfinite(scores[2]).all()
    if feature.name in ("PRESSURE", "LIQ_SCORE"):
        assert (scores[2, 1:16] == 0.0).all()


@pytest.mark.parametrize("name", NORMALISED[:-1])
def test_a_stock_halted_all_along_scores_zero(name: str) -> None:
    assert (PanelScores(_halted(slice(0, DAYS))).scores((name,), range(200, DAYS))[2] == 0.0).all()


def test_zero_volume_is_a_value() -> None:
    bars = _changed("volume", 2, slice(300, 310), 0.0)
    bars["money"][2, 300:310] = 0.0
    for name in ("FOMO", "LOG_VOL", "LIQ_SCORE"):
        assert np.isfinite(PanelScores(bars).scores((name,), range(300, DAYS))[2]).all()
    with np.errstate(all="ignore"):
        assert kernel.ln(1.0 + bars["volume"][2:3, 300:310]).tolist() == [[0.0] * 10]


def test_a_missing_factor_concerns_those_who_read_it() -> None:
    bars = _changed("factor", 2, DAYS - 1, np.nan)
    for feature in kernel.FEATURES:
        before, after = (PanelScores(panel).scores((feature.name,), LAST)[:, 0] for panel in (BARS, bars))
        assert np.isnan(after[2]) == ("factor" in feature.inputs)
        others = np.arange(STOCKS) != 2
        assert same_bits(before[others], after[others])


@pytest.mark.parametrize(
    ("name", "value"), [("close", 0.0), ("close", -1.0), ("factor", 0.0), ("volume", -1.0), ("close", np.inf)]
)
def test_impossible_values_are_missing(name: str, value: float) -> None:
    token = "LOG_VOL" if name == "volume" else "DEV"
    changed = PanelScores(_changed(name, 2, DAYS - 5, value)).scores((token,), LAST)
    missing = PanelScores(_changed(name, 2, DAYS - 5, np.nan)).scores((token,), LAST)
    assert np.isnan(changed[2, 0])
    assert same_bits(changed, missing)


def test_who_has_no_score_is_not_compared() -> None:
    tree = ("RANK", ("DEV",))
    bars = _changed("close", 2, DAYS - 5, np.nan)
    scores = language.evaluate(tree, bars)[:, 0]
    others = np.flatnonzero(np.isfinite(scores))
    assert 2 not in others
    assert scores[others].sum() == pytest.approx((len(others) + 1) / 2)  # ranks 1 ... n of n, not of 40
