"""The options of every command that runs a strategy: which market, from when to when, how much, how often."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

FREQUENCIES = ("day", "minute", "tick")
_OPTIONS = (
    click.argument("strategy", type=click.Path(path_type=Path, dir_okay=False)),
    click.option("--market", required=True, type=click.Path(path_type=Path), help="行情包目录 market bundle"),
    click.option("--start", required=True, metavar="YYYY-MM-DD", help="开始日期"),
    click.option("--end", required=True, metavar="YYYY-MM-DD", help="结束日期"),
    click.option("--cash", default=1_000_000.0, show_default=True, help="初始资金，元"),
    click.option(
        "--frequency",
        default="day",
        show_default=True,
        type=click.Choice(FREQUENCIES),
        help="频率 day; minute and tick need a bundle with minute bars",
    ),
)


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the argument STRATEGY and the options --market --start --end --cash --frequency."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
