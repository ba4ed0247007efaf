"""Neutral scores for a whole search: the kernel's bits, honest exposures, clear refusals, the report."""

from __future__ import annotations

import numpy as np
import pytest

from jq_strategy.exposures import industry_groups
from jq_strategy.neutral import neutral_score
from sdk.errors import ConfigError
from sdk.market.bundle import Bundle
from sdk.market.manifest import StoredFiles
from sdk.scoring.exposures import read_exposures
from sdk.scoring.monthly import MonthlyMarket, monthly_market
from sdk.scoring.neutral import Neutraliser
from sdk.scoring.neutral_choice import NAMES, checked_names, names_of_text
from sdk.scoring.neutral_effect import exposure_report, rolling_beta
from tests.bundles import real_market, small_market
from tests.panels import same_bits

BOTH = pytest.mark.parametrize("standard", ["rank", "zscore"])


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(small_market())


@pytest.fixture(scope="module")
def market(bundle: Bundle) -> MonthlyMarket:
    return monthly_market(bundle, "000300.XSHG", "2018-01-01", "2020-12-31")


def without(bundle: Bundle, *names: str) -> Bundle:
    """Return the bundle as it would be without some of its files."""
    files = {name: value for name, value in bundle.manifest["files"].items() if name not in names}
    return Bundle(bundle.path, {**bundle.manifest, "files": files}, StoredFiles(bundle.path, files, hashes=True))


def awkward_scores(market: MonthlyMarket, exposures: np.ndarray) -> np.ndarray:
    """Return scores (formulas, stocks, R) with ties, gaps, extremes, and one that an exposure explains."""
    rng = np.random.default_rng(5)
    scores = rng.standard_t(2, (10, len(market.codes), len(market.signal_days)))
    scores[0] = np.round(scores[0])
    scores[1] *= 1e300
    scores[2] *= 1e-300
    scores[3] = np.nan
    scores[4, ::3] = np.nan
    scores[5, :, 1::2] = np.inf
    scores[6] = 1.0
    scores[7] = exposures[0] if len(exposures) else 0.0
    scores[9] = 1.0 + 1e-9 * scores[9]  # so close together that the sort needs its lowest digits
    scores[9, 0] = 1e9
    return scores


def by_kernel(neutraliser: Neutraliser, scores: np.ndarray, day: int) -> np.ndarray:
    """Return the neutral scores of one formula (stocks, R) on one day by jq_strategy itself."""
    groups = None
    if neutraliser.industries is not None:
        places = neutraliser.industries[:, day]
        groups = industry_groups([neutraliser.industry_codes[place] if place >= 0 else "" for place in places])
    column = np.where(neutraliser.members[:, day], scores[:, day], np.nan)[:, None]
    styles = [style[:, day : day + 1] for style in neutraliser.exposures]
    with np.errstate(all="ignore"):
        return neutral_score(column, styles, groups, neutraliser.standardise)[:, 0]


@BOTH
@pytest.mark.parametrize("names", [NAMES, ("industry",), ("liquidity", "momentum")], ids=len)
def test_the_loops_give_the_kernels_bits(
    bundle: Bundle, market: MonthlyMarket, names: tuple[str, ...], standard: str
) -> None:
    neutraliser = Neutraliser(bundle, market.codes, market.signal_days, market.members, names, standard)
    scores = awkward_scores(market, neutraliser.exposures)
    found = neutraliser.apply(scores)
    assert found.shape == scores.shape
    assert np.isfinite(found).sum() > 5000
    for formula, one in enumerate(scores):
        for day in range(0, len(market.signal_days), 4):
            assert same_bits(found[formula, :, day], by_kernel(neutraliser, one, day)), (formula, day)


def test_the_loops_give_the_kernels_bits_on_real_bars() -> None:
    bundle = Bundle.open(real_market())
    market = monthly_market(bundle, "000300.XSHG", "2021-01-01", "2021-12-31")
    names = ("size", "value", "momentum", "volatility", "liquidity", "beta")
    neutraliser = Neutraliser(bundle, market.codes, market.signal_days, market.members, names)
    scores = awkward_scores(market, neutraliser.exposures)
    found = neutraliser.apply(scores)
    for formula, one in enumerate(scores):
        for day in range(len(market.signal_days)):
            assert same_bits(found[formula, :, day], by_kernel(neutraliser, one, day)), (formula, day)
    assert (neutraliser.without_exposure > 0).any()
    with pytest.raises(ConfigError, match=r"'industry' needs industries.parquet with the kind sw_l1"):
        Neutraliser(bundle, market.codes, market.signal_days, market.members, ("industry",))
    early = monthly_market(bundle, "000300.XSHG", "2018-01-01", "2021-12-31")
    with pytest.raises(ConfigError, match=r"no member has 'size' on 2017-12-29 .*known 2020-01-23 .* leave size out"):
        Neutraliser(bundle, early.codes, early.signal_days, early.members, ("momentum", "size"))


