"""The figures under the names and in the order of JoinQuant's result page, and one line of verdict.

Percentages with two places, ratios with three (JOINQUANT.md §8).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sdk.scoring.figure_names import NAMES

if TYPE_CHECKING:
    from sdk.emulator.result import RunResult


_RAISED = re.compile(r"\S+ \S+ - ERROR - Traceback ")
_FRAME = re.compile(r'^  File ".*?([^/"]+)", line (\d+), in ', re.MULTILINE)


@dataclass(frozen=True)
class RunSummary:
    """What the screen shows of a run; plain text, so that it can pass between processes."""

    status: str
    verdict: str
    figures: tuple[tuple[str, str], ...]
    ties: str
    notes: tuple[str, ...]
    directory: str

    def to_json(self) -> dict[str, Any]:
        """Return plain lists and texts."""
        return asdict(self)

    @classmethod
    def from_json(cls, page: Mapping[str, Any]) -> RunSummary:
        """Inverse of ``to_json``."""
        figures = tuple((label, text) for label, text in page["figures"])
        return cls(**{**page, "figures": figures, "notes": tuple(page["notes"])})


def summary_of(result: RunResult) -> RunSummary:
    """Return the summary of a finished or failed run."""
    from sdk.report.run_ties import tie_words, ties_of_line
    from sdk.report.tie_impact import impact_words

    ties = tie_words([found for line in result.log if (found := ties_of_line(line))])
    if result.ties:
        ties += f"\n     {impact_words(result.ties)}"
    figures = tuple(figure_rows(result.figures)) if result.figures else ()
    return RunSummary(result.status, verdict(result), figures, ties, result.notes, str(result.directory))


def error_words(error: BaseException) -> str:
    """Return an error as one sentence: what stopped the run speaks for itself, others are named by type."""
    if isinstance(error, MemoryError):
        return "MemoryError: 内存不足，或超过内存上限 · out of memory (--memory-limit)"
    if not isinstance(error, Exception | SystemExit):
        return str(error)
    return f"{type(error).__name__}: {error}"


def figure_rows(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the 21 (label, printed value) pairs of the result page."""
    return [(name.label, printed(figures[name.key], name.form)) for name in NAMES]


def printed(value: Any, form: str) -> str:
    """Return a figure as the result page prints it; ``--`` for one that does not exist."""
    if form == "period":
        return ",".join(f"{day:%Y/%m/%d}" for day in value)
    if isinstance(value, float) and not math.isfinite(value):
        return "--"
    return {"percent": f"{value:.2%}", "ratio": f"{value:.3f}", "count": str(value)}[form]


def _place(result: RunResult) -> str:
    """Return where a run stopped: instant and line from the strategy's traceback, else the last whole day."""
    last = result.log[-1] if result.log else ""
    if _RAISED.match(last):
        frames = _FRAME.findall(last)
        if not frames:  # called in a way that it does not take
            return f"{last[:19]} 出错"
        file, line = frames[-1]
        return f"{last[:19]} 第 {line} 行出错" if file == "user_code.py" else f"{last[:19]} {file} 第 {line} 行出错"
    return f"策略在 {result.days[-1]} 之后停止" if len(result.days) else "策略在第一个交易日结束前停止"


def verdict(result: RunResult) -> str:
    """Return the one line that says how the run went."""
    if result.error is not None:
        return f"失败：{_place(result)} {error_words(result.error)}"
    buys = sum(order.is_buy for order in result.trades)
    return (
        f"完成：{len(result.days)} 个交易日，买 {buys} 笔，卖 {len(result.trades) - buys} 笔，"
        f"总资产 {result.total_value[-1]:,.2f} 元"
    )
