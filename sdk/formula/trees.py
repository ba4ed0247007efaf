"""Trees of formulas: what every file of this room walks.

A feature is ``(name,)``, an operator is ``(name, operand, ...)`` with the operands in reading order, exactly as
``jq_strategy.formula.parse`` builds them. Nesting is limited, so that no walk of a tree can exhaust the stack.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from jq_strategy import formula as language
from jq_strategy import kernel
from sdk.errors import FormulaError

Tree: TypeAlias = tuple[Any, ...]

MAX_NESTING = 200


def nesting(tree: Tree) -> int:
    """Return how many tokens the longest path from the root to a feature has; any depth, no recursion."""
    deepest, waiting = 0, [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        waiting.extend((operand, depth + 1) for operand in node[1:])
    return deepest


def check_nesting(tree: Tree) -> Tree:
    """Return the tree; raise FormulaError where it is nested deeper than MAX_NESTING."""
    depth = nesting(tree)
    if depth > MAX_NESTING:
        raise FormulaError(
            f"公式嵌套 {depth} 层，最多 {MAX_NESTING} 层 · nested {depth} deep, the limit is {MAX_NESTING}: "
            "split it or take the shortest form of the same value"
        )
    return tree


def subtrees(tree: Tree) -> Iterator[Tree]:
    """Yield every node once a place, operands before their operator, left to right."""
    for operand in tree[1:]:
        yield from subtrees(operand)
    yield tree


def size(tree: Tree) -> int:
    """Return the number of tokens."""
    return 1 + sum(size(operand) for operand in tree[1:])


def reach(tree: Tree) -> tuple[frozenset[str], int]:
    """Return inputs and lookback: two formulas of equal reach are NaN on the same stocks and days."""
    return frozenset(language.inputs_of(tree)), language.lookback_days(tree)


def lookback_chain(tree: Tree) -> list[tuple[str, int]]:
    """Return the path that decides the lookback, root first: (name, days it adds); features add their own days."""
    chain = []
    while len(tree) > 1:
        chain.append((tree[0], kernel.OPERATOR_TABLE[tree[0]].depth))
        tree = max(tree[1:], key=language.lookback_days)
    chain.append((tree[0], kernel.FEATURE_TABLE[tree[0]].days))
    return chain


def in_words(tree: Tree) -> str:
    """Print a tree like its expression, with the Chinese words of features and operators."""
    if len(tree) == 1:
        return kernel.FEATURE_TABLE[tree[0]].words
    entry = kernel.OPERATOR_TABLE[tree[0]]
    operands = [in_words(operand) for operand in tree[1:]]
    if entry.symbol and len(operands) == 2:
        return f"({operands[0]} {entry.symbol} {operands[1]})"
    if entry.symbol:
        return f"({entry.symbol}{operands[0]})"
    if tree[0] == "GATE":
        return f"[{operands[0]} > 0 则 {operands[1]}，否则 {operands[2]}]"
    return f"{entry.words.split('，')[0]}({'，'.join(operands)})"
