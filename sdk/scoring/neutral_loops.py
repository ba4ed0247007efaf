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
_DIGITS = 5  # of 8 bits each, from the top: sign, exponent and 28 bits; the rest is put right by insertion


@_compiled
def _sorted_places(x, order, keys, work, counts):
    """Fill ``order`` with the places of x, smallest value first: a radix sort of the bits, ended by insertion."""
    n = len(x)
    bits = work[0]
    for place in range(n):
        bits[place] = x[place] + 0.0  # one zero
    raw = bits.view(np.uint64)
    counts[:] = 0
    for place in range(n):
        key = raw[place] ^ _SIGN if raw[place] < _SIGN else ~raw[place]
        keys[0, place], order[0, place] = key, place
        for digit in range(_DIGITS):
            counts[digit, (key >> np.uint64(24 + 8 * digit)) & np.uint64(255)] += 1
    now = 0
    for digit in range(_DIGITS):
        shift, total = np.uint64(24 + 8 * digit), 0
        if counts[digit, (keys[now, 0] >> shift) & np.uint64(255)] == n:
            continue
        for value in range(256):
            total, counts[digit, value] = total + counts[digit, value], total
        for place in range(n):
            value = (keys[now, place] >> shift) & np.uint64(255)
            target = counts[digit, value]
            counts[digit, value] = target + 1
            keys[1 - now, target], order[1 - now, target] = keys[now, place], order[now, place]
        now = 1 - now
    for place in range(1, n):
        key, which, back = keys[now, place], order[now, place], place
        while back > 0 and keys[now, back - 1] > key:
            keys[now, back], order[now, back] = keys[now, back - 1], order[now, back - 1]
            back -= 1
        keys[now, back], order[now, back] = key, which
    return now


@_compiled
def _rank(x, order, out):
    """The kernel's rank_place of x, whose places in ascending order are given."""
    n, start = len(x), 0
    others = max(n - 1.0, 1.0)
    while start < n:
        value, stop = x[order[start]], start + 1
        while stop < n and x[order[stop]] == value:
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
    now = _sorted_places(x, order, keys, work[:, : len(x)], counts)
    if ranked:
        _rank(x, order[now], out)
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
