"""Operators over the last 5, 10 or 20 days of each stock: mean, deviation, extremes, rank, correlation.

Windows end on the day itself. Sums run by the kernel's fixed trees, so a value does not depend on where the history
starts. A window without spread (all values equal) has deviation 0 and correlation 0 exactly; a result that is not
finite (sums of numbers near the largest) becomes 0.

Runs on CPython 3.6 with numpy alone; the exported strategy contains these very lines.
"""

from jq_strategy.exact import finite, places_sum, window_sum
from jq_strategy.primitives import (
    both,
    maximum,
    minimum,
    newest,
    over_window,
    square_root,
    where,
    window_max,
    windows,
)


def window_min(w):
    """Return the smallest value of each window: a selection, hence exact."""
    return 0.0 - window_max(0.0 - w)


def has_spread(w):
    """Return whether the values of a window are not all equal."""
    return window_max(w) > window_min(w)


def distances(x, days):
    """Return the distances of a window's values from their mean: (stocks, days, length)."""
    return windows(x, days) - over_window(window_sum(x, days) / float(days))


def window_mean(x, days):
    """Return the mean of the last ``days`` values."""
    return finite(window_sum(x, days) / float(days))


def window_deviation(x, days):
    """Return the unbiased standard deviation of the last ``days`` values; 0 where they are all equal."""
    distance = distances(x, days)
    deviation = square_root(places_sum(distance * distance, days) / (days - 1.0))
    return finite(where(has_spread(windows(x, days)), deviation, 0.0))


def window_rank(x, days):
    """Return the average rank of the newest value among the last ``days``, divided by ``days``: (0, 1]."""
    w = windows(x, days)
    today = over_window(newest(w))
    below = places_sum(where(w < today, 1.0, 0.0), days)
    equal = places_sum(where(w < today, 0.0, where(w > today, 0.0, 1.0)), days)
    return (below + (equal + 1.0) / 2.0) / float(days)


def window_correlation(x, y, days):
    """Return the correlation of the last ``days`` values of x and y within [-1, 1]; 0 where one has no spread."""
    dx, dy = distances(x, days), distances(y, days)
    scale = square_root(places_sum(dx * dx, days)) * square_root(places_sum(dy * dy, days))
    spread = both(both(has_spread(windows(x, days)), has_spread(windows(y, days))), scale > 0.0)
    correlation = finite(places_sum(dx * dy, days) / where(spread, scale, 1.0))
    return where(spread, maximum(minimum(correlation, 1.0), -1.0), 0.0)


def TS_MEAN5(x):
    """The mean of the last 5 days."""
    return window_mean(x, 5)


def TS_MEAN10(x):
    """The mean of the last 10 days."""
    return window_mean(x, 10)


def TS_MEAN20(x):
    """The mean of the last 20 days."""
    return window_mean(x, 20)


def TS_STD5(x):
    """The unbiased standard deviation of the last 5 days; 0 where all are equal."""
    return window_deviation(x, 5)


def TS_STD10(x):
    """The unbiased standard deviation of the last 10 days; 0 where all are equal."""
    return window_deviation(x, 10)


def TS_STD20(x):
    """The unbiased standard deviation of the last 20 days; 0 where all are equal."""
    return window_deviation(x, 20)


def TS_MAX5(x):
    """The largest of the last 5 days."""
    return window_max(windows(x, 5))


def TS_MAX10(x):
    """The largest of the last 10 days."""
    return window_max(windows(x, 10))


def TS_MAX20(x):
    """The largest of the last 20 days."""
    return window_max(windows(x, 20))


def TS_MIN5(x):
    """The smallest of the last 5 days."""
    return window_min(windows(x, 5))


def TS_MIN10(x):
    """The smallest of the last 10 days."""
    return window_min(windows(x, 10))


def TS_MIN20(x):
    """The smallest of the last 20 days."""
    return window_min(windows(x, 20))


def TS_RANK5(x):
    """The average rank of today among the last 5 days, divided by 5: (0, 1]."""
    return window_rank(x, 5)


def TS_RANK10(x):
    """The average rank of today among the last 10 days, divided by 10: (0, 1]."""
    return window_rank(x, 10)


def TS_RANK20(x):
    """The average rank of today among the last 20 days, divided by 20: (0, 1]."""
    return window_rank(x, 20)


def TS_CORR5(x, y):
    """The correlation of x and y over the last 5 days; 0 where one of them has no spread."""
    return window_correlation(x, y, 5)


def TS_CORR10(x, y):
    """The correlation of x and y over the last 10 days; 0 where one of them has no spread."""
    return window_correlation(x, y, 10)


def TS_CORR20(x, y):
    """The correlation of x and y over the last 20 days; 0 where one of them has no spread."""
    return window_correlation(x, y, 20)
