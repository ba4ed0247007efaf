"""``jqalpha parity LOCAL PLATFORM``: exit code 0 equal, 1 different, 2 unreadable."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("local", type=click.Path(path_type=Path))
@click.argument("platform", type=click.Path(path_type=Path))
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="写出 JSON write the verdict"
)
@click.option("--html", "html_file", type=click.Path(path_type=Path, dir_okay=False), help="写出网页 write a page")
def parity(local: Path, platform: Path, json_file: Path | None, html_file: Path | None) -> None:
    """对账：本地回测 LOCAL 与聚宽下载 PLATFORM 的首个差异 · find the first difference.

    Each side is a run directory, a directory of downloads (log.txt, transaction.csv, position.csv, result.csv, any
    of them), one such file, or a zip. Exit code: 0 equal, 1 different, 2 unreadable.
    """
    from rich.console import Console

    from parity.compare import compare_sides
    from parity.report import print_verdict, write_html, write_json
    from parity.side import read_side

    verdict = compare_sides(read_side(local), read_side(platform))
    if json_file is not None:
        write_json(verdict, json_file)
    if html_file is not None:
        write_html(verdict, html_file)
    print_verdict(verdict, Console(markup=False, highlight=False, emoji=False))
    if not verdict.equal:
        raise SystemExit(1)
