"""``jqalpha market``: make, import and check a market bundle. Only click is imported until a command runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

FILE = click.Path(path_type=Path)


@click.group()
def market() -> None:
    """行情数据：生成、导入、检查 · Make, import and check a market bundle."""


@market.command()
@click.option("--out", type=FILE, required=True, help="directory of the new bundle")
@click.option("--stocks", default=300, show_default=True, help="number of stocks")
@click.option("--years", default=8.0, show_default=True, help="working years from --start on")
@click.option("--seed", default=1, show_default=True, help="same seed, same bytes")
@click.option("--start", default="2018-01-01", show_default=True, help="first working day; 300 days come before it")
@click.option("--signal", default=1.0, show_default=True, help="strength of the planted signal; 0 plants none")
@click.option("--formula", help="植入的公式 expression to plant instead of the built-in one")
@click.option("--plant/--no-plant", default=True, help="--no-plant is --signal 0")
@click.option("--funds/--no-funds", default=True, show_default=True, help="also ETFs and further indices")
@click.option("--minutes", is_flag=True, help="分钟线 also 240 minute bars a day that add up to the day bars")
@click.option("--from", "first", metavar="YYYY-MM-DD", help="first day with minute bars [default: first working day]")
@click.option("--to", "last", metavar="YYYY-MM-DD", help="last day with minute bars [default: last day]")
def synth(
    out: Path,
    stocks: int,
    years: float,
    seed: int,
    start: str,
    signal: float,
    formula: str | None,
    plant: bool,
    funds: bool,
    minutes: bool,
    first: str | None,
    last: str | None,
) -> None:
    """生成合成行情 · Make a market with halts, limits, ST, listings, dividends and a weak signal."""
    from sdk.market.made.market import make_market
    from sdk.market.made.spec import MarketSpec

    if (first or last) and not minutes:
        raise click.UsageError("--from and --to say which days have minute bars; add --minutes")
    span = (first or start, last or "2200-01-01") if minutes else None
    spec = MarketSpec(
        stocks=stocks,
        years=years,
        seed=seed,
        start=start,
        signal=signal if plant else 0.0,
        formula=formula,
        funds=funds,
        minutes=span,
    )
    bundle = make_market(out, spec)
    coverage, planted = bundle.manifest["coverage"], bundle.manifest["planted"]
    click.echo(f"{out}: {coverage['codes']} 只证券, {coverage['start']} … {coverage['end']}, {coverage['bars']} bars")
    click.echo(f"work from {bundle.manifest['source']['work_from']}; fingerprint {bundle.fingerprint[:16]}")
    click.echo(f"planted: {planted['formula'] or 'nothing'} (monthly RankIC {planted['monthly_rank_ic']:+.3f})")


@market.command("import")
@click.option("--daily", type=FILE, required=True, help="日线 Parquet: date code open high low close volume factor …")
@click.option("--index", type=FILE, help="指数日线 index bars")
@click.option("--members", type=FILE, help="指数成分区间 code in_date out_date")
@click.option("--valuation", type=FILE, help="估值 JoinQuant's valuation columns")
@click.option("--securities", type=FILE, help="证券列表 code display_name start_date end_date type")
@click.option("--events", type=FILE, help="除权除息 code ex_date implied_cash")
@click.option("--minutes", type=FILE, help="分钟线文件或目录 minute bars: code time(end of the minute) open … money")
@click.option("--table", "tables", multiple=True, help="其他表 NAME=FILE, like fundamentals/income=income.parquet")
@click.option("--index-code", default="000300.XSHG", show_default=True, help="index of --members without index_code")
@click.option(
    "--volume-unit", type=click.Choice(["shares", "lots", "shares-times-factor"]), default="shares", show_default=True
)
@click.option("--money-unit", type=click.Choice(["yuan", "thousand"]), default="yuan", show_default=True)
@click.option("--out", type=FILE, required=True, help="directory of the new bundle")
def import_files(out: Path, tables: tuple[str, ...], **given: Any) -> None:
    """导入行情文件 · Turn Parquet files into a bundle; impossible data are refused with one list, doubts are kept."""
    from sdk.market.importing.importer import ImportRequest, import_market
    from sdk.market.importing.tables import parse_table

    bundle = import_market(ImportRequest(**given, tables=tuple(parse_table(one) for one in tables)), out)
    coverage = bundle.manifest["coverage"]
    click.echo(
        f"{out}: {coverage['codes']} codes, {coverage['start']} … {coverage['end']}, {coverage['bars']:,} bars"
    )
    for entry in bundle.manifest["report"]:
        click.echo(f"  {entry['level']:5} {entry['count']:>9,}  {entry['words']}")
    click.echo(f"fingerprint {bundle.fingerprint[:16]}; next: jqalpha market check {out}")


@market.command()
@click.argument("bundle", type=FILE)
def check(bundle: Path) -> None:
    """检查行情数据 · Check a bundle. Exit code 0: sound; 1: readable, with doubts or defects; 2: unreadable."""
    from sdk.market.bundle import Bundle
    from sdk.market.checkup import show

    sys.exit(0 if show(Bundle.open(bundle).verify()) else 1)
