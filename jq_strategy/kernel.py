"""The one numeric definition: normalisation, features, operators and the tables that name them.

Every value is float64 and every step is one correctly rounded IEEE-754 operation (+ - x / sqrt, comparison,
selection, order statistic) in a fixed order. So the same input bits give the same output bits under any numpy,
under torch and under onnxruntime. Nothing here calls a library log, exp, tanh, sum, mean or cumsum.

The kernel is one text in five files, lowest first, because a file holds one idea: primitives.py (what a back end
replaces), exact.py (logarithm, tanh, sums), windowed.py and cross_section.py (operators over days and over stocks),
and this one. The others are reached through it: ``kernel.ln`` is exact.py's. Backends re-run the sources in this
order (sdk/formula/kernel_source.py), the exporter copies from them (exporter/source_text.py).

Shapes. A *series* is (stocks, days), oldest day first. A *window array* is (stocks, days, length): for each day
the last ``length`` values, oldest first. An operator that looks k days back returns k days fewer than it was
given: there is no padding, a value whose window is not full does not exist. Missing bars never reach this file as
NaN: see jq_strategy/inputs.py.

To add an operator, write its function and one entry in OPERATORS (name, function, arity, depth in days, whether it
compares stocks, words, case) and name it in a vocabulary. numpy, torch, ONNX, the exported file, the documentation
table and the conformance suite then have it; sdk/formula/compiled.py may add a faster loop, it need not.

Runs on CPython 3.6 with numpy alone; the exported strategy contains these very lines.
"""

from collections import namedtuple

from jq_strategy.cross_section import RANK, ZSCORE
from jq_strategy.exact import (  # noqa: F401 - the kernel's public names
    LARGEST,
    LN2_HIGH,
    LN2_LOW,
    RELATIVE_FLOOR,
    ROUNDING_FLOOR,
    SQRT2,
    finite,
    hyperbolic_tangent,
    ln,
    ln_from_one,
    ln_one_plus,
    places_sum,
    sign,
    window_all,
    window_sum,
)
from jq_strategy.primitives import (  # noqa: F401 - the kernel's public names
    absolute,
    ago,
    ascending_windows,
    beside,
    both,
    few_at_a_time,
    maximum,
    minimum,
    newest,
    over_window,
    places,
    since,
    square_root,
    tail,
    where,
    window_max,
    windows,
)
from jq_strategy.windowed import (
    TS_CORR5,
    TS_CORR10,
    TS_CORR20,
    TS_MAX5,
    TS_MAX10,
    TS_MAX20,
    TS_MEAN5,
    TS_MEAN10,
    TS_MEAN20,
    TS_MIN5,
    TS_MIN10,
    TS_MIN20,
    TS_RANK5,
    TS_RANK10,
    TS_RANK20,
    TS_STD5,
    TS_STD10,
    TS_STD20,
    window_min,
)

KERNEL_VERSION = "1"

# ---------------------------------------------------------------------------------------------------------------
# Robust normalisation
# ---------------------------------------------------------------------------------------------------------------

NORMAL_DAYS = 120
MIDDLE = 60  # the lower median of 120 values is the 60th smallest
CLIP = 5.0


def robust_score(x, w):
    """Score x against its 120-day window w, in ascending order: (x - median) / (MAD + floor), clipped to +-5.

    Median and MAD are lower medians of the window and of the distances from its median; there is no 1.4826. In
    ascending order the distances fall, then rise: the 60 smallest are the run of 60 whose larger end is smallest.
    The floor follows the scale of the window, so that a flat window (a halted stock) turns rounding into nothing.
    """
    median = newest(places(w, 0, MIDDLE))
    distance = absolute(w - over_window(median))
    firsts, lasts = places(distance, 0, NORMAL_DAYS - MIDDLE + 1), places(distance, MIDDLE - 1, NORMAL_DAYS)
    spread = window_min(maximum(firsts, lasts))
    floor = RELATIVE_FLOOR * maximum(absolute(newest(places(w, 0, 1))), absolute(newest(w))) + ROUNDING_FLOOR
    return maximum(minimum((x - median) / (spread + floor), CLIP), -CLIP)


@few_at_a_time
def normalised(x):
    """Score a series day by day against its own last 120 days; 119 days are used up."""
    return robust_score(since(x, NORMAL_DAYS - 1), ascending_windows(x, NORMAL_DAYS))


# ---------------------------------------------------------------------------------------------------------------
# Features: raw bars and the cumulative factor in, one value a stock and day out
#
# Prices and volumes are adjusted inside, relative to the last day of the window they are used in; only ratios of
# factors enter, so the day on which somebody anchored the factor does not matter. Where no corporate action falls
# into a window the ratio is exactly 1 and the prices are used as traded.
# ---------------------------------------------------------------------------------------------------------------


