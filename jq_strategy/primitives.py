"""The primitives: the only functions a back end has to provide; the kernel is written in nothing else.

Each one is a single correctly rounded IEEE-754 step, a selection, a count, or (``stock_sum``) a fixed tree of
additions, so its result does not depend on the library that computes it. Here they are numpy; exporter/symbolic.py
has them as ONNX nodes and sdk/training/torch_kernel.py as torch calls, and both run the kernel's own source on top.

Shapes. A *series* is (stocks, days), oldest day first. A *window array* is (stocks, days, length). A *day row* is
(1, days): one value a day for all stocks. No NaN reaches these functions.

Runs on CPython 3.6 with numpy 1.14; the exported strategy contains these very lines.
"""

import numpy as np

FEW_STOCKS = 16  # their 120-day windows of 120 days are 2 MB


def where(condition, x, y):
    """Select x where the condition holds, else y."""
    return np.where(condition, x, y)


def absolute(x):
    """Clear the sign bit."""
    return np.abs(x)


def minimum(x, y):
    """Take the smaller of the two; no NaN reaches this place."""
    return np.minimum(x, y)


def maximum(x, y):
    """Take the larger of the two; no NaN reaches this place."""
    return np.maximum(x, y)


def square_root(x):
    """Take the correctly rounded square root."""
    return np.sqrt(x)


def both(x, y):
    """Combine two conditions: true where both hold."""
    return np.logical_and(x, y)


def ago(x, days):
    """Return the values ``days`` trading days ago, for those days that have them: (stocks, days - k)."""
    return x[:, : x.shape[1] - days]


def since(x, days):
    """Drop the oldest ``days`` days, to stand beside ``ago(x, days)``."""
    return x[:, days:]


def tail(x, days):
    """Keep the last ``days`` days."""
    return x[:, x.shape[1] - days :]


def windows(x, length):
    """View a series (stocks, days) as its full windows (stocks, days - length + 1, length)."""
    x = np.ascontiguousarray(x)
    stocks, days = x.shape
    step, stride = x.strides
    return np.lib.stride_tricks.as_strided(
        x, (stocks, max(days - length + 1, 0), length), (step, stride, stride), writeable=False
    )


def newest(w):
    """Return the last value of each window: (stocks, days, length) -> (stocks, days)."""
    return w[..., -1]


def over_window(x):
    """Give a series a window axis of length 1, so that it meets a window array."""
    return x[..., None]


def places(w, start, stop):
    """Keep the window places start <= place < stop."""
    return w[..., start:stop]


def ascending_windows(x, length):
    """Return ``windows(x, length)``, the values of each in ascending order: a selection, hence exact.

    From one day to the next one value leaves and one comes in.
    """
    found = np.empty((max(x.shape[1] - length + 1, 0), x.shape[0], length))
    for day, w in enumerate(found):
        if day == 0:
            w[:] = np.sort(x[:, :length], axis=1)
            continue
        before, old, new = found[day - 1], x[:, day - 1 : day], x[:, day + length - 1 : day + length]
        rest = np.where(before[:, :-1] < old, before[:, :-1], before[:, 1:])
        w[:, :-1], w[:, -1:] = np.minimum(rest, new), new
        w[:, 1:] = np.maximum(rest, w[:, 1:])
    return found.swapaxes(0, 1)


def window_max(w):
    """Return the largest value of each window: a selection, hence exact."""
    return np.max(w, axis=-1)


def sorted_stocks(x):
    """Sort each day's values over the stocks, smallest first: a selection, hence exact."""
    return np.sort(x, axis=0)


def smaller_stocks(x):
    """Count, for each stock and day, the stocks with a strictly smaller value on that day."""
    order = np.argsort(x, axis=0)
    days = np.arange(x.shape[1])[None, :]
    ascending = x[order, days]
    place = np.arange(float(x.shape[0]))[:, None]
    fresh = np.concatenate([ascending[:1] < ascending[:1], ascending[1:] > ascending[:-1]])
    count = np.empty(x.shape)
    count[order, days] = np.maximum.accumulate(np.where(fresh, place, 0.0), axis=0)
    return count


def stock_sum(x):
    """Return each day's sum over the stocks as a day row, by a fixed tree.

    Zeros fill up to a power of two, then the second half is added to the first until one row is left. More zeros
    change nothing, so every power of two that is large enough gives the same bits.
    """
    stocks, days = x.shape
    size = 1
    while size < stocks:
        size *= 2
    x = np.concatenate([x, np.zeros((size - stocks, days))])
    while size > 1:
        size //= 2
        x = x[:size] + x[size:]
    return x


def stock_max(x):
    """Return the largest of 0 and each day's values over the stocks, as a day row."""
    return np.max(np.concatenate([np.zeros((1, x.shape[1])), x]), axis=0, keepdims=True)


def group_sum(x, groups):
    """Return each day's sum over the stocks of each group: (stocks, days), (stocks, groups) -> (groups, days).

    ``groups`` is 1 where a stock belongs to a group, else 0. Only for numbers on one grid (grid_parts in neutral.py):
    their sums are exact, whatever order a library adds in.
    """
    return np.dot(groups.T, x)


def of_group(values, groups):
    """Return for each stock the value of its group, 0 without one: (groups, days) -> (stocks, days)."""
    return np.dot(groups, values)


def beside(parts):
    """Put series side by side, earlier days first."""
    return np.concatenate(parts, axis=1)


def few_at_a_time(function):
    """Run a function of series a few stocks at a time: the same values, and its windows stay in the cache."""

    def run(*series):
        starts = range(0, max(series[0].shape[0], 1), FEW_STOCKS)
        return np.concatenate([function(*[x[start : start + FEW_STOCKS] for x in series]) for start in starts])

    run.__name__, run.__doc__ = function.__name__, function.__doc__
    run.__dict__["__wrapped__"] = function  # where inspect finds the names of the arguments
    return run
