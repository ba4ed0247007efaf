"""The canonical form: one tree for formulas that are the same bits, and its hash for de-duplication.

Delays are pushed to the features, the rows of ``rewrites.py`` are applied from the leaves upwards until none fits,
then delays that all operands share are pulled out again. Equal canonical forms mean equal scores, bit for bit and
NaN for NaN; the converse is not claimed. The canonical form is for comparing: what is executed, exported and traded
stays the repaired token list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from jq_strategy import formula as language
from sdk.formula.patterns import Rewrite
from sdk.formula.rewrites import REWRITES
from sdk.formula.trees import Tree, check_nesting, reach

HASH_FORMAT = "jqalpha-canonical-1"
_DELAY = "DELAY1"


@dataclass(frozen=True)
class RewriteStep:
    """One rewrite that was done: the row's name, the sub-formula before and after."""

    rule: str
    before: str
    after: str


@dataclass(frozen=True)
class Canonical:
    """The canonical tree of a formula and the way there."""

    tree: Tree
    steps: tuple[RewriteStep, ...]

    @property
    def expression(self) -> str:
        """The canonical form, printed."""
        return language.expression(self.tree)


def canonical(tree: Tree) -> Canonical:
    """Return the canonical form. Idempotent; scores, inputs and lookback stay what they were."""
    wanted = reach(check_nesting(tree))
    rewriter = _Rewriter()
    current = rewriter.settled(_delays_inward(tree, 0))
    while True:
        shorter = next((new for new in rewriter.dropping(current) if reach(new[0]) == wanted), None)
        if shorter is None:
            break
        rewriter.steps.append(shorter[1])
        current = rewriter.settled(shorter[0])
    return Canonical(_delays_outward(current), tuple(rewriter.steps))


def formula_hash(tree: Tree) -> str:
    """Return 16 hex digits that are equal for formulas of equal canonical form, in any vocabulary."""
    text = f"{HASH_FORMAT}\n{canonical(tree).expression}"
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def _delays_inward(tree: Tree, days: int) -> Tree:
    if tree[0] == _DELAY:
        return _delays_inward(tree[1], days + 1)
    if len(tree) > 1:
        return (tree[0], *(_delays_inward(operand, days) for operand in tree[1:]))
    for _ in range(days):
        tree = (_DELAY, tree)
    return tree


def _delays_outward(tree: Tree) -> Tree:
    tree = (tree[0], *(_delays_outward(operand) for operand in tree[1:]))
    pulled = 0
    while len(tree) > 1 and tree[0] != _DELAY and all(operand[0] == _DELAY for operand in tree[1:]):
        tree = (tree[0], *(operand[1] for operand in tree[1:]))
        pulled += 1
    for _ in range(pulled):
        tree = (_DELAY, tree)
    return tree


class _Rewriter:
    """Applies the rows and remembers what it did and what is settled already."""

    def __init__(self) -> None:
        self.steps: list[RewriteStep] = []
        self._settled: dict[Tree, Tree] = {}
        self._rows: dict[str, list[Rewrite]] = {}
        for row in REWRITES:
            self._rows.setdefault(row.root, []).append(row)

    def settled(self, tree: Tree) -> Tree:
        """Return the tree to which no row fits that keeps all parts."""
        if len(tree) == 1:
            return tree
        if tree not in self._settled:
            current = (tree[0], *(self.settled(operand) for operand in tree[1:]))
            for row in self._rows.get(current[0], ()):
                after = None if row.drops else row.apply(current)
                if after is not None:
                    self.steps.append(_step(row, current, after))
                    current = self.settled(after)
                    break
            self._settled[tree] = current
        return self._settled[tree]

    def dropping(self, tree: Tree) -> Iterator[tuple[Tree, RewriteStep]]:
        """Yield the whole tree after each single rewrite that drops a part, whether allowed or not."""
        for place, operand in enumerate(tree[1:], 1):
            for new, step in self.dropping(operand):
                yield (*tree[:place], new, *tree[place + 1 :]), step
        for row in self._rows.get(tree[0], ()):
            after = row.apply(tree) if row.drops else None
            if after is not None:
                yield after, _step(row, tree, after)


def _step(row: Rewrite, before: Tree, after: Tree) -> RewriteStep:
    return RewriteStep(row.name, language.expression(before), language.expression(after))
