"""Ranks across stocks as compiled loops: the RankIC of scores with what followed, and fingerprints of behaviour.

RankIC of a month: the correlation of two rankings of the members with a score, by score on the signal day and by the
return from the open of the rebalance to the open of the next one. Equal values get the mean of their ranks (Spearman
with ties). Ranks are counted twice and from 0, so that a mean rank is a whole number and every sum is exact.

A month in which fewer than two members have a score, or all scores are equal, says nothing and counts as 0.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

# One file for all loops: numba's cache does not notice a change of a function in another file.
_compiled = njit(cache=True, nogil=True)

_DIGITS, _FIRST_BIT = 3, 40  # sign, exponent and 12 bits of the mantissa are sorted by digits, the rest by insertion
FINGERPRINT_DAYS, FINGERPRINT_STOCKS = 8, 64


@_compiled
def _sort(keys, rows, count, other_keys, other_rows, counts):
    """Sort the first ``count`` of uint64 ``keys`` and their rows, ascending; the other arrays are work space."""
    for digit in range(_DIGITS):
        shift = np.uint64(_FIRST_BIT + 8 * digit)
        counts[:] = 0
        for place in range(count):
            counts[(keys[place] >> shift) & np.uint64(255)] += 1
        if counts[(keys[0] >> shift) & np.uint64(255)] == count:
            continue
        before = 0
        for value in range(256):
            here = counts[value]
            counts[value] = before
            before += here
        for place in range(count):
            value = (keys[place] >> shift) & np.uint64(255)
            other_keys[counts[value]], other_rows[counts[value]] = keys[place], rows[place]
            counts[value] += 1
        for place in range(count):
            keys[place], rows[place] = other_keys[place], other_rows[place]
    for place in range(1, count):
        key, row, before = keys[place], rows[place], place
        while before > 0 and keys[before - 1] > key:
            keys[before], rows[before] = keys[before - 1], rows[before - 1]
            before -= 1
        keys[before], rows[before] = key, row


@_compiled
def _key(bits):
    """Turn the bits of a float64 that is not NaN into a uint64 that sorts like it; 0 and -0 are equal."""
    if bits == np.int64(-9223372036854775808):
        bits = np.int64(0)
    if bits < 0:
        return ~np.uint64(bits)
    return np.uint64(bits) | np.uint64(0x8000000000000000)


@_compiled
def _double_ranks(keys, rows, count, ranks):
    """Give each sorted row twice its mean rank from 0; return the sum of their squares."""
    squares, start = 0, 0
    while start < count:
        stop = start + 1
        while stop < count and keys[stop] == keys[start]:
            stop += 1
        for place in range(start, stop):
            ranks[rows[place]] = start + stop - 1
        squares += (stop - start) * (start + stop - 1) * (start + stop - 1)
        start = stop
    return squares


@_compiled
def _correlation(ranks, order, new_value, count, squares):
    """Correlate double ranks (-1 = no score) with the ranking in which ``order`` lists all rows ascending."""
    products, other_squares, passed, tied, total = 0, 0, 0, 0, 0
    for place in range(len(order) + 1):
        if place == len(order) or new_value[place]:
            rank = 2 * passed + tied - 1
            products += total * rank
            other_squares += tied * rank * rank
            passed += tied
            tied, total = 0, 0
        if place < len(order) and ranks[order[place]] >= 0:
            tied += 1
            total += ranks[order[place]]
    mean = count * (count - 1)  # the sum of double ranks
    variance = float(count * squares - mean * mean) * float(count * other_squares - mean * mean)
    return (count * products - mean * mean) / math.sqrt(variance) if variance > 0.0 else 0.0


@_compiled
def rank_ic(scores, bits, members, order, new_value, result):
    """Fill ``result`` (formulas, R - 1) with the RankIC of scores (formulas, stocks, R) in months.

    ``bits``: the scores as int64. ``order`` (R - 1, stocks) lists the rows by return, ascending; ``new_value`` is
    true where a return differs from the one before.
    """
    formulas, stocks, days = scores.shape
    keys, other_keys = np.empty((days, stocks), np.uint64), np.empty(stocks, np.uint64)
    rows, other_rows = np.empty((days, stocks), np.int32), np.empty(stocks, np.int32)
    ranks, counts, number = np.empty(stocks, np.int64), np.empty(256, np.int64), np.empty(days, np.int64)
    for formula in range(formulas):
        number[:] = 0
        for row in range(stocks):
            for day in range(days):
                if members[row, day] and scores[formula, row, day] == scores[formula, row, day]:
                    keys[day, number[day]] = _key(bits[formula, row, day])
                    rows[day, number[day]] = row
                    number[day] += 1
        for month in range(len(order)):
            count = number[month]
            result[formula, month] = 0.0
            if count < 2:
                continue
            _sort(keys[month], rows[month], count, other_keys, other_rows, counts)
            ranks[:] = -1
            squares = _double_ranks(keys[month], rows[month], count, ranks)
            result[formula, month] = _correlation(ranks, order[month], new_value[month], count, squares)


@_compiled
def fingerprints(scores, bits, days, sample, result):
    """Fill ``result`` (formulas, days x sampled rows) with ranks, mean 0 a day and norm 1 in all.

    ``sample`` (days, rows): who is looked at on each of ``days``. Without a score: 0; all scores equal: all 0.
    """
    width = sample.shape[1]
    keys, other_keys = np.empty(width, np.uint64), np.empty(width, np.uint64)
    rows, other_rows = np.empty(width, np.int32), np.empty(width, np.int32)
    ranks, counts = np.empty(width, np.int64), np.empty(256, np.int64)
    for formula in range(len(scores)):
        norm = 0.0
        for place in range(len(days)):
            count = 0
            for number in range(width):
                row, day = sample[place, number], days[place]
                if scores[formula, row, day] == scores[formula, row, day]:
                    keys[count], rows[count] = _key(bits[formula, row, day]), number
                    count += 1
            ranks[:] = count - 1
            if count > 0:
                _sort(keys, rows, count, other_keys, other_rows, counts)
                _double_ranks(keys, rows, count, ranks)
            for number in range(width):
                centred = float(ranks[number] - (count - 1))
                result[formula, place * width + number] = centred
                norm += centred * centred
        if norm > 0.0:
            for place in range(result.shape[1]):
                result[formula, place] /= math.sqrt(norm)
