"""``pytest --jqalpha-parity DIR``: one test a layer for every strategy whose platform download is kept in DIR.

Layout (docs/parity.md): each folder of DIR that holds ``platform/`` or ``platform.zip`` is a case; beside it stand
``run/`` (a local run directory) or one ``.py`` file, which is run on ``--jqalpha-market`` over the platform's dates.
A layer that differs fails with its first difference, one that the files cannot show is skipped and says why.

Loaded by every pytest that finds this package, so it imports nothing of ours until the option is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from parity.compare import LayerCount, Verdict
    from parity.records import Side


class LayerDiffers(Exception):
    """A layer on which the two sides differ; its text is what pytest shows."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the two options."""
    group = parser.getgroup("jqalpha", "本地与聚宽对账 parity with JoinQuant")
    group.addoption(
        "--jqalpha-parity", metavar="DIR", help="目录：每个子目录一个策略与其平台下载 cases, see docs/parity.md"
    )
    group.addoption(
        "--jqalpha-market", metavar="DIR", help="行情包，用于运行策略文件 market bundle for strategy files"
    )


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Append one test a layer and case."""
    folder = config.getoption("--jqalpha-parity")
    if folder:
        items.extend(_items(session, Path(folder), config.getoption("--jqalpha-market")))


def _items(session: pytest.Session, folder: Path, market: str | None) -> Iterator[pytest.Item]:
    from parity.layers import LAYERS

    for place in _cases(folder):
        case = Case(place, Path(market) if market else None)
        for layer in LAYERS:
            yield ParityItem.from_parent(session, name=f"{place.name}[{layer}]", case=case, layer=layer)


def _cases(folder: Path) -> list[Path]:
    """Return the folders with a download; UsageError where there is none."""
    if not folder.is_dir():
        raise pytest.UsageError(f"--jqalpha-parity {folder}: 不是目录 is not a directory")
    found = [place for place in sorted(folder.iterdir()) if place.is_dir() and _download(place) is not None]
    if not found:
        raise pytest.UsageError(
            f"--jqalpha-parity {folder}: 没有 no folder in it holds platform/ or platform.zip; see docs/parity.md"
        )
    return found


def _download(place: Path) -> Path | None:
    return next((path for path in (place / "platform", place / "platform.zip") if path.exists()), None)


class Case:
    """One strategy and its download; compared once, when the first of its tests runs."""

    def __init__(self, place: Path, market: Path | None) -> None:
        self.place, self._market = place, market
        self._verdict: Verdict | None = None
        self._error: Exception | None = None

    def verdict(self) -> Verdict:
        """Return the comparison; ParityError (the same for all layers) where a side cannot be read."""
        from sdk.errors import JqalphaError

        if self._error is not None:
            raise self._error
        if self._verdict is None:
            try:
                self._verdict = self._compare()
            except JqalphaError as error:
                self._error = error
                raise
        return self._verdict

    def _compare(self) -> Verdict:
        from parity.compare import compare_sides
        from parity.side import read_side

        download = _download(self.place)
        assert download is not None
        platform = read_side(download)
        if (self.place / "run").is_dir():
            return compare_sides(read_side(self.place / "run"), platform)
        return self._run(platform)

    def _run(self, platform: Side) -> Verdict:
        """Run the strategy file into a temporary folder and compare before the folder goes."""
        import tempfile

        from parity.compare import compare_sides
        from parity.side import read_side
        from parity.strategy_run import plan_run, run_strategy
        from sdk.errors import ParityError

        files = sorted(self.place.glob("*.py"))
        if len(files) != 1:
            raise ParityError(
                f"{self.place}: 需要 run/ 或一个 .py 文件 needs run/ or one .py file, found {len(files)}"
            )
        if self._market is None:
            raise ParityError(f"{files[0]}: 需要 --jqalpha-market DIR 来运行策略 is needed to run the strategy")
        plan = plan_run(platform, None, None, None)
        with tempfile.TemporaryDirectory(prefix="jqalpha-parity-") as folder:
            failed = run_strategy(files[0], self._market, Path(folder) / "run", plan)
            if failed:
                raise ParityError(f"{files[0]}: {failed}")
            return compare_sides(read_side(Path(folder) / "run"), platform)


class ParityItem(pytest.Item):
    """One layer of one case."""

    def __init__(self, *, case: Case, layer: str, **rest: Any) -> None:
        super().__init__(**rest)
        self._case, self._layer = case, layer

    def runtest(self) -> None:
        """Pass where the layer is equal; skip where it could not be judged."""
        from parity.layers import LAYERS

        told = self._case.verdict().layers[LAYERS.index(self._layer)]
        if told.different:
            raise LayerDiffers(_words(self._case.place, told))
        if not told.compared:
            pytest.skip(f"未能判断 not judged: {told.why}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show our own errors as text, without a traceback."""
        from sdk.errors import JqalphaError

        if isinstance(excinfo.value, LayerDiffers | JqalphaError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Name the case's folder and the layer."""
        return self._case.place, None, f"parity {self.name}"


def _words(place: Path, told: LayerCount) -> str:
    from parity.first_steps import FIRST_STEPS
    from parity.layers import CHINESE, contrast
    from parity.report import day_of
    from sdk.report.plain_text import plain

    first = told.first
    assert first is not None
    local, platform = contrast(first.local, first.platform, 120)
    return (
        f"{place.name}: {CHINESE[told.layer]} {told.layer}: {told.different} / {told.compared} 个值不同 "
        "values differ\n"
        f"  首个 first: {day_of(first)} {plain(first.code, 20)} {plain(first.field, 40)}\n"
        f"  平台 platform: {platform}\n"
        f"  本地 local:    {local}\n"
        f"  先看 first look: {FIRST_STEPS[told.layer]}"
    )
