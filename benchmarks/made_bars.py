"""Random bars for measurements: no market, only numbers of the right size."""

from __future__ import annotations

import numpy as np

from sdk.scoring.monthly import MonthlyMarket

_AT_ONCE = 100  # stocks whose bars are made together


def random_bars(stocks: int, days: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Return all kernel inputs: (stocks, days), ``benchmark`` (1, days); about one corporate action a year."""
    rng = np.random.default_rng(seed)
    shape = (stocks, days)
    close = np.round(10 * np.exp(np.cumsum(rng.normal(0, 0.02, shape), axis=1)), 2) + 0.5
    open_ = np.round(close * (1 + rng.normal(0, 0.01, shape)), 2)
    volume = np.floor(np.exp(rng.normal(13, 1, shape)) / 100) * 100
    return {
        "open": open_,
        "high": np.maximum(open_, close) + 0.05,
        "low": np.minimum(open_, close) - 0.05,
        "close": close,
        "volume": volume,
        "money": volume * close,
        "factor": np.cumprod(np.where(rng.random(shape) < 1 / 244, 1.02, 1.0), axis=1),
        "circulating_market_cap": np.full(shape, 60.0),
        "benchmark": 3000 * np.exp(np.cumsum(rng.normal(0, 0.01, (1, days)), axis=1)),
    }


def many_bars(stocks: int, days: int) -> dict[str, np.ndarray]:
    """Return random bars of many stocks, (stocks, days), made without temporaries of that size."""
    bars: dict[str, np.ndarray] = {}
    for start in range(0, stocks, _AT_ONCE):
        for name, part in random_bars(min(_AT_ONCE, stocks - start), days, start).items():
            if name == "benchmark":
                bars.setdefault(name, part)
            else:
                bars.setdefault(name, np.empty((stocks, days)))[start : start + _AT_ONCE] = part
    return bars


def open_market(stocks: int, signal_days: np.ndarray) -> MonthlyMarket:
    """Return a market of random months in which everything can be traded."""
    months = len(signal_days)
    yes = np.ones((stocks, months), dtype=bool)
    growth = np.random.default_rng(2).normal(0.01, 0.1, (stocks, months - 1))
    codes = tuple(f"{n:06d}" for n in range(stocks))
    return MonthlyMarket(codes, signal_days, signal_days + 1, yes, yes, yes, growth)
