"""The dice of a made market, all thrown before trading starts: (stocks, days) unless said otherwise.

Fat tails (Student t), volatility that comes in clusters for the market and for each stock, volume that
follows |return|, dividends in early summer, now and then new shares.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BONUS_TENTHS = (12, 13, 14, 15, 18, 20)


@dataclass(frozen=True)
class Draws:
    """``market`` is (days,); ``beta``, ``price`` (first price, CNY), ``shares`` (circulating) are (stocks,).

    ``own`` is the idiosyncratic return, ``gap_share`` the part of a return that happens overnight, ``reach``
    how far high and low leave the body in units of a day's volatility, ``turnover`` a log shock, ``vwap`` in
    [0, 1]. ``dividend_yield`` and ``bonus_tenths`` (10 = none) are 0 / 10 on days without a corporate action.
    """

    market: np.ndarray
    beta: np.ndarray
    own: np.ndarray
    volatility: np.ndarray
    gap_share: np.ndarray
    gap_noise: np.ndarray
    reach: np.ndarray
    chance: np.ndarray
    turnover: np.ndarray
    vwap: np.ndarray
    price: np.ndarray
    shares: np.ndarray
    float_share: np.ndarray
    factor: np.ndarray
    usual_turnover: np.ndarray
    dividend_yield: np.ndarray
    bonus_tenths: np.ndarray


def throw(stocks: int, days: np.ndarray, rng: np.random.Generator) -> Draws:
    """Throw all dice for ``stocks`` over ``days``."""
    shape = (stocks, len(days))
    level = 0.018 * np.exp(0.25 * rng.standard_normal((stocks, 1)))
    volatility = level * np.exp(_persistent(0.97, 0.08, shape, rng))
    own = volatility * np.clip(rng.standard_t(4.0, shape) / np.sqrt(2.0), -8, 8)
    calm = 0.010 * np.exp(_persistent(0.98, 0.09, (1, len(days)), rng))[0]
    market = calm * np.clip(rng.standard_t(5.0, len(days)) / np.sqrt(5 / 3), -6, 6) + 0.0002
    dividend_yield, bonus_tenths = _corporate_plan(days, shape, rng)
    return Draws(
        market=market,
        beta=rng.normal(1.0, 0.25, stocks),
        own=own,
        volatility=volatility,
        gap_share=np.clip(rng.normal(0.3, 0.25, shape), -0.5, 1.2),
        gap_noise=0.25 * volatility * rng.standard_normal(shape),
        reach=np.abs(rng.standard_normal((2, *shape))) * 0.45,
        chance=rng.random(shape),
        turnover=_persistent(0.85, 0.22, shape, rng),
        vwap=rng.beta(4.0, 4.0, shape),
        price=np.round(np.exp(rng.normal(2.7, 0.7, stocks)).clip(2.5, 400.0), 2),
        shares=np.round(np.exp(rng.normal(20.3, 0.9, stocks)).clip(2e7, 5e10), -4),
        float_share=rng.uniform(0.45, 1.0, stocks).round(2),
        factor=np.exp(rng.uniform(0.0, 1.6, stocks)).round(6),
        usual_turnover=np.exp(rng.normal(np.log(0.009), 0.5, stocks)),
        dividend_yield=dividend_yield,
        bonus_tenths=bonus_tenths,
    )


def _persistent(memory: float, noise: float, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return AR(1) paths along the last axis, started in their stationary state."""
    steps = noise * rng.standard_normal(shape)
    path = np.empty(shape)
    path[:, 0] = steps[:, 0] / np.sqrt(1 - memory**2)
    for day in range(1, shape[1]):
        path[:, day] = memory * path[:, day - 1] + steps[:, day]
    return path


def _corporate_plan(
    days: np.ndarray, shape: tuple[int, int], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Plan at most one ex-date a stock and year, May to July: cash for 6 in 10, new shares for 1 in 10."""
    dividend_yield, bonus_tenths = np.zeros(shape), np.full(shape, 10)
    years = days.astype("datetime64[Y]")
    month = days.astype("datetime64[M]").astype(int) % 12 + 1
    for year in np.unique(years):
        season = np.flatnonzero((years == year) & (month >= 5) & (month <= 7))
        column = rng.integers(0, max(1, len(season)), shape[0])
        amount, bonus = rng.uniform(0.004, 0.045, shape[0]), rng.choice(BONUS_TENTHS, shape[0])
        pays, grows = rng.random(shape[0]) < 0.6, rng.random(shape[0]) < 0.1
        if len(season):
            rows = np.arange(shape[0])
            dividend_yield[rows, season[column]] = np.where(pays, amount, 0.0)
            bonus_tenths[rows, season[column]] = np.where(grows, bonus, 10)
    return dividend_yield, bonus_tenths
