"""The cast: which stocks there are, when they live, when they halt, when they are ST.

Everything that can happen is dealt out by quota, so that even a small market has each awkward thing at least
once: new listings on each board, delistings after a spell of ST, long and single-day halts, ST spells that
end and one that does not.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass

import numpy as np

from sdk.market.exchange_rules import (
    FIRST_DAY_DOWN,
    FIRST_DAY_UP,
    FREE_DAYS,
    NO_LIMIT,
    has_free_first_days,
    limit_percent,
)
from sdk.market.made.spec import RUN_UP_DAYS

STAR_OPENS, CHINEXT_REFORM = np.datetime64("2019-07-22"), np.datetime64("2020-08-24")
SINGLE_HALTS_A_DAY = 0.0006
KNOWN_CODES = frozenset(
    (
        *("000001.XSHE", "000333.XSHE", "000651.XSHE", "000858.XSHE", "002415.XSHE", "002594.XSHE"),
        *("300059.XSHE", "300750.XSHE", "600000.XSHG", "600030.XSHG", "600036.XSHG", "600519.XSHG", "600887.XSHG"),
        *("601166.XSHG", "601318.XSHG", "601398.XSHG", "603288.XSHG"),
    )
)
BOARDS = (("600", ".XSHG", 0.42), ("000", ".XSHE", 0.16), ("002", ".XSHE", 0.18), ("300", ".XSHE", 0.16))
# The best-known numbers of each board: strategies name them, so they come first when codes are dealt out.
WELL_KNOWN = {
    "600": """600519 601318 600036 601398 600000 601288 600030 601988 600900 601939 600276 601328 600887 601166 600016
        600028 600050 600104 601169 601088 600009 600585 601857 600015 603288 601818 601998 601888 600048 600309
        601012 601899 601668 601009 601601 603259 601211 600809 600406 600690""",
    "000": "000001 000002 000333 000651 000858 000725 000063 000568 000538 000625 000009 000338 000100 000166",
    "002": "002415 002594 002142 002714 002475 002304 002230 002352 002027 002007 002024 002241 002050 002460",
    "300": "300750 300059 300014 300274 300015 300124 300033 300760 300122 300142 300168 300253 300498 300003",
}


@dataclass(frozen=True)
class Cast:
    """Codes ascending; ``first`` and ``last`` are columns of the first and last bar; masks are (stocks,
    days).

    ``up`` and ``down`` are the daily limits in whole percent, 0 = no limit. ``listed`` is the listing date.
    """

    codes: tuple[str, ...]
    days: np.ndarray
    first: np.ndarray
    last: np.ndarray
    listed: np.ndarray
    paused: np.ndarray
    is_st: np.ndarray
    up: np.ndarray
    down: np.ndarray

    @property
    def alive(self) -> np.ndarray:
        """Which stocks have a bar on which day: bool (stocks, days)."""
        column = np.arange(len(self.days))
        return (column >= self.first[:, np.newaxis]) & (column <= self.last[:, np.newaxis])


def make_cast(stocks: int, days: np.ndarray, rng: np.random.Generator) -> Cast:
    """Deal out codes and fates."""
    total = len(days)
    codes, late = _codes(stocks, days, rng)
    first, last = np.zeros(stocks, dtype=np.int64), np.full(stocks, total - 1)
    listed = days[0] - rng.integers(200, 5000, stocks).astype("timedelta64[D]")
    for row in np.flatnonzero(late):
        earliest = _first_column(codes[row], days)
        first[row] = rng.integers(earliest, max(earliest + 1, total - 60))
        listed[row] = days[first[row]]
    old = rng.permutation(np.flatnonzero(~late))
    fates = _deal(old, (max(1, stocks // 40), max(2, stocks // 20), max(2, stocks // 8)))
    delisted, treated, halted = fates
    is_st, paused = np.zeros((stocks, total), dtype=bool), np.zeros((stocks, total), dtype=bool)
    for row in delisted:
        last[row] = rng.integers(RUN_UP_DAYS // 2, total - 5)
        is_st[row, max(0, last[row] - 120) : last[row] + 1] = True
    for order, row in enumerate(treated):
        begin = int(rng.integers(20, total - 40))
        is_st[row, begin : total if order == 0 else begin + int(rng.integers(120, 500))] = True
    for row in halted:
        begin = int(rng.integers(20, total - 20))
        paused[row, begin : min(begin + int(rng.integers(8, 120)), last[row] - 3)] = True
    paused |= rng.random((stocks, total)) < SINGLE_HALTS_A_DAY
    column = np.arange(total)
    paused &= (column > first[:, np.newaxis] + 10) & (column < last[:, np.newaxis] - 2)
    up, down = _limits(codes, days, is_st, first, late)
    return Cast(codes, days, first, last, listed, paused, is_st, up, down)


def _codes(stocks: int, days: np.ndarray, rng: np.random.Generator) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the codes and which of them list late; STAR only when the market lives to see that board."""
    star = max(1, round(stocks * 0.08)) if days[-1] > STAR_OPENS + np.timedelta64(90, "D") else 0
    counts = [max(1, round((stocks - star) * share / 0.92)) for _, _, share in BOARDS]
    counts[0] += stocks - star - sum(counts)
    codes, late = [], []
    for (prefix, place, _), count in zip(BOARDS, counts, strict=True):
        numbers = rng.choice(np.arange(1, 1000), count, replace=False) if count < 1000 else np.arange(count)
        codes += [f"{number}{place}" for number in _numbers(prefix, numbers.tolist())]
        late += [order < max(1, round(count * 0.08)) for order in range(count)]
    codes += [f"{688001 + number}.XSHG" for number in rng.choice(900, star, replace=False)]
    late += [days[0] < STAR_OPENS or order < max(1, star // 4) for order in range(star)]
    order = np.argsort(codes)
    later = np.array(late)[order]
    return _with_known_codes([codes[one] for one in order], later), later


def _with_known_codes(ascending: list[str], late: np.ndarray) -> tuple[str, ...]:
    """Give stocks the codes that strategies name by hand, the nearest of the same board each; the order stays."""
    codes = list(ascending)
    for known in sorted(KNOWN_CODES, reverse=True):
        place = bisect.bisect_left(codes, known)
        near = [
            row
            for row in (place, place - 1)
            if 0 <= row < len(codes)
            and (codes[row][:2], codes[row][-4:]) == (known[:2], known[-4:])
            and codes[row] not in KNOWN_CODES
            and not late[row]
        ]
        if known not in codes and near:
            codes[near[0]] = known
    return tuple(codes)


def _numbers(prefix: str, drawn: list[int]) -> list[str]:
    """Return six-digit numbers: at the end, up to half of them, the well-known ones instead of those drawn."""
    known = WELL_KNOWN[prefix].split()[: len(drawn) // 2]
    rest = [f"{int(prefix + '000') + number:06d}" for number in drawn]
    rest = [number for number in rest if number not in known]
    return [*rest[: len(drawn) - len(known)], *known]


def _first_column(code: str, days: np.ndarray) -> int:
    """Return the earliest column at which a late stock may list: within the run-up, not before its board."""
    opens = {"688": STAR_OPENS, "300": CHINEXT_REFORM}.get(code[:3], days[0])
    column = int(np.searchsorted(days, opens))
    usable = column if column < len(days) - 70 else 0
    return max(usable, min(RUN_UP_DAYS // 2, len(days) // 3))


def _deal(rows: np.ndarray, quotas: tuple[int, ...]) -> list[np.ndarray]:
    """Give each quota its own rows, one after the other."""
    stops = np.cumsum(quotas)
    return [rows[stop - quota : stop] for quota, stop in zip(quotas, stops, strict=True)]


def _limits(
    codes: tuple[str, ...], days: np.ndarray, is_st: np.ndarray, first: np.ndarray, late: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the upper and lower limits in percent, 0 where a new listing trades without one."""
    up = limit_percent(codes, days, is_st)
    down = up.copy()
    for row in np.flatnonzero(late):
        begin = first[row]
        if has_free_first_days(codes[row], days[begin]):
            up[row, begin : begin + FREE_DAYS] = down[row, begin : begin + FREE_DAYS] = NO_LIMIT
        else:
            up[row, begin], down[row, begin] = FIRST_DAY_UP, FIRST_DAY_DOWN
    return up, down
