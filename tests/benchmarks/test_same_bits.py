"""The comparison of all back ends on twenty formulas, and that it would notice one wrong bit."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.bits.formulas import random_trees
from benchmarks.bits.scene import Scene, make_scene
from benchmarks.bits.tally import Tally
from benchmarks.same_bits import Size, compare
from jq_strategy import formula as language
from sdk.market.bundle import Bundle
from tests.bundles import small_market
from tests.conformance.backends import PYTHON36

SIZE = Size(formulas=20, days=2, pool=15, sample=4)
TREES = [*random_trees(18, seed=4), ("SUB", ("RANK", ("DEV",)), ("LIQ_SCORE",)), ("TSUM20", ("ZSCORE", ("RET",)))]


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene("small", Bundle.open(small_market()), SIZE.days, SIZE.pool, seed=3)


def test_all_back_ends_and_variants_agree_and_a_kept_run_goes_on(scene: Scene, tmp_path: Path) -> None:
    if not PYTHON36.exists():
        pytest.skip("CPYTHON 3.6 ABSENT: nothing was proved about the platform's Python")
    kept = tmp_path / "parts.jsonl"
    tally = compare(scene, TREES, SIZE, kept)
    assert tally.words == []
    assert tally.differences == 0
    whole = {name: count for name, count in tally.formulas.items() if not name.endswith(" alone")}
    assert list(whole.values()) == [20] * 9  # four back ends, four changes of the bars, the ranking
    assert tally.existing["batch"] > tally.compared["batch"] / 2
    assert tally.formulas["batch alone"] == 4
    again = compare(scene, TREES, SIZE, kept)
    assert again == tally


def test_one_wrong_bit_is_counted_and_named(scene: Scene) -> None:
    tree, rows = ("RET",), scene.blocks[-1].stop
    want = np.linspace(-1, 1, rows)[None]
    got = want.copy()
    got[0, -1] = np.nextafter(got[0, -1], 2.0)
    tally = Tally()
    tally.judge(scene, "other", [tree], want, got)
    assert (tally.bits["other"], tally.sets["other"], tally.differences) == (1, 0, 1)
    code = scene.codes[scene.pools[-1][-1]]
    assert f"other: RET: {code} on {scene.dates[scene.days[-1]]}: 0x1.0" in tally.words[0]
    got[0, 0] = 5.0
    tally.judge(scene, "worse", [tree], want, got)
    assert tally.sets["worse"] == 1


def test_the_random_formulas_are_distinct_and_use_every_operator() -> None:
    trees = random_trees(2000, seed=1)
    assert len(set(trees)) == 2000
    used = {step.name for tree in trees for step in language.plan(tree)}
    assert used == set(language.token_names("v3"))
