"""``jqalpha export``: formula.json -> strategy.py + model.onnx."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("formula")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="导出目录 directory to write")
@click.option("--market", type=click.Path(path_type=Path), help="用此行情包的真实截面核对 bundle to verify on")
@click.option("--vocabulary", help="旧格式文件的词表 vocabulary of an older file: v1 | v2 | v3")
@click.option("--token-mode", default="postfix", show_default=True, type=click.Choice(["postfix", "prefix"]))
@click.option("--top-k", type=click.IntRange(1, 500), help="持股数 stocks held  [default: as trained, else 10]")
@click.option("--pool", help="股票池指数 index whose members are ranked  [default: as trained, else 000300.XSHG]")
@click.option("--benchmark", help="基准 benchmark index  [default: 训练的股票池 as trained, else 000300.XSHG]")
@click.option("--rank-keys", metavar="KEYS", help="同分先后 ties ranked by held,money,code  [default: as trained]")
@click.option("--neutralise", metavar="NAMES", help="中性化 exposures taken out, '' = none  [default: as trained]")
@click.option(
    "--standardise", type=click.Choice(["rank", "zscore"]), help="中性化前的横截面变换  [default: as trained]"
)
@click.option("--min-listed-days", type=click.IntRange(0), help="上市不足此交易日数不入池  [default: as trained]")
@click.option("--history", is_flag=True, help="另写 model_history.onnx：全部日期的分数 also a model of all days")
@click.option("--features", is_flag=True, help="model.onnx 另输出各特征值 feature values as extra outputs")
@click.option("--policy", is_flag=True, help="FORMULA 为训练目录，OUT 为其策略网络的文件 write the policy of a run")
def export(
    formula: str,
    out: Path,
    market: Path | None,
    vocabulary: str | None,
    token_mode: str,
    top_k: int | None,
    pool: str | None,
    benchmark: str | None,
    rank_keys: str | None,
    neutralise: str | None,
    standardise: str | None,
    min_listed_days: int | None,
    history: bool,
    features: bool,
    policy: bool,
) -> None:
    """把公式导出为聚宽策略与 ONNX 模型 · Export a formula as strategy.py and model.onnx.

    FORMULA is formula.json, an expression, or an older file (a list of token ids, or {"tokens": [...]}) with
    --vocabulary. A run directory of ``train`` stands for its formula.json; with --policy its network is written to
    the file OUT. The files are compared with the kernel bit for bit before anything is written.

    KEYS decide among equal scores, first named first: held (positions before the rebalance first), money (traded
    value of the signal day, larger first), code (ascending, always last). Without the option: the keys that the
    formula was trained with, code for any other formula.

    NAMES are taken out of the scores of the day before they are ranked: size, value, momentum, volatility, liquidity,
    beta, industry, with commas between them.
    """
    if policy:
        from exporter.policy_export import export_policy

        shape = export_policy(Path(formula), out)
        click.echo(f"策略网络 {shape.vocabulary}，最长 {shape.max_length}，{shape.layers} 层，宽 {shape.width}")
        click.echo(f"  {out}")
        return
    from exporter.export import HISTORY, Models, export_formula
    from exporter.strategy_file import Settings
    from sdk.formula.reading import read_formula
    from sdk.market.bundle import Bundle
    from sdk.scoring.neutral_choice import names_of_text
    from sdk.scoring.ties import keys_of_text

    loaded = read_formula(formula, vocabulary, token_mode).formula
    keys = keys_of_text(rank_keys, "--rank-keys") if rank_keys is not None else None
    names = names_of_text(neutralise, "--neutralise") if neutralise is not None else None
    source = (Path(formula) if Path(formula).is_file() else Path("formula.json")).name
    options = Settings(pool, benchmark, top_k, source, keys, names, standardise, min_listed_days)
    settings = options.of(loaded)
    bundle = Bundle.open(market) if market else None
    result = export_formula(loaded, out, settings, bundle, Models(history, features))
    click.echo(f"公式 {loaded.expression}")
    click.echo(f"回看 {loaded.lookback_days} 个交易日，输入 {', '.join(loaded.inputs)}")
    click.echo(f"股票池 {settings.pool_index}，持股 {settings.top_k} 只，基准 {settings.benchmark}")
    click.echo(f"同分先后 {','.join(settings.rank_keys or ())}")
    if settings.neutralise:
        click.echo(f"中性化 {','.join(settings.neutralise)}（{settings.standardise}）")
    if settings.min_listed_days:
        click.echo(f"上市不足 {settings.min_listed_days} 个交易日不入池")
    click.echo(f"核对 {result.cases} 个截面 {result.scores} 个分数：内核 = strategy.py = onnxruntime，逐位相同")
    if history:
        click.echo(f"核对 全历史模型 {result.history_scores} 个分数：逐位相同")
    for name in ("strategy.py", "model.onnx", *([HISTORY] if history else []), "formula.json", "manifest.json"):
        click.echo(f"  {out / name}")
