"""docs/operators.md from the kernel's own tables. ``--check`` prints a difference and returns 1 instead of writing.

Names, ids, arities, depths, definitions and halt rules are the entries of jq_strategy/kernel.py; the error bounds are
measured against mpmath here, on points that are the same on every machine.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import mpmath
import numpy as np

from jq_strategy import kernel
from jq_strategy.formula import VOCABULARIES

PAGE = Path(__file__).resolve().parent.parent / "docs" / "operators.md"
POINTS = 20_000

HEAD = """# 特征与算子 Features and operators

由 `python tools/operator_table.py` 从 `jq_strategy/kernel.py` 的表生成，请勿手改 (generated, do not edit)。

`x[k]` 为 k 个交易日前的值；窗口止于当日、长度有限；运算结果不是有限数时取 0。所有数为 float64，
每一步都是一次正确舍入的 IEEE-754 运算；numpy 新旧版本、torch、onnxruntime 与导出的 `strategy.py` 逐位相同
(`make conformance`)。
"""

# case, rule, test in tests/jq_strategy/test_missing_data.py
MISSING = (
    (
        "窗口内任一日缺行情 (新股、NaN)",
        "该分数缺失 (NaN)：排在最后、计数写入日志、从不选入",
        "a_new_listing_has_no_score_until_its_window_is_full",
    ),
    ("停牌日", "已知：价格沿用、成交量 0，各特征按上表；停牌不产生缺失", "a_halted_day_is_known"),
    ("整个窗口停牌", "归一化特征为 0 (下限随窗口尺度)", "a_stock_halted_all_along_scores_zero"),
    ("成交量为 0", "不相除：FOMO 取 0，LOG_VOL 取 ln(1)，LIQ_SCORE 取 0", "zero_volume_is_a_value"),
    ("缺复权因子", "读因子的公式缺失，不读因子的公式不受影响", "a_missing_factor_concerns_those_who_read_it"),
    ("不可能的值 (价格或因子 ≤ 0、负成交量、无穷)", "与缺失相同", "impossible_values_are_missing"),
    (
        "一只股票的因子整体乘以常数",
        "2 的幂：逐位相同；任意数：名次相同，差 ≤ 1e-12",
        "the_anchor_of_the_factor_does_not_matter",
    ),
    (
        "截面算子 (RANK, ZSCORE)",
        "只比较评分日股票池内分数不缺失的股票；窗口内各日用同一批股票；与池的顺序无关",
        "who_has_no_score_is_not_compared",
    ),
)


def main() -> int:
    """Write the page, or with ``--check`` say how it differs."""
    page = render()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page, "utf-8")
        return 0
    old = PAGE.read_text("utf-8") if PAGE.exists() else ""
    sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), page.splitlines(True), str(PAGE), "generated"))
    return int(old != page)


def render() -> str:
    """Return the page."""
    return "\n".join([HEAD, *_features(), "", *_operators(), "", *_missing(), "", *_errors(), ""])


def _features() -> Iterator[str]:
    yield "## 特征"
    yield ""
    yield f"| 名称 | {' | '.join(VOCABULARIES)} | 含义 | 定义 | 输入 | 需要天数 | 停牌或无成交 |"
    yield "|---|" + "---|" * (len(VOCABULARIES) + 5)
    for feature in kernel.FEATURES:
        inputs = ", ".join(feature.inputs)
        cells = [feature.words, _definition(feature.function), inputs, str(feature.days), feature.halts]
        yield f"| {feature.name} | {' | '.join([*_ids(feature.name), *cells])} |"
    yield ""
    yield (
        f"Normalised = (x − median) ÷ (MAD + floor)，截到 ±{kernel.CLIP:g}：{kernel.NORMAL_DAYS} 日窗口的下中位数，"
        f"MAD 为到它的距离的下中位数；"
        f"floor = {kernel.RELATIVE_FLOOR:g} × 窗口最大绝对值 + {kernel.ROUNDING_FLOOR:g}。"
    )


def _operators() -> Iterator[str]:
    yield "## 算子"
    yield ""
    yield f"| 名称 | {' | '.join(VOCABULARIES)} | 含义 | 定义 | 元数 | 深度(日) | 比较股票 |"
    yield "|---|" + "---|" * (len(VOCABULARIES) + 5)
    for operator in kernel.OPERATORS:
        across = "是" if operator.across else ""
        cells = [operator.words, _definition(operator.function), str(operator.arity), str(operator.depth), across]
        yield f"| {operator.name} | {' | '.join([*_ids(operator.name), *cells])} |"
    yield ""
    yield "深度沿公式的一条路径相加；一个分数需要的天数 = 深度之和的最大者 + 特征需要的天数。"


def _missing() -> Iterator[str]:
    yield "## 缺失、停牌、新股、因子"
    yield ""
    yield "| 情形 | 规则 | 测试 test_… |"
    yield "|---|---|---|"
    yield from (f"| {case} | {rule} | `{test}` |" for case, rule, test in MISSING)


def _ids(name: str) -> list[str]:
    return [str(names.index(name)) if name in names else "–" for names in VOCABULARIES.values()]


def _definition(function: Callable) -> str:
    text = (function.__doc__ or "").split("\n")[0].rstrip(".").removeprefix("Return ")
    return text.replace("|", "\\|")


def _errors() -> Iterator[str]:
    yield "## 误差界 (与 mpmath 比较，单位 ulp)"
    yield ""
    yield f"| 函数 | 范围 | 最大误差 ({POINTS} 点) |"
    yield "|---|---|---|"
    draw = np.random.Generator(np.random.PCG64(2024)).random

    def scaled(lowest: int, highest: int) -> np.ndarray:
        powers = (lowest + np.floor((highest - lowest) * draw(POINTS))).astype(int)
        return np.ldexp(1.0 + draw(POINTS), powers)

    log1p, tanh = kernel.ln_one_plus, kernel.hyperbolic_tangent
    yield _error("ln", "2^-63 … 2^63", kernel.ln, mpmath.log, scaled(-63, 63))
    yield _error("ln", "0.75 … 1.25", kernel.ln, mpmath.log, 0.75 + 0.5 * draw(POINTS))
    yield _error("tanh", "−20 … 20", tanh, mpmath.tanh, 40.0 * draw(POINTS) - 20.0)
    yield _error("tanh", "−1 … 1", tanh, mpmath.tanh, 2.0 * draw(POINTS) - 1.0)
    yield _error("ln(1 + x)", "2^-1000 … 2^1024", log1p, mpmath.log1p, scaled(-1000, 1024))
    yield _error("ln(1 + x)", "0 … 4", log1p, mpmath.log1p, 4.0 * draw(POINTS))


def _error(name: str, span: str, function: Callable, exact: Callable, points: np.ndarray) -> str:
    worst = mpmath.mpf(0)
    values = function(points[None, :])[0]
    with mpmath.workdps(50):
        for point, value in zip(points.tolist(), values.tolist(), strict=True):
            truth = exact(mpmath.mpf(point))
            unit = mpmath.mpf(float(np.spacing(abs(float(truth)))))
            worst = max(worst, abs(mpmath.mpf(value) - truth) / unit)
    return f"| {name} | {span} | {float(worst):.2f} |"


if __name__ == "__main__":
    sys.exit(main())
