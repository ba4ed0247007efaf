"""The written forms of one formula, each readable by ``reading.read_formula``."""

from __future__ import annotations

from jq_strategy import formula as language
from sdk.formula.token_lists import to_names, to_tokens
from sdk.formula.trees import Tree


def forms(tree: Tree, vocabulary: str) -> dict[str, str]:
    """Return all forms by name: infix, names in both orders, ids in both orders."""
    return {
        "infix": language.expression(tree),
        "postfix": " ".join(to_names(tree)),
        "prefix": " ".join(to_names(tree, "prefix")),
        "tokens": str(to_tokens(tree, vocabulary)),
        "tokens-prefix": str(to_tokens(tree, vocabulary, "prefix")),
    }
