"""Random trees of any vocabulary, drawn from its tables: new words take part on the day they are defined."""

from __future__ import annotations

from hypothesis import strategies as st

from jq_strategy import formula as language
from sdk.formula.trees import Tree


def trees(vocabulary: str, leaves: int = 12) -> st.SearchStrategy[Tree]:
    """Return a strategy of trees over the words of a vocabulary."""
    names = language.token_names(vocabulary)
    features = [name for name in names if language.arity_of(name) == 0]
    operators = [name for name in names if language.arity_of(name) > 0]

    def above(operands: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
        return st.sampled_from(operators).flatmap(
            lambda name: st.tuples(*[operands] * language.arity_of(name)).map(lambda drawn: (name, *drawn))
        )

    return st.recursive(st.sampled_from(features).map(lambda name: (name,)), above, max_leaves=leaves)


def any_vocabulary() -> st.SearchStrategy[str]:
    """Return a strategy of vocabulary names."""
    return st.sampled_from(list(language.VOCABULARIES))
