"""A real training process is killed three times in a row and resumed to the bytes of a run that was left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.search.resume import kill_once, training_on
from tests.bundles import small_market


@pytest.mark.slow
def test_three_kills_lose_nothing(tmp_path: Path) -> None:
    """While it reads the market, right after the second checkpoint, and after the last one, in the selection."""
    training = training_on(small_market(), tmp_path / "run.toml", steps=4, batch=16)
    whole = training.finish(tmp_path / "whole")
    assert any(name.endswith("selection.json") for name in whole)
    for moment in ((0, 0.5), (2, 0.0), (3, 0.05)):
        assert kill_once(training, tmp_path / "killed", moment), f"the run had finished before {moment}"
    assert any(".working" in name for name in _names(tmp_path / "killed"))
    assert training.finish(tmp_path / "killed", "--resume") == whole


def _names(place: Path) -> list[str]:
    return [str(path.relative_to(place)) for path in place.rglob("*")]