def test_threads_batches_and_the_order_of_names_change_no_bit(bundle: Bundle, market: MonthlyMarket) -> None:
    given = (bundle, market.codes, market.signal_days, market.members)
    one = Neutraliser(*given, ("size", "beta", "industry"))
    other = Neutraliser(*given, ("industry", "beta", "size"), threads=3)
    scores = awkward_scores(market, one.exposures)
    found = one.apply(scores)
    assert same_bits(found, other.apply(scores))
    for formula in (8, 4, 3, 0):
        assert same_bits(found[formula], one.apply(scores[formula]))


def test_exposures_of_a_day_know_nothing_later(bundle: Bundle, market: MonthlyMarket) -> None:
    whole = read_exposures(bundle, market.codes, market.signal_days, NAMES)
    alone = read_exposures(bundle, market.codes, market.signal_days[:7], NAMES)
    assert same_bits(whole.styles[:, :, :7], alone.styles)
    assert whole.industries is not None
    assert alone.industries is not None
    assert np.array_equal(whole.industries[:, :7], alone.industries)
    assert np.isfinite(whole.styles).mean() > 0.7
    day = market.signal_days[10]
    value = bundle.panel(list(market.codes), fields=["pb_ratio"])["pb_ratio"][:, day]
    np.testing.assert_array_equal(whole.styles[whole.style_names.index("value"), :, 10], 1.0 / value)


def test_what_the_bundle_lacks_is_refused_by_name(bundle: Bundle, market: MonthlyMarket) -> None:
    given = (market.codes, market.signal_days, market.members)
    poor = without(bundle, "valuation.parquet", "industries.parquet")
    with pytest.raises(ConfigError) as caught:
        Neutraliser(poor, *given, ("momentum", "size"))
    assert "'size' needs circulating_market_cap (valuation.parquet)" in str(caught.value)
    assert str(caught.value).endswith("it has the data for: momentum, volatility, liquidity, beta")
    with pytest.raises(ConfigError, match=r"'industry' needs industries.parquet"):
        Neutraliser(poor, *given, ("industry",))
    with pytest.raises(ConfigError, match=r"'beta' needs daily bars of the index 000905.XSHG"):
        Neutraliser(bundle, *given, ("beta",), benchmark="000905.XSHG")
    with pytest.raises(ConfigError, match="no exposure is named"):
        Neutraliser(bundle, *given, ())
    with pytest.raises(ConfigError, match="standardise = 'zscor': unknown; did you mean 'zscore'"):
        Neutraliser(bundle, *given, ("size",), "zscor")


def test_names_are_checked_and_put_in_order() -> None:
    assert checked_names(["industry", "beta", "size"]) == ("size", "beta", "industry")
    assert names_of_text("momentum, size", "--neutralise") == ("size", "momentum")
    assert names_of_text("", "--neutralise") == ()
    with pytest.raises(ConfigError, match="--neutralise: unknown exposure 'sise'; did you mean 'size'"):
        names_of_text("sise", "--neutralise")
    with pytest.raises(ConfigError, match="'size' is named twice"):
        checked_names(["size", "beta", "size"])


@BOTH
def test_the_report_shows_the_exposure_before_and_none_after(
    bundle: Bundle, market: MonthlyMarket, standard: str
) -> None:
    names = ("size", "momentum", "industry")
    neutraliser = Neutraliser(bundle, market.codes, market.signal_days, market.members, names, standard)
    rng = np.random.default_rng(2)
    size = neutraliser.exposures[0]
    scores = 0.5 * rng.normal(size=size.shape) - (size - np.nanmean(size, axis=0)) / np.nanstd(size, axis=0)
    lines = {line.name: line for line in exposure_report(scores, neutraliser.apply(scores), neutraliser, 10)}
    assert tuple(lines) == neutraliser.names
    assert lines["size"].correlation_before > 0.6
    assert lines["size"].top_before < -0.8
    assert abs(lines["size"].top_after) < 0.5
    for line in lines.values():
        assert line.correlation_after < 1e-10
    assert lines["industry"].correlation_before > 0.2
    assert np.isnan(lines["industry"].top_before)


def test_rolling_beta_is_the_slope_of_each_window() -> None:
    rng = np.random.default_rng(3)
    benchmark = rng.normal(0, 0.01, 80)
    returns = 1.2 * benchmark + rng.normal(0, 0.005, 80)
    beta = rolling_beta(returns, benchmark, 60)
    assert np.isnan(beta[:59]).all()
    for end in (60, 71, 80):
        part = slice(end - 60, end)
        assert beta[end - 1] == pytest.approx(np.polyfit(benchmark[part], returns[part], 1)[0])
    np.testing.assert_allclose(rolling_beta(returns - benchmark, benchmark, 60), beta - 1.0, rtol=1e-9)
    assert np.isnan(rolling_beta(returns, np.zeros(80), 60)).all()
    with pytest.raises(ConfigError, match="window = 81"):
        rolling_beta(returns, benchmark, 81)
