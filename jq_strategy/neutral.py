"""Neutral scores: what is left of a score when industries and styles are taken out of it, day by day.

On one day, over the stocks of the pool that have a score, every exposure and (where industries are taken out) an
industry::

    1. score and styles -> rank in [-1, 1], ties averaged, or z-score      (standardised)
    2. each of them     -> less the mean of its industry, or of the pool   (centred)
    3. styles           -> each less its projection on those before it     (orthogonal: modified Gram-Schmidt)
    4. score            -> less its projection on each of these            (what is left: the residual)
    5. rounded to multiples of 2^-40, so that no order is made of rounding: a score that is explained entirely is 0

A style that the ones before it explain but for 1e-4 of its length is left out. Stocks that are equal in score,
exposures and industry stay equal; a stock that lacks one of them gets NaN and moves nobody.

Sums do not depend on the order of the pool: what is added is first rounded to a grid so coarse that no sum of a pool
needs more than 53 bits (``grid_parts``); what that rounding leaves is added on a finer grid in the same way. Such
sums are exact in any order and under any library. It holds for pools of up to 16,384 stocks, because columns
are at most sqrt(n) long: n values of at most 1, or z-scores, and neither mean nor projection makes them longer.

Shapes: (stocks, 1), one day. Runs on CPython 3.6 with numpy alone; the exported strategy contains these very lines.
"""

from jq_strategy.cross_section import INFINITE, ZSCORE
from jq_strategy.exact import LARGEST
from jq_strategy.inputs import NOT_A_NUMBER
from jq_strategy.primitives import absolute, both, group_sum, maximum, of_group, smaller_stocks, stock_sum, where

COARSE = 1.5 * 2.0**15  # adding and taking it away rounds |x| <= 2^14 to a multiple of 2^-37
FINE = 1.5 * 2.0**-25  # and the rest to a multiple of 2^-77
LAST = 1.5 * 2.0**12  # and the result to a multiple of 2^-40
LEAST = 1e-8  # squared length that a style keeps at least


def grid_parts(x):
    """Return x as a multiple of 2^-37 and the rest as a multiple of 2^-77: sums of either are exact."""
    high = (x + COARSE) - COARSE
    return high, ((x - high) + FINE) - FINE


def pool_sum(x):
    """Return the sum over the stocks, (1, 1), the same in any order of the stocks."""
    high, low = grid_parts(x)
    return stock_sum(high) + stock_sum(low)


def rank_place(x, known):
    """Return (smaller ones - larger ones) / (n - 1) among the known stocks: -1 ... 1, equal values in the middle."""
    below = smaller_stocks(where(known, x, INFINITE))
    above = smaller_stocks(where(known, 0.0 - x, INFINITE))
    return (below - above) / maximum(stock_sum(where(known, 1.0, 0.0)) - 1.0, 1.0)


# How score and styles are made comparable: name -> function of (x, known).
STANDARDS = {"rank": rank_place, "zscore": ZSCORE}


def usable_exposure(x):
    """Return where a score or an exposure is a finite number."""
    return absolute(x) <= LARGEST


def neutral_stocks(score, styles, groups):
    """Return who takes part: a finite score, finite styles and, unless ``groups`` is None, an industry."""
    known = usable_exposure(score)
    for style in styles:
        known = both(known, usable_exposure(style))
    if groups is None:
        return known
    return both(known, of_group(group_sum(where(known, 1.0, 0.0), groups), groups) > 0.0)


def centred(x, known, groups):
    """Return x less its mean over the known stocks of the industry, or of the pool if ``groups`` is None; else 0."""
    x, one = where(known, x, 0.0), where(known, 1.0, 0.0)
    if groups is None:
        return where(known, x - pool_sum(x) / maximum(stock_sum(one), 1.0), 0.0)
    high, low = grid_parts(x)
    total = group_sum(high, groups) + group_sum(low, groups)
    return where(known, x - of_group(total / maximum(group_sum(one, groups), 1.0), groups), 0.0)


def without_columns(x, columns):
    """Return x less its projection on each of the orthogonal columns, one after the other."""
    for column, kept, square in columns:
        x = x - column * where(kept, pool_sum(column * x) / square, 0.0)
    return x


def orthogonal(styles):
    """Return (column, whether it is kept, its squared length or 1) a style, each orthogonal to those before it."""
    columns = []  # type: list
    for style in styles:
        column = without_columns(style, columns)
        square = pool_sum(column * column)
        kept = square > LEAST * pool_sum(style * style)
        columns.append((column, kept, where(kept, square, 1.0)))
    return columns


def neutral_score(score, styles, groups, standard):
    """Return the score without industries and styles, NaN for a stock that does not take part: (stocks, 1).

    ``styles``: a list of (stocks, 1), in the order in which they are taken out. ``groups``: (stocks, industries), 1
    where a stock belongs to an industry, else 0; None takes out the mean of the pool. ``standard`` names one of
    STANDARDS. NaN in score or styles means that there is none.
    """
    known = neutral_stocks(score, styles, groups)
    score, styles = where(known, score, 0.0), [where(known, style, 0.0) for style in styles]
    standardised = STANDARDS[standard]
    columns = orthogonal([centred(standardised(style, known), known, groups) for style in styles])
    left = without_columns(centred(standardised(score, known), known, groups), columns)
    return where(known, ((left + LAST) - LAST) + 0.0, NOT_A_NUMBER)
