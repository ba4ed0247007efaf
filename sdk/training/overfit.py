"""How much of a backtest is luck: probabilistic and deflated Sharpe ratio, probability of backtest overfitting.

With n returns a month, mean ÷ deviation SR (not annualised, ddof = 1), skewness g3 and kurtosis g4 (3 = normal):

    PSR(SR*)  = Φ( (SR − SR*) √(n − 1) ÷ √(1 − g3 SR + (g4 − 1) ÷ 4 · SR²) )      chance that the true one is > SR*
    SR0       = √V · ((1 − γ) Φ⁻¹(1 − 1/N) + γ Φ⁻¹(1 − 1/(N e)))                   the best of N trials without skill
    DSR       = PSR(SR0)

V is the variance of the Sharpe ratios of the trials, N their number, γ the Euler-Mascheroni constant. N counts
independent trials; formulas that hold the same stocks are one trial (the caller counts distinct portfolios).

PBO by combinatorially symmetric cross-validation: the months are cut into S equal blocks; for each choice of S/2
blocks the candidate that is best on them is ranked on the other half, ω = rank ÷ (N + 1), λ = ln(ω ÷ (1 − ω)), and
PBO is the share of choices with λ ≤ 0: the best in sample is no better than the median out of sample.

Sources: Bailey and López de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15 (2012); the same, "The
Deflated Sharpe Ratio", Journal of Portfolio Management 40 (2014); Bailey, Borwein, López de Prado and Zhu, "The
Probability of Backtest Overfitting", Journal of Computational Finance 20 (2017).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist

import numpy as np

from sdk.errors import ConfigError

_NORMAL = NormalDist()
_EULER = 0.5772156649015329
_MOST_BLOCKS, _FEWEST_BLOCKS = 12, 4  # 924 … 6 choices


def sharpe(returns: np.ndarray) -> np.ndarray:
    """Return mean ÷ deviation along the last axis; 0 where nothing varies or a single return is known."""
    values = np.asarray(returns, dtype=np.float64)
    if values.shape[-1] < 2:
        return np.zeros(values.shape[:-1])
    deviation = values.std(axis=-1, ddof=1)
    varies = deviation > 1e-12 * np.maximum(1e-300, np.abs(values).max(axis=-1))
    return np.where(varies, values.mean(axis=-1) / np.where(varies, deviation, 1.0), 0.0)


def probabilistic_sharpe(returns: np.ndarray, threshold: float = 0.0) -> float:
    """Return the probability that the true Sharpe ratio of monthly ``returns`` (n,) exceeds ``threshold``.

    0 where fewer than three returns are known or nothing varies: that proves nothing.
    """
    values = np.asarray(returns, dtype=np.float64)
    ratio = float(sharpe(values))
    if len(values) < 3 or ratio == 0.0:
        return 0.0
    centred = values - values.mean()
    variance = float(np.mean(centred**2))
    skewness, kurtosis = float(np.mean(centred**3)) / variance**1.5, float(np.mean(centred**4)) / variance**2
    return chance_above(ratio, threshold, len(values), skewness, kurtosis)


def chance_above(ratio: float, threshold: float, n: int, skewness: float, kurtosis: float) -> float:
    """Return PSR(threshold) of a Sharpe ratio measured on ``n`` returns of the given skewness and kurtosis."""
    # 1 − g3 SR + (g4 − 1)/4 SR² ≥ 0 because g4 ≥ 1 + g3²; it is 0 for a few two-valued series only.
    error = math.sqrt(max(1.0 - skewness * ratio + (kurtosis - 1.0) / 4.0 * ratio**2, 1e-12))
    return _NORMAL.cdf((ratio - threshold) * math.sqrt(n - 1) / error)


def expected_maximum_sharpe(trials: int, variance: float) -> float:
    """Return SR0, the expected best Sharpe ratio of ``trials`` without skill; 0 for a single one."""
    if trials < 2 or variance <= 0.0:
        return 0.0
    first, second = _NORMAL.inv_cdf(1.0 - 1.0 / trials), _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return math.sqrt(variance) * ((1.0 - _EULER) * first + _EULER * second)


def deflated_sharpe(returns: np.ndarray, trials: int, variance: float) -> float:
    """Return the probability that a Sharpe ratio is more than the luck of the best of ``trials``."""
    return probabilistic_sharpe(returns, expected_maximum_sharpe(trials, variance))


def luck_of_a_walk(place: int, variance: float, months: int) -> tuple[int, float]:
    """Return trials and variance for the candidate at ``place`` (from 0) of an order made without its returns.

    Who walks down an order until a candidate passes has looked at place + 1 of them. One more is counted and the
    variance is at least that of chance alone, 1 ÷ (n − 1): then a walk over candidates without skill ends in a pass
    in at most 5 % of cases at 0.95, whether they are alike or not (measured on simulated walks,
    tests/training/test_overfit.py).
    """
    return place + 2, max(variance, 1.0 / max(1, months - 1))


@dataclass(frozen=True)
class Overfitting:
    """The result of the cross-validation of candidates over months.

    ``probability`` (PBO); ``choices`` made, of ``blocks`` blocks of ``months`` months each; ``loss``: the share of
    choices in which the best in sample has a negative Sharpe ratio out of sample.
    """

    probability: float
    loss: float
    choices: int
    blocks: int
    months: int
    candidates: int


def backtest_overfitting(returns: np.ndarray, blocks: int | None = None) -> Overfitting | None:
    """Return the probability of overfitting of candidates over months: ``returns`` (candidates, months).

    ``blocks`` is even; by default the most that leave two months a block, at most 12. The oldest months that fill no
    block are left out. None where there are fewer than two candidates or fewer than 8 months. The first of equals is
    the best in sample; equal ones share their mean rank out of sample. ConfigError for blocks that cannot be.
    """
    values = np.asarray(returns, dtype=np.float64)
    candidates, months = values.shape
    if candidates < 2 or months < 2 * _FEWEST_BLOCKS:
        return None
    if blocks is None:
        blocks = min(_MOST_BLOCKS, months // 4 * 2)
    if blocks < 2 or blocks % 2 or months // blocks < 1:
        raise ConfigError(f"blocks = {blocks}: must be even and at most the {months} months")
    length = months // blocks
    parts = values[:, months - blocks * length :].reshape(candidates, blocks, length)
    sums, squares = parts.sum(axis=2), (parts**2).sum(axis=2)
    logits, losses = [], 0
    for inside in combinations(range(blocks), blocks // 2):
        chosen = np.zeros(blocks, dtype=bool)
        chosen[list(inside)] = True
        best = int(np.argmax(_sharpe_of(sums, squares, chosen, length)))
        outside = _sharpe_of(sums, squares, ~chosen, length)
        rank = (outside < outside[best]).sum() + ((outside == outside[best]).sum() + 1) / 2
        share = rank / (candidates + 1)
        logits.append(math.log(share / (1.0 - share)))
        losses += bool(outside[best] < 0.0)
    count = len(logits)
    below = sum(logit <= 0.0 for logit in logits)
    return Overfitting(below / count, losses / count, count, blocks, length, candidates)


def _sharpe_of(sums: np.ndarray, squares: np.ndarray, chosen: np.ndarray, length: int) -> np.ndarray:
    """Return the Sharpe ratios (candidates,) over the chosen blocks, from their sums and sums of squares."""
    n = int(chosen.sum()) * length
    mean = sums[:, chosen].sum(axis=1) / n
    variance = (squares[:, chosen].sum(axis=1) - n * mean**2) / max(1, n - 1)
    return np.where(variance > 1e-16, mean / np.sqrt(np.where(variance > 1e-16, variance, 1.0)), 0.0)


def distinct_series(returns: np.ndarray) -> int:
    """Return how many different rows ``returns`` (candidates, months) has: formulas that earn the same are one."""
    return len(np.unique(np.asarray(returns, dtype=np.float64), axis=0))
