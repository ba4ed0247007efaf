"""The compiled loops behind neutral scores: the same steps as jq_strategy/neutral.py, bit for bit, for many formulas.

A day's *rows* are the stocks that may take part (members with all exposures); a formula's *places* are those of them
that have a score. The orthogonal columns of a day depend on the places alone, so they are made once for all formulas
that have scores for the same stocks; after that a formula and day cost one sort and a product a style.

Sums of grid parts are exact in any order, so their loops may be reordered (fastmath reassoc) and run vectorised;
everything else is compiled as written.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from jq_strategy.exact import RELATIVE_FLOOR, ROUNDING_FLOOR
from jq_strategy.neutral import COARSE, FINE, LAST, LEAST

# One file for all loops: numba's cache does not notice a change of a function in another file.
_compiled = njit(cache=True, nogil=True, error_model="numpy")

_SIGN = np.uint64(1 << 63)
_BYTE = np.uint64(255)
_DIGITS = 8  # of 8 bits each
_FIRST_TRY = 5  # digits below this one are left to insertion: what differs there is rare, unless scores are clustered


@_compiled
def _by_digits(keys, order, n, lowest, counts):
    """Sort keys[0, :n] and order[0, :n] by the digits from ``lowest`` up; return in which of two rows they are."""
    counts[:] = 0
    for place in range(n):
        for digit in range(lowest, _DIGITS):
            counts[digit, (keys[0, place] >> np.uint64(8 * digit)) & _BYTE] += 1
    now = 0
    for digit in range(lowest, _DIGITS):
        shift, total = np.uint64(8 * digit), 0
        if counts[digit, (keys[now, 0] >> shift) & _BYTE] == n:
            continue
        for value in range(256):
            counts[digit, value], total = total, total + counts[digit, value]
        for place in range(n):
            value = (keys[now, place] >> shift) & _BYTE
            target = counts[digit, value]
            counts[digit, value] = target + 1
            keys[1 - now, target], order[1 - now, target] = keys[now, place], order[now, place]
        now = 1 - now
    return now


@_compiled
def _by_insertion(keys, order, n, moves):
    """End the sort of nearly sorted keys (n,) and order (n,); return whether ``moves`` moves were enough."""
    for place in range(1, n):
        key, which, back = keys[place], order[place], place
        while back > 0 and keys[back - 1] > key:
            keys[back], order[back] = keys[back - 1], order[back - 1]
            back -= 1
        keys[back], order[back] = key, which
        moves -= place - back
        if moves < 0:
            return False
    return True


@_compiled
def _sorted_places(x, order, keys, work, counts):
    """Sort the places of x, smallest value first; return the row of ``order`` and ``keys`` where they are.

    Keys are whole numbers that compare like the values.
    """
    n, lowest = len(x), _FIRST_TRY
    bits = work[0, :n]
    for place in range(n):
        bits[place] = x[place] + 0.0  # one zero
    raw = bits.view(np.uint64)
    while True:
        for place in range(n):
            keys[0, place], order[0, place] = raw[place] ^ _SIGN if raw[place] < _SIGN else ~raw[place], place
        now = _by_digits(keys, order, n, lowest, counts)
        if lowest == 0 or _by_insertion(keys[now], order[now], n, 4 * n):
            return now
        lowest = 0


@_compiled
def _rank(keys, order, n, out):
    """The kernel's rank_place of values whose places and keys in ascending order are given."""
    start, others = 0, max(n - 1.0, 1.0)
    while start < n:
        key, stop = keys[start], start + 1
        while stop < n and keys[stop] == key:
            stop += 1
        rank = (start - (n - stop)) / others
        for place in range(start, stop):
            out[order[place]] = rank
        start = stop


@_compiled
def _tree_sum(box, size):
    """The kernel's stock_sum of box[:size], a power of two; overwrites it."""
    while size > 1:
        size //= 2
        near, far = box[:size], box[size : 2 * size]
        for place in range(size):
            near[place] = near[place] + far[place]
    return box[0]


@_compiled
def _zscore(x, order, box, out):
    """The kernel's ZSCORE of x: sums run over the sorted values."""
    n, size, largest = len(x), 1, 0.0
    while size < n:
        size *= 2
    box[:size] = 0.0
    for place in range(n):
        box[place] = x[order[place]]
        largest = max(largest, abs(x[place]))
    mean = _tree_sum(box, size) / n
    box[:size] = 0.0
    for place in range(n):
        distance = x[order[place]] - mean
        box[place] = distance * distance
    deviation = np.sqrt(_tree_sum(box, size) / max(n - 1.0, 1.0))
    scale = deviation + (RELATIVE_FLOOR * largest + ROUNDING_FLOOR)
    for place in range(n):
        value = (x[place] - mean) / scale
        out[place] = value if abs(value) < math.inf else 0.0


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc"})
def _sum(x):
    """Add multiples of one grid: exact, so the order is left to the compiler."""
    total = 0.0
    for place in range(len(x)):
        total += x[place]
    return total


