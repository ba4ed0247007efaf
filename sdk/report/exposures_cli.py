"""``jqalpha exposures FORMULA --market DIR --neutralise size,beta``: exposures and beta before and after."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("exposures", context_settings={"help_option_names": ["-h", "--help"], "ignore_unknown_options": True})
@click.argument("formula", nargs=-1, required=True, metavar="FORMULA")
@click.option("--market", required=True, type=click.Path(path_type=Path), help="行情包目录 market bundle")
@click.option("--start", required=True, help="首日 first day")
@click.option("--end", required=True, help="末日 last day")
@click.option("--neutralise", "names", metavar="NAME,...", help="剔除的暴露；不写 = 公式训练时所选 as trained")
@click.option(
    "--standardise", type=click.Choice(["rank", "zscore"]), help="中性化前的变换  [default: 同训练 as trained]"
)
@click.option("--pool", help="股票池与基准指数 pool and benchmark  [default: 同训练 as trained]")
@click.option("--top-k", type=click.IntRange(1, 5000), help="持股数  [default: 同训练 as trained]")
@click.option("--vocabulary", help="词表 vocabulary: v1 | v2 | …")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="另写 JSON also write JSON")
def exposures(
    formula: tuple[str, ...],
    market: Path,
    start: str,
    end: str,
    names: str | None,
    standardise: str | None,
    pool: str | None,
    top_k: int | None,
    vocabulary: str | None,
    out: Path | None,
) -> None:
    """中性化前后的暴露与贝塔 · Exposures of scores and portfolios before and after, rolling beta to the index.

    FORMULA: formula.json, token ids, names in token order, or an expression, as for ``jqalpha formula explain``.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from sdk import files
    from sdk.errors import ConfigError
    from sdk.formula.reading import read_formula
    from sdk.market.bundle import Bundle
    from sdk.scoring.neutral_choice import NAMES, names_of_text
    from sdk.scoring.neutral_effect import WINDOW, neutral_effect

    read = read_formula(" ".join(formula), vocabulary).formula
    chosen = read.neutral.names if names is None else names_of_text(names, "--neutralise")
    if not chosen:
        raise ConfigError(
            f"--neutralise: 没有要剔除的暴露 · name what to take out, one or more of {', '.join(NAMES)}"
        )
    found = neutral_effect(
        read,
        Bundle.open(market),
        (start, end),
        chosen,
        standardise or read.neutral.standard,
        pool or read.pool_index,
        top_k or read.top_k,
    )
    if out is not None:
        files.write_text(out, files.to_json(found.to_json()))
    console = Console(markup=False, highlight=False, emoji=False)
    console.print(Text(f"{found.formula}  {found.first} … {found.last}  前 {found.top_k} 名"), soft_wrap=True)
    left = Table("暴露", "相关 前", "后", f"前 {found.top_k} 名 前", "后", show_edge=False, pad_edge=False)
    for one in found.exposures:
        numbers = (one.correlation_before, one.correlation_after, one.top_before, one.top_after)
        left.add_row(one.name, *(Text("--" if value != value else f"{value:+.3f}") for value in numbers))
    console.print(left)
    right = Table("组合", "分数", "贝塔 beta", f"{WINDOW} 日滚动 最小", "最大", show_edge=False, pad_edge=False)
    words = {"top": f"前 {found.top_k} 名 − 池", "spread": "多空，按分数", "before": "之前", "after": "之后"}
    for line in found.betas:
        slopes = (line.whole, line.least, line.most)
        right.add_row(words[line.portfolio], words[line.scores], *(Text(f"{value:+.3f}") for value in slopes))
    console.print(right)
