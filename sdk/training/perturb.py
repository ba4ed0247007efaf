"""The neighbours of a formula: what one small change makes of it. Every neighbour is a legal formula.

What a search found is a point; its neighbours say whether it stands on a hill or on a needle, and one of them may
be better. The kinds of change are the table ``MOVES``. A neighbour keeps within the longest length, uses no banned
token, and differs from the formula and from all other neighbours in its canonical form.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from jq_strategy import formula as language
from sdk.formula.canonical import canonical
from sdk.formula.token_lists import to_tokens
from sdk.formula.trees import Tree, size

_COMMUTATIVE = frozenset({"ADD", "MUL", "TS_CORR5", "TS_CORR10", "TS_CORR20"})


@dataclass(frozen=True)
class Words:
    """The tokens that a neighbour may be written with, in the vocabulary's order."""

    vocabulary: str
    max_length: int
    names: tuple[str, ...]

    @classmethod
    def of(cls, vocabulary: str, max_length: int, banned: frozenset[str] = frozenset()) -> Words:
        """Return the words of a vocabulary without the banned ones."""
        kept = tuple(name for name in language.token_names(vocabulary) if name not in banned)
        return cls(vocabulary, max_length, kept)

    def like(self, name: str) -> list[str]:
        """Return the other words of the same arity."""
        arity = language.arity_of(name)
        return [other for other in self.names if language.arity_of(other) == arity and other != name]


@dataclass(frozen=True)
class Neighbour:
    """A changed formula and the name of the change."""

    tokens: tuple[int, ...]
    move: str


def _family(name: str) -> str:
    return re.sub(r"\d+$", "", name)


def _other_feature(node: Tree, words: Words) -> Iterator[Tree]:
    if len(node) == 1:
        yield from ((name,) for name in words.like(node[0]))


def _other_operator(node: Tree, words: Words) -> Iterator[Tree]:
    if len(node) > 1:
        yield from ((name, *node[1:]) for name in words.like(node[0]) if _family(name) != _family(node[0]))


def _other_window(node: Tree, words: Words) -> Iterator[Tree]:
    if len(node) > 1:
        yield from ((name, *node[1:]) for name in words.like(node[0]) if _family(name) == _family(node[0]))


def _unary_around(node: Tree, words: Words) -> Iterator[Tree]:
    yield from ((name, node) for name in words.names if language.arity_of(name) == 1)


def _unary_away(node: Tree, words: Words) -> Iterator[Tree]:
    if len(node) == 2:
        yield node[1]


def _operands_swapped(node: Tree, words: Words) -> Iterator[Tree]:
    if len(node) > 2 and node[0] not in _COMMUTATIVE:
        for place in range(1, len(node) - 1):
            yield (*node[:place], node[place + 1], node[place], *node[place + 2 :])


def _shrunk(node: Tree, words: Words) -> Iterator[Tree]:
    if len(node) > 2:
        yield from node[1:]


def _joined(node: Tree, words: Words) -> Iterator[Tree]:
    features = [(name,) for name in words.names if language.arity_of(name) == 0]
    for name in words.names:
        if language.arity_of(name) == 2:
            yield from ((name, node, feature) for feature in features)


MOVES: dict[str, Callable[[Tree, Words], Iterator[Tree]]] = {
    "feature": _other_feature,
    "operator": _other_operator,
    "window": _other_window,
    "insert": _unary_around,
    "delete": _unary_away,
    "swap": _operands_swapped,
    "shrink": _shrunk,
    "join": _joined,
}


def neighbours(tree: Tree, words: Words, move: str) -> list[Tree]:
    """Return all formulas that are one change of the given kind away, root first, in a fixed order."""
    change = MOVES[move]
    return [new for new in _changed(tree, lambda node: change(node, words)) if size(new) <= words.max_length]


def _changed(tree: Tree, change: Callable[[Tree], Iterator[Tree]]) -> Iterator[Tree]:
    yield from change(tree)
    for place, operand in enumerate(tree[1:], 1):
        for new in _changed(operand, change):
            yield (*tree[:place], new, *tree[place + 1 :])


def perturbations(tokens: tuple[int, ...], words: Words, count: int, seed: int | list[int]) -> list[Neighbour]:
    """Draw up to ``count`` neighbours of a legal postfix list, each kind of change with the same chance.

    The draw depends on the seed and the formula only, so neither order nor number of other candidates matters.
    """
    tree = language.parse(tokens, words.vocabulary)
    digest = hashlib.sha256(repr((seed, tokens)).encode("ascii")).digest()
    dice = np.random.default_rng(int.from_bytes(digest[:8], "little"))
    waiting = {}
    for move in MOVES:
        found = neighbours(tree, words, move)
        waiting[move] = [found[place] for place in dice.permutation(len(found))]
    seen = {canonical(tree).expression}
    drawn: list[Neighbour] = []
    while len(drawn) < count and any(waiting.values()):
        open_moves = [move for move, left in waiting.items() if left]
        move = open_moves[int(dice.integers(len(open_moves)))]
        new = waiting[move].pop()
        form = canonical(new).expression
        if form not in seen:
            seen.add(form)
            drawn.append(Neighbour(tuple(to_tokens(new, words.vocabulary)), move))
    return drawn
