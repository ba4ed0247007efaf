"""``jqalpha train``: search for a formula on a market bundle, select it, say what it passed."""

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
@click.option("--train", nargs=2, metavar="FIRST LAST", help="训练期 first, last day; the search reads nothing later")
@click.option("--valid", nargs=2, metavar="FIRST LAST", help="验证期，门槛所看 period of the gates")
@click.option(
    "--holdout", nargs=2, metavar="FIRST LAST", help="留出期，训练与选择都不读 read by `jqalpha holdout` only"
)
@click.option("--top-k", type=int, help="持股数 stocks held  [default: 10]")
@click.option("--learner", type=click.Choice(["reinforce", "ppo", "random"]), help="random = 同预算随机搜索")
@click.option("--vocabulary", help="词表 v1 | v2 | v3  [default: v2]")
@click.option("--device", help="cpu | cuda …  [default: cpu]")
@click.option("--resume", is_flag=True, help="从检查点继续未完成的同一训练 go on from the newest checkpoint")
@click.option("--fresh", is_flag=True, help="丢弃未完成训练的检查点，重新开始 delete them and start anew")
@click.option("--tensorboard", "board", type=click.Path(path_type=Path), metavar="DIR", help="另写 TensorBoard 曲线")
def train(
    config: Path | None,
    market: Path,
    out: Path,
    resume: bool,
    fresh: bool,
    board: Path | None,
    **overrides: Any,
) -> None:
    """强化学习搜索公式 · Search for formulas by reinforcement learning.

    CONFIG is an optional TOML file with the settings of docs/training.md; options win over it. The result is
    runs/<id>/ with config.json, metrics.csv, selection.json, run.json, policy.safetensors and the chosen
    formula.json.

    A run that was stopped leaves checkpoints in OUT/.working/<id>/; the same command with --resume gives the same
    bytes as a run that was never stopped.
    """
    from rich.console import Console

    from sdk.errors import ConfigError
    from sdk.market.bundle import Bundle
    from sdk.training.config import load_config
    from sdk.training.live import LiveView, tensorboard
    from sdk.training.progress import StepRecord
    from sdk.training.run import Unfinished, train_formula
    from sdk.training.run_dir import run_id

    if resume and fresh:
        raise ConfigError("--resume 与 --fresh 只能选一个 · choose one of --resume and --fresh")
    unfinished: Unfinished = "resume" if resume else "discard" if fresh else "refuse"
    settings = load_config(config, overrides)
    bundle = Bundle.open(market)
    view = LiveView(settings.steps, Console(stderr=True))
    try:
        with tensorboard(board) as write, view:

            def on_step(record: StepRecord) -> None:
                view.show(record)
                write(record)

            done = train_formula(bundle, settings, out, on_step, unfinished)
    except KeyboardInterrupt:
        if settings.checkpoint_every and view.steps_done >= settings.checkpoint_every:
            place = out / ".working" / run_id(settings, bundle.fingerprint)
            click.echo(f"检查点在 {place}：同一命令加 --resume 继续 · go on with --resume", err=True)
        raise
    formula, selection, earned = done.formula, done.selection, done.selection.choice.evidence.train
    click.echo(f"公式 {formula.expression}")
    click.echo(f"tokens {list(formula.tokens_repaired)} ({formula.vocabulary}, {formula.token_mode})")
    click.echo(
        f"训练期月均超额 {earned.excess.mean():+.3%}，月换手 {earned.turnover:.1%}，并列切口 {earned.tie_share:.1%}；"
        f"共评价 {done.result.trials} 个不同组合，候选 {len(selection.candidates)} 个"
    )
    if selection.overfitting is not None:
        click.echo(f"过拟合概率 PBO {selection.overfitting.probability:.0%} ({selection.overfitting.choices} 种划分)")
    click.echo(selection.verdict)
    click.echo(f"  {done.directory / 'formula.json'}")