def at_own_level(function, levels):
    """Return ``function(level)``, on each day that of the day's own level; ``function`` is run once a level.

    ``levels`` are above 0 and seldom change; ``function`` takes (stocks, 1) and returns a series that ends with them.
    """
    level = tail(levels, 1)
    result = function(level)
    own = tail(levels, result.shape[1])
    left = where(own == level, 0.0, own)
    while (left > 0.0).any():
        level = over_window(window_max(left))
        result = where(own == level, function(level), result)
        left = where(own == level, 0.0, left)
    return result


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


def distance_from_mean20(close, factor):
    """Return the distance of the close from its 20-day mean in shares of that mean, in units of today's close."""
    w = windows(close, 20)
    f = windows(factor, 20)
    relative = (w / over_window(newest(w))) * (f / over_window(newest(f)))
    mean = places_sum(relative, 20) / 20.0
    return (1.0 - mean) / mean


def DEV(close, factor):
    """Normalised distance of the close from its 20-day mean, both in units of today's close."""
    return normalised(distance_from_mean20(close, factor))


@few_at_a_time
def LOG_VOL(volume, factor):
    """Normalised log(1 + volume), the volumes of the 120 days adjusted to the last of them."""
    return at_own_level(lambda level: normalised(ln_from_one(1.0 + volume * (level / factor))), factor)


def MOM20(close, factor):
    """Normalised log return of 20 days."""
    return normalised(ln(growth(close, factor, 20)))


def REL_MOM20(close, factor, benchmark):
    """Normalised log return of 20 days less that of the benchmark over the same days; benchmark (1, days)."""
    market = since(benchmark, 20) / ago(benchmark, 20)
    return normalised(ln(growth(close, factor, 20)) - ln(market))


# ---------------------------------------------------------------------------------------------------------------
# Operators: series of equal length in, a series ``depth`` days shorter out
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


@few_at_a_time
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


def LOG1P_ABS(x):
    """ln(1 + |x|)."""
    return ln_one_plus(absolute(x))


def SQRT_ABS(x):
    """The square root of |x|."""
    return square_root(absolute(x))


# ---------------------------------------------------------------------------------------------------------------
# The tables: one entry a feature, one entry an operator
# ---------------------------------------------------------------------------------------------------------------

# halts: what a halted day (price carried, volume 0) or a day without trades gives.
Feature = namedtuple("Feature", "name function inputs days words halts")

# across: compares the stocks of a day and takes (operand, known). case: operands (the last days of one stock, oldest
# first; across: the stocks of one day) and the value they give.
Operator = namedtuple("Operator", "name function arity depth symbol words across case")

FEATURES = (
    Feature("RET", RET, ("close", "factor"), 121, "日对数收益", "收益 0；复牌日为跨停牌期的收益"),
    Feature("LIQ_SCORE", LIQ_SCORE, ("money", "circulating_market_cap"), 1, "换手强度", "0"),
    Feature("PRESSURE", PRESSURE, ("open", "high", "low", "close"), 1, "日内多空压力", "最高价等于最低价，0"),
    Feature("FOMO", FOMO, ("volume", "factor"), 122, "成交量加速度", "前一日成交量 0 时变化率取 0"),
    Feature("DEV", DEV, ("close", "factor"), 139, "偏离20日均线", "价格沿用，照常计算"),
    Feature("LOG_VOL", LOG_VOL, ("volume", "factor"), 120, "对数成交量", "成交量 0，ln(1) = 0，照常归一化"),
    Feature("MOM20", MOM20, ("close", "factor"), 140, "20日动量", "价格沿用，照常计算"),
    Feature(
        "REL_MOM20", REL_MOM20, ("close", "factor", "benchmark"), 140, "相对基准的20日动量", "价格沿用，基准照常"
    ),
)

UP = tuple(float(day) for day in range(20))
DOWN = UP[::-1]

