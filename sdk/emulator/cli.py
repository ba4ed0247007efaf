"""``jqalpha backtest``: run a JoinQuant strategy file on a market bundle and show what came out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sdk.emulator.result import RunResult


@click.command()
@click.argument("strategy", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--market", "market", required=True, type=click.Path(path_type=Path), help="行情包目录 market bundle")
@click.option("--start", required=True, metavar="YYYY-MM-DD", help="开始日期")
@click.option("--end", required=True, metavar="YYYY-MM-DD", help="结束日期")
@click.option("--cash", default=1_000_000.0, show_default=True, help="初始资金，元")
@click.option("--out", type=click.Path(path_type=Path), help="结果目录 run directory [default: runs/<strategy>]")
@click.option(
    "--frequency",
    default="day",
    show_default=True,
    type=click.Choice(["day", "minute"]),
    help="频率 day, or minute on a bundle with minute bars",
)
@click.option("--rule", "rules", multiple=True, metavar="NAME=VALUE", help="平台规则的另一取值，见 docs/emulator.md")
@click.option("--name", help="回测名称")
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
) -> None:
    """在本地回测任意聚宽策略 · Run any JoinQuant strategy on a market bundle."""
    from sdk.emulator.runner import run_backtest
    from sdk.errors import ConfigError
    from sdk.market.bundle import Bundle

    changes = {}
    for rule in rules:
        key, sign, value = rule.partition("=")
        if not sign:
            raise ConfigError(f"--rule {rule}: write it as NAME=VALUE")
        changes[key.strip()] = value.strip()
    target = out if out is not None else Path("runs") / strategy.stem
    result = run_backtest(strategy, Bundle.open(market), start, end, cash, target, frequency, changes, name)
    _show(result)
    if result.status != "done":
        sys.exit(1)


def _show(result: RunResult) -> None:
    from rich.console import Console
    from rich.table import Table

    from sdk.emulator.summary import figure_rows, verdict
    from sdk.report.run_ties import tie_words, ties_of_line

    console = Console(highlight=False)
    if result.figures:
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        rows = figure_rows(result.figures)
        for left, right in zip(rows[: len(rows) // 2 + 1], [*rows[len(rows) // 2 + 1 :], ("", "")], strict=False):
            table.add_row(*left, *right)
        console.print(table)
    ties = tie_words([found for line in result.log if (found := ties_of_line(line))])
    if ties:
        console.print(f"并列 {ties}", markup=False, soft_wrap=True)
    for note in result.notes:
        console.print(f"注意 {note}", markup=False)
    console.print(f"结果 {result.directory}", markup=False, soft_wrap=True)
    console.print(verdict(result), markup=False, soft_wrap=True)
