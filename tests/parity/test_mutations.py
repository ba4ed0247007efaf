"""Planted faults are named first, with their day and code, and explain the whole difference of the NAV."""

from __future__ import annotations

import pytest

from benchmarks.planted_faults import ONE_OF_EACH, TWO, double, false_causes, judged, single, stages
from benchmarks.planted_mutations import MUTATIONS, Mutation
from parity.causes import CAUSES
from tests.bundles import real_market, small_market


@pytest.fixture(scope="module")
def places():
    return stages("made", small_market())


def test_there_are_five_variants_of_every_cause() -> None:
    counts = {row.code: 0 for row in CAUSES}
    for mutation in MUTATIONS:
        counts[mutation.cause] += 1
    assert len(counts) >= 14
    assert min(counts.values()) >= 5


@pytest.mark.parametrize("words", ONE_OF_EACH)
def test_one_fault_is_named_first_and_explains_the_gap(places, words: str) -> None:
    number, mutation = next((place, one) for place, one in enumerate(MUTATIONS) if one.words == words)
    found = judged([mutation], places, number)
    assert found is not None
    assert found.named == (mutation.cause,)
    assert found.found_first == found.true_first
    assert found.share >= 0.99


def test_nothing_planted_names_nothing(places) -> None:
    assert false_causes(places) == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["made", "real"])
def test_the_whole_suite_holds_its_bars(kind: str) -> None:
    places = stages(kind, small_market() if kind == "made" else real_market())
    found = [one for one in single(places) if not isinstance(one, Mutation)]
    assert sum(one.first_named for one in found) >= 0.95 * len(found)
    assert [(one.words, one.true_first, one.found_first) for one in found if not one.exact] == []
    assert sum(one.share for one in found) >= 0.99 * len(found)
    both = list(double(places, TWO))
    assert sum(one.all_named for one in both) >= 0.9 * len(both)
    assert false_causes(places) == 0
