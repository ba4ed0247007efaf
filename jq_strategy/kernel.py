"""The one numeric definition: array primitives, exact functions, normalisation, features and operators.

Every value is float64 and every step is one correctly rounded IEEE-754 operation (+ - x / sqrt, comparison,
selection, order statistic) in a fixed order. So the same input bits give the same output bits under any numpy,
under torch and under onnxruntime. Nothing here calls a library log, exp, tanh, sum, mean or cumsum.

Shapes. A *series* is (stocks, days), oldest day first. A *window array* is (stocks, days, length): for each day
the last ``length`` values, oldest first. An operator that looks k days back returns k days fewer than it was
given: there is no padding, a value whose window is not full does not exist.

A back end replaces the functions of section 1 and nothing else; everything below is written in their terms and in
the operators + - * / < > <= >= ==. Missing bars never reach this file as NaN: see jq_strategy/inputs.py.

Runs on CPython 3.6 with numpy alone; the exported strategy contains these very lines.
"""

from collections import namedtuple

import numpy as np

KERNEL_VERSION = "1"

# ---------------------------------------------------------------------------------------------------------------
# 1  Primitives: the only functions a back end has to provide
# ---------------------------------------------------------------------------------------------------------------


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


def kth_smallest(w, k):
    """Return the k-th smallest value of each window (k counts from 1): a selection, hence exact."""
    return np.partition(w, k - 1, axis=-1)[..., k - 1]


def window_max(w):
    """Return the largest value of each window: a selection, hence exact."""
    return np.max(w, axis=-1)


# ---------------------------------------------------------------------------------------------------------------
# 2  Exact functions
# ---------------------------------------------------------------------------------------------------------------

LARGEST = 1.7976931348623157e308
LN2_HIGH = 6.93147180369123816490e-01  # the first 33 bits of ln 2: multiples up to 2^20 are exact
LN2_LOW = 1.90821492927058770002e-10
SQRT2 = 1.4142135623730951


def finite(x):
    """Replace what is not a finite number by 0: the rule for every result of arithmetic."""
    return where(absolute(x) <= LARGEST, x, 0.0)


def sign(x):
    """Return -1, 0 or 1; sign(0) = 0."""
    return where(x > 0.0, 1.0, where(x < 0.0, -1.0, 0.0))


def ln(x):
    """Return the natural logarithm of x in [2^-63, 2^63]; ln(1) = 0 exactly, monotone.

    Powers of two are taken out exactly, then ln(m) = 2 artanh(z), z = (m - 1) / (m + 1), |z| < 0.1716, as a series
    of 11 terms. Measured against mpmath: relative error below 4e-16.
    """
    exponent = x * 0.0
    for power in (32, 16, 8, 4, 2, 1):
        large = x >= 2.0**power
        x = where(large, x * 2.0**-power, x)
        exponent = where(large, exponent + power, exponent)
        small = x < 2.0 ** (1 - power)
        x = where(small, x * 2.0**power, x)
        exponent = where(small, exponent - power, exponent)
    upper = x > SQRT2
    x = where(upper, x * 0.5, x)
    exponent = where(upper, exponent + 1.0, exponent)
    z = (x - 1.0) / (x + 1.0)
    square = z * z
    series = square * (1.0 / 21.0)
    for odd in (19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0):
        series = square * (1.0 / odd + series)
    return exponent * LN2_HIGH + (2.0 * z + (2.0 * (z * series) + exponent * LN2_LOW))


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


# ---------------------------------------------------------------------------------------------------------------
# 3  Robust normalisation
# ---------------------------------------------------------------------------------------------------------------

NORMAL_DAYS = 120
MIDDLE = 60  # the lower median of 120 values is the 60th smallest
CLIP = 5.0
RELATIVE_FLOOR = 1e-6  # of the largest magnitude in the window
ROUNDING_FLOOR = 1e-9  # far above the rounding of a feature (about 1e-15), far below one tick (about 1e-6)


