"""Random bars for measurements: no market, only numbers of the right size."""

from __future__ import annotations

import numpy as np


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
