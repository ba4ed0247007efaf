"""From a tree back to tokens, and which vocabulary a list of ids was written in.

Ids mean something only in a vocabulary. A vocabulary is *certain* when every vocabulary that has all the ids reads
the same formula from them: v1 and v2 agree on the ids 0 to 17, so a list of those means one thing, and the oldest
of them is named. When two readings differ, nobody guesses: the user is asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from jq_strategy import formula as language
from sdk.errors import FormulaError, nearest
from sdk.formula.trees import Tree


def to_names(tree: Tree, token_mode: str = "postfix") -> list[str]:
    """Return the names of a tree's tokens in postfix or prefix order."""
    if token_mode not in language.TOKEN_MODES:
        raise FormulaError(f"unknown token mode {token_mode!r}{nearest(token_mode, language.TOKEN_MODES)}")
    operands = [name for operand in tree[1:] for name in to_names(operand, token_mode)]
    return [tree[0], *operands] if token_mode == "prefix" else [*operands, tree[0]]


def to_tokens(tree: Tree, vocabulary: str, token_mode: str = "postfix") -> list[int]:
    """Return a tree's token ids. Raises FormulaError for a name that the vocabulary does not have."""
    return ids_of(to_names(tree, token_mode), vocabulary)


def check_vocabulary(vocabulary: str) -> None:
    """Raise FormulaError for a vocabulary that does not exist, naming those that do."""
    if vocabulary not in language.VOCABULARIES:
        guess = nearest(vocabulary, language.VOCABULARIES)
        known = ", ".join(language.VOCABULARIES)
        raise FormulaError(f"未知词表 · unknown vocabulary {vocabulary!r}{guess}; known: {known}")


def ids_of(words: Sequence[str], vocabulary: str) -> list[int]:
    """Return the ids of names, short names allowed, naming the first position that is wrong."""
    check_vocabulary(vocabulary)
    names = language.token_names(vocabulary)
    ids = []
    for position, word in enumerate(words):
        name = language.SHORT_NAMES.get(word, word)
        if name not in names:
            where = [other for other in language.VOCABULARIES if name in language.token_names(other)]
            hint = f"; it is in {', '.join(where)}" if where else nearest(word.upper(), names)
            raise FormulaError(
                f"第 {position} 个词 · token {position} is {word!r}, not in vocabulary {vocabulary}{hint}"
            )
        ids.append(names.index(name))
    return ids


def vocabulary_of_names(words: Sequence[str]) -> str:
    """Return the oldest vocabulary that has all the names; if none has, raise what the newest one misses."""
    names = {language.SHORT_NAMES.get(word, word) for word in words}
    for vocabulary in language.VOCABULARIES:
        if names <= set(language.token_names(vocabulary)):
            return vocabulary
    newest = list(language.VOCABULARIES)[-1]
    ids_of(words, newest)
    raise AssertionError("unreachable: ids_of names the word that no vocabulary has")


def vocabulary_of_ids(tokens: Sequence[int], token_mode: str = "postfix") -> str:
    """Return the oldest vocabulary of a list whose meaning is certain.

    Raises FormulaError for an id that no vocabulary has, and for a list that two vocabularies read differently;
    the message shows both readings and asks for --vocabulary.
    """
    readings, problems = {}, []
    for vocabulary, names in language.VOCABULARIES.items():
        try:
            repaired = language.repair(tokens, vocabulary, token_mode).repaired
            readings[vocabulary] = [names[token] for token in repaired]
        except language.FormulaProblem as problem:
            problems.append(problem)
    if not readings:
        raise FormulaError(f"没有词表含有这些 token · no vocabulary fits: {problems[-1]}") from problems[-1]
    oldest = next(iter(readings))
    other = next((name for name, words in readings.items() if words != readings[oldest]), None)
    if other is not None:
        first, second = (" ".join(readings[name])[:80] for name in (oldest, other))
        raise FormulaError(
            f"词表不确定 · the ids mean {first} in {oldest} and {second} in {other}; "
            f"say which: --vocabulary {oldest} or --vocabulary {other}"
        )
    return oldest