OPERATORS = (
    Operator("ADD", ADD, 2, 0, "+", "相加", False, (((1.0,), (2.0,)), 3.0)),
    Operator("SUB", SUB, 2, 0, "-", "相减", False, (((1.0,), (2.0,)), -1.0)),
    Operator("MUL", MUL, 2, 0, "*", "相乘", False, (((3.0,), (2.0,)), 6.0)),
    Operator("DIV", DIV, 2, 0, "/", "相除", False, (((1.0,), (1.0,)), 1.0 / 1.000001)),
    Operator("NEG", NEG, 1, 0, "-", "取负", False, (((2.0,),), -2.0)),
    Operator("ABS", ABS, 1, 0, "", "绝对值", False, (((-2.0,),), 2.0)),
    Operator("SIGN", SIGN, 1, 0, "", "符号", False, (((-2.0,),), -1.0)),
    Operator("GATE", GATE, 3, 0, "", "条件大于0取前者，否则取后者", False, (((0.0,), (1.0,), (2.0,)), 2.0)),
    Operator("JUMP", JUMP, 1, 119, "", "120日内超过3倍标准差的部分", False, (((0.0,) * 119 + (1.0,),), 7.8630425)),
    Operator("DECAY", DECAY, 1, 2, "", "三日衰减和", False, (((1.0, 1.0, 1.0),), 2.4)),
    Operator("DELAY1", DELAY1, 1, 1, "", "前一日的值", False, (((1.0, 2.0),), 1.0)),
    Operator("MAX3", MAX3, 1, 2, "", "三日最大", False, (((3.0, 1.0, 2.0),), 3.0)),
    Operator("TSUM20", TSUM20, 1, 19, "", "20日之和", False, ((UP,), 190.0)),
    Operator(
        "RANK",
        RANK,
        1,
        0,
        "",
        "当日股票间的分位，并列取平均",
        True,
        (((3.0, 1.0, 1.0, 7.0),), (0.75, 0.375, 0.375, 1.0)),
    ),
    Operator("ZSCORE", ZSCORE, 1, 0, "", "当日股票间的标准分", True, (((1.0, 2.0, 3.0),), (-1.0, 0.0, 1.0))),
    Operator("TS_MEAN5", TS_MEAN5, 1, 4, "", "5日均值", False, ((UP[:5],), 2.0)),
    Operator("TS_MEAN10", TS_MEAN10, 1, 9, "", "10日均值", False, ((UP[:10],), 4.5)),
    Operator("TS_MEAN20", TS_MEAN20, 1, 19, "", "20日均值", False, ((UP[:20],), 9.5)),
    Operator("TS_STD5", TS_STD5, 1, 4, "", "5日标准差", False, ((UP[:5],), 2.5**0.5)),
    Operator("TS_STD10", TS_STD10, 1, 9, "", "10日标准差", False, ((UP[:10],), (55.0 / 6.0) ** 0.5)),
    Operator("TS_STD20", TS_STD20, 1, 19, "", "20日标准差", False, ((UP[:20],), 35.0**0.5)),
    Operator("TS_MAX5", TS_MAX5, 1, 4, "", "5日最大", False, ((DOWN[:5],), 19.0)),
    Operator("TS_MAX10", TS_MAX10, 1, 9, "", "10日最大", False, ((DOWN[:10],), 19.0)),
    Operator("TS_MAX20", TS_MAX20, 1, 19, "", "20日最大", False, ((DOWN[:20],), 19.0)),
    Operator("TS_MIN5", TS_MIN5, 1, 4, "", "5日最小", False, ((UP[:5],), 0.0)),
    Operator("TS_MIN10", TS_MIN10, 1, 9, "", "10日最小", False, ((UP[:10],), 0.0)),
    Operator("TS_MIN20", TS_MIN20, 1, 19, "", "20日最小", False, ((UP[:20],), 0.0)),
    Operator("TS_RANK5", TS_RANK5, 1, 4, "", "今日在5日内的分位，并列取平均", False, ((UP[:5],), 1.0)),
    Operator("TS_RANK10", TS_RANK10, 1, 9, "", "今日在10日内的分位，并列取平均", False, ((DOWN[:10],), 0.1)),
    Operator("TS_RANK20", TS_RANK20, 1, 19, "", "今日在20日内的分位，并列取平均", False, (((1.0,) * 20,), 0.525)),
    Operator("TS_CORR5", TS_CORR5, 2, 4, "", "5日相关系数", False, ((UP[:5], DOWN[:5]), -1.0)),
    Operator("TS_CORR10", TS_CORR10, 2, 9, "", "10日相关系数", False, ((UP[:10], UP[:10]), 1.0)),
    Operator("TS_CORR20", TS_CORR20, 2, 19, "", "20日相关系数", False, ((UP, (1.0,) * 20), 0.0)),
    Operator("LOG1P_ABS", LOG1P_ABS, 1, 0, "", "绝对值加1的对数", False, (((-1.0,),), 0.6931471805599453)),
    Operator("SQRT_ABS", SQRT_ABS, 1, 0, "", "绝对值的平方根", False, (((-9.0,),), 3.0)),
)

FEATURE_TABLE = {feature.name: feature for feature in FEATURES}
OPERATOR_TABLE = {operator.name: operator for operator in OPERATORS}
