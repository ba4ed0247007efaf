"""Exposures: what of a stock the neutralisation takes out of a score, as of the signal day.

Styles come from bars up to and including the signal day (prices adjusted by ratios of the cumulative factor, as the
kernel does) and from the valuation of that day; industry is the stock's 申万一级 code of that day. An exposure whose
window has an unknown bar, or that is not a finite number, is NaN. A halted day is known: price carried, volume 0.

Styles are taken out in the order of STYLES, whatever order they are named in.

Runs on CPython 3.6 with numpy alone; the exported strategy contains these very lines.
"""

from collections import namedtuple

import numpy as np

from jq_strategy.exact import LARGEST, finite, ln, places_sum, window_sum
from jq_strategy.inputs import known_bars, mask_unknown
from jq_strategy.kernel import growth
from jq_strategy.primitives import absolute, ago, both, since, tail, where, windows
from jq_strategy.windowed import distances, has_spread, window_deviation

INDUSTRY = "industry"
INDUSTRY_KIND = "sw_l1"


def size_exposure(circulating_market_cap):
    """Return the log of the circulating market value, in 1e8 CNY."""
    return ln(circulating_market_cap)


def value_exposure(pb_ratio):
    """Return book value by price: 1 / pb_ratio; negative where the equity is."""
    return 1.0 / pb_ratio


def momentum_exposure(close, factor):
    """Return the log return from 120 to 20 trading days ago."""
    return ln(growth(ago(close, 20), ago(factor, 20), 100))


def volatility_exposure(close, factor):
    """Return the unbiased standard deviation of the last 60 daily log returns."""
    return window_deviation(ln(growth(close, factor, 1)), 60)


def liquidity_exposure(money):
    """Return the log of the mean traded value of 20 days, in CNY; unknown where nothing was traded."""
    mean = window_sum(money, 20) / 20.0
    return where(mean >= 1.0, ln(where(mean >= 1.0, mean, 1.0)), float("nan"))


def beta_exposure(close, factor, benchmark):
    """Return the slope of 60 daily log returns on those of the benchmark (1, days); 0 where that has no spread."""
    own, market = ln(growth(close, factor, 1)), ln(since(benchmark, 1) / ago(benchmark, 1))
    away = distances(market, 60)
    spread = has_spread(windows(market, 60))
    square = where(spread, places_sum(away * away, 60), 1.0)
    return where(spread, finite(places_sum(distances(own, 60) * away, 60) / square), 0.0)


def known_input(name, x):
    """Return where an input is usable: as bars are; pb_ratio, which may be negative, where it is not 0."""
    return both(absolute(x) > 0.0, absolute(x) <= LARGEST) if name == "pb_ratio" else known_bars(name, x)


def style_exposure(function, inputs, days, bars):
    """Return one exposure of the last day, (stocks, 1), from the last ``days`` days of its inputs; NaN if unknown."""
    known, filled = None, []
    for name in inputs:
        x = tail(bars[name], days)
        usable = known_input(name, x)
        filled.append(where(usable, x, 1.0))
        known = usable if known is None else both(known, usable)
    return mask_unknown(function(*filled), known, days)


def industry_groups(industries):
    """Return which stock belongs to which industry, (stocks, industries) of 0 and 1, from a code or "" a stock."""
    names = sorted({name for name in industries if name})
    groups = np.zeros((len(industries), len(names)))
    for row, name in enumerate(industries):
        if name:
            groups[row, names.index(name)] = 1.0
    return groups


# days: bars that one value needs. inputs: bars, or columns of the platform's valuation table (VALUATION_FIELDS).
Style = namedtuple("Style", "name function inputs days words")

VALUATION_FIELDS = ("circulating_market_cap", "pb_ratio")

STYLES = (
    Style("size", size_exposure, ("circulating_market_cap",), 1, "流通市值的对数"),
    Style("value", value_exposure, ("pb_ratio",), 1, "净市率 1 / pb_ratio"),
    Style("momentum", momentum_exposure, ("close", "factor"), 121, "120日前至20日前的对数收益"),
    Style("volatility", volatility_exposure, ("close", "factor"), 61, "60日日收益标准差"),
    Style("liquidity", liquidity_exposure, ("money",), 20, "20日平均成交额的对数"),
    Style("beta", beta_exposure, ("close", "factor", "benchmark"), 61, "60日对基准的斜率"),
)
