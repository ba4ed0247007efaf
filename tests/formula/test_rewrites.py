"""Every row of the rewrites keeps every bit, on hostile numbers and inside whole formulas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jq_strategy import formula as language
from jq_strategy import kernel
from sdk.formula.canonical import canonical, formula_hash
from sdk.formula.infix import parse
from sdk.formula.panel_scores import PanelScores
from sdk.formula.patterns import VARIABLES, Rewrite
from sdk.formula.rewrites import REWRITES
from sdk.formula.token_lists import to_tokens
from sdk.formula.trees import MAX_NESTING, Tree, nesting, reach, size
from tests.formula.random_trees import any_vocabulary, trees
from tests.panels import awkward_bars, same_bits

DAYS = 24
NEWEST = list(language.VOCABULARIES)[-1]
PANEL = PanelScores(awkward_bars(9, 620, seed=5))
LAST_DAYS = np.arange(200, 620, 5)
HOSTILE = [0.0, -0.0, 1.0, -1.0, 1e-6, -1e-6, 5e-324, -5e-324, 1e308, -1e308, kernel.LARGEST, 1e-200, -1e200]
ROWS = 2_000  # cases a test, evaluated at once


def _hostile(rng: np.random.Generator, days: int) -> np.ndarray:
    """Return ROWS series of awkward numbers: of everyday size, of any bit pattern, and the worst ones."""
    shape = (ROWS, days)
    everyday = rng.normal(0, 3, shape)
    patterns = rng.integers(0, 2**64, shape, dtype=np.uint64).view(np.float64)
    patterns = np.where(np.isfinite(patterns), patterns, 1.0)
    kind = rng.integers(0, 3, shape)
    return np.where(kind == 0, everyday, np.where(kind == 1, patterns, rng.choice(HOSTILE, shape)))


# What a row may assume of one of its variables, by its condition.
ASSUMES = {
    "x 从不小于 0 never below 0": ("x", np.abs),
    "x 从不大于 0 never above 0": ("x", lambda x: -np.abs(x)),
    "x 只取 −1、0、1 is -1, 0 or 1": ("x", np.sign),
    "c ≤ 0": ("c", lambda c: -np.abs(c)),
    "c > 0": ("c", lambda c: np.abs(c) + 5e-324),
    "z 恒为 0 always 0": ("z", lambda z: z * 0.0),
}


def _called(name: str, operands: list[np.ndarray]) -> np.ndarray:
    """Call an operator of the kernel; one that compares stocks gets a pool with every seventh stock unknown."""
    entry = kernel.OPERATOR_TABLE[name]
    pool = [np.arange(len(operands[0]))[:, None] % 7 > 0]
    return entry.function(*operands, *pool[: entry.across])


def _value(tree: Tree, series: dict[str, np.ndarray]) -> np.ndarray:
    """Evaluate a pattern with the kernel: its last value, variables bound to series of DAYS days."""

    def visit(node: Tree) -> np.ndarray:
        if node[0] in series:
            return series[node[0]]
        operands = [visit(operand) for operand in node[1:]]
        shortest = min(operand.shape[1] for operand in operands)
        return _called(node[0], [kernel.tail(operand, shortest) for operand in operands])

    with np.errstate(all="ignore"):
        return kernel.tail(visit(tree), 1) + 0.0


@pytest.mark.parametrize("row", REWRITES, ids=lambda row: row.name)
def test_a_row_keeps_every_bit_on_hostile_numbers(row: Rewrite) -> None:
    rng = np.random.default_rng(len(row.name))
    series = {name: _hostile(rng, DAYS) for name in sorted(VARIABLES)}
    if row.condition in ASSUMES:
        name, made_so = ASSUMES[row.condition]
        series[name] = made_so(series[name])
    before, after = (parse(text, VARIABLES) for text in (row.before, row.after))
    assert same_bits(_value(before, series), _value(after, series))


def test_every_condition_of_a_row_is_either_assumed_or_about_order() -> None:
    for row in REWRITES:
        assert (row.when is None) == (row.condition == "")
        assert row.condition in ASSUMES or row.name.startswith("order_") or row.when is None


@pytest.mark.parametrize("name", list(kernel.OPERATOR_TABLE))
def test_no_operator_tells_minus_zero_from_zero(name: str) -> None:
    entry = kernel.OPERATOR_TABLE[name]
    rng = np.random.default_rng(len(name))
    arguments = [rng.choice(HOSTILE, (ROWS, entry.depth + 1)) for _ in range(entry.arity)]
    with np.errstate(all="ignore"):
        one, other = _called(name, arguments), _called(name, [x + 0.0 for x in arguments])
    assert same_bits(one + 0.0, other + 0.0)


@pytest.mark.parametrize("name", list(kernel.OPERATOR_TABLE))
def test_every_operator_treats_every_day_alike(name: str) -> None:
    """What the two rows about DELAY1 rest on, for every word of the kernel."""
    entry = kernel.OPERATOR_TABLE[name]
    rng = np.random.default_rng(len(name))
    arguments = [_hostile(rng, entry.depth + 4)[:200] for _ in range(entry.arity)]
    with np.errstate(all="ignore"):
        late = kernel.DELAY1(_called(name, arguments))
        early = _called(name, [kernel.DELAY1(x) for x in arguments])
    assert same_bits(late, early)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_the_canonical_form_has_the_same_scores_inputs_and_lookback(data: st.DataObject) -> None:
    tree = data.draw(trees(NEWEST, leaves=data.draw(st.sampled_from([4, 12, 24]))))
    found = canonical(tree)
    assert reach(found.tree) == reach(tree)
    assert canonical(found.tree).tree == found.tree, "canonical is idempotent"
    assert size(found.tree) <= size(tree)
    assert same_bits(PANEL.scores(tree, LAST_DAYS), PANEL.scores(found.tree, LAST_DAYS)), found.steps


@given(any_vocabulary().flatmap(lambda vocabulary: st.tuples(st.just(vocabulary), trees(vocabulary, leaves=30))))
def test_every_vocabulary_can_be_made_canonical(drawn: tuple[str, Tree]) -> None:
    vocabulary, tree = drawn
    found = canonical(tree)
    assert reach(found.tree) == reach(tree)
    assert nesting(found.tree) <= MAX_NESTING
    to_tokens(found.tree, vocabulary)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("RET + DEV", "DEV + RET"),
        ("RET - DEV", "-(DEV - RET)"),
        ("RET - DEV", "RET + -DEV"),
        ("ABS(RET - DEV)", "ABS(DEV - RET)"),
        ("(-RET) * DEV", "-(DEV * RET)"),
        ("DELAY1(TSUM20(RET) + JUMP(DEV))", "JUMP(DELAY1(DEV)) + TSUM20(DELAY1(RET))"),
        ("DELAY1(-RET) * DEV", "-(DELAY1(RET) * DEV)"),
        ("GATE(SIGN(RET), DEV, FOMO)", "GATE(RET, DEV, FOMO)"),
        ("DEV + GATE(DEV, RET, RET)", "RET + DEV"),
        ("TS_MAX5(-RET)", "-TS_MIN5(RET)"),
        ("TS_CORR10(-RET, DEV)", "-TS_CORR10(DEV, RET)"),
        ("RANK(DELAY1(RET)) + DELAY1(RANK(RANK(DEV)))", "DELAY1(RANK(DEV) + RANK(RET))"),
        ("DEV + GATE(RANK(DEV), RET, DEV)", "DEV + RET"),
    ],
)
def test_equal_formulas_have_one_hash(one: str, other: str) -> None:
    assert formula_hash(parse(one)) == formula_hash(parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("RET - DEV", "DEV - RET"),
        ("RET + DEV + FOMO", "RET + (DEV + FOMO)"),
        ("RET / (-DEV)", "-(RET / DEV)"),
        ("GATE(FOMO, RET, RET)", "RET"),
        ("GATE(DELAY1(RET), RET, RET)", "RET"),
        ("RET + (FOMO - FOMO)", "RET"),
        ("MAX3(-RET)", "-MAX3(RET)"),
        ("RANK(-RET)", "-RANK(RET)"),
        ("ZSCORE(-RET)", "-ZSCORE(RET)"),
    ],
)
def test_formulas_that_differ_in_a_bit_or_in_who_is_nan_keep_two_hashes(one: str, other: str) -> None:
    assert formula_hash(parse(one)) != formula_hash(parse(other))


def test_a_part_is_dropped_only_where_inputs_and_lookback_stay() -> None:
    kept, dropped = parse("GATE(FOMO, RET, RET)"), parse("FOMO + GATE(FOMO, RET, RET)")
    assert canonical(kept).tree == kept
    assert language.expression(canonical(dropped).tree) == "(FOMO + RET)"


def test_the_hash_is_of_words_not_of_ids_and_never_changes() -> None:
    assert formula_hash(parse("MOM20 - TSUM20(RET)")) == "5aae2748ed5b426a"


def test_a_row_that_changes_a_bit_is_caught_by_these_tests() -> None:
    wrong = Rewrite("wrong", "DIV(x, NEG(y))", "NEG(DIV(x, y))", "")
    series = {name: np.full((1, DAYS), 2.0) for name in VARIABLES}
    assert not same_bits(
        _value(parse(wrong.before, VARIABLES), series), _value(parse(wrong.after, VARIABLES), series)
    )


def test_deep_formulas_are_made_canonical_without_exhausting_the_stack() -> None:
    tree: Tree = ("RET",)
    for place in range(MAX_NESTING - 1):
        tree = (("NEG", "DELAY1", "DECAY", "ABS")[place % 4], tree)
    assert reach(canonical(tree).tree) == reach(tree)
