"""One rewrite, and how its pattern fits a tree.

A pattern is written in the expression language itself; the small letters c, x, y and z stand for any sub-formula,
equal letters for equal ones. Operands of a commutative operator fit in either order, unless the row is about order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations

from sdk.formula.infix import parse
from sdk.formula.trees import Tree

Bindings = dict[str, Tree]
VARIABLES = frozenset("cxyz")
COMMUTATIVE = ("ADD", "MUL", "TS_CORR5", "TS_CORR10", "TS_CORR20")


@dataclass(frozen=True)
class Rewrite:
    """One row: ``after`` replaces ``before`` where ``when`` (in ``condition``'s words) holds."""

    name: str
    before: str
    after: str
    why: str
    condition: str = ""
    when: Callable[[Bindings], bool] | None = None
    drops: bool = False
    about_order: bool = False

    @property
    def root(self) -> str:
        """The operator that the row starts from."""
        return _pattern(self.before)[0]

    def apply(self, tree: Tree) -> Tree | None:
        """Return the rewritten tree, or None where the row does not fit at the root."""
        for found in _matches(_pattern(self.before), tree, {}, not self.about_order):
            if self.when is None or self.when(found):
                return _filled(_pattern(self.after), found)
        return None


_PATTERNS: dict[str, Tree] = {}


def _pattern(text: str) -> Tree:
    if text not in _PATTERNS:
        _PATTERNS[text] = parse(text, VARIABLES)
    return _PATTERNS[text]


def _matches(pattern: Tree, tree: Tree, found: Bindings, either_order: bool) -> Iterator[Bindings]:
    """Yield every way in which a pattern fits a tree."""
    if pattern[0] in VARIABLES:
        if found.get(pattern[0], tree) == tree:
            yield {**found, pattern[0]: tree}
        return
    if pattern[0] != tree[0] or len(pattern) != len(tree):
        return
    orders = permutations(pattern[1:]) if either_order and pattern[0] in COMMUTATIVE else [pattern[1:]]
    for order in orders:
        partial = [found]
        for wanted, operand in zip(order, tree[1:], strict=True):
            partial = [more for known in partial for more in _matches(wanted, operand, known, either_order)]
        yield from partial


def _filled(pattern: Tree, found: Bindings) -> Tree:
    if pattern[0] in VARIABLES:
        return found[pattern[0]]
    return (pattern[0], *(_filled(operand, found) for operand in pattern[1:]))
