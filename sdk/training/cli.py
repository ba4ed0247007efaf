"""``jqalpha train``: search for a formula on a market bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("config", required=False, type=click.Path(path_type=Path))
@click.option("--market", required=True, type=click.Path(path_type=Path), help="行情包 market bundle")
@click.option("--out", default=Path("runs"), show_default=True, type=click.Path(path_type=Path), help="结果目录")
@click.option("--seed", type=int, help="随机种子 random seed  [default: 1]")
@click.option("--steps", type=int, help="更新次数 updates  [default: 30]")
@click.option("--batch", type=int, help="每次采样的公式数 formulas an update  [default: 64]")
@click.option("--train", nargs=2, metavar="FIRST LAST", help="训练期 first and last day; nothing later is read")
@click.option("--top-k", type=int, help="持股数 stocks held  [default: 10]")
@click.option("--learner", type=click.Choice(["reinforce", "random"]), help="random = 同预算随机搜索")
@click.option("--vocabulary", help="词表 v1 | v2 | v3  [default: v2]")
def train(config: Path | None, market: Path, out: Path, **overrides: Any) -> None:
    """强化学习搜索公式 · Search for formulas by reinforcement learning.

    CONFIG is an optional TOML file with the settings of sdk/training/config.py; options win over it. The result is
    runs/<id>/ with config.json, metrics.csv, run.json, policy.safetensors and the best formula.json.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from sdk.market.bundle import Bundle
    from sdk.training.config import load_config
    from sdk.training.learn import StepRecord
    from sdk.training.run import train_formula

    settings = load_config(config, overrides)
    bundle = Bundle.open(market)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("训练", total=settings.steps)

        def show(record: StepRecord) -> None:
            words = f"月均超额 {record.mean_reward:+.3%} 最好 {record.best_so_far:+.3%} 不同 {record.distinct:.0%}"
            progress.update(task, advance=1, description=words)

        directory, formula, result = train_formula(bundle, settings, out, show)
    earned = result.judgement
    click.echo(f"公式 {formula.expression}")
    click.echo(f"tokens {list(formula.tokens_repaired)} ({formula.vocabulary}, {formula.token_mode})")
    click.echo(
        f"训练期月均超额 {earned.excess:+.3%}，月换手 {earned.turnover:.1%}，"
        f"并列切口 {earned.tie_share:.1%}；共评价 {result.records[-1].judged} 个不同公式"
    )
    click.echo(f"  {directory / 'formula.json'}")
