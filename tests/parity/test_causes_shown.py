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
