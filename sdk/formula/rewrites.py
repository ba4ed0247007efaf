"""The table of rewrites: before -> after, why. None changes a single bit of a score.

Small letters stand for any sub-formula. Three facts carry the proofs:

- Every operator gives finite values, and treats +0 and -0 alike; the final ``score + 0.0`` removes the sign of zero.
- Rounding is symmetric: -(a + b) = (-a) + (-b), -(a b) = (-a) b, -(a / b) = (-a) / b, bit for bit; and a + b = b + a.
  Nothing else is assumed: (a + b) + c is not a + (b + c); x / (-y) is not -(x / y), for y meets + 1e-6; and
  ZSCORE(-x) is not -ZSCORE(x), for stocks are added in the order of their values.
- Which stocks are NaN depends on the formula's inputs and lookback, not on its values. A rewrite that *drops* a part
  (``drops``) is done only where the whole formula keeps its inputs and its lookback.

The negative sign moves outwards, absolute values move outwards, signs stand inside both; so equal values meet in
one form.
"""

from __future__ import annotations

from jq_strategy import formula as language
from sdk.formula.patterns import Bindings, Rewrite
from sdk.formula.ranges import range_of


def _out_of_order(found: Bindings) -> bool:
    return language.expression(found["x"]) > language.expression(found["y"])


def _not_negative(found: Bindings) -> bool:
    return range_of(found["x"]).low >= 0.0


def _not_positive(found: Bindings) -> bool:
    return range_of(found["x"]).high <= 0.0


def _already_a_sign(found: Bindings) -> bool:
    values = range_of(found["x"]).values
    return values is not None and set(values) <= {-1.0, 0.0, 1.0}


def _never_above_zero(found: Bindings) -> bool:
    return range_of(found["c"]).high <= 0.0


def _always_above_zero(found: Bindings) -> bool:
    return range_of(found["c"]).low > 0.0


def _z_is_zero(found: Bindings) -> bool:
    return range_of(found["z"]).values == (0.0,)


_SYMMETRIC = "舍入对正负对称 rounding is symmetric"


def _ordered(name: str, before: str, after: str, why: str) -> Rewrite:
    return Rewrite(name, before, after, why, "排在后面的在前 x prints after y", _out_of_order, about_order=True)


def _windowed(days: int) -> tuple[Rewrite, ...]:
    """Return the rows of the operators over the last ``days`` days."""
    mean, std, top, low, corr = (f"{name}{days}" for name in ("TS_MEAN", "TS_STD", "TS_MAX", "TS_MIN", "TS_CORR"))
    monotone = "sign 单调 sign is monotone"
    return (
        Rewrite(f"negative_in_mean_{days}", f"{mean}(NEG(x))", f"NEG({mean}(x))", _SYMMETRIC),
        Rewrite(f"negative_in_deviation_{days}", f"{std}(NEG(x))", f"{std}(x)", _SYMMETRIC),
        Rewrite(f"negative_in_maximum_{days}", f"{top}(NEG(x))", f"NEG({low}(x))", "max(−x) = −min(x)"),
        Rewrite(f"negative_in_minimum_{days}", f"{low}(NEG(x))", f"NEG({top}(x))", "min(−x) = −max(x)"),
        Rewrite(f"sign_in_maximum_{days}", f"{top}(SIGN(x))", f"SIGN({top}(x))", monotone),
        Rewrite(f"sign_in_minimum_{days}", f"{low}(SIGN(x))", f"SIGN({low}(x))", monotone),
        Rewrite(f"negative_in_correlation_{days}", f"{corr}(NEG(x), y)", f"NEG({corr}(x, y))", _SYMMETRIC),
        _ordered(f"order_correlation_{days}", f"{corr}(x, y)", f"{corr}(y, x)", "相关系数对称 corr is symmetric"),
    )


