"""The planted signal: a vocabulary formula whose value is paid out over the following month.

    C = DECAY(DECAY(PRESSURE)) − (DEV + LOG_VOL)    features as in the vocabulary, known after the close of a
    day S = cross-sectional z-score of C, clipped to ±3
    expected idiosyncratic return of the next day = strength × mean of the last 20 values of S

So each day's score is paid out in twenty equal parts from the next day on: a ranking at a month's end meets
the returns of the next month. Each of the three parts alone finds some of it; only the composition finds all.

The features here are a fast stand-in computed while the market is being made; the vocabulary's own definition
is the kernel's, and a test measures the kernel's formula on the finished market.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

FORMULA: Final = "(DECAY(DECAY(PRESSURE)) - (DEV + LOG_VOL))"
PARTS: Final = ("(-DEV)", "(-LOG_VOL)", "DECAY(DECAY(PRESSURE))")
TWICE_DECAYED: Final = np.convolve((0.6, 0.8, 1.0), (0.6, 0.8, 1.0))
PAYOUT_DAYS: Final = 20
NORMAL_DAYS: Final = 120
HISTORY_DAYS: Final = NORMAL_DAYS + 20
RETURN_PER_SCORE: Final = 0.0012
CLIP: Final = 3.0


class GivenScores:
    """Scores (stocks, days) that are known beforehand, paid out month by month.

    Expected own return of each day of a month = strength x the score of the last day of the month before: what a
    rebalance at the month's first open ranks by is just what the month pays, so nothing predicts it better.
    """

    def __init__(self, score: np.ndarray, days: np.ndarray) -> None:
        self.score = score
        months = days.astype("datetime64[M]")
        self._signal_day = np.searchsorted(months, months) - 1  # -1 in the first month

    def expected_return(self, day: int) -> np.ndarray:
        """Return the expected own return of ``day`` at strength 1, from the days before it only."""
        signal_day = self._signal_day[day]
        return RETURN_PER_SCORE * self.score[:, signal_day] if signal_day >= 0 else np.zeros(len(self.score))

    def learn(self, day: int, *bars: np.ndarray) -> None:
        """Nothing: the scores are given."""


class PlantedSignal:
    """Collects what each day's close makes known; (stocks, days) arrays, one more column a day."""

    def __init__(self, first: np.ndarray, total_days: int) -> None:
        self._first = first
        shape = (len(first), total_days)
        self._close, self._deviation = np.full(shape, np.nan), np.full(shape, np.nan)
        self._volume, self._pressure = np.full(shape, np.nan), np.zeros(shape)
        self.score = np.zeros(shape)

    def expected_return(self, day: int) -> np.ndarray:
        """Return the expected own return of ``day`` at strength 1, from the days before it only."""
        return RETURN_PER_SCORE * self.score[:, max(0, day - PAYOUT_DAYS) : day].sum(axis=1) / PAYOUT_DAYS

    def learn(
        self,
        day: int,
        adjusted_close: np.ndarray,
        adjusted_volume: np.ndarray,
        pressure: np.ndarray,
        active: np.ndarray,
    ) -> None:
        """Take in the bars of ``day``; ``active`` stocks with a history long enough are scored."""
        self._close[:, day] = adjusted_close
        self._volume[:, day] = np.log1p(adjusted_volume)
        self._pressure[:, day] = pressure
        mean = self._close[:, max(0, day - 19) : day + 1].mean(axis=1)
        self._deviation[:, day] = adjusted_close / mean - 1
        scored = active & (day - self._first >= HISTORY_DAYS)
        if scored.sum() < 5:
            return
        window = slice(day - NORMAL_DAYS + 1, day + 1)
        parts = robust(self._deviation[scored, window]) + robust(self._volume[scored, window])
        composite = self._pressure[scored, day - 4 : day + 1] @ TWICE_DECAYED - parts
        self.score[scored, day] = np.clip((composite - composite.mean()) / composite.std(), -CLIP, CLIP)


def robust(window: np.ndarray) -> np.ndarray:
    """Return the newest value of each row, minus the lower median, over the lower MAD, clipped to ±5."""
    middle = window.shape[1] // 2 - 1
    median = np.partition(window, middle, axis=1)[:, middle]
    spread = np.partition(np.abs(window - median[:, np.newaxis]), middle, axis=1)[:, middle]
    return np.clip((window[:, -1] - median) / (spread + 1e-9), -5.0, 5.0)


def monthly_rank_ic(score: np.ndarray, close: np.ndarray, days: np.ndarray) -> float:
    """Return the mean rank correlation of the score at each month's end with the next month's return.

    ``score`` and adjusted ``close`` are (stocks, days); stocks with a score of 0 or without a price are left
    out.
    """
    months = days.astype("datetime64[M]")
    ends = np.flatnonzero(months[1:] != months[:-1])
    found = []
    for now, later in pairwise(ends):
        gain = close[:, later] / close[:, now]
        known = (score[:, now] != 0) & ~np.isnan(gain)
        if known.sum() >= 5:
            found.append(np.corrcoef(_ranks(score[known, now]), _ranks(gain[known]))[0, 1])
    return float(np.mean(found)) if found else 0.0


def _ranks(values: np.ndarray) -> np.ndarray:
    return np.argsort(np.argsort(values, kind="stable"), kind="stable").astype(np.float64)
