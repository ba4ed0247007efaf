"""R18: a missing score is not 0: it ranks behind the most negative score and is never chosen."""

import numpy as np
import pytest

from exporter.exported import load_scorer
from exporter.onnx_graph import build_model
from exporter.strategy_file import Settings, render
from exporter.verify import onnx_scores, open_model
from jq_strategy import formula as language
from jq_strategy.ranking import choose, rank_stocks
from sdk.formula.formula_file import from_tokens
from tests.panels import awkward_bars

CODES = ["000001.XSHE", "000002.XSHE", "600000.XSHG", "600001.XSHG"]


@pytest.mark.parametrize("worst", [-0.1, -5.0, -1.7e308])
def test_missing_is_behind_the_most_negative(worst: float) -> None:
    order = rank_stocks(CODES, [np.nan, worst, worst / 2, np.nan])
    assert [CODES[place] for place in order] == [CODES[2], CODES[1], CODES[0], CODES[3]]
    assert choose(CODES, [np.nan, worst, worst / 2, np.nan], 4) == [CODES[2], CODES[1]]


@pytest.mark.parametrize("tokens", [[4], [4, 10], [4, 21], [4, 22], [0, 4, 40]])
def test_a_gap_is_missing_in_every_computation_and_never_zero(tokens: list[int]) -> None:
    formula = from_tokens(tokens, "v3")
    bars = awkward_bars(6, formula.lookback_days, seed=18)
    bars = {name: np.nan_to_num(bars[name], nan=7.0) for name in formula.inputs}
    bars["close"][3, formula.lookback_days // 2] = np.nan
    model = open_model(build_model(formula).SerializeToString())
    for scores in (
        language.evaluate(formula.tree, bars)[:, 0],
        load_scorer(render(formula, Settings()))(bars),
        onnx_scores(model, bars),
    ):
        assert np.isnan(scores[3])
        assert np.isfinite(np.delete(scores, 3)).all()
        assert rank_stocks(list("abcdef"), scores)[-1] == 3
