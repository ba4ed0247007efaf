"""``jqalpha illusion FORMULA --market DIR --year 2025``: what a whole-history statistic seems to be worth."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("illusion", context_settings={"help_option_names": ["-h", "--help"], "ignore_unknown_options": True})
@click.argument("formula", nargs=-1, required=True, metavar="FORMULA")
@click.option("--market", required=True, type=click.Path(path_type=Path), help="行情包目录 market bundle")
@click.option("--year", required=True, type=click.IntRange(1991, 2199), help="年份")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="结果目录 writes illusion.html, illusion.json"
)
@click.option("--pool", help="股票池指数 pool index  [default: 同训练 as trained]")
@click.option("--top-k", type=click.IntRange(1, 5000), help="持股数  [default: 同训练 as trained]")
@click.option("--vocabulary", help="词表 vocabulary: v1 | v2 | …")
def illusion(
    formula: tuple[str, ...],
    market: Path,
    year: int,
    out: Path | None,
    pool: str | None,
    top_k: int | None,
    vocabulary: str | None,
) -> None:
    """归一化幻觉：全期归一化与滚动归一化的 RankIC、净值之差 · global against rolling normalisation over a year.

    FORMULA: formula.json, token ids, names in token order, or an expression, as for ``jqalpha formula explain``.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from sdk import files
    from sdk.formula.reading import read_formula
    from sdk.market.bundle import Bundle
    from sdk.report.illusion_page import rows, write_page
    from sdk.scoring.illusion import illusion as measure

    read = read_formula(" ".join(formula), vocabulary).formula
    found = measure(read, Bundle.open(market), year, pool or read.pool_index, top_k or read.top_k)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_page(found, out / "illusion.html")
        files.write_text(out / "illusion.json", files.to_json(found.to_json()))
    table = Table(show_edge=False, pad_edge=False)
    for title in ("月", "RankIC 全期", "RankIC 滚动", "收益 全期", "收益 滚动"):
        table.add_column(title, justify="left" if title == "月" else "right")
    for cells in rows(found):
        table.add_row(*(Text(cell) for cell in cells))
    console = Console(markup=False, highlight=False, emoji=False)
    console.print(Text(found.formula), soft_wrap=True)
    console.print(table)
    gaps = f"收益 {found.return_gap:+.2%}，RankIC {found.rank_ic_gap:+.4f}"
    words = f"幻觉 illusion: {gaps}（全期 − 滚动 global − rolling）"
    console.print(Text(words, "bold"), soft_wrap=True)
