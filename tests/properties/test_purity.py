"""A score is a pure function of a finite window: 800 random formulas, awkward bars, bit for bit."""

import numpy as np
import pytest

from jq_strategy import formula as language
from sdk.formula.panel_scores import PanelScores
from tests.panels import awkward_bars, random_lists, same_bits

DAYS = 620
BARS = awkward_bars(9, DAYS, seed=3)
WHOLE = PanelScores(BARS)
FORMULAS = random_lists(500, seed=4)
WIDER = random_lists(300, seed=5, vocabulary="v3")


def _up_to(last: int, days: int | None = None) -> dict[str, np.ndarray]:
    first = 0 if days is None else last + 1 - days
    return {name: array[:, first : last + 1] for name, array in BARS.items()}


@pytest.mark.parametrize("part", range(5))
def test_exact_window_whole_history_and_truncated_history_agree(part: int) -> None:
    rng = np.random.default_rng(part)
    for tokens in FORMULAS[part::5] + WIDER[part::5]:
        tree = language.parse(tokens, "v3")  # the ids of v2 mean the same in v3
        lookback = language.lookback_days(tree)
        if lookback > DAYS:
            continue
        last = int(rng.integers(lookback - 1, DAYS))
        exact = language.evaluate(tree, _up_to(last, lookback))[:, 0]
        truncated = language.evaluate(tree, _up_to(last))[:, 0]
        whole = WHOLE.scores(tree, [last])[:, 0]
        assert same_bits(exact, truncated), language.expression(tree)
        assert same_bits(exact, whole), language.expression(tree)


def test_a_replaced_future_changes_no_score() -> None:
    rng = np.random.default_rng(8)
    for tokens in FORMULAS[:40] + WIDER[:40]:
        tree = language.parse(tokens, "v3")
        last = min(language.lookback_days(tree) + 60, DAYS - 2)
        if language.lookback_days(tree) > last:
            continue
        other = {name: array.copy() for name, array in BARS.items()}
        for array in other.values():
            array[:, last + 1 :] = rng.uniform(1, 100, array[:, last + 1 :].shape)
        assert same_bits(PanelScores(other).scores(tree, [last]), WHOLE.scores(tree, [last]))


def test_other_stocks_and_their_order_change_no_score() -> None:
    order = np.random.default_rng(9).permutation(9)[:5]
    some = {name: array[order] if name != "benchmark" else array for name, array in BARS.items()}
    for tokens in FORMULAS[:60]:
        tree = language.parse(tokens, "v2")
        if language.lookback_days(tree) <= DAYS:
            last = [DAYS - 1]
            assert same_bits(PanelScores(some).scores(tree, last), WHOLE.scores(tree, last)[order])


def test_missing_bars_make_missing_scores_and_nothing_else() -> None:
    tree = ("MOM20",)
    gap = {name: array.copy() for name, array in BARS.items()}
    gap["close"][0, 400] = np.nan
    before, after = (PanelScores(bars).scores(tree, range(DAYS))[0] for bars in (BARS, gap))
    lost = np.isfinite(before) & np.isnan(after)
    assert set(np.flatnonzero(lost)) <= set(range(400, 400 + 140))
    kept = np.isfinite(after)
    assert same_bits(before[kept], after[kept])
