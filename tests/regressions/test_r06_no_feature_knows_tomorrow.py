"""R6: no feature and no operator reads a bar later than the scoring day; the benchmark's bars included."""

import numpy as np
import pytest

from jq_strategy import formula as language
from sdk.formula.panel_scores import PanelScores
from tests.panels import awkward_bars, same_bits

BARS = awkward_bars(9, 330, seed=66)
DAY = 300
OPERANDS = [("PRESSURE",), ("REL_MOM20",), ("FOMO",)]


def _tree(token: str) -> tuple:
    return (token, *OPERANDS[: language.arity_of(token)])


@pytest.mark.parametrize("token", language.token_names("v3"))
def test_another_future_and_no_future_give_the_same_scores(token: str) -> None:
    rng = np.random.default_rng(1)
    tree, want = _tree(token), PanelScores(BARS).scores(_tree(token), [DAY])
    other = {name: array.copy() for name, array in BARS.items()}
    for array in other.values():
        array[:, DAY + 1 :] = rng.uniform(1, 1e4, array[:, DAY + 1 :].shape)
    cut = {name: array[:, : DAY + 1] for name, array in BARS.items()}
    assert np.isfinite(want).any()
    assert same_bits(PanelScores(other).scores(tree, [DAY]), want)
    assert same_bits(PanelScores(cut).scores(tree, [DAY]), want)


def test_the_benchmark_of_the_day_itself_does_matter() -> None:
    moved = {**BARS, "benchmark": BARS["benchmark"].copy()}
    moved["benchmark"][0, DAY] *= 1.01
    panel = PanelScores(moved)
    assert not same_bits(panel.scores(("REL_MOM20",), [DAY]), PanelScores(BARS).scores(("REL_MOM20",), [DAY]))
    assert same_bits(panel.scores(("REL_MOM20",), [DAY - 1]), PanelScores(BARS).scores(("REL_MOM20",), [DAY - 1]))
