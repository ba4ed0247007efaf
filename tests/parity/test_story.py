"""The user's own story: four faults at once in the local run, each named, and nothing left unexplained."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.planted_faults import stages
from parity.attribute import attributed_share, explanation, walk
from parity.counterfactual import Recipe, run_into
from parity.counterfactual_text import (
    lenient_readings,
    raw_tokens,
    with_formula,
    with_lag,
    with_rank_keys,
    with_whole_history,
)
from tests.bundles import small_market


@pytest.fixture(scope="module")
def right() -> Recipe:
    return stages("made", small_market())[1][1]


@pytest.fixture(scope="module")
def wrong(right: Recipe) -> Recipe:
    """Raw tokens, whole history, pool order, a lag of two."""
    readings = lenient_readings(raw_tokens(right.strategy), "v1", "postfix")
    first, last = str(right.bundle.days[0]), right.end
    made = right.with_text(with_formula, readings["raw tokens, top of the stack"])
    made = made.with_text(with_whole_history, first, last).with_rules(future_rows_without_guard="give")
    return made.with_text(with_lag, 2).with_text(with_rank_keys, ("reverse",))


@pytest.mark.slow
@pytest.mark.parametrize("known", ["local", "platform"])
def test_all_four_are_named_with_dates_whichever_side_can_be_run(right, wrong, tmp_path: Path, known: str) -> None:
    platform = run_into(right, right.end, tmp_path / "platform")
    local = run_into(wrong, wrong.end, tmp_path / "local")
    recipe, target = (wrong, platform) if known == "local" else (right, local)
    found = walk(recipe, target)
    told = explanation(found, known, right.cash, target)
    assert {"NORM", "REPAIR", "TIES", "TIME"} <= {cause.code for cause in told.causes}
    assert all(cause.day for cause in told.causes)
    assert attributed_share(found, target) >= 0.99
    gap = next(reversed(platform.total_value.values())).value - next(reversed(local.total_value.values())).value
    parts = sum(cause.basis_points or 0.0 for cause in told.causes)
    assert parts + (told.unattributed_bp or 0.0) == pytest.approx(gap / right.cash * 1e4, abs=1e-6)
