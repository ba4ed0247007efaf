"""``jqalpha score``: the scores of one day by any back end, as one small table."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("formula")
@click.option("--market", required=True, type=click.Path(path_type=Path), help="行情包 market bundle")
@click.option("--date", "day", required=True, help="打分日 trading day, YYYY-MM-DD; bars up to and including it")
@click.option("--pool", help="股票池指数 index whose members are scored  [default: as trained]")
@click.option("--codes", type=click.Path(path_type=Path), help="股票代码文件，一行一个 codes instead of an index")
@click.option("--benchmark", help="基准 benchmark index  [default: 训练的股票池 as trained]")
@click.option(
    "--backend",
    default="numpy",
    show_default=True,
    type=click.Choice(["numpy", "torch", "onnx", "py36", "batch"]),
    help="计算后端；分数逐位相同 all give the same bits",
)
@click.option("--python", type=click.Path(path_type=Path), help="py36 所用解释器 interpreter of back end py36")
@click.option("--rank-keys", metavar="KEYS", help="同分先后 ties ranked by held,money,code  [default: as trained]")
@click.option("--held", metavar="CODES", help="已持有 codes held, for key held: a file, one a line, or A,B,C")
@click.option("--neutralise", metavar="NAMES", help="中性化 exposures taken out, '' = none  [default: as trained]")
@click.option(
    "--standardise", type=click.Choice(["rank", "zscore"]), help="中性化前的横截面变换  [default: as trained]"
)
@click.option("--vocabulary", help="旧格式文件的词表 vocabulary of an older file: v1 | v2 | v3")
@click.option("--token-mode", default="postfix", show_default=True, type=click.Choice(["postfix", "prefix"]))
@click.option("--out", default=Path("scores.csv"), show_default=True, type=click.Path(path_type=Path))
def score(
    formula: str,
    market: Path,
    day: str,
    pool: str | None,
    codes: Path | None,
    benchmark: str | None,
    backend: str,
    python: Path | None,
    rank_keys: str | None,
    held: str | None,
    neutralise: str | None,
    standardise: str | None,
    vocabulary: str | None,
    token_mode: str,
    out: Path,
) -> None:
    """给一日的股票打分 · Score the stocks of one day.

    FORMULA is formula.json, a run directory, an expression, or an older file with --vocabulary. The table has the
    columns code, score, score_hex and rank; stocks without enough history have the score nan and come last. Equal
    scores rank by KEYS: held, money (of the day, larger first), code; without the option by the keys that the formula
    was trained with, else by code.
    """
    from exporter.neutral_data import neutral_data
    from exporter.score_backends import ScoreRequest, compute_scores
    from exporter.score_table import codes_in, held_codes, pool_of, score_table
    from sdk import files
    from sdk.errors import ConfigError
    from sdk.formula.bars import bars_until
    from sdk.formula.reading import read_formula
    from sdk.market.bundle import Bundle
    from sdk.market.calendar import day_index
    from sdk.scoring.neutral_choice import NeutralChoice, names_of_text
    from sdk.scoring.ties import keys_of_text

    loaded = read_formula(formula, vocabulary, token_mode).formula
    keys = loaded.rank_keys if rank_keys is None else keys_of_text(rank_keys, "--rank-keys")
    if held is not None and "held" not in keys:
        raise ConfigError(f"--held {held} has no effect: the rank keys are {','.join(keys)}; add --rank-keys held")
    bundle = Bundle.open(market)
    holding = held_codes(held, bundle) if held is not None else []
    last_day = bundle.days[day_index(bundle.days, day)]
    pool, benchmark = pool or loaded.pool_index, benchmark or loaded.pool_index
    stocks, words = (codes_in(codes, bundle), str(codes)) if codes else pool_of(bundle, pool, last_day)
    bars = bars_until(bundle, stocks, loaded.inputs, last_day, loaded.lookback_days, benchmark)
    names = loaded.neutral.names if neutralise is None else names_of_text(neutralise, "--neutralise")
    choice = NeutralChoice(names, standardise or loaded.neutral.standard)
    neutral = neutral_data(bundle, stocks, last_day, choice, benchmark) if names else None
    scores = compute_scores(backend, ScoreRequest(loaded, bars, python, neutral))
    money = bars_until(bundle, stocks, ["money"], last_day, 1)["money"][:, 0] if "money" in keys else None
    files.write_text(out, score_table(stocks, scores, keys, holding, money))
    missing = sum(1 for value in scores if value != value)
    click.echo(f"公式 {loaded.expression}")
    click.echo(f"{last_day}  {words}  后端 {backend}")
    reason = f"{loaded.lookback_days} 日内缺行情{'，或缺暴露' if neutral else ''}"
    click.echo(f"{len(stocks)} 只，其中 {missing} 只无分数（{reason}，排在最后）")
    if neutral:
        click.echo(f"中性化 {','.join(names)}（{choice.standard}）")
    click.echo(f"同分先后 {','.join(keys)}" + (f"，已持有 {len(holding)} 只" if "held" in keys else ""))
    click.echo(f"  {out}")
