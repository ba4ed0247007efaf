"""Many formulas on a panel at once: shared windows, layouts and threads change no bit of the kernel's scores."""

from __future__ import annotations

import pytest

from jq_strategy import formula as language
from sdk.formula.panel_scores import PanelScores
from tests.panels import awkward_bars, random_lists, same_bits

DAYS = 800
SHARING = (  # windows over more than a feature, in several formulas, on few and on many days
    "DEV DECAY TS_STD5",
    "DEV DEV DECAY TS_STD5 SUB TS_MAX5 TS_STD10",
    "DEV DEV DECAY TS_STD5 ADD FOMO ADD",
    "MOM20 DELAY1 TS_STD20",
    "MOM20 DELAY1 TS_STD20 DEV ADD DECAY",
    "RET ABS TSUM20 JUMP",
    "RET ABS TSUM20 JUMP TSUM20",
    "RET ABS TSUM20 DEV DECAY TS_CORR10",
    "RET ABS TSUM20 DEV DECAY TS_CORR10 NEG MAX3",
    "RET JUMP JUMP DELAY1",
    "RET",
    "DEV RANK RET ADD",
)


def _trees() -> list[tuple]:
    names = {name: token for token, name in enumerate(language.token_names("v3"))}
    lists = [tuple(names[word] for word in words.split()) for words in SHARING]
    return [language.parse(tokens, "v3") for tokens in [*lists, *random_lists(60, 5, "v3", 14)]]


@pytest.mark.parametrize(
    "days",
    [[DAYS - 1], [600, 700, DAYS - 1], list(range(580, DAYS, 4)), list(range(DAYS - 40, DAYS))],
    ids=["one day", "far apart", "every fourth", "in a row"],
)
def test_a_batch_has_the_kernels_bits(days: list[int]) -> None:
    bars = awkward_bars(7, DAYS, 1)
    trees = _trees()
    one, three = (list(PanelScores(bars, threads=threads).scores_of(trees, days)) for threads in (1, 3))
    checked = {days[0], days[len(days) // 2], days[-1]}
    for tree, scores, threaded in zip(trees, one, three, strict=True):
        assert same_bits(scores, threaded), language.expression(tree)
        for column in (days.index(day) for day in checked):
            past = {name: array[:, : days[column] + 1] for name, array in bars.items()}
            want = language.evaluate(tree, past)[:, 0] + 0.0
            assert same_bits(want, scores[:, column]), (language.expression(tree), days[column])


def test_the_company_of_other_formulas_changes_nothing() -> None:
    bars, days = awkward_bars(5, DAYS, 2), [600, 700, DAYS - 1]
    trees = _trees()
    together = PanelScores(bars).scores_of(trees, days)
    for tree, scores in zip(trees, together, strict=True):
        assert same_bits(PanelScores(bars).scores(tree, days), scores), language.expression(tree)
