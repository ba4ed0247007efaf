"""``jqalpha parity STRATEGY_OR_RUN PLATFORM``: exit code 0 equal, 1 different, 2 could not judge."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from parity.explanation import Explanation
    from parity.records import Side
    from parity.strategy_run import RunPlan

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("local", metavar="STRATEGY_OR_RUN", type=click.Path(path_type=Path))
@click.argument("platform", type=click.Path(path_type=Path))
@click.option(
    "--market", type=click.Path(path_type=Path), help="行情包目录；给策略文件时必需 needed for a strategy file"
)
@click.option("--out", type=click.Path(path_type=Path), help="结果目录 writes parity.html, parity.json (and run/)")
@click.option("--start", metavar="YYYY-MM-DD", help="开始日期 [default: 平台下载的首日]")
@click.option("--end", metavar="YYYY-MM-DD", help="结束日期 [default: 平台下载的末日]")
@click.option("--cash", type=float, help="初始资金，元 [default: 由平台首日的总值与盈亏算出]")
@click.option("--frequency", default="day", show_default=True, type=click.Choice(["day", "minute"]), help="频率")
@click.option(
    "--strategy",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="STRATEGY_OR_RUN 为运行目录时：导出的策略，用于找原因 the exported strategy, to name causes",
)
@click.option("--no-causes", is_flag=True, help="只比较，不重新运行找原因 compare only")
@click.option("--json", "json_file", type=_FILE, help="写出 JSON write the verdict")
@click.option("--html", "html_file", type=_FILE, help="写出网页 write the page")
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
    """对账：本地与聚宽下载 PLATFORM 的首个差异 · find the first difference.

    STRATEGY_OR_RUN is a strategy file (.py: run here over the platform's dates on --market), or a run directory.
    PLATFORM is a directory of downloads (log.txt, transaction.csv, position.csv, result.csv, any of them), one such
    file, or a zip. Exit code: 0 equal, 1 different, 2 could not judge.
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
