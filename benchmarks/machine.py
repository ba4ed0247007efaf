"""What one core of this machine does: the yardsticks of a roofline."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from numba import njit


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the median CPU time of a call."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


@njit(cache=True, fastmath=True)
def _triad(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    for place in range(len(a)):
        a[place] = b[place] + 3.0 * c[place]


@njit(cache=True, fastmath=True)
def _triads(a: np.ndarray, b: np.ndarray, c: np.ndarray, rounds: int) -> None:
    for round_ in range(rounds):
        scale = 3.0 + round_
        for place in range(len(a)):
            a[place] = b[place] + scale * c[place]


@njit(cache=True, fastmath=True)
def _multiply_add(x: np.ndarray, rounds: int) -> None:
    for _ in range(rounds):
        for place in range(len(x)):
            x[place] = x[place] * 0.999 + 0.001


def measure_machine() -> dict[str, float]:
    """Return STREAM triad from memory and from the L1 cache in GB/s, fused multiply-add from L1 in GFLOP/s."""
    a, b, c = (np.ones(8_000_000) for _ in range(3))
    _triad(a, b, c)
    triad = median_seconds(lambda: _triad(a, b, c), 5)
    x, y, z = (np.ones(1_200) for _ in range(3))
    _triads(x, y, z, 1)
    near = median_seconds(lambda: _triads(x, y, z, 50_000), 5)
    small = np.ones(2_048)
    _multiply_add(small, 1)
    fma = median_seconds(lambda: _multiply_add(small, 50_000), 5)
    return {
        "triad_gb_s": 3 * 8 * 8e6 / triad / 1e9,
        "triad_l1_gb_s": 3 * 8 * 1_200 * 50_000 / near / 1e9,
        "fma_gflop_s": 2 * 2_048 * 50_000 / fma / 1e9,
    }