def robust_score(w):
    """Score the newest value of each 120-day window: (x - median) / (MAD + floor), clipped to +-5.

    Median and MAD are lower medians of the window and of the distances from its median; there is no 1.4826.
    The floor follows the scale of the window, so that a flat window (a halted stock) turns rounding into nothing.
    """
    median = kth_smallest(w, MIDDLE)
    spread = kth_smallest(absolute(w - over_window(median)), MIDDLE)
    floor = RELATIVE_FLOOR * window_max(absolute(w)) + ROUNDING_FLOOR
    return maximum(minimum((newest(w) - median) / (spread + floor), CLIP), -CLIP)


def normalised(x):
    """Score a series day by day against its own last 120 days; 119 days are used up."""
    return robust_score(windows(x, NORMAL_DAYS))


# ---------------------------------------------------------------------------------------------------------------
# 4  Features: raw bars and the cumulative factor in, one value a stock and day out
#
# Prices and volumes are adjusted inside, relative to the last day of the window they are used in; only ratios of
# factors enter, so the day on which somebody anchored the factor does not matter. Where no corporate action falls
# into a window the ratio is exactly 1 and the prices are used as traded.
# ---------------------------------------------------------------------------------------------------------------


def growth(price, factor, days):
    """Return the adjusted price divided by the adjusted price ``days`` trading days ago."""
    return (since(price, days) / ago(price, days)) * (since(factor, days) / ago(factor, days))


def RET(close, factor):
    """Normalised log return of one day."""
    return normalised(ln(growth(close, factor, 1)))


def LIQ_SCORE(money, circulating_market_cap):
    """Four times the turnover of the day, between 0 and 1; market value in 1e8 CNY as JoinQuant gives it."""
    return minimum(maximum(finite(4.0 * money / (circulating_market_cap * 1e8)), 0.0), 1.0)


def PRESSURE(open, high, low, close):
    """Return tanh(3 (close - open) / (high - low)), 0 where high = low."""
    span = high - low
    traded = span > 0.0
    return where(traded, hyperbolic_tangent(3.0 * (close - open) / where(traded, span, 1.0)), 0.0)


def FOMO(volume, factor):
    """Normalised acceleration of volume: today's growth rate less yesterday's, clipped to +-5."""
    before = ago(volume, 1)
    today = since(volume, 1) * (ago(factor, 1) / since(factor, 1))
    traded = before > 0.0
    rate = where(traded, (today - before) / where(traded, before, 1.0), 0.0)
    return normalised(maximum(minimum(since(rate, 1) - ago(rate, 1), 5.0), -5.0))


def DEV(close, factor):
    """Normalised distance of the close from its 20-day mean, both in units of today's close."""
    w = windows(close, 20)
    f = windows(factor, 20)
    relative = (w / over_window(newest(w))) * (f / over_window(newest(f)))
    mean = places_sum(relative, 20) / 20.0
    return normalised((1.0 - mean) / mean)


def LOG_VOL(volume, factor):
    """Normalised log(1 + volume), the volumes of the 120 days adjusted to the last of them."""
    f = windows(factor, NORMAL_DAYS)
    return robust_score(ln(1.0 + windows(volume, NORMAL_DAYS) * (over_window(newest(f)) / f)))


def MOM20(close, factor):
    """Normalised log return of 20 days."""
    return normalised(ln(growth(close, factor, 20)))


def REL_MOM20(close, factor, benchmark):
    """Normalised log return of 20 days less that of the benchmark over the same days; benchmark (1, days)."""
    market = since(benchmark, 20) / ago(benchmark, 20)
    return normalised(ln(growth(close, factor, 20)) - ln(market))


# ---------------------------------------------------------------------------------------------------------------
# 5  Operators: series of equal length in, a series ``depth`` days shorter out
# ---------------------------------------------------------------------------------------------------------------


def ADD(x, y):
    """x + y."""
    return finite(x + y)


def SUB(x, y):
    """x - y."""
    return finite(x - y)


