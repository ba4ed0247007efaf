"""The compiled loops behind the monthly top-K portfolio: rank, trade, let it grow, for many formulas in one call.

A holding is a short list of rows, ascending; only stocks that are held or chosen are touched, in the order of rows.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

# One file for all loops: numba's cache does not notice a change of a function in another file.
_compiled = njit(cache=True, nogil=True)


@_compiled
def _ranks_first(row, other, first, places):
    if first[row] != first[other]:
        return first[row]
    return places[row] < places[other]


@_compiled
def _best(scores, places, first, k, chosen, best):
    """Fill ``chosen`` (k + 1) with the best rows of one month in rank order, ``best`` with their scores.

    Equal scores rank by ``first`` (rows that win a tie), then by ``places``. Returns how many are chosen and whether
    the cut falls into a tie.
    """
    found, cut = 0, -math.inf
    for row in range(len(scores)):
        score = scores[row]
        if not score >= cut:  # NaN too
            continue
        place = found
        while place > 0 and score >= best[place - 1]:
            other = chosen[place - 1]
            if score == best[place - 1] and _ranks_first(other, row, first, places):
                break
            if place <= k:
                best[place], chosen[place] = best[place - 1], other
            place -= 1
        if place <= k:
            best[place], chosen[place] = score, row
            found = min(found + 1, k + 1)
            cut = best[k] if found > k else cut
    return min(found, k), found > k and best[k] == best[k - 1]


@_compiled
def choose_all(scores, places, k, chosen_mask):
    """Mark the k best of each month, nobody held: scores, places and mask (R, stocks)."""
    first = np.zeros(scores.shape[1], np.bool_)
    chosen, best = np.zeros(k + 1, np.int64), np.zeros(k + 1)
    for month in range(len(scores)):
        number, _ = _best(scores[month], places[month], first, k, chosen, best)
        for place in range(number):
            chosen_mask[month, chosen[place]] = True


@_compiled
def _spread(scores):
    """Return how many scores there are and whether two of them differ."""
    scored, lowest, highest = 0, math.inf, -math.inf
    for row in range(len(scores)):
        score = scores[row]
        scored += score == score
        lowest = score if score < lowest else lowest
        highest = score if score > highest else highest
    return scored, highest > lowest


@_compiled
def _insert(rows, count, row):
    """Insert a row into an ascending list unless it is there; return the new length."""
    place = count
    while place > 0 and rows[place - 1] > row:
        place -= 1
    if place > 0 and rows[place - 1] == row:
        return count
    for later in range(count, place, -1):
        rows[later] = rows[later - 1]
    rows[place] = row
    return count + 1


@_compiled
def _mixed(month, row):
    """Return 64 bits that stand for one row in one month (the finaliser of splitmix64)."""
    x = (np.uint64(month) << np.uint64(32)) + np.uint64(row) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@_compiled
def _trade_one(scores, market, rules, chosen, best, first, held, wanted, rows, outcome):
    """Month by month: sell what left the choice, trim, buy in rank order with what is there, let it grow.

    A purchase is cut to the cash that is left; its costs are not reserved, so cash may end slightly below zero.
    """
    places, buyable, sellable, growth, payout, impact = market
    k, held_first, buy_cost, sell_cost = rules
    returns, turnover, cut_in_tie, scored, distinct, choice = outcome
    months = len(growth)
    count, cash = 0, 1.0
    held[:], wanted[:], first[:] = 0.0, 0.0, False
    for month in range(months):
        number, cut_in_tie[month] = _best(scores[month], places[month], first, k, chosen, best)
        scored[month], distinct[month] = _spread(scores[month])
        value = cash
        for place in range(count):
            value += held[rows[place]]
        for place in range(number):
            wanted[chosen[place]] = value / k
            choice[month] += _mixed(month, chosen[place])
            count = _insert(rows, count, chosen[place])
        for place in range(count):
            row = rows[place]
            if not buyable[month, row]:
                wanted[row] = min(wanted[row], held[row])
            if not sellable[month, row]:
                wanted[row] = max(wanted[row], held[row])
            if wanted[row] < held[row]:
                sold = held[row] - wanted[row]
                cash += sold * (1.0 - sell_cost - impact[month, row] * sold)
                held[row] = wanted[row]
        buys = 0.0
        for place in range(number):
            row = chosen[place]
            bought = min(wanted[row] - held[row], max(cash, 0.0))
            cash -= bought * (1.0 + buy_cost + impact[month, row] * bought)
            held[row] += bought
            buys += bought
        kept = 0
        for place in range(count):
            row = rows[place]
            cash += held[row] * payout[month, row]
            held[row] = held[row] * (1.0 + growth[month, row] - payout[month, row])
            wanted[row], first[row] = 0.0, held_first and held[row] > 0.0
            if held[row] > 0.0:
                rows[kept] = row
                kept += 1
        count = kept
        after = cash
        for place in range(count):
            after += held[rows[place]]
        returns[month] = after / value - 1.0
        turnover[month] = buys / value


@_compiled
def trade(scores, members, market, rules, returns, turnover, cut_in_tie, scored, distinct, choice):
    """Trade formulas: scores (formulas, stocks, R), NaN without a score; members (stocks, R).

    ``market``: tie order, buyable and sellable (R, stocks), growth and the part of it that is paid in cash (R - 1,
    stocks), impact (R, stocks), the rate per unit of traded value that comes on top. ``rules``: K, held first, cost
    of buying, cost of selling. The other arrays (formulas, R - 1) are filled; ``choice`` with 64 bits a month that
    are equal when the chosen rows are.
    """
    formulas, stocks, days = scores.shape
    ranked = np.empty((days, stocks))
    chosen, best = np.zeros(rules[0] + 1, np.int64), np.zeros(rules[0] + 1)
    first, rows = np.zeros(stocks, np.bool_), np.zeros(stocks, np.int64)
    held, wanted = np.zeros(stocks), np.zeros(stocks)
    for formula in range(formulas):
        for row in range(stocks):
            for day in range(days):
                ranked[day, row] = scores[formula, row, day] if members[row, day] else math.nan
        month = (returns[formula], turnover[formula], cut_in_tie[formula], scored[formula], distinct[formula])
        _trade_one(ranked, market, rules, chosen, best, first, held, wanted, rows, (*month, choice[formula]))