REWRITES = (
    _ordered("order_sum", "ADD(x, y)", "ADD(y, x)", "加法可交换 a + b = b + a"),
    _ordered("order_product", "MUL(x, y)", "MUL(y, x)", "乘法可交换 a b = b a"),
    _ordered("order_distance", "ABS(SUB(x, y))", "ABS(SUB(y, x))", "|a − b| = |b − a|"),
    Rewrite("double_negation", "NEG(NEG(x))", "x", "0 − (0 − x) = x"),
    Rewrite("negated_difference", "NEG(SUB(x, y))", "SUB(y, x)", _SYMMETRIC),
    Rewrite("sum_with_negative", "ADD(x, NEG(y))", "SUB(x, y)", "x + (−y) = x − y"),
    Rewrite("difference_with_negative", "SUB(x, NEG(y))", "ADD(x, y)", "x − (−y) = x + y"),
    Rewrite("negative_minus", "SUB(NEG(x), y)", "NEG(ADD(x, y))", _SYMMETRIC),
    Rewrite("negative_factor", "MUL(NEG(x), y)", "NEG(MUL(x, y))", _SYMMETRIC),
    Rewrite("negative_numerator", "DIV(NEG(x), y)", "NEG(DIV(x, y))", _SYMMETRIC),
    Rewrite("negative_in_sign", "SIGN(NEG(x))", "NEG(SIGN(x))", "sign 是奇函数 sign is odd"),
    Rewrite("negative_in_decay", "DECAY(NEG(x))", "NEG(DECAY(x))", _SYMMETRIC),
    Rewrite("negative_in_sum", "TSUM20(NEG(x))", "NEG(TSUM20(x))", _SYMMETRIC),
    Rewrite("negative_branches", "GATE(c, NEG(x), NEG(y))", "NEG(GATE(c, x, y))", "两支同号处理 both branches alike"),
    Rewrite("absolute_of_negative", "ABS(NEG(x))", "ABS(x)", "|−x| = |x|"),
    Rewrite("absolute_twice", "ABS(ABS(x))", "ABS(x)", "||x|| = |x|"),
    Rewrite("sign_of_absolute", "SIGN(ABS(x))", "ABS(SIGN(x))", "两者都是 0 或 1 both are 0 or 1"),
    Rewrite("product_of_absolutes", "MUL(ABS(x), ABS(y))", "ABS(MUL(x, y))", "|x| |y| = |x y|"),
    Rewrite("absolute_product", "ABS(MUL(ABS(x), y))", "ABS(MUL(x, y))", "||x| y| = |x y|"),
    Rewrite("absolute_quotient", "ABS(DIV(ABS(x), y))", "ABS(DIV(x, y))", "||x| ÷ y| = |x ÷ y|"),
    Rewrite("absolute_branches", "GATE(c, ABS(x), ABS(y))", "ABS(GATE(c, x, y))", "两支同样处理 both branches alike"),
    Rewrite("absolute_first_branch", "ABS(GATE(c, ABS(x), y))", "ABS(GATE(c, x, y))", "外层已取绝对值 done outside"),
    Rewrite("absolute_second_branch", "ABS(GATE(c, x, ABS(y)))", "ABS(GATE(c, x, y))", "外层已取绝对值 done outside"),
    Rewrite("negative_first_branch", "ABS(GATE(c, NEG(x), y))", "ABS(GATE(c, x, y))", "外层已取绝对值 done outside"),
    Rewrite("negative_second_branch", "ABS(GATE(c, x, NEG(y)))", "ABS(GATE(c, x, y))", "外层已取绝对值 done outside"),
    Rewrite("logarithm_of_negative", "LOG1P_ABS(NEG(x))", "LOG1P_ABS(x)", "|−x| = |x|"),
    Rewrite("logarithm_of_absolute", "LOG1P_ABS(ABS(x))", "LOG1P_ABS(x)", "||x|| = |x|"),
    Rewrite("root_of_negative", "SQRT_ABS(NEG(x))", "SQRT_ABS(x)", "|−x| = |x|"),
    Rewrite("root_of_absolute", "SQRT_ABS(ABS(x))", "SQRT_ABS(x)", "||x|| = |x|"),
    Rewrite("sign_of_root", "SIGN(SQRT_ABS(x))", "ABS(SIGN(x))", "两者都是 0 或 1 both are 0 or 1"),
    Rewrite("rank_twice", "RANK(RANK(x))", "RANK(x)", "名次的名次不变 ranks of ranks are the ranks"),
    *_windowed(5),
    *_windowed(10),
    *_windowed(20),
    Rewrite("sign_twice", "SIGN(SIGN(x))", "SIGN(x)", "sign(sign(x)) = sign(x)"),
    Rewrite("sign_branches", "GATE(c, SIGN(x), SIGN(y))", "SIGN(GATE(c, x, y))", "两支同样处理 both branches alike"),
    Rewrite("sign_in_maximum", "MAX3(SIGN(x))", "SIGN(MAX3(x))", "sign 单调 sign is monotone"),
    Rewrite("sign_in_condition", "GATE(SIGN(c), x, y)", "GATE(c, x, y)", "只看条件是否大于 0 only c > 0 counts"),
    Rewrite("absolute_of_positive", "ABS(x)", "x", "|x| = x", "x 从不小于 0 never below 0", _not_negative),
    Rewrite("absolute_of_nonpositive", "ABS(x)", "NEG(x)", "|x| = −x", "x 从不大于 0 never above 0", _not_positive),
    Rewrite("sign_of_signs", "SIGN(x)", "x", "sign(x) = x", "x 只取 −1、0、1 is -1, 0 or 1", _already_a_sign),
    Rewrite("same_branches", "GATE(c, x, x)", "x", "两支相同 both branches are equal", drops=True),
    Rewrite(
        "never_first", "GATE(c, x, y)", "y", "从不取前者 x is never taken", "c ≤ 0", _never_above_zero, drops=True
    ),
    Rewrite(
        "never_second", "GATE(c, x, y)", "x", "从不取后者 y is never taken", "c > 0", _always_above_zero, drops=True
    ),
    Rewrite("add_zero", "ADD(x, z)", "x", "x + 0 = x", "z 恒为 0 always 0", _z_is_zero, drops=True),
    Rewrite("subtract_zero", "SUB(x, z)", "x", "x − 0 = x", "z 恒为 0 always 0", _z_is_zero, drops=True),
    Rewrite("subtract_from_zero", "SUB(z, x)", "NEG(x)", "0 − x = −x", "z 恒为 0 always 0", _z_is_zero, drops=True),
)

# Two rows hold for every operator, also for those that a later vocabulary brings: no operator knows which day it is.
DELAY_ROWS = (
    Rewrite(
        "delay_inward", "DELAY1(f(x, …))", "f(DELAY1(x), …)", "每个算子对每一天都一样 every day is treated alike"
    ),
    Rewrite(
        "delay_outward",
        "f(DELAY1(x), …)",
        "DELAY1(f(x, …))",
        "最后把共同的延迟提到外面 last step: shared delays go out",
    ),
)
