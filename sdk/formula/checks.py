"""Static checks: what can be said about a formula before a single bar is read.

Each check is a row: code, severity, what it means, and a function that yields the nodes it holds for. What a
finding claims is true on every market; what no finding claims may still happen. ``error`` means the formula cannot
rank anything, ``warning`` that it will rank badly, ``note`` that it is good to know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jq_strategy import formula as language
from jq_strategy import kernel
from sdk.formula.canonical import canonical
from sdk.formula.ranges import EPSILON, FEATURE_RANGES, MOST_VALUES, OPERATOR_RANGES, range_of
from sdk.formula.trees import Tree, size, subtrees

ZERO_TO_ZERO = ("NEG", "ABS", "SIGN", "DELAY1", "DIV", "LOG1P_ABS", "SQRT_ABS")  # 0 where the first operand is 0
LONG_LOOKBACK = 250  # trading days: about a year


@dataclass(frozen=True)
class Finding:
    """One finding: ``node`` is the sub-formula it is about, printed; ``text`` is Chinese first, then English."""

    code: str
    severity: str
    node: str
    text: str


@dataclass(frozen=True)
class Check:
    """One row of the table."""

    code: str
    severity: str
    meaning: str
    find: Callable[[Tree], Iterator[tuple[Tree, str]]]


def check(tree: Tree) -> tuple[Finding, ...]:
    """Return all findings, errors first; a node that occurs several times is reported once."""
    found: dict[tuple[str, Tree], Finding] = {}
    for row in CHECKS:
        for node, text in row.find(tree):
            found.setdefault((row.code, node), Finding(row.code, row.severity, language.expression(node), text))
    return tuple(found.values())


def _nodes(tree: Tree, name: str) -> Iterator[Tree]:
    return (node for node in subtrees(tree) if node[0] == name)


def _number(value: float) -> str:
    return f"{value:.4g}"


def _constant(tree: Tree) -> Iterator[tuple[Tree, str]]:
    found = range_of(tree)
    if found.constant:
        value = _number(found.low)
        yield tree, f"恒为 {value}，所有股票并列 · always {value}: every stock is tied"


def _few_values(tree: Tree) -> Iterator[tuple[Tree, str]]:
    values = range_of(tree).values
    if values is not None and 1 < len(values) <= MOST_VALUES:
        shown = ", ".join(_number(value) for value in values[:5]) + (", …" if len(values) > 5 else "")
        yield (
            tree,
            f"最多 {len(values)} 个不同的分数（{shown}），名次多半由并列规则决定 · "
            f"at most {len(values)} distinct scores: most ranks are ties",
        )


def _constant_part(tree: Tree) -> Iterator[tuple[Tree, str]]:
    if range_of(tree).constant:
        return
    for operand in tree[1:]:
        if range_of(operand).constant:
            value = _number(range_of(operand).low)
            yield operand, f"这一部分恒为 {value} · this part is always {value}"
        else:
            yield from _constant_part(operand)


def _dead_branch(tree: Tree) -> Iterator[tuple[Tree, str]]:
    for node in _nodes(tree, "GATE"):
        condition = range_of(node[1])
        if condition.high <= 0.0:
            yield node, "条件从不大于 0，前一支无用 · the condition is never above 0: the first branch is dead"
        elif condition.low > 0.0:
            yield node, "条件总大于 0，后一支无用 · the condition is always above 0: the second branch is dead"


def _decided_branch(tree: Tree) -> Iterator[tuple[Tree, str]]:
    yield from _decided(tree, {})


def _decided(tree: Tree, above: dict[Tree, bool]) -> Iterator[tuple[Tree, str]]:
    """Yield the GATEs whose condition an outer GATE has decided; ``above`` says which conditions are above 0 here.

    What is decided holds for this stock on this day: it is forgotten below an operator that looks at other days or
    other stocks.
    """
    if len(tree) == 1:
        return
    entry = kernel.OPERATOR_TABLE[tree[0]]
    within = [above if entry.depth == 0 and not entry.across else {}] * entry.arity
    if tree[0] == "GATE":
        condition = canonical(tree[1]).tree
        condition = condition[1] if condition[0] == "SIGN" else condition
        if condition in above:
            which, english = ("前", "first") if above[condition] else ("后", "second")
            yield tree, f"外层已判断同一条件，总取{which}一支 · decided by an outer GATE: always the {english} branch"
        else:
            within = [above, {**above, condition: True}, {**above, condition: False}]
    for operand, known in zip(tree[1:], within, strict=True):
        yield from _decided(operand, known)


def _same_branches(tree: Tree) -> Iterator[tuple[Tree, str]]:
    for node in _nodes(tree, "GATE"):
        if canonical(node[2]).tree == canonical(node[3]).tree:
            yield node, "两支相同，条件不起作用 · both branches are equal: the condition decides nothing"


def _rare_branch(tree: Tree) -> Iterator[tuple[Tree, str]]:
    for node in _nodes(tree, "GATE"):
        if range_of(node[1]).low == 0.0 < range_of(node[1]).high:
            yield (
                node,
                "条件从不小于 0，仅当它恰为 0 时取后一支 · "
                "the condition is never below 0: the second branch is taken only where it is exactly 0",
            )


def _sparse(tree: Tree) -> Iterator[tuple[Tree, str]]:
    if mostly_zero(tree) and not range_of(tree).constant:
        yield (
            tree,
            "由 JUMP 决定，平常为 0，多数股票并列 · "
            "JUMP is 0 unless a value stands out by 3 deviations: most stocks are tied",
        )


def mostly_zero(tree: Tree) -> bool:
    """Tell whether a value is 0 wherever its JUMP is 0: JUMP itself, and what turns 0 into 0."""
    name, operands = tree[0], tree[1:]
    if name in ZERO_TO_ZERO:
        return mostly_zero(operands[0])
    return name == "JUMP" or (name == "MUL" and any(mostly_zero(operand) for operand in operands))


def _capped(tree: Tree) -> Iterator[tuple[Tree, str]]:
    node = tree
    while node[0] in ("NEG", "ABS", "DELAY1"):
        node = node[1]
    if len(node) == 1 and node[0] in FEATURE_RANGES:
        top = _number(range_of(node).high)
        yield (
            tree,
            f"{node[0]} 在 ±{top} 以内截断，极端的股票可能并列 · "
            f"{node[0]} is clipped within ±{top}: extreme stocks may tie",
        )


def _overflow(tree: Tree) -> Iterator[tuple[Tree, str]]:
    for node in subtrees(tree):
        if range_of(node).overflows:
            yield (
                node,
                "可能超出 float64，超出时按 0 计 · "
                "may leave float64, and then counts as 0: the largest becomes the middle",
            )


def _near_zero_divisor(tree: Tree) -> Iterator[tuple[Tree, str]]:
    for node in _nodes(tree, "DIV"):
        divisor = range_of(node[2])
        if divisor.constant and divisor.low == 0.0:
            yield node, "除数恒为 0，等于乘以 1e6 · the divisor is always 0: this multiplies by 1e6"
        elif divisor.values is not None and all(value + EPSILON != 0.0 for value in divisor.values):
            if 0.0 in divisor.values:
                yield node, "除数可为 0，那时放大 1e6 倍 · the divisor can be 0, which multiplies by 1e6"
        elif divisor.low <= -EPSILON <= divisor.high:
            most = _number(range_of(node).largest)
            yield (
                node,
                f"除数可接近 −1e-6，结果可达 ±{most} · "
                f"the divisor can be close to −1e-6: values up to ±{most}, either sign",
            )
        elif divisor.low <= 0.0 <= divisor.high:
            yield node, "除数可接近 0，那时放大 1e6 倍 · the divisor can be close to 0, which multiplies by up to 1e6"


def _redundant(tree: Tree) -> Iterator[tuple[Tree, str]]:
    shortest = canonical(tree)
    less = size(tree) - size(shortest.tree)
    if less > 0:
        yield (
            tree,
            f"规范形少 {less} 个词，逐位相同 · the canonical form has {less} tokens fewer and the same bits",
        )


def _long_lookback(tree: Tree) -> Iterator[tuple[Tree, str]]:
    days = language.lookback_days(tree)
    if days > LONG_LOOKBACK:
        yield (
            tree,
            f"上市不足 {days} 个交易日的股票没有分数 · stocks listed for fewer than {days} trading days get no score",
        )


def _unknown_word(tree: Tree) -> Iterator[tuple[Tree, str]]:
    for node in subtrees(tree):
        if node[0] not in FEATURE_RANGES and node[0] not in OPERATOR_RANGES:
            yield node, f"{node[0]} 的取值范围未知，检查较弱 · no bounds are known for {node[0]}: the checks see less"


CHECKS = (
    Check("constant", "error", "恒定的公式 one value for all stocks", _constant),
    Check("few_values", "warning", f"不超过 {MOST_VALUES} 个不同的分数 few distinct scores", _few_values),
    Check("mostly_zero", "warning", "平常为 0 的公式 zero unless JUMP stands out", _sparse),
    Check("dead_branch", "warning", "GATE 有一支永远不取 a branch that is never taken", _dead_branch),
    Check("decided_branch", "warning", "GATE 的条件外层已判断 an outer GATE has decided it", _decided_branch),
    Check("same_branches", "warning", "GATE 两支相同 both branches are equal", _same_branches),
    Check("constant_part", "warning", "无用的部分 a part that is constant, e.g. x − x", _constant_part),
    Check("overflow", "warning", "可能溢出 arithmetic that may leave float64", _overflow),
    Check("near_zero_divisor", "note", "除数可接近 −1e-6 a divisor that can nearly cancel 1e-6", _near_zero_divisor),
    Check("rare_branch", "note", "GATE 的后一支仅在条件恰为 0 时取 taken only at exactly 0", _rare_branch),
    Check("redundant", "note", "有更短的等价公式 a shorter formula with the same bits", _redundant),
    Check("capped", "note", "分数就是一个截断的特征 the score is one clipped feature", _capped),
    Check("long_lookback", "note", f"回看超过 {LONG_LOOKBACK} 日 a long lookback", _long_lookback),
    Check("unknown_range", "note", "没有取值范围的新词 a word without known bounds", _unknown_word),
)
