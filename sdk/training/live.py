"""What a training run shows while it runs: one line of figures on the screen, curves for TensorBoard.

The table ``SHOWN`` is what the screen names, in its order. Time a step is the screen's own clock; nothing of it
reaches a result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from sdk.errors import ConfigError
from sdk.training.progress import StepRecord

SHOWN: tuple[tuple[str, str, str], ...] = (
    ("mean_reward", "平均奖励", "+.4f"),
    ("best_reward", "本批最好", "+.4f"),
    ("best_so_far", "至今最好", "+.4f"),
    ("entropy", "熵", ".3f"),
    ("portfolios", "不同组合", ".0%"),
    ("epsilon", "ε", ".3f"),
    ("stable_rank", "稳定秩", ".2f"),
    ("trials", "已试组合", "d"),
)
ROWS = 12
OnStep = Callable[[StepRecord], None]


class LiveView:
    """A table of the newest steps, drawn in place; on a screen that cannot be drawn on, the last table only."""

    def __init__(self, steps: int, console: Console) -> None:
        self._steps, self._records = steps, []  # type: ignore[var-annotated]
        self._live = Live(console=console, refresh_per_second=4, transient=False)
        self._last = time.perf_counter()

    def __enter__(self) -> LiveView:
        self._live.start()
        self._last = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
        if not self._live.console.is_terminal:
            self._live.console.line()  # rich leaves the last row of such a table open

    @property
    def steps_done(self) -> int:
        """The number of the newest step, 0 before the first."""
        return self._records[-1][0].step if self._records else 0

    def show(self, record: StepRecord) -> None:
        """Add a step."""
        now = time.perf_counter()
        self._records = [*self._records, (record, now - self._last)][-ROWS:]
        self._last = now
        self._live.update(step_table(self._records, self._steps))


def step_table(records: list[tuple[StepRecord, float]], steps: int) -> Table:
    """Return the table of some steps with the seconds each took."""
    close = {"padding": (0, 1), "pad_edge": False, "collapse_padding": True}  # the heads must fit 80 columns
    table = Table(title=f"训练 {records[-1][0].step}/{steps}", title_justify="left", box=None, **close)  # type: ignore[arg-type]
    for word in ("步", *(words for _, words, _ in SHOWN), "秒/步"):
        table.add_column(word, justify="right", no_wrap=True)
    for record, seconds in records:
        figures = [format(getattr(record, name), form) for name, _, form in SHOWN]
        table.add_row(str(record.step), *figures, f"{seconds:.2f}")
    return table


@contextmanager
def tensorboard(folder: Path | None) -> Iterator[OnStep]:
    """Yield what writes each step's figures as TensorBoard scalars below ``folder``; nothing for None.

    ConfigError where TensorBoard is not installed.
    """
    if folder is None:
        yield lambda record: None
        return
    writer = _writer(folder)

    def write(record: StepRecord) -> None:
        for name, value in record.as_dict().items():
            if name != "step":
                writer.add_scalar(f"train/{name}", value, record.step)

    try:
        yield write
    finally:
        writer.close()


def _writer(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ConfigError(
            "--tensorboard: 没有安装 TensorBoard · TensorBoard is not installed; pip install 'jqalpha[tensorboard]'"
        ) from None
    return SummaryWriter(log_dir=str(folder))
