"""Static checks: each has a formula that it is about and one that it is not, and none claims what is false."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from jq_strategy import formula as language
from sdk.formula.checks import CHECKS, check, mostly_zero
from sdk.formula.infix import parse
from sdk.formula.panel_scores import PanelScores
from sdk.formula.ranges import range_of
from sdk.formula.trees import Tree, subtrees
from tests.formula.random_trees import trees
from tests.panels import awkward_bars

PANEL = PanelScores(awkward_bars(9, 620, seed=3))
NEWEST = list(language.VOCABULARIES)[-1]
DAYS = np.arange(200, 620, 5)
CASES = [
    ("constant", "RET - RET", "RET - DEV"),
    ("constant", "GATE(JUMP(RET - RET), DEV, FOMO - FOMO)", "JUMP(RET)"),
    ("few_values", "SIGN(RET)", "RET"),
    ("few_values", "GATE(RET, SIGN(DEV), SIGN(FOMO))", "GATE(RET, SIGN(DEV), FOMO)"),
    ("few_values", "TSUM20(SIGN(RET))", "TSUM20(RET)"),
    ("few_values", "SIGN(RET) * ABS(SIGN(DEV))", "SIGN(RET) * DEV"),
    ("mostly_zero", "JUMP(RET)", "JUMP(RET) + DEV"),
    ("mostly_zero", "-(JUMP(RET) * DEV)", "DECAY(JUMP(RET)) + RET"),
    ("mostly_zero", "JUMP(RET) / DEV", "DEV / JUMP(RET)"),
    ("dead_branch", "GATE(-ABS(RET), DEV, FOMO)", "GATE(-RET, DEV, FOMO)"),
    ("dead_branch", "GATE(RANK(RET), DEV, FOMO)", "GATE(ZSCORE(RET), DEV, FOMO)"),
    ("few_values", "TS_RANK20(RET)", "RANK(RET)"),
    ("constant", "SIGN(RANK(RET))", "RANK(RET)"),
    ("constant", "TS_STD20(RET - RET)", "TS_STD20(RET)"),
    ("decided_branch", "GATE(RET, DEV, GATE(RET, FOMO, PRESS))", "GATE(RET, DEV, GATE(DEV, FOMO, PRESS))"),
    (
        "decided_branch",
        "GATE(RET + DEV, -GATE(DEV + RET, FOMO, DEV), RET)",
        "GATE(RET, RANK(GATE(RET, FOMO, DEV)), RET)",
    ),
    ("decided_branch", "GATE(RET, GATE(SIGN(RET), FOMO, DEV), RET)", "GATE(RET, DELAY1(GATE(RET, FOMO, DEV)), RET)"),
    ("same_branches", "GATE(FOMO, RET + DEV, DEV + RET)", "GATE(FOMO, RET - DEV, DEV - RET)"),
    ("constant_part", "RET + (DEV - DEV)", "RET + (DEV - FOMO)"),
    ("constant_part", "GATE(RET, DEV, JUMP(FOMO - FOMO))", "GATE(RET, DEV, JUMP(FOMO))"),
    ("near_zero_divisor", "RET / DEV", "RET + DEV"),
    ("near_zero_divisor", "RET / ABS(DEV)", "RET - ABS(DEV)"),
    ("near_zero_divisor", "RET / SIGN(DEV)", "RET * SIGN(DEV)"),
    ("near_zero_divisor", "RET / (DEV - DEV)", "RET * DEV"),
    ("rare_branch", "GATE(ABS(RET), DEV, FOMO)", "GATE(RET, DEV, FOMO)"),
    ("rare_branch", "GATE(LIQ, DEV, FOMO)", "GATE(PRESS, DEV, FOMO)"),
    ("redundant", "ABS(ABS(RET))", "ABS(RET)"),
    ("redundant", "-(-RET)", "-RET"),
    ("capped", "-MOM20", "MOM20 + RET"),
    ("long_lookback", "JUMP(JUMP(RET))", "JUMP(RET)"),
]


def _squared(text: str, times: int) -> str:
    for _ in range(times):
        text = f"({text} * {text})"
    return text


def _codes(text: str) -> set[str]:
    return {finding.code for finding in check(parse(text))}


@pytest.mark.parametrize(("code", "about", "not_about"), CASES)
def test_a_check_finds_its_case_and_leaves_the_other(code: str, about: str, not_about: str) -> None:
    assert code in _codes(about)
    assert code not in _codes(not_about)


def test_overflow_is_found_where_it_can_happen_and_not_before() -> None:
    ratio = "(RET / DEV)"  # up to 5 x 2^72
    assert "overflow" not in _codes(_squared(ratio, 3))
    assert "overflow" in _codes(_squared(ratio, 4))


def test_a_word_without_bounds_is_said_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from sdk.formula import ranges

    assert "unknown_range" not in _codes("RET + DEV")
    monkeypatch.delitem(ranges.FEATURE_RANGES, "DEV")
    range_of.cache_clear()
    assert "unknown_range" in _codes("RET + DEV")
    range_of.cache_clear()


def test_every_check_has_a_case() -> None:
    assert {row.code for row in CHECKS} == {code for code, _, _ in CASES} | {"overflow", "unknown_range"}


def test_findings_are_chinese_first_and_the_gravest_come_first() -> None:
    order = [("error", "warning", "note").index(row.severity) for row in CHECKS]
    assert order == sorted(order)
    for _, about, _ in CASES:
        for finding in check(parse(about)):
            assert " · " in finding.text
            assert not finding.text.split(" · ")[0].isascii()


def _values(tree: Tree) -> np.ndarray:
    scores = PANEL.scores(tree, DAYS)
    return scores[np.isfinite(scores)]


@settings(max_examples=150, deadline=None)
@given(trees(NEWEST, leaves=16))
def test_no_finding_claims_what_is_false(tree: Tree) -> None:
    nodes = {language.expression(node): node for node in subtrees(tree)}
    for finding in check(tree):
        node = nodes[finding.node]
        values = _values(node)
        if finding.code in ("constant", "constant_part"):
            assert len(np.unique(values)) <= 1
        if finding.code == "few_values":
            assert len(np.unique(values)) <= len(range_of(node).values or ())
        if finding.code == "dead_branch":
            assert len(set((_values(node[1]) > 0).tolist())) <= 1
        if finding.code == "rare_branch":
            assert np.all(_values(node[1]) >= 0)
        if finding.code == "same_branches":
            assert np.array_equal(_values(("SUB", node[2], node[3])), 0 * _values(("SUB", node[2], node[3])))
        if finding.code == "near_zero_divisor":
            assert np.all(np.abs(values) <= range_of(node).largest)


SMALL = trees(NEWEST, leaves=3)


@settings(max_examples=60, deadline=None)
@given(SMALL, SMALL, SMALL, SMALL, SMALL)
def test_a_branch_that_is_said_to_be_decided_is(c: Tree, a: Tree, b: Tree, d: Tree, e: Tree) -> None:
    before = ("GATE", c, ("NEG", ("GATE", c, a, b)), ("ABS", ("GATE", c, d, e)))
    after = ("GATE", c, ("NEG", a), ("ABS", e))
    assert sum(finding.code == "decided_branch" for finding in check(before)) >= 1
    if any(language.compares_stocks(tree) for tree in (before, after)):
        return  # another reach is another pool
    one, other = PANEL.scores(before, DAYS), PANEL.scores(after, DAYS)
    both = np.isfinite(one) & np.isfinite(other)
    assert np.array_equal(one[both], other[both])


@settings(max_examples=60, deadline=None)
@given(trees(NEWEST, leaves=6), trees(NEWEST, leaves=3))
def test_what_is_said_to_follow_a_jump_is_zero_where_the_jump_is(inner: Tree, factor: Tree) -> None:
    jump = ("JUMP", inner)
    for tree in (
        ("MUL", jump, factor),
        ("DIV", jump, factor),
        ("NEG", ("ABS", jump)),
        ("MUL", ("SIGN", jump), factor),
    ):
        assert mostly_zero(tree)
        difference = ("GATE", jump, ("SUB", jump, jump), tree)  # 0 where the jump is up, the value where it is 0
        assert not np.any(_values(difference))
