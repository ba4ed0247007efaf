"""The expression language: what is printed is read back, and what is wrong is said with its column."""

from __future__ import annotations

import csv
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jq_strategy import formula as language
from jq_strategy import kernel
from sdk.errors import FormulaError
from sdk.formula.infix import parse
from sdk.formula.token_lists import ids_of, to_names, to_tokens
from sdk.formula.trees import MAX_NESTING, Tree, nesting
from tests.conftest import shared
from tests.formula.random_trees import any_vocabulary, trees

DRAWN = any_vocabulary().flatmap(lambda name: st.tuples(st.just(name), trees(name, leaves=30)))


@settings(max_examples=300, deadline=None)
@given(DRAWN)
def test_what_is_printed_is_read_back(drawn: tuple[str, Tree]) -> None:
    _, tree = drawn
    assert parse(language.expression(tree)) == tree


@settings(max_examples=300, deadline=None)
@given(DRAWN, st.sampled_from(language.TOKEN_MODES))
def test_tokens_of_a_tree_are_legal_and_give_the_tree_again(drawn: tuple[str, Tree], mode: str) -> None:
    vocabulary, tree = drawn
    tokens = to_tokens(tree, vocabulary, mode)
    assert language.repair(tokens, vocabulary, mode).steps == ()
    assert language.parse(tokens, vocabulary, mode) == tree
    assert ids_of(to_names(tree, mode), vocabulary) == tokens


@given(DRAWN, st.data())
def test_white_space_means_nothing(drawn: tuple[str, Tree], data: st.DataObject) -> None:
    printed = language.expression(drawn[1])
    for mark in "(),+-*/":
        printed = printed.replace(mark, data.draw(st.sampled_from(["", " ", "\n\t"])) + mark + " ")
    assert parse(f"  {printed}\n") == drawn[1]


@settings(max_examples=500)
@given(st.text("RETDV()+-*/, GASIN1", max_size=40) | st.text(max_size=20))
def test_any_text_is_a_formula_or_a_formula_error(text: str) -> None:
    try:
        tree = parse(text)
    except FormulaError:
        with pytest.raises(FormulaError, match=r"column|empty"):
            parse(text)
    else:
        assert parse(language.expression(tree)) == tree


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("MOM20 - TSUM20(RET)", "(MOM20 - TSUM20(RET))"),
        ("RET + DEV * FOMO", "(RET + (DEV * FOMO))"),
        ("RET - DEV - FOMO", "((RET - DEV) - FOMO)"),
        ("-RET * DEV", "((-RET) * DEV)"),
        ("RET - -DEV", "(RET - (-DEV))"),
        ("((RET))", "RET"),
        ("ADD(PRESS, NEG(VOL)) / LIQ", "((PRESSURE + (-LOG_VOL)) / LIQ_SCORE)"),
    ],
)
def test_brackets_may_be_left_out_and_short_names_are_known(text: str, printed: str) -> None:
    assert language.expression(parse(text)) == printed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("RET +", "column 6 .* the text ends"),
        ("(RET", "bracket of column 1 is never closed"),
        ("RET)", r"column 4 .*'\)' and no bracket is open"),
        ("RTE", "column 1 .*unknown name 'RTE'; did you mean 'RET'"),
        ("RET - tsum20(DEV)", "column 7 .*did you mean 'TSUM20'"),
        ("SIGN RET", r"SIGN is an operator .*SIGN\(x\)"),
        ("RET(DEV)", "RET is a feature"),
        ("GATE(RET, DEV)", "GATE of column 1 takes 3 operands, got 2"),
        ("(RET, DEV)", "comma stands in a plain bracket"),
        ("RET DEV", "column 5 .*'DEV' behind a finished operand"),
        ("RET + 3", "column 7 .*'3' is not part of the language"),
    ],
)
def test_what_is_wrong_is_said_with_its_column(text: str, words: str) -> None:
    with pytest.raises(FormulaError, match=words):
        parse(text)


@pytest.mark.parametrize(
    "text", ["(" * 100_000, "-" * 50_000 + "RET", "RET" + "+RET" * 5_000, "ABS(" * 9_999 + "RET"]
)
def test_deep_text_is_refused_not_crashed_on(text: str) -> None:
    with pytest.raises(FormulaError, match=f"{MAX_NESTING}"):
        parse(text)


def test_the_deepest_formula_that_is_allowed_is_read_back() -> None:
    tree: Tree = ("RET",)
    for _ in range(MAX_NESTING - 1):
        tree = ("NEG", tree)
    assert nesting(tree) == MAX_NESTING
    assert parse(language.expression(tree)) == tree


def test_every_word_of_every_vocabulary_is_readable() -> None:
    for vocabulary in language.VOCABULARIES:
        for name in language.token_names(vocabulary):
            operands = ", ".join(["RET"] * language.arity_of(name))
            assert parse(f"{name}({operands})" if operands else name)[0] == name
    assert set(language.SHORT_NAMES.values()) <= set(kernel.FEATURE_TABLE)


def test_the_expressions_of_the_repair_vectors_give_their_tokens() -> None:
    for case in json.loads(shared("repair_vectors.json").read_text("utf-8"))["cases"]:
        assert to_tokens(parse(case["expr"]), "v2") == case["repaired"]


def test_the_expressions_of_all_formulas_of_the_sister_system_give_their_tokens() -> None:
    with shared("formulas.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    assert len(rows) > 100
    for row in rows:
        assert to_tokens(parse(row["expr"]), "v2") == json.loads(row["repaired_tokens"]), row["run"]
