"""``jqalpha lookahead``: prove that a strategy reads the future, or that no probe found that it does."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sdk.emulator.run_options import run_options


@click.command()
@run_options
@click.option("--every", default=1, show_default=True, type=click.IntRange(min=1), help="每隔多少个交易日检查一次")
@click.option(
    *("--time-limit", "seconds"),
    type=click.FloatRange(min=0),
    default=3600.0,
    show_default=True,
    help="时间上限，秒；0 = 不限 wall-clock seconds, 0 = none",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="检查结果 JSON")
def lookahead(
    strategy: Path,
    market: Path,
    start: str,
    end: str,
    cash: float,
    frequency: str,
    every: int,
    seconds: float,
    out: Path | None,
) -> None:
    """检查策略是否用了未来数据 · Replace everything after each decision and see whether it changes.

    退出码 exit code: 0 未发现 nothing found, 1 有证据 proof found, 2 无法检查 cannot be checked.
    """
    from rich.console import Console
    from rich.progress import Progress

    from sdk import files
    from sdk.emulator.lookahead import check_lookahead
    from sdk.market.bundle import Bundle

    console = Console(highlight=False)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("检查", total=None)
        report = check_lookahead(
            strategy,
            Bundle.open(market),
            start,
            end,
            cash,
            every,
            frequency=frequency,
            seconds=seconds,
            on_day=lambda done, days: progress.update(task, completed=done, total=days),
        )
    for finding in report.findings:
        source = f"第 {finding.source_line} 行 {finding.source}" if finding.source else "–"
        lines = (
            f"{finding.date} {finding.instant} 第 {finding.line} 行",
            f"  真实行情下        {finding.call}",
            f"  替换之后的行情下  {finding.other}",
            f"  数据来源          {source}",
        )
        console.print("\n".join(lines), markup=False, soft_wrap=True)
    if out is not None:
        files.write_text(out, report.to_json())
    if report.error:
        console.print(f"策略中止 {report.error}", markup=False, soft_wrap=True)
    if report.unjudged:
        console.print(f"未能判断 {report.unjudged} 次：替换行情后的副本没有跑完这一天，不算证据", markup=False)
    orders = sum(finding.kind == "order" for finding in report.findings)
    verdict = (
        f"有未来数据：{orders} 处下单、{len(report.findings) - orders} 处取数依赖决策之后的行情"
        if report.findings
        else "策略没有跑完，不能下结论"
        if report.error
        else "没有证据，但有未能判断的交易日；换一段时间或加大 --every 再查"
        if report.unjudged
        else f"未发现未来数据：检查了 {report.days} 个交易日，替换之后的下单与取数全部相同"
    )
    console.print(verdict, markup=False, soft_wrap=True)
    sys.exit(1 if report.findings else 0 if report.clean else 2)
