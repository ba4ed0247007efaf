"""The root command. Rooms announce their commands as entry points ``jqalpha.commands``; this file imports none.

A command module must import nothing heavier than click at the top, so that ``jqalpha --help`` stays fast.
"""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

import click

from sdk import __version__
from sdk.errors import JqalphaError, nearest


class RoomGroup(click.Group):
    """A click group whose commands are found through entry points, in alphabetical order."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:  # click looks for near names among commands of its own only
            words = error.message.rstrip(".") + nearest(args[0], self.list_commands(ctx))
            raise click.UsageError(words, ctx) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(point.name for point in entry_points(group="jqalpha.commands"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for point in entry_points(group="jqalpha.commands"):
            if point.name == cmd_name:
                return point.load()
        return None


@click.group(cls=RoomGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="jqalpha")
def cli() -> None:
    """公式因子，本地与聚宽同一结果 · Formula alphas that behave the same here and on JoinQuant.

    \b
    market      make, import and check a market bundle
    train       search for formulas on a bundle, select by gates
    experiment  the same settings with several seeds, in one table
    holdout     look at the holdout of a run; each look is counted
    runs        list runs, compare runs
    formula     explain a formula, convert it between its forms
    export      formula.json -> strategy.py + model.onnx
    score       the scores of one day, by any back end
    backtest    run any JoinQuant strategy on a bundle
    lookahead   replace everything after each decision: does an order change?
    parity      compare a local run with a platform download, name the causes
    illusion    what a whole-history statistic seems to be worth
    exposures   size, beta … of scores and portfolios, before and after
    """


def main(argv: list[str] | None = None) -> None:
    """Run the command line; an expected error becomes one line on stderr and its exit code."""
    try:
        code = cli.main(args=argv, prog_name="jqalpha", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except OSError as error:  # a full or read-only disk, a lost permission: the place is at fault, not the program
        place = f"{error.filename}: " if error.filename is not None else ""
        words = f"{place}读写失败 · cannot be read or written: {error.strerror or error}"
        click.echo(f"{type(error).__name__}: {words}; 换一个位置 choose another place", err=True)
        sys.exit(2)
    except JqalphaError as error:
        click.echo(f"{type(error).__name__}: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
