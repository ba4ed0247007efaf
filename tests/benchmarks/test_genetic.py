"""gplearn as a yardstick: it evolves our formulas and is paid by the judge that it is given."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.search import genetic
from jq_strategy import formula as language
from sdk.training.config import make_config
from tests.training.fake_judge import FakeJudge

NAMES = language.token_names("v2")


def column_of(tokens: tuple[int, ...]) -> np.ndarray:
    column = np.zeros(genetic.ROOM)
    column[0], column[1 : 1 + len(tokens)] = len(tokens), tokens
    return column


@pytest.mark.parametrize("name", [name for name in NAMES if language.arity_of(name)])
def test_a_function_writes_its_operands_and_itself(name: str) -> None:
    token, arity = NAMES.index(name), language.arity_of(name)
    operands = [(place, NAMES.index("NEG")) for place in range(arity)]
    column = genetic.function_of(name, token)(*map(column_of, operands))  # type: ignore[operator]
    tokens = genetic.tokens_of(column)
    assert tokens == (*(number for operand in operands for number in operand), token)
    assert language.repair(tokens, "v2").repaired == tokens


def test_a_formula_without_room_stays_too_long() -> None:
    add, half = NAMES.index("ADD"), (0,) * 40
    column = genetic.function_of("ADD", add)(column_of(half), column_of(half))  # type: ignore[operator]
    assert len(genetic.tokens_of(column)) == genetic.ROOM - 1


def test_it_spends_its_budget_and_beats_its_first_generation() -> None:
    config = make_config({"steps": 8, "batch": 64, "seed": 3, "length_penalty": 0.01})
    judge = FakeJudge()
    found = genetic.genetic_search(config, judge)
    assert len(found.portfolios) == config.steps * config.batch
    assert len(found.tokens) <= config.max_length
    assert found.reward == pytest.approx(
        judge.judge_all((found.tokens,))[0].reward - config.length_penalty * len(found.tokens)
    )
    first = genetic.genetic_search(config.model_copy(update={"steps": 1}), judge)
    assert found.reward > first.reward
    assert genetic.genetic_search(config, judge).tokens == found.tokens
    assert 0.0 < found.distinct_at(50, config.batch) <= 1.0


def test_banned_features_are_not_planted() -> None:
    class Strict(FakeJudge):
        banned = frozenset({"LIQ_SCORE"})

        def judge_all(self, lists):  # type: ignore[no-untyped-def]
            assert all(NAMES.index("LIQ_SCORE") not in tokens for tokens in lists)
            return super().judge_all(lists)

    genetic.genetic_search(make_config({"steps": 2, "batch": 32}), Strict())