@_compiled
def _pool_sum_of_product(x, y, work):
    """The kernel's pool_sum of x * y."""
    high, low = work[0, : len(x)], work[1, : len(x)]
    for place in range(len(x)):
        product = x[place] * y[place]
        coarse = (product + COARSE) - COARSE
        high[place], low[place] = coarse, ((product - coarse) + FINE) - FINE
    return _sum(high) + _sum(low)


@_compiled
def _centre(x, groups, sums):
    """Take the mean of its group out of each value, in place; sums: (3, groups)."""
    sums[:] = 0.0
    for place in range(len(x)):
        coarse = (x[place] + COARSE) - COARSE
        group = groups[place]
        sums[0, group] += coarse
        sums[1, group] += ((x[place] - coarse) + FINE) - FINE
        sums[2, group] += 1.0
    for group in range(sums.shape[1]):
        sums[0, group] = (sums[0, group] + sums[1, group]) / max(sums[2, group], 1.0)
    for place in range(len(x)):
        x[place] = x[place] - sums[0, groups[place]]


@_compiled
def _project(x, columns, squares, count, work):
    """Take the projection on each of the first ``count`` columns out of x, in place; a square of 0 is left out."""
    for style in range(count):
        if squares[style] > 0.0:
            column = columns[style, : len(x)]
            share = _pool_sum_of_product(column, x, work) / squares[style]
            for place in range(len(x)):
                x[place] = x[place] - column[place] * share


@_compiled
def _standardise(x, ranked, order, keys, work, counts, out):
    now = _sorted_places(x, order, keys, work, counts)
    if ranked:
        _rank(keys[now], order[now], len(x), out)
    else:
        _zscore(x, order[now], work[2], out)


@_compiled
def _make_columns(exposures, rows, groups, ranked, columns, squares, sums, order, keys, work, counts):
    """Fill columns (styles, places) and squares, 0 for a style that is left out, from exposures (styles, stocks)."""
    n = len(rows)
    for style in range(len(exposures)):
        x, column = work[3, :n], columns[style, :n]
        for place in range(n):
            x[place] = exposures[style, rows[place]]
        _standardise(x, ranked, order, keys, work, counts, column)
        _centre(column, groups, sums)
        before = _pool_sum_of_product(column, column, work)
        _project(column, columns, squares, style, work)
        after = _pool_sum_of_product(column, column, work)
        squares[style] = after if after > LEAST * before else 0.0


@_compiled
def neutralise(scores, usable, exposures, industries, number, ranked, out):
    """Fill ``out`` (formulas, stocks, R) with the neutral scores of ``scores``, NaN for who does not take part.

    ``usable`` (R, stocks): members with all exposures and an industry. ``exposures`` (R, styles, stocks);
    ``industries`` (R, stocks), 0 ... number - 1, all 0 where the mean of the pool is taken out.
    """
    formulas, stocks, days = scores.shape
    styles = exposures.shape[1]
    by_day, done = np.empty((days, stocks)), np.empty((days, stocks))
    known_rows, counted = np.zeros((days, stocks), np.int64), np.full(days, -1)
    columns, squares = np.zeros((days, styles, stocks)), np.zeros((days, styles))
    groups = np.zeros((days, stocks), np.int64)
    size = 1
    while size < stocks:
        size *= 2
    order, keys = np.empty((2, stocks), np.int64), np.empty((2, stocks), np.uint64)
    work, counts = np.empty((5, size)), np.empty((_DIGITS, 256), np.int64)
    sums, rows = np.empty((3, number)), np.empty(stocks, np.int64)
    for formula in range(formulas):
        for row in range(stocks):
            for day in range(days):
                by_day[day, row] = scores[formula, row, day]
        for day in range(days):
            n, same, value = 0, True, by_day[day]
            for row in range(stocks):
                if usable[day, row] and abs(value[row]) < math.inf:
                    same = same and known_rows[day, n] == row
                    rows[n] = row
                    n += 1
            if not same or n != counted[day]:
                counted[day] = n
                for place in range(n):
                    known_rows[day, place], groups[day, place] = rows[place], industries[day, rows[place]]
                _make_columns(
                    *(exposures[day], rows[:n], groups[day, :n], ranked, columns[day], squares[day]),
                    *(sums, order, keys, work, counts),
                )
            x, left = work[3, :n], work[4, :n]
            for place in range(n):
                x[place] = value[rows[place]]
            if n > 0:
                _standardise(x, ranked, order, keys, work, counts, left)
            _centre(left, groups[day, :n], sums)
            _project(left, columns[day], squares[day], styles, work)
            done[day] = math.nan
            for place in range(n):
                done[day, rows[place]] = ((left[place] + LAST) - LAST) + 0.0
        for row in range(stocks):
            for day in range(days):
                out[formula, row, day] = done[day, row]
