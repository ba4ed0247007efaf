"""Any subset of the files gives a verdict on the layers that it shows, and says of the others why not."""

from __future__ import annotations

import shutil
from itertools import combinations
from pathlib import Path

import pytest

from benchmarks.made_downloads import write_download
from parity.compare import compare_sides
from parity.layers import LAYERS
from parity.page import write_html
from parity.report import exit_code, verdict_line
from parity.side import read_side
from sdk.errors import ParityError
from tests.conftest import shared
from tests.report.made_run import plant, write_run

FILES = ("log.txt", "transaction.csv", "position.csv", "result.csv")
TELLS = {
    "log.txt": {"inputs", "score", "rank/ties", "target", "order", "size", "fill price", "fee"},
    "transaction.csv": {"order", "size", "fill price", "fee", "position"},
    "position.csv": {"cash", "position", "close valuation", "NAV"},
    "result.csv": {"cash", "NAV"},
}
SUBSETS = [subset for size in range(1, 5) for subset in combinations(FILES, size)]


@pytest.mark.parametrize("kept", SUBSETS, ids="+".join)
def test_every_subset_is_judged_as_far_as_it_tells(kept: tuple[str, ...], tmp_path: Path) -> None:
    local, platform = write_run(tmp_path / "local"), tmp_path / "platform"
    write_run(tmp_path / "whole", "gb18030", 900)
    platform.mkdir()
    for name in kept:
        shutil.copy(tmp_path / "whole" / name, platform / name)
    verdict = compare_sides(read_side(local), read_side(platform))
    assert verdict.equal
    assert verdict.partial
    judged = {layer.layer for layer in verdict.layers if layer.compared}
    assert judged == set().union(*(TELLS[name] for name in kept))
    for layer in verdict.layers:
        assert bool(layer.why) == (layer.layer not in judged)
    named = [layer for layer in LAYERS if layer not in judged and layer != "features"]
    assert [layer.layer for layer in verdict.lacking] == named
    assert all(layer in verdict_line(verdict) for layer in named)


def test_a_strategy_that_logs_no_audit_lines_can_be_wholly_equal(tmp_path: Path) -> None:
    for folder in (tmp_path / "local", tmp_path / "platform"):
        write_run(folder)
        lines = (folder / "log.txt").read_text("utf-8").splitlines(keepends=True)
        (folder / "log.txt").write_text("".join(line for line in lines if "AUDIT|" not in line), "utf-8")
    verdict = compare_sides(read_side(tmp_path / "local"), read_side(tmp_path / "platform"))
    assert verdict.equal
    assert not verdict.partial


def test_where_nothing_can_be_compared_the_answer_is_two(tmp_path: Path) -> None:
    """The log ends before the first order of the other side: both tell of trading, but of no common moment."""
    local, platform = write_run(tmp_path / "local"), tmp_path / "log.txt"
    early = (
        "2020-01-02 09:30:00 - INFO  - order StockOrder(entrust_id=1 security=A mode=OrderAmount: _amount=1 side=long"
    )
    platform.write_text(f"{early} action=open error=) trade price: 1.0, amount:1, commission: 0.0\n" * 100, "utf-8")
    verdict = compare_sides(read_side(local / "transaction.csv"), read_side(platform))
    write_html(verdict, tmp_path / "page.html")
    if verdict.judged:  # whatever is compared, it is never called equal
        assert exit_code(verdict) == 1
    else:
        assert exit_code(verdict) == 2
        assert verdict_line(verdict).startswith("无法判断")


@pytest.mark.parametrize(
    "name", sorted(path for folder in ("*",) for path in ("gbk_exports_2023", "ma_crossover_2026", "small_cap_2021"))
)
def test_every_real_file_alone_equals_itself_or_is_refused_by_name(name: str) -> None:
    for path in sorted(shared(f"platform_runs/{name}").iterdir()):
        side = read_side(path)
        verdict = compare_sides(side, side)
        assert verdict.equal
        assert verdict.compared
        assert not side.lines.get("unknown")


@pytest.mark.parametrize("name", ["small_cap_2021", "template_000001_2019"])
def test_a_page_that_ends_within_the_lines_of_an_order_says_nothing_about_it(name: str, tmp_path: Path) -> None:
    """The platform shows 100 lines a page and 1,000 in all, wherever that may be: each of 100 places is tried."""
    path = shared(f"platform_runs/{name}/log.txt")
    whole, lines = read_side(path), path.read_text("utf-8").splitlines(keepends=True)
    page, compared = tmp_path / "log.txt", 0
    for more in range(100):
        own = [f"{lines[0][:10]} 00:00:00 - INFO  - own line\n"] * more
        page.write_text("".join([*own, *lines][:100]), "utf-8")
        verdict = compare_sides(whole, read_side(page))
        assert verdict.first is None, (more, verdict.first)
        compared += verdict.compared
    assert compared > 1_000


def test_a_file_of_no_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(ParityError, match="认不出"):
        read_side(path)


def test_a_run_too_large_to_keep_is_judged_like_a_small_one(tmp_path: Path) -> None:
    local = write_download(tmp_path / "local", 1_000, None, seed=3)
    platform = write_download(tmp_path / "platform", 1_000, None, seed=3)
    ours = read_side(local)
    assert ours.positions is not None
    assert not ours.positions.in_memory
    assert compare_sides(ours, read_side(platform)).equal
    lines = (platform / "position.csv").read_bytes().decode("gbk").splitlines(keepends=True)
    day, code = "2003-10-31", "600019.XSHG"
    row = next(line for line in lines if line.startswith(day) and code in line)
    plant(platform, "position.csv", row, row.replace("2000股,0股", "1900股,0股"))
    first = compare_sides(ours, read_side(platform)).first
    assert first is not None
    assert (first.moment[:10], first.code, first.layer, first.platform) == (day, code, "position", "1900股")
