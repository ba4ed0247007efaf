"""R28: the first days have no score until the window is full; nothing is padded, so nothing differs later."""

import numpy as np
import pytest

from jq_strategy import formula as language
from sdk.formula.panel_scores import PanelScores
from tests.panels import awkward_bars, same_bits

DAYS = 340
BARS = {name: np.nan_to_num(array, nan=3.0) for name, array in awkward_bars(6, DAYS, seed=28).items()}
OPERANDS = [("PRESSURE",), ("RET",), ("FOMO",)]


def _tree(token: str) -> tuple:
    return (token, *OPERANDS[: language.arity_of(token)])


@pytest.mark.parametrize("token", language.token_names("v3"))
def test_the_first_scores_are_missing_and_the_next_never_change(token: str) -> None:
    tree = _tree(token)
    lookback = language.lookback_days(tree)
    scores = PanelScores(BARS).scores(tree, range(DAYS))
    assert np.isnan(scores[:, : lookback - 1]).all()
    assert np.isfinite(scores[:, lookback - 1 :]).all()
    later = {name: array[:, 40:] for name, array in BARS.items()}
    short = PanelScores(later).scores(tree, range(DAYS - 40))
    assert np.isnan(short[:, : lookback - 1]).all()
    assert same_bits(short[:, lookback - 1 :], scores[:, 40 + lookback - 1 :])
