"""What a run shows moves with what it did; TensorBoard gets every figure, and says so where it is missing."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from sdk.errors import ConfigError
from sdk.training.live import SHOWN, LiveView, step_table, tensorboard
from sdk.training.progress import StepRecord
from tests.training.fake_judge import FakeJudge

RECORD = StepRecord(
    **{"step": 3, "mean_reward": 0.0123, "best_reward": 0.0456, "best_so_far": 0.0789, "entropy": 1.234},
    **{
        "distinct": 0.9,
        "portfolios": 0.44,
        "entropy_weight": 0.1,
        "overlap": 0.2,
        "epsilon": 0.055,
        "stable_rank": 7.25,
    },
    **{"judged": 190, "trials": 150},
)


def _drawn(record: StepRecord, seconds: float = 1.5) -> str:
    text = io.StringIO()
    Console(file=text, width=140).print(step_table([(record, seconds)], 60))
    return text.getvalue()


def test_the_table_shows_the_figures_of_a_step() -> None:
    shown = _drawn(RECORD)
    for words in (
        "3/60",
        "+0.0123",
        "+0.0456",
        "+0.0789",
        "1.234",
        "44%",
        "0.055",
        "7.25",
        "150",
        "1.50",
        "不同组合",
    ):
        assert words in shown, words


def test_a_table_fits_80_columns_and_ends_its_last_line() -> None:
    text = io.StringIO()
    with LiveView(60, Console(file=text, width=80)) as view:
        view.show(replace(RECORD, step=1234, trials=123456))
    assert "…" not in text.getvalue()
    assert text.getvalue().endswith("\n")
    assert view.steps_done == 1234


@pytest.mark.parametrize("name", [name for name, _, _ in SHOWN])
def test_every_figure_on_the_screen_moves(name: str) -> None:
    assert _drawn(replace(RECORD, **{name: 3})) != _drawn(RECORD)


def test_a_search_is_drawn_step_by_step() -> None:
    from sdk.training.config import make_config
    from sdk.training.learn import search

    text = io.StringIO()
    with LiveView(3, Console(file=text, width=140, force_terminal=True)) as view:
        search(make_config({"steps": 3, "batch": 8, "width": 16}), FakeJudge(), view.show)
    assert "3/3" in text.getvalue()


def test_tensorboard_gets_every_figure(tmp_path: Path) -> None:
    reader = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="TENSORBOARD IS NOT INSTALLED: pip install 'jqalpha[tensorboard]' to test it",
    )
    with tensorboard(tmp_path / "board") as write:
        write(RECORD)
        write(replace(RECORD, step=4, entropy=0.5))
    events = reader.EventAccumulator(str(tmp_path / "board"))
    events.Reload()
    names = {f"train/{name}" for name in RECORD.as_dict() if name != "step"}
    assert set(events.Tags()["scalars"]) == names
    assert [(e.step, round(e.value, 3)) for e in events.Scalars("train/entropy")] == [(3, 1.234), (4, 0.5)]


def test_without_tensorboard_the_option_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ConfigError, match=r"pip install 'jqalpha\[tensorboard\]'"), tensorboard(tmp_path / "board"):
        pass
    assert not (tmp_path / "board").exists()
