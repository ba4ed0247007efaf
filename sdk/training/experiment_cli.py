"""``jqalpha experiment`` and ``jqalpha holdout``: one setting over several seeds; a counted look at a holdout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.table import Table

    from sdk.training.experiment import Experiment

WORDS = {
    "return": ("收益", "percent"),
    "excess": ("超额", "percent"),
    "information": ("IR", "ratio"),
    "rank_ic": ("RankIC", "small"),
    "turnover": ("月换手", "percent"),
    "tie_share": ("并列", "percent"),
}
PERIOD_WORDS = {"train": "训练", "valid": "验证", "test": "测试"}
FORMS = {"percent": "{:+.1%}", "ratio": "{:+.2f}", "small": "{:+.3f}"}


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--market", required=True, type=click.Path(path_type=Path), help="行情包 market bundle")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="结果目录 directory of table and runs")
@click.option(
    "--seeds", default=5, show_default=True, type=click.IntRange(1, 1000), help="种子数，从 1 起 seeds 1 … N"
)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 256), help="进程数；不改变任何结果")
@click.option("--engine", default="local", show_default=True, type=click.Choice(["local", "ray"]), help="在哪里跑")
@click.option("--address", help="Ray 集群地址，如 auto 或 ray://host:10001 [default: 本机起一个]")
def experiment(
    config: Path, market: Path, out: Path, seeds: int, workers: int, engine: str, address: str | None
) -> None:
    """同一设置跑多个种子 · Run one setting with several seeds and show a table.

    Each seed is searched, selected and then traded in the emulator, costs included, in the training, validation and
    test (holdout) periods of CONFIG. OUT gets experiment.json, experiment.csv and a run directory a seed. A stopped
    experiment goes on where it stopped. With --engine ray, market and OUT must be visible on all machines.
    """
    from rich.console import Console

    from sdk.errors import ConfigError
    from sdk.market.bundle import Bundle
    from sdk.training.config import load_config
    from sdk.training.engines import local_processes, ray_cluster
    from sdk.training.experiment import run_experiment

    if address is not None and engine != "ray":
        raise ConfigError(f"--address {address}: 只用于 --engine ray · only with --engine ray")
    chosen = local_processes(workers) if engine == "local" else ray_cluster(address, workers)

    def say(row: dict[str, Any]) -> None:
        words = "通过" if row["passed"] else "未通过"
        click.echo(
            f"种子 {row['seed']}：{words} ({row['gates'][0]}/{row['gates'][1]})  {row['expression']}", err=True
        )

    found = run_experiment(Bundle.open(market), load_config(config, {}), list(range(1, seeds + 1)), out, chosen, say)
    console = Console(width=max(120, Console().width))
    for table in seed_tables(found):
        console.print(table)
    looks = max(row["looks"] for row in found.rows)
    if looks:
        click.echo(f"测试期为留出期；这些训练的留出期至多已被看过 {looks} 次 · looks at the holdout so far: {looks}")
    click.echo(f"通过率 {found.pass_rate:.0%}  {out / 'experiment.json'}")


def seed_tables(found: Experiment) -> list[Table]:
    """Return one table a period: a row a seed, then mean ± deviation."""
    from rich.table import Table

    tables = []
    summary = found.summary()
    for period in found.rows[0]["periods"]:
        table = Table(title=PERIOD_WORDS[period], title_justify="left", box=None, padding=(0, 2, 0, 0))
        for word in ("种子", *(words for words, _ in WORDS.values()), "门槛"):
            table.add_column(word, justify="right", no_wrap=True)
        for row in found.rows:
            figures = [_number(row["periods"][period][name], WORDS[name][1]) for name in WORDS]
            table.add_row(str(row["seed"]), *figures, f"{row['gates'][0]}/{row['gates'][1]}")
        spread = []
        for name in WORDS:
            both, form = summary[period][name], WORDS[name][1]
            spread.append(f"{_number(both['mean'], form)} ± {_number(both['deviation'], form).lstrip('+')}")
        table.add_row("均值", *spread, f"{found.pass_rate:.0%}")
        tables.append(table)
    return tables


def _number(value: float | None, form: str) -> str:
    return "—" if value is None else FORMS[form].format(value)


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--market", required=True, type=click.Path(path_type=Path), help="行情包 market bundle")
@click.option(
    "--period", default="holdout", show_default=True, type=click.Choice(["holdout", "pressure"]), help="哪一期"
)
def holdout(run: Path, market: Path, period: str) -> None:
    """看一次留出期（计数）· Look at the holdout of a run; each look is counted in RUN/looks.json and shown."""
    from sdk.market.bundle import Bundle
    from sdk.training.holdout import take_look

    look = take_look(run, Bundle.open(market), period)
    click.echo(f"第 {look.number} 次查看 {period} {look.days[0]} … {look.days[1]} · look number {look.number}")
    if not look.same_data:
        click.echo("行情不是训练所用的那一份 · not the bundle that the run was trained on")
    screen, emulator = look.figures["screen"], look.figures["emulator"]
    if period == "pressure" or emulator is None:
        click.echo(
            "批量评价，全部股票 · batch evaluator, every stock"
            if period == "pressure"
            else "未经回测器确认 · unconfirmed; figures of the batch evaluator only"
        )
        click.echo(f"收益 {screen['total']:+.2%}  池 {screen['benchmark']:+.2%}  超额 {screen['total_excess']:+.2%}")
    else:
        click.echo(
            f"收益 {emulator['total_return']:+.2%}  基准 {emulator['benchmark_return']:+.2%}  "
            f"超额 {emulator['excess_return']:+.2%}  IR {_number(emulator['information'], 'ratio')}  "
            f"最大回撤 {emulator['max_drawdown']:.2%}  月换手 {emulator['turnover']:.1%}  "
            f"贝塔 {_number(emulator['beta'], 'ratio')}"
        )
    click.echo(f"RankIC {screen['rank_ic']:+.4f}  并列切口 {screen['tie_share']:.1%}  {screen['months']} 个月")
    click.echo(f"  {run / 'looks.json'}")
