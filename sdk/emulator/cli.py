"""``jqalpha backtest``: run a JoinQuant strategy file on a market bundle and show what came out.

The strategy runs in a process of its own (``isolated.py``); this one imports nothing heavy before it has ended.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdk.emulator.run_options import run_options

if TYPE_CHECKING:
    from sdk.emulator.summary import RunSummary


@click.command()
@run_options
@click.option("--out", type=click.Path(path_type=Path), help="结果目录 run directory [default: runs/<strategy>]")
@click.option("--rule", "rules", multiple=True, metavar="NAME=VALUE", help="平台规则的另一取值，见 docs/emulator.md")
@click.option("--name", help="回测名称")
@click.option(
    *("--time-limit", "seconds"),
    type=click.FloatRange(min=0),
    default=3600.0,
    show_default=True,
    help="时间上限，秒；0 = 不限 wall-clock seconds, 0 = none",
)
@click.option(
    *("--memory-limit", "megabytes"),
    type=click.IntRange(min=0),
    default=4096,
    show_default=True,
    help="内存上限，MB；0 = 不限 MB of the strategy's process, 0 = none",
)
@click.option("--report/--no-report", default=True, show_default=True, help="另写网页 also write OUT/report.html")
def backtest(
    strategy: Path,
    market: Path,
    start: str,
    end: str,
    cash: float,
    out: Path | None,
    frequency: str,
    rules: tuple[str, ...],
    name: str | None,
    seconds: float,
    megabytes: int,
    report: bool,
) -> None:
    """在本地回测任意聚宽策略 · Run any JoinQuant strategy on a market bundle.

    The strategy runs in its own process, without your credentials, within the two limits. The exit code is 1 when
    it did not reach its end; what it did until then is in the run directory, marked failed. The same figures, with
    curves, positions and trades, stand in OUT/report.html.
    """
    from sdk.emulator.isolated import Limits, run_isolated
    from sdk.errors import ConfigError

    changes = {}
    for rule in rules:
        key, sign, value = rule.partition("=")
        if not sign:
            raise ConfigError(f"--rule {rule}: write it as NAME=VALUE")
        changes[key.strip()] = value.strip()
    target = out if out is not None else Path("runs") / strategy.stem
    limits = Limits(seconds, megabytes)
    arguments = {"start": start, "end": end, "cash": cash, "frequency": frequency, "rules": changes, "name": name}
    summary = run_isolated(strategy, market, target, limits, **arguments)
    _show(summary, _page_of(target) if report and summary.figures else "")
    if summary.status != "done":
        sys.exit(1)


def _page_of(run: Path) -> str:
    """Write the page of a run and say where it is, or why there is none: a run is not lost for want of its page."""
    from sdk.errors import JqalphaError
    from sdk.report.page import write_report

    try:
        return f"网页 {write_report(run)}"
    except JqalphaError as error:
        return f"没有网页 no page: {error}"


def _show(summary: RunSummary, page: str) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if summary.figures:
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        rows = summary.figures
        half = len(rows) // 2 + 1
        for left, right in zip(rows[:half], [*rows[half:], ("", "")], strict=False):
            table.add_row(*left, *right)
        console.print(table)
    if summary.ties:
        console.print(f"并列 {summary.ties}", markup=False, soft_wrap=True)
    for note in summary.notes:
        console.print(f"注意 {note}", markup=False)
    console.print(f"结果 {summary.directory}", markup=False, soft_wrap=True)
    if page:
        console.print(page, markup=False, soft_wrap=True)
    console.print(summary.verdict, markup=False, soft_wrap=True)
