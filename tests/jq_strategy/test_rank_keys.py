"""Equal scores by held, money, code in any order of the keys; the order of the pool plays no part."""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jq_strategy.ranking import KEY_RULES, choose, ordered_keys, rank_stocks
from sdk.scoring.ties import tie_order

NAN = float("nan")
COMBINATIONS = [
    (*names, "code") for size in range(3) for names in permutations([key for key in KEY_RULES if key != "code"], size)
]


class Facts(NamedTuple):
    """One stock of a made pool."""

    code: str
    score: float
    held: bool
    money: float


SCORES = st.sampled_from([0.0, -0.0, 1.0, 2.0, -1.5, float("-inf"), NAN])
FACTS = st.tuples(SCORES, st.booleans(), st.sampled_from([0.0, 1e8, 1e8, 3.5e7, NAN]))
POOLS = st.lists(FACTS, min_size=1, max_size=30).map(
    lambda rows: [Facts(f"{place:06d}.XSHE", *row) for place, row in enumerate(rows)]
)


def ranked(pool: list[Facts], keys: tuple[str, ...]) -> list[str]:
    """Return the codes of a pool, best first."""
    codes = [stock.code for stock in pool]
    held = [stock.code for stock in pool if stock.held]
    order = rank_stocks(codes, [stock.score for stock in pool], keys, held, [stock.money for stock in pool])
    return [codes[place] for place in order]


def test_there_are_five_ways_to_name_the_keys() -> None:
    assert len(COMBINATIONS) == 5


@pytest.mark.parametrize("keys", COMBINATIONS, ids=",".join)
@given(POOLS, st.randoms())
def test_the_order_of_the_pool_plays_no_part(keys: tuple[str, ...], pool: list[Facts], random) -> None:
    shuffled = pool[:]
    random.shuffle(shuffled)
    assert ranked(pool, keys) == ranked(shuffled, keys)


@pytest.mark.parametrize("keys", COMBINATIONS, ids=",".join)
@given(POOLS)
def test_the_keys_decide_in_the_order_in_which_they_are_named(keys: tuple[str, ...], pool: list[Facts]) -> None:
    by_code = {stock.code: stock for stock in pool}
    order = [by_code[code] for code in ranked(pool, keys)]

    def worse(before: float, after: float) -> int:
        """-1 where the first is the better one, 0 where they are equal; NaN is the worst."""
        if before != before or after != after:
            return (before != before) - (after != after)
        return (before < after) - (before > after)

    steps = {
        "held": lambda one, other: other.held - one.held,
        "money": lambda one, other: worse(one.money, other.money),
        "code": lambda one, other: (one.code > other.code) - (one.code < other.code),
    }
    for one, other in pairwise(order):
        verdicts = [worse(one.score, other.score), *(steps[key](one, other) for key in keys)]
        assert next(verdict for verdict in verdicts if verdict) == -1, (one, other)


@given(POOLS, st.integers(1, 12))
def test_stocks_without_a_score_are_last_and_never_chosen(pool: list[Facts], k: int) -> None:
    codes, held = [stock.code for stock in pool], [stock.code for stock in pool if stock.held]
    scores, money = [stock.score for stock in pool], [stock.money for stock in pool]
    chosen = choose(codes, scores, k, ("held", "money"), held, money)
    scored = sum(score == score for score in scores)
    assert chosen == ranked(pool, ("held", "money"))[: min(k, scored)]


def test_an_example_of_each_key() -> None:
    codes, scores, money = ["a", "b", "c", "d"], [1.0, 1.0, 1.0, 2.0], [5.0, NAN, 7.0, 1.0]
    assert choose(codes, scores, 4) == ["d", "a", "b", "c"]
    assert choose(codes, scores, 4, ("money",), money=money) == ["d", "c", "a", "b"]
    assert choose(codes, scores, 4, ("held",), ["b", "x"]) == ["d", "b", "a", "c"]
    assert choose(codes, scores, 2, ("held", "money"), ["b"], money) == ["d", "b"]
    assert choose(codes, scores, 3, ("money", "held"), ["b"], money) == ["d", "c", "a"]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (("mony",), "unknown rank key 'mony'; known: held, money, code"),
        (("held", "held"), "'held' is named twice"),
        (("code", "money"), "'money' stands behind 'code'"),
    ],
)
def test_keys_without_meaning_are_one_clear_error(keys: tuple[str, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        rank_stocks(["a"], [1.0], keys, money=[1.0])


def test_code_is_always_the_last_resort_and_one_name_may_stand_alone() -> None:
    assert ordered_keys(()) == ordered_keys("code") == ("code",)
    assert ordered_keys("held") == ("held", "code")


def test_money_without_values_is_an_error_not_a_guess() -> None:
    with pytest.raises(ValueError, match="needs the traded value"):
        rank_stocks(["a", "b"], [1.0, 1.0], ("money",))


@pytest.mark.parametrize("keys", [("code",), ("money", "code"), ("held", "code"), ("held", "money", "code")])
@given(POOLS, st.randoms())
def test_the_static_order_and_held_first_are_the_same_rule(keys: tuple[str, ...], pool: list[Facts], random) -> None:
    random.shuffle(pool)
    codes = [stock.code for stock in pool]
    money = np.array([[stock.money, -stock.money] for stock in pool])
    places = tie_order(codes, money, keys)
    assert places.dtype == np.int64
    for day in range(2):
        assert sorted(places[:, day]) == list(range(len(pool)))
        here = [stock._replace(money=money[row, day]) for row, stock in enumerate(pool)]
        flat = [stock._replace(score=0.0) for stock in here]
        first = [not stock.held if keys[0] == "held" else False for stock in here]
        order = sorted(range(len(pool)), key=lambda row: (first[row], places[row, day]))
        assert [codes[row] for row in order] == ranked(flat, keys)
