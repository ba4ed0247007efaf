"""Awkward made bars for numeric tests: halts, late listings, gaps, splits, flat stretches."""

from __future__ import annotations

import numpy as np

from jq_strategy import formula as language


def awkward_bars(stocks: int, days: int, seed: int) -> dict[str, np.ndarray]:
    """Return all kernel inputs: (stocks, days), ``benchmark`` (1, days); NaN where there is no bar."""
    rng = np.random.default_rng(seed)
    close = np.round(10 * np.exp(np.cumsum(rng.standard_t(4, (stocks, days)) * 0.015, axis=1)), 2) + 0.5
    open_ = np.round(close * (1 + rng.normal(0, 0.01, close.shape)), 2)
    high = np.maximum(open_, close) + np.round(rng.uniform(0, 0.2, close.shape), 2)
    low = np.minimum(open_, close) - np.round(rng.uniform(0, 0.2, close.shape), 2)
    volume = np.floor(np.exp(rng.normal(13, 1, close.shape)) / 100) * 100
    factor = np.cumprod(np.where(rng.random(close.shape) < 0.006, rng.uniform(1.01, 2.0, close.shape), 1.0), axis=1)
    bars = {"open": open_, "high": high, "low": low, "close": close, "volume": volume, "factor": factor}
    bars["money"] = volume * close
    bars["circulating_market_cap"] = rng.uniform(50, 90, (stocks, 1)) * np.ones_like(close)
    for stock in range(0, stocks, 3):  # halts: everything stands still, no volume
        start = int(rng.integers(0, days - 60))
        span = slice(start, start + int(rng.integers(1, 60)))
        for name in ("open", "high", "low", "close", "factor"):
            bars[name][stock, span] = bars[name][stock, start]
        for name in ("volume", "money"):
            bars[name][stock, span] = 0.0
    for stock in range(1, stocks, 4):  # listed late
        for array in bars.values():
            array[stock, : int(rng.integers(1, days // 2))] = np.nan
    bars["benchmark"] = 3000 * np.exp(np.cumsum(rng.normal(0, 0.01, (1, days)), axis=1))
    return bars


def random_lists(count: int, seed: int, vocabulary: str = "v2", length: int = 12) -> list[tuple[int, ...]]:
    """Return ``count`` repaired random token lists."""
    rng = np.random.default_rng(seed)
    size = len(language.token_names(vocabulary))
    raw = rng.integers(0, size, (count, length)).tolist()
    return [language.repair(tokens, vocabulary).repaired for tokens in raw]


def same_bits(x: np.ndarray, y: np.ndarray) -> bool:
    """Tell whether two float64 arrays have the same bits; NaN equals NaN."""
    x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
    return x.shape == y.shape and bool(np.all((x.view(np.int64) == y.view(np.int64)) | (np.isnan(x) & np.isnan(y))))
