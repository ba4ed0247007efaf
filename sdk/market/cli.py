"""``jqalpha market``: make, import and check a market bundle. Only click is imported until a command runs."""

from __future__ import annotations

from pathlib import Path

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
@click.option("--plant/--no-plant", default=True, help="--no-plant is --signal 0")
def synth(out: Path, stocks: int, years: float, seed: int, start: str, signal: float, plant: bool) -> None:
    """生成合成行情 · Make a market with halts, limits, ST, listings, dividends and a weak signal."""
    from sdk.market.made.market import make_market
    from sdk.market.made.spec import MarketSpec

    spec = MarketSpec(stocks=stocks, years=years, seed=seed, start=start, signal=signal if plant else 0.0)
    bundle = make_market(out, spec)
    coverage, planted = bundle.manifest["coverage"], bundle.manifest["planted"]
    click.echo(f"{out}: {coverage['codes']} 只股票, {coverage['start']} … {coverage['end']}, {coverage['bars']} bars")
    click.echo(f"work from {bundle.manifest['source']['work_from']}; fingerprint {bundle.fingerprint[:16]}")
    click.echo(f"planted: {planted['formula'] or 'nothing'} (monthly RankIC {planted['monthly_rank_ic']:+.3f})")
