"""R9: ``lookback_days`` adds up the whole chain (operators, normaliser, raw feature); that window is enough."""

import numpy as np
import pytest

from jq_strategy import formula as language
from jq_strategy import kernel
from sdk.formula.panel_scores import PanelScores
from tests.panels import awkward_bars, same_bits

BARS = awkward_bars(8, 640, seed=99)
PANEL = PanelScores(BARS)
CHAINS = [
    (("MOM20",), 140),
    (("TSUM20", ("MOM20",)), 159),
    (("JUMP", ("JUMP", ("DEV",))), 139 + 119 + 119),
    (("TS_CORR20", ("DELAY1", ("RET",)), ("FOMO",)), 122 + 19),
    (("TS_MEAN10", ("RANK", ("TS_STD20", ("LOG_VOL",)))), 120 + 19 + 9),
    (("ADD", ("DECAY", ("FOMO",)), ("MAX3", ("MAX3", ("REL_MOM20",)))), 144),
]


@pytest.mark.parametrize(("tree", "days"), CHAINS, ids=[language.expression(tree) for tree, _ in CHAINS])
def test_the_sum_of_the_chain_is_exactly_enough(tree: tuple, days: int) -> None:
    assert language.lookback_days(tree) == days
    for last in (days - 1, 500, 639):
        window = {name: array[:, last + 1 - days : last + 1] for name, array in BARS.items()}
        exact = language.evaluate(tree, window)[:, 0]
        assert same_bits(exact, PANEL.scores(tree, [last])[:, 0])
        assert same_bits(exact, language.evaluate(tree, {name: x[:, : last + 1] for name, x in BARS.items()})[:, 0])
    short = {name: array[:, -(days - 1) :] for name, array in BARS.items()}
    with pytest.raises(language.FormulaProblem, match=f"needs {days} days of .* and gets {days - 1}"):
        language.evaluate(tree, short)


@pytest.mark.parametrize("feature", kernel.FEATURES, ids=lambda feature: feature.name)
def test_a_features_days_are_all_read(feature: kernel.Feature) -> None:
    window = {name: array[:, -feature.days :].copy() for name, array in BARS.items()}
    before = language.evaluate((feature.name,), window)
    assert np.isfinite(before).any()
    for name in feature.inputs:
        window[name][:, 0] = np.nan
    assert np.isnan(language.evaluate((feature.name,), window)).all()
