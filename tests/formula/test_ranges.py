"""Ranges are sound: no node of a random formula leaves its bounds or its set of values on awkward bars."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jq_strategy import formula as language
from jq_strategy import kernel
from sdk.formula.panel_scores import PanelScores
from sdk.formula.ranges import FEATURE_RANGES, JUMP_LIMIT, OPERATOR_RANGES, Range, range_of
from sdk.formula.trees import Tree, subtrees
from tests.formula.random_trees import trees
from tests.panels import awkward_bars

PANEL = PanelScores(awkward_bars(9, 620, seed=3))
NEWEST = list(language.VOCABULARIES)[-1]
DAYS = np.arange(200, 620, 5)
KNOWN = [np.array([[True]])]
HOSTILE = [0.0, -0.0, 1.0, -1.0, 1e-6, -1e-6, np.nextafter(-1e-6, 0), np.nextafter(-1e-6, -1), 5e-324, 1e300, -1e300]
NUMBER = st.sampled_from(HOSTILE) | st.floats(-5, 5) | st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=150, deadline=None)
@given(trees(NEWEST))
def test_no_value_leaves_its_range(tree: Tree) -> None:
    for node in set(subtrees(tree)):
        found = range_of(node)
        values = PANEL.scores(node, DAYS)
        values = values[np.isfinite(values)]
        assert np.all((found.low <= values) & (values <= found.high)), language.expression(node)
        if found.values is not None:
            assert set(values.tolist()) <= set(found.values), language.expression(node)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(OPERATOR_RANGES)), st.data())
def test_every_operator_keeps_its_bounds_on_hostile_numbers(name: str, data: st.DataObject) -> None:
    entry = kernel.OPERATOR_TABLE[name]
    ranges, arguments = [], []
    for _ in range(entry.arity):
        low, high = sorted([float(data.draw(NUMBER)) + 0.0, float(data.draw(NUMBER)) + 0.0])
        inside = st.sampled_from([low, high]) | st.floats(low, high)
        drawn = data.draw(st.lists(inside, min_size=entry.depth + 1, max_size=entry.depth + 1))
        ranges.append(Range(low, high))
        arguments.append(np.array([drawn]))
    with np.errstate(all="ignore"):
        value = float(entry.function(*arguments, *KNOWN[: entry.across])[0, 0])
    found = OPERATOR_RANGES[name](*ranges)
    assert found.low <= value <= found.high, (ranges, arguments)


@pytest.mark.parametrize(
    ("tree", "low", "high", "count"),
    [
        (("SIGN", ("RET",)), -1, 1, 3),
        (("ABS", ("SIGN", ("RET",))), 0, 1, 2),
        (("TSUM20", ("SIGN", ("RET",))), -20, 20, 41),
        (("ADD", ("SIGN", ("RET",)), ("SIGN", ("DEV",))), -2, 2, 5),
        (("MUL", ("SIGN", ("RET",)), ("SIGN", ("RET",))), 0, 1, 2),
        (("SUB", ("RET",), ("RET",)), 0, 0, 1),
        (("MUL", ("RET",), ("RET",)), 0, 25, None),
        (("JUMP", ("RET",)), 0, JUMP_LIMIT, None),
        (("DIV", ("RET",), ("ABS", ("DEV",))), -5e6, 5e6, None),
        (("TS_RANK5", ("RET",)), 0.2, 1, 9),
        (("TS_MEAN10", ("RET",)), -5, 5, None),
        (("TS_CORR20", ("RET",), ("DEV",)), -1, 1, None),
        (("SQRT_ABS", ("SIGN", ("RET",))), 0, 1, 2),
        (("RANK", ("RET",)), 1e-6, 1, None),
        (("ADD", ("LIQ_SCORE",), ("PRESSURE",)), -1, 2, None),
    ],
)
def test_known_ranges(tree: Tree, low: float, high: float, count: int | None) -> None:
    found = range_of(tree)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert (found.values and len(found.values)) == count


def test_every_word_of_the_kernel_has_bounds() -> None:
    assert set(FEATURE_RANGES) == set(kernel.FEATURE_TABLE)
    assert set(OPERATOR_RANGES) == set(kernel.OPERATOR_TABLE)


def test_an_operator_without_a_rule_is_unbounded_not_guessed() -> None:
    assert range_of(("A_WORD_OF_TOMORROW", ("RET",))).largest == kernel.LARGEST
