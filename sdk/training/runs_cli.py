"""``jqalpha runs``: list the runs of a directory, compare runs side by side."""

from __future__ import annotations

from pathlib import Path

import click


class _ListByDefault(click.Group):
    """``runs DIR`` is ``runs list DIR``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_ListByDefault)
def runs() -> None:
    """列出与比较训练 · List training runs, compare them.

    \b
    jqalpha runs [DIR]             the runs below DIR [default: runs]
    jqalpha runs compare A B ...   settings that differ and figures side by side
    """


@runs.command("list")
@click.argument("folder", default=Path("runs"), type=click.Path(path_type=Path))
def list_runs(folder: Path) -> None:
    """列出目录下的训练 · One line a run: passed, looks at the holdout, figures, formula."""
    from sdk.training.run_list import runs_below

    found, broken = runs_below(folder)
    for run in found:
        valid = run.figures.get("valid.total_excess")
        words = "" if valid is None else f"  验证超额 {valid:+.2%}"
        click.echo(
            f"{run.directory.name}  {'通过' if run.passed else '未通过'}  留出期已看 {run.looks} 次  "
            f"训练月均超额 {run.figures['train.monthly_excess']:+.2%}{words}  {run.expression}"
        )
    for problem in broken:
        click.echo(f"读不到 cannot be read: {problem}", err=True)
    click.echo(f"{len(found)} 个训练 runs in {folder}{f'，另有 {len(broken)} 个读不到' if broken else ''}")


@runs.command("compare")
@click.argument("directories", nargs=-1, required=True, type=click.Path(path_type=Path))
def compare_runs(directories: tuple[Path, ...]) -> None:
    """比较训练：不同的设置，各项数字 · Settings that differ, then all figures side by side."""
    from rich.console import Console
    from rich.table import Table

    from sdk.training.run_list import compare

    found = compare(directories)
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    for run in found.runs:
        table.add_column(run.directory.name, justify="right", overflow="fold")
    for name, values in found.settings.items():
        table.add_row(name, *("—" if value is None else str(value) for value in values))
    table.add_row("passed", *(str(run.passed) for run in found.runs))
    table.add_row("looks", *(str(run.looks) for run in found.runs))
    table.add_row("formula", *(run.expression for run in found.runs))
    for name, numbers in found.figures.items():
        table.add_row(name, *("—" if number is None else f"{number:.4f}" for number in numbers))
    Console(width=max(100, Console().width), markup=False).print(table)
