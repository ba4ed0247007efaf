"""``jqalpha parity STRATEGY_OR_RUN PLATFORM``: exit code 0 equal, 1 different, 2 could not judge."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdk.emulator.run_options import FREQUENCIES

if TYPE_CHECKING:
    from parity.explanation import Explanation
    from parity.records import Side
    from parity.strategy_run import RunPlan

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("local", metavar="STRATEGY_OR_RUN", type=click.Path(path_type=Path))
@click.argument("platform", type=click.Path(path_type=Path))
@click.option("--market", type=click.Path(path_type=Path), help="行情包目录；给策略文件时必需 the bundle to run on")
@click.option("--out", type=click.Path(path_type=Path), help="结果目录：parity.html parity.json（与 run/）")
@click.option("--start", metavar="YYYY-MM-DD", help="开始日期；默认取下载的首日 first day")
@click.option("--end", metavar="YYYY-MM-DD", help="结束日期；默认取下载的末日 last day")
@click.option("--cash", type=float, help="初始资金，元；默认由首日总值与盈亏算出 capital")
@click.option("--frequency", default="day", show_default=True, type=click.Choice(FREQUENCIES), help="回测频率")
@click.option(
    "--strategy",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="给的是运行目录时：它的策略文件，用于找原因 to name causes of a run",
)
@click.option("--no-causes", is_flag=True, help="只比较，不重新运行找原因 compare only")
@click.option("--json", "json_file", type=_FILE, help="另写 JSON")
@click.option("--html", "html_file", type=_FILE, help="另写网页")
def parity(
    local: Path,
    platform: Path,
    market: Path | None,
    out: Path | None,
    start: str | None,
    end: str | None,
    cash: float | None,
    frequency: str,
    strategy: Path | None,
    no_causes: bool,
    json_file: Path | None,
    html_file: Path | None,
) -> None:
    """对账：本地与聚宽不同，从哪天、哪一层、因为什么 · the first difference and its causes.

    \b
    STRATEGY_OR_RUN  策略文件 .py（在 --market 上按平台的日期运行一次），或运行目录
    PLATFORM         聚宽下载：目录、zip 或一个文件；log.txt transaction.csv
                     position.csv result.csv 有几个算几个
    退出码           0 一致 · 1 不同 · 2 无法判断
    \b
    jqalpha parity strategy.py backtest.zip --market market --out parity-out

    A strategy file is run here over the platform's dates; where the sides differ it is run again with one thing
    changed at a time, to name the causes. Exit code: 0 equal, 1 different, 2 could not judge.
    """
    from rich.console import Console

    from parity.compare import compare_sides
    from parity.page import write_html
    from parity.report import exit_code, write_json
    from parity.side import read_side
    from parity.strategy_run import plan_run
    from parity.terminal import print_verdict

    theirs = read_side(platform)
    plan = None
    if local.suffix == ".py":
        strategy, plan = local, plan_run(theirs, start, end, cash, frequency)
        ours = _run(local, market, out, plan)
    else:
        ours = read_side(local)
    verdict = compare_sides(ours, theirs)
    found, lacking = None, ""
    if strategy is not None and not verdict.equal and not no_causes:
        sides = (out / "run" if plan and out else local), platform
        planned = partial(plan_run, theirs, start, end, cash, frequency)
        found, lacking = _causes(sides, strategy, market, (lambda: plan) if plan else planned)
    for path in filter(None, (json_file, out and out / "parity.json")):
        write_json(verdict, path, found)
    for path in filter(None, (html_file, out and out / "parity.html")):
        write_html(verdict, path, found)
    print_verdict(verdict, Console(markup=False, highlight=False, emoji=False), found)
    if strategy is None and not verdict.equal and not no_causes:
        lacking = "找原因：再给 --strategy 策略文件 --market 行情包 give both to name the causes"
    if lacking:
        click.echo(lacking, err=True)
    raise SystemExit(exit_code(verdict))


def _causes(
    sides: tuple[Path, Path], strategy: Path, market: Path | None, planned: Callable[[], RunPlan]
) -> tuple[Explanation | None, str]:
    """Return the causes, or None and why there are none: a search that fails leaves the verdict as it is."""
    from parity.search_process import explain_apart
    from sdk.errors import JqalphaError

    if market is None:
        return None, "找原因需要 --market DIR (--strategy needs it)"
    try:
        return explain_apart(sides, strategy, market, planned()), ""
    except JqalphaError as error:
        return None, f"未找原因 causes not searched: {error}"


def _run(strategy: Path, market: Path | None, out: Path | None, plan: RunPlan) -> Side:
    """Run the strategy and read what it wrote, as the platform's files are read."""
    from dataclasses import replace

    from parity.side import read_side
    from parity.strategy_run import run_strategy
    from sdk.errors import ParityError

    if market is None or out is None:
        raise ParityError(f"{strategy.name}: 给策略文件时需要 a strategy file needs --market DIR and --out DIR")
    failed = run_strategy(strategy, market, out / "run", plan)
    side = read_side(out / "run")
    return replace(side, notes=(failed, *side.notes)) if failed else side
