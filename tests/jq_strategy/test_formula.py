"""The formula language: repair, trees, expressions, lookback."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jq_strategy import formula as language
from tests.conftest import shared

TOKENS = st.lists(st.integers(0, 20), max_size=24)


def _cases() -> list[dict]:
    return json.loads(shared("repair_vectors.json").read_text("utf-8"))["cases"]


def _long_names(expression: str) -> str:
    return re.sub(r"\b(PRESS|VOL|LIQ)\b", lambda found: language.SHORT_NAMES[found.group()], expression)


def test_all_repair_vectors_are_reproduced() -> None:
    cases = _cases()
    assert len(cases) == 200
    for case in cases:
        postfix = language.repair(case["raw"], "v2")
        prefix = language.repair(case["raw"], "v2", "prefix")
        assert list(postfix.repaired) == case["repaired"], case
        assert list(prefix.repaired) == case["repaired_prefix"], case
        assert language.expression(language.parse(postfix.repaired, "v2")) == _long_names(case["expr"])


@given(TOKENS, st.sampled_from(language.TOKEN_MODES))
def test_repair_is_idempotent_and_its_result_is_legal(tokens: list[int], mode: str) -> None:
    once = language.repair(tokens, "v2", mode)
    again = language.repair(once.repaired, "v2", mode)
    assert again.repaired == once.repaired
    assert again.steps == ()
    language.parse(once.repaired, "v2", mode)


@given(TOKENS)
def test_the_report_says_what_was_dropped_and_added(tokens: list[int]) -> None:
    report = language.repair(tokens, "v2")
    dropped = {step.position for step in report.steps if step.rule == "drop_starved_operator"}
    added = [step.token for step in report.steps if step.rule in ("replace_empty", "append_add")]
    kept = [token for place, token in enumerate(tokens) if place not in dropped]
    assert [*kept, *added] == list(report.repaired)


@pytest.mark.parametrize(
    ("tokens", "vocabulary", "words"),
    [
        ([0, 21], "v2", "token 1 has id 21"),
        ([18], "v1", "token 0 has id 18"),
        ([0, -1], "v2", "token 1 has id -1"),
        ([0, 1.5], "v2", "token 1 is 1.5"),
        ([0], "v9", "unknown vocabulary 'v9'"),
    ],
)
def test_an_unknown_id_is_an_error_that_names_the_position(tokens: list, vocabulary: str, words: str) -> None:
    with pytest.raises(language.FormulaProblem, match=words):
        language.repair(tokens, vocabulary)


def test_vocabularies_have_the_published_ids() -> None:
    assert language.token_names("v1")[6:] == language.token_names("v2")[6:18]
    assert language.token_names("v2")[18:] == ["TSUM20", "MOM20", "REL_MOM20"]
    assert language.token_names("v1")[5] == "LOG_VOL"
    assert len(language.token_names("v1")) == 18


def test_prefix_and_postfix_of_one_tree_are_the_same_formula() -> None:
    assert language.parse([0, 4, 7], "v2") == language.parse([7, 0, 4], "v2", "prefix")
    assert language.expression(language.parse([13, 0, 4, 5], "v2", "prefix")) == "GATE(RET, DEV, LOG_VOL)"


@pytest.mark.parametrize(
    ("tokens", "days"),
    [([2], 1), ([0], 121), ([5], 120), ([3], 122), ([4], 139), ([19], 140), ([0, 15, 16], 124), ([19, 14, 14], 378)],
)
def test_lookback_adds_up_along_the_longest_path(tokens: list[int], days: int) -> None:
    assert language.lookback_days(language.parse(tokens, "v2")) == days


@given(TOKENS)
def test_lookback_stays_within_the_published_bounds(tokens: list[int]) -> None:
    tree = language.parse(language.repair(tokens[:12], "v2").repaired, "v2")
    jumps = language.expression(tree).count("JUMP")
    sums = language.expression(tree).count("TSUM20")
    assert language.lookback_days(tree) <= 140 + 119 * jumps + 19 * sums + 2 * 12
