"""How terminal and page show a search for causes: with causes, without any, and where the rest is nothing."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from parity.compare import Verdict, compare_sides
from parity.explanation import Cause, Explanation
from parity.page import write_html
from parity.side import read_side
from parity.terminal import points, print_verdict
from tests.report.made_run import plant, write_run

WORDS = ("FEE", "2024-03-01", "600519.XSHG", "fee", "fee", "5", "6", 1.5, "手续费不同", "改费率")


@pytest.fixture
def verdict(tmp_path: Path) -> Verdict:
    sides = write_run(tmp_path / "local", "utf-8", 1), write_run(tmp_path / "platform", "gbk", 500)
    plant(sides[1], "transaction.csv", ",50.46,", ",60.46,")
    return compare_sides(*(read_side(side) for side in sides))


def _shown(verdict: Verdict, told: Explanation, path: Path) -> tuple[str, str]:
    """Return what the terminal and the page say."""
    console = Console(record=True, width=200, markup=False, file=io.StringIO())
    print_verdict(verdict, console, told)
    write_html(verdict, path / "parity.html", told)
    return console.export_text(), (path / "parity.html").read_text("utf-8")


def test_without_a_cause_the_first_look_the_rest_and_the_remarks_are_shown(verdict: Verdict, tmp_path: Path) -> None:
    terminal, page = _shown(verdict, Explanation((), -12.34, ("重新运行 7 次",)), tmp_path)
    assert "先看 first look" in terminal
    assert "要改 change" not in terminal
    for text in (terminal, page):
        assert "未归因 unattributed" in text
        assert "-12.34" in text
        assert "重新运行 7 次" in text


def test_with_a_cause_its_change_stands_in_the_place_of_the_first_look(verdict: Verdict, tmp_path: Path) -> None:
    terminal, page = _shown(verdict, Explanation((Cause(*WORDS),), 0.0, ()), tmp_path)
    assert "先看 first look" not in terminal
    assert "要改 change: 改费率" in terminal
    assert "手续费不同" in page


@pytest.mark.parametrize(
    ("value", "text"), [(-0.004, "+0.00"), (0.004, "+0.00"), (-0.006, "-0.01"), (12.345, "+12.35"), (None, "--")]
)
def test_basis_points_have_a_sign_and_zero_has_that_of_plus(value: float | None, text: str) -> None:
    assert points(value) == text


def test_the_cause_has_a_name_in_chinese_and_stands_beside_its_change(verdict: Verdict, tmp_path: Path) -> None:
    words = (*WORDS[:8], "手续费 fee：费率不同：平台如同 佣金 0.0003", "改费率")
    _, page = _shown(verdict, Explanation((Cause(*words),), 0.0, ()), tmp_path)
    todo = page[page.index('<ol class="todo">') : page.index("</ol>")]
    assert "<b>手续费<em>FEE</em></b>" in todo
    assert "<span>改费率<small>费率不同：平台如同 佣金 0.0003</small></span>" in todo
    assert "最终收益 2024-" in page[: page.index('<ol class="todo">')]


def test_a_download_that_lacks_only_the_figures_is_green_and_its_figures_are_folded(tmp_path: Path) -> None:
    local, platform = write_run(tmp_path / "local"), write_run(tmp_path / "platform")
    (platform / "run.json").unlink()
    (local / "timings.json").write_text('{"seconds": 1.0}', "utf-8")
    verdict = compare_sides(read_side(local), read_side(platform))
    assert verdict.partial
    assert not any("timings" in note for note in verdict.local.notes)
    write_html(verdict, tmp_path / "parity.html")
    page = (tmp_path / "parity.html").read_text("utf-8")
    assert '<section class="top equal"><div class="big">可比部分一致</div>' in page
    assert "<details><summary>指标：平台下载里没有，只有本地的</summary>" in page
    (platform / "position.csv").unlink()
    write_html(compare_sides(read_side(local), read_side(platform)), tmp_path / "parity.html")
    assert '<section class="top partial">' in (tmp_path / "parity.html").read_text("utf-8")


def test_the_terminal_says_once_why_layers_are_not_judged(tmp_path: Path) -> None:
    local, platform = write_run(tmp_path / "local"), write_run(tmp_path / "platform")
    for name in ("log.txt", "run.json", "position.csv"):
        (platform / name).unlink()
    console = Console(record=True, width=200, markup=False, file=io.StringIO())
    print_verdict(compare_sides(read_side(local), read_side(platform)), console)
    lines = console.export_text().splitlines()
    why = [
        line for line in lines if line.startswith("未能判断 not judged: 输入数据、得分、排序与并列、目标仓位: 平台缺")
    ]
    assert len(why) == 1
    assert not any(line.startswith("输入数据 inputs") for line in lines)
    assert any(line.startswith("成交价 fill price") for line in lines)
