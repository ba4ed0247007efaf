"""Price rules of the Shanghai and Shenzhen exchanges: boards, daily limits, the ex-reference price.

Prices here are whole fen (0.01 CNY) in integers, so that rounding half up is exact; a float never decides a
tick.

    limit price          = pre_close × (1 ± rate), half up to 0.01, at least one tick away
    ex-reference price   = (previous close − cash per old share) ÷ (shares after ÷ shares before), half up to
    0.01

Sources: SSE and SZSE trading rules, sections on price limits and ex-rights; STAR market opening 2019-07-22;
ChiNext registration reform 2020-08-24; full registration reform of the main boards 2023-04-10.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

MAIN, CHINEXT, STAR = 0, 1, 2
BOARD_OF_PREFIX: Final = {"300": CHINEXT, "301": CHINEXT, "302": CHINEXT, "688": STAR, "689": STAR}

# board, from, limit in percent, limit in percent while under special treatment (ST)
LIMITS: Final = (
    (MAIN, "1996-12-16", 10, 5),
    (CHINEXT, "2009-10-30", 10, 5),
    (CHINEXT, "2020-08-24", 20, 20),
    (STAR, "2019-07-22", 20, 20),
)
# board, listed from: no limit on the first five trading days
FREE_FIRST_DAYS: Final = ((STAR, "2019-07-22"), (CHINEXT, "2020-08-24"), (MAIN, "2023-04-10"))
FREE_DAYS: Final = 5
# before that reform: the first trading day only
FIRST_DAY_UP, FIRST_DAY_DOWN = 44, 36
NO_LIMIT: Final = 0


def board_of(code: str) -> int:
    """Return MAIN, CHINEXT or STAR from the first three digits of a code."""
    return BOARD_OF_PREFIX.get(code[:3], MAIN)


def limit_percent(codes: Sequence[str], days: np.ndarray, is_st: np.ndarray) -> np.ndarray:
    """Return the ordinary daily limit in whole percent, int (stocks, days); new listings are ignored."""
    boards = np.array([board_of(code) for code in codes])
    percent = np.full(is_st.shape, 10)
    for board, since, ordinary, special in LIMITS:
        cells = (boards == board)[:, np.newaxis] & (days >= np.datetime64(since))
        percent = np.where(cells, np.where(is_st, special, ordinary), percent)
    return percent


def has_free_first_days(code: str, listed: np.datetime64) -> bool:
    """True when a stock listed on that day trades five days without limits."""
    board = board_of(code)
    return any(board == one and listed >= np.datetime64(since) for one, since in FREE_FIRST_DAYS)


def limit_up(pre_close: np.ndarray, percent: np.ndarray | int) -> np.ndarray:
    """Return the upper limit in fen from ``pre_close`` in fen."""
    return np.maximum(half_up(pre_close * (100 + np.asarray(percent)), 100), pre_close + 1)


def limit_down(pre_close: np.ndarray, percent: np.ndarray | int) -> np.ndarray:
    """Return the lower limit in fen from ``pre_close`` in fen, never below one fen."""
    return np.maximum(np.minimum(half_up(pre_close * (100 - np.asarray(percent)), 100), pre_close - 1), 1)


def ex_reference(close: np.ndarray, cash_mills: np.ndarray, ratio_tenths: np.ndarray) -> np.ndarray:
    """Return the ex-reference price in fen.

    ``close`` in fen, ``cash_mills`` in 0.001 CNY per old share, ``ratio_tenths`` = 10 × shares after ÷ shares
    before.
    """
    return half_up(close * 10 - cash_mills, ratio_tenths)


def half_up(numerator: np.ndarray, denominator: np.ndarray | int) -> np.ndarray:
    """Return numerator ÷ denominator rounded half up, in integers, for values that are not negative."""
    return (2 * numerator + denominator) // (2 * np.asarray(denominator))


def to_fen(price: np.ndarray) -> np.ndarray:
    """Return CNY as whole fen; for prices that lie on the 0.01 grid."""
    return np.rint(np.asarray(price, dtype=np.float64) * 100).astype(np.int64)


def to_yuan(fen: np.ndarray) -> np.ndarray:
    """Return whole fen as CNY: the float64 nearest to the two-decimal number."""
    return np.asarray(fen) / 100.0
