"""Neighbours of a formula: one change away, legal, distinct, the same from a seed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jq_strategy import formula as language
from sdk.formula.canonical import canonical
from sdk.formula.reading import read_formula
from sdk.formula.token_lists import to_tokens
from sdk.training.perturb import MOVES, Words, neighbours, perturbations

V3 = Words.of("v3", 12)


def _tree(text: str) -> tuple:
    return read_formula(text, "v3").formula.tree


def _expressions(text: str, move: str, words: Words = V3) -> list[str]:
    return [language.expression(tree) for tree in neighbours(_tree(text), words, move)]


@pytest.mark.parametrize(
    ("text", "move", "some", "number"),
    [
        ("RET", "feature", "LOG_VOL", 7),
        ("SUB(RET, DEV)", "feature", "RET - LOG_VOL", 14),
        ("SUB(RET, DEV)", "operator", "RET * DEV", 6),
        ("TS_MEAN5(RET)", "window", "TS_MEAN20(RET)", 2),
        ("TS_CORR5(RET, DEV)", "window", "TS_CORR10(RET, DEV)", 2),
        ("RET", "insert", "DECAY(RET)", 27),
        ("DECAY(NEG(RET))", "delete", "DECAY(RET)", 2),
        ("SUB(RET, DEV)", "swap", "DEV - RET", 1),
        ("ADD(RET, DEV)", "swap", None, 0),
        ("GATE(RET, DEV, FOMO)", "swap", "GATE(DEV, RET, FOMO)", 2),
    ],
)
def test_each_kind_of_change_gives_what_it_says(text: str, move: str, some: str | None, number: int) -> None:
    found = _expressions(text, move)
    assert len(found) == number, found
    assert some is None or language.expression(_tree(some)) in found


def test_every_kind_of_change_is_drawn() -> None:
    tokens = tuple(to_tokens(_tree("SUB(TS_MEAN5(RET), DECAY(DEV))"), "v3"))
    assert {one.move for one in perturbations(tokens, V3, 60, 1)} == set(MOVES)


def test_banned_words_and_the_longest_length_are_kept() -> None:
    words = Words.of("v3", 3, frozenset({"LOG_VOL", "DECAY"}))
    tokens = tuple(to_tokens(_tree("SUB(RET, DEV)"), "v3"))
    found = perturbations(tokens, words, 500, 1)
    assert len(found) > 10
    written = {language.token_names("v3")[token] for one in found for token in one.tokens}
    assert not written & {"LOG_VOL", "DECAY"}
    assert max(len(one.tokens) for one in found) == 3
    assert not any(one.move == "insert" for one in found)


formulas = st.recursive(
    st.sampled_from(["RET", "DEV", "FOMO", "LOG_VOL"]).map(lambda name: (name,)),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["NEG", "DECAY", "TS_MEAN10", "RANK"]), inner),
        st.tuples(st.sampled_from(["ADD", "SUB", "DIV"]), inner, inner),
        st.tuples(st.just("GATE"), inner, inner, inner),
    ),
    max_leaves=5,
)


@settings(deadline=None, max_examples=60)
@given(formulas, st.integers(0, 5))
def test_neighbours_are_legal_distinct_and_the_same_from_a_seed(tree: tuple, seed: int) -> None:
    tokens = tuple(to_tokens(tree, "v3"))
    words = Words.of("v3", max(12, len(tokens)))
    drawn = perturbations(tokens, words, 12, seed)
    assert drawn == perturbations(tokens, words, 12, seed)
    for one in drawn:
        assert language.repair(one.tokens, "v3").repaired == one.tokens
    forms = [canonical(language.parse(one.tokens, "v3")).expression for one in drawn]
    assert len({canonical(tree).expression, *forms}) == len(forms) + 1


def test_another_seed_draws_other_neighbours() -> None:
    tokens = tuple(to_tokens(_tree("SUB(TS_MEAN5(RET), DECAY(DEV))"), "v3"))
    assert perturbations(tokens, V3, 8, 1) != perturbations(tokens, V3, 8, 2)
    assert perturbations(tokens, V3, 4, 1) == perturbations(tokens, V3, 8, 1)[:4]
