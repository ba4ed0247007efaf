"""Exact functions: logarithm, tanh and sums written out in primitives, so that every back end gives the same bits.

Error bounds in units of the last place, measured against mpmath by tools/operator_table.py, stand in
docs/operators.md.

Runs on CPython 3.6 with numpy alone; the exported strategy contains these very lines.
"""

from jq_strategy.primitives import absolute, ago, both, maximum, minimum, newest, places, since, where

LARGEST = 1.7976931348623157e308
LN2_HIGH = 6.93147180369123816490e-01  # the first 33 bits of ln 2: multiples up to 2^20 are exact
LN2_LOW = 1.90821492927058770002e-10
SQRT2 = 1.4142135623730951
RELATIVE_FLOOR = 1e-6  # of the largest magnitude in the window
ROUNDING_FLOOR = 1e-9  # far above the rounding of a feature (about 1e-15), far below one tick (about 1e-6)


def finite(x):
    """Replace what is not a finite number by 0: the rule for every result of arithmetic."""
    return where(absolute(x) <= LARGEST, x, 0.0)


def sign(x):
    """Return -1, 0 or 1; sign(0) = 0."""
    return where(x > 0.0, 1.0, where(x < 0.0, -1.0, 0.0))


def ln(x):
    """Return the natural logarithm of x in [2^-63, 2^64]; ln(1) = 0 exactly, monotone."""
    exponent = 0.0
    for power in (32, 16, 8, 4, 2, 1):
        small = x < 2.0 ** (1 - power)
        x = where(small, x * 2.0**power, x)
        exponent = where(small, exponent - power, exponent)
    return ln_times_power(x, exponent)


def ln_from_one(x):
    """Return what ``ln`` returns for x in [1, 2^64], without the steps that only smaller numbers need."""
    return ln_times_power(x, 0.0)


def ln_times_power(x, exponent):
    """Return ln(x 2^exponent) for x in [1, 2^64] and a whole exponent.

    Powers of two are taken out exactly, then ln(m) = 2 artanh(z), z = (m - 1) / (m + 1), |z| < 0.1716, as a series
    of 11 terms. Measured against mpmath: relative error below 4e-16.
    """
    for power in (32, 16, 8, 4, 2, 1):
        large = x >= 2.0**power
        x = where(large, x * 2.0**-power, x)
        exponent = where(large, exponent + power, exponent)
    upper = x > SQRT2
    x = where(upper, x * 0.5, x)
    exponent = where(upper, exponent + 1.0, exponent)
    z = (x - 1.0) / (x + 1.0)
    square = z * z
    series = square * (1.0 / 21.0)
    for odd in (19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0):
        series = square * (1.0 / odd + series)
    return exponent * LN2_HIGH + (2.0 * z + (2.0 * (z * series) + exponent * LN2_LOW))


def ln_one_plus(x):
    """Return ln(1 + x) for x from 0 to the largest number.

    ln(u) x / (u - 1) with u = 1 + x: the rounding of u cancels (Kahan), so that small x keep their digits. Powers of
    two above 2^63 are taken out first; ``ln`` itself does without these steps.
    """
    u = 1.0 + x
    rounded = u - 1.0
    scaled, exponent = u, x * 0.0
    for power in (512, 256, 128, 64):
        large = scaled >= 2.0**power
        scaled = where(large, scaled * 2.0**-power, scaled)
        exponent = where(large, exponent + power, exponent)
    seen = rounded > 0.0
    return where(seen, ln_times_power(scaled, exponent) * (x / where(seen, rounded, 1.0)), x)


def hyperbolic_tangent(x):
    """Return tanh(x): a continued fraction on x / 16, then four doublings 2t / (1 + t^2).

    Odd, monotone, within [-1, 1]. Measured against mpmath: relative error below 7e-16.
    """
    y = maximum(minimum(x, 20.0), -20.0) * 0.0625
    square = y * y
    fraction = 11.0 + square * (1.0 / 13.0)
    for odd in (9.0, 7.0, 5.0, 3.0, 1.0):
        fraction = odd + square / fraction
    t = y / fraction
    for _ in range(4):
        t = (2.0 * t) / (1.0 + t * t)
    return maximum(minimum(t, 1.0), -1.0)


def window_sum(x, length):
    """Return the sum of the last ``length`` values: (stocks, days - length + 1).

    Sums of 1, 2, 4, ... days are built by doubling and the wanted length is put together from them, largest and
    newest first. The tree of additions is the same on every day, wherever the history starts.
    """
    blocks = [(1, x)]
    while 2 * blocks[-1][0] <= length:
        size, block = blocks[-1]
        blocks.append((2 * size, since(block, size) + ago(block, size)))
    total, covered = None, 0
    for size, block in reversed(blocks):
        if covered + size <= length:
            part = since(ago(block, covered), length - size - covered)
            total = part if total is None else total + part
            covered += size
    return total


def window_all(condition, length):
    """Return whether the condition held on each of the last ``length`` days: (stocks, days - length + 1)."""
    size = 1
    while 2 * size <= length:
        condition = both(since(condition, size), ago(condition, size))
        size *= 2
    rest = length - size
    return both(since(condition, rest), ago(condition, rest))


def places_sum(w, length):
    """Return the sum over the ``length`` places of each window: blocks of 2^k places, halved down to one."""
    total, start, size = None, 0, 1
    while 2 * size <= length:
        size *= 2
    while size:
        if start + size <= length:
            block, width = places(w, start, start + size), size
            while width > 1:
                width //= 2
                block = places(block, 0, width) + places(block, width, 2 * width)
            total = newest(block) if total is None else total + newest(block)
            start += size
        size //= 2
    return total
