"""Operators across the stocks of one day: rank and z-score.

Who is compared. The cross-section of a score is the pool of the scoring day, less the stocks that get no score
because a bar of their window is unknown: ``known`` (stocks, 1 or days). It is the same on all days of the window, so
a score stays a function of its own window and pool, and an unknown stock is neither counted nor does it move
anybody. Values of unknown stocks are meaningless here; their score is masked at the end.

The order of the pool changes no bit: ranks are counts, and sums over stocks run in the order of the sorted values
by a fixed tree.

Runs on CPython 3.6 with numpy alone; the exported strategy contains these very lines.
"""

from jq_strategy.exact import LARGEST, RELATIVE_FLOOR, ROUNDING_FLOOR, finite
from jq_strategy.primitives import (
    absolute,
    maximum,
    smaller_stocks,
    sorted_stocks,
    square_root,
    stock_max,
    stock_sum,
    where,
)

INFINITE = float("inf")  # where unknown stocks are sorted: behind all known ones


def RANK(x, known):
    """The average rank among the known stocks of the day (smallest = 1), divided by their number: (0, 1]."""
    count = stock_sum(where(known, 1.0, 0.0))
    below = smaller_stocks(where(known, x, INFINITE))
    above = smaller_stocks(where(known, 0.0 - x, INFINITE))
    return finite(((below + (count - above)) + 1.0) * 0.5 / count)


def ZSCORE(x, known):
    """(x - mean) / (std + floor) over the known stocks of the day, the deviation unbiased.

    The floor follows the largest magnitude of the day, so that a day of equal values turns rounding into nothing.
    """
    count = stock_sum(where(known, 1.0, 0.0))
    values = sorted_stocks(where(known, x, INFINITE))
    there = values <= LARGEST
    mean = stock_sum(where(there, values, 0.0)) / count
    distance = where(there, values - mean, 0.0)
    deviation = square_root(stock_sum(distance * distance) / maximum(count - 1.0, 1.0))
    floor = RELATIVE_FLOOR * stock_max(where(known, absolute(x), 0.0)) + ROUNDING_FLOOR
    return finite((x - mean) / (deviation + floor))