def MUL(x, y):
    """x * y."""
    return finite(x * y)


def DIV(x, y):
    """x / (y + 1e-6)."""
    return finite(x / (y + 1e-6))


def NEG(x):
    """-x."""
    return 0.0 - x


def ABS(x):
    """|x|."""
    return absolute(x)


def SIGN(x):
    """-1, 0 or 1; SIGN(0) = 0."""
    return sign(x)


def GATE(condition, x, y):
    """x where the condition is above 0, else y."""
    return where(condition > 0.0, x, y)


def JUMP(x):
    """max((x - mean120) / (std120 + 1e-6) - 3, 0), the deviation unbiased, over the last 120 days."""
    w = windows(x, NORMAL_DAYS)
    mean = window_sum(x, NORMAL_DAYS) / 120.0
    distance = w - over_window(mean)
    deviation = square_root(places_sum(distance * distance, NORMAL_DAYS) / 119.0)
    return maximum(finite((newest(w) - mean) / (deviation + 1e-6) - 3.0), 0.0)


def DECAY(x):
    """x + 0.8 x[1] + 0.6 x[2]."""
    return finite((since(x, 2) + 0.8 * since(ago(x, 1), 1)) + 0.6 * ago(x, 2))


def DELAY1(x):
    """x[1], the value of the day before."""
    return ago(x, 1)


def MAX3(x):
    """The largest of the last three days."""
    return maximum(maximum(since(x, 2), since(ago(x, 1), 1)), ago(x, 2))


def TSUM20(x):
    """The sum of the last 20 days."""
    return finite(window_sum(x, 20))


# ---------------------------------------------------------------------------------------------------------------
# 6  The tables: one entry a feature, one entry an operator
# ---------------------------------------------------------------------------------------------------------------

Feature = namedtuple("Feature", "name function inputs days words")
Operator = namedtuple("Operator", "name function arity depth symbol words")

FEATURES = (
    Feature("RET", RET, ("close", "factor"), 121, "日对数收益"),
    Feature("LIQ_SCORE", LIQ_SCORE, ("money", "circulating_market_cap"), 1, "换手强度"),
    Feature("PRESSURE", PRESSURE, ("open", "high", "low", "close"), 1, "日内多空压力"),
    Feature("FOMO", FOMO, ("volume", "factor"), 122, "成交量加速度"),
    Feature("DEV", DEV, ("close", "factor"), 139, "偏离20日均线"),
    Feature("LOG_VOL", LOG_VOL, ("volume", "factor"), 120, "对数成交量"),
    Feature("MOM20", MOM20, ("close", "factor"), 140, "20日动量"),
    Feature("REL_MOM20", REL_MOM20, ("close", "factor", "benchmark"), 140, "相对基准的20日动量"),
)

OPERATORS = (
    Operator("ADD", ADD, 2, 0, "+", "相加"),
    Operator("SUB", SUB, 2, 0, "-", "相减"),
    Operator("MUL", MUL, 2, 0, "*", "相乘"),
    Operator("DIV", DIV, 2, 0, "/", "相除"),
    Operator("NEG", NEG, 1, 0, "-", "取负"),
    Operator("ABS", ABS, 1, 0, "", "绝对值"),
    Operator("SIGN", SIGN, 1, 0, "", "符号"),
    Operator("GATE", GATE, 3, 0, "", "条件大于0取前者，否则取后者"),
    Operator("JUMP", JUMP, 1, 119, "", "120日内超过3倍标准差的部分"),
    Operator("DECAY", DECAY, 1, 2, "", "三日衰减和"),
    Operator("DELAY1", DELAY1, 1, 1, "", "前一日的值"),
    Operator("MAX3", MAX3, 1, 2, "", "三日最大"),
    Operator("TSUM20", TSUM20, 1, 19, "", "20日之和"),
)

FEATURE_TABLE = {feature.name: feature for feature in FEATURES}
OPERATOR_TABLE = {operator.name: operator for operator in OPERATORS}
