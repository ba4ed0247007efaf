"""The page in a real browser: it asks for nothing, nothing goes wrong, and hostile text is text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from parity.compare import compare_sides
from parity.explanation import Cause, Explanation
from parity.page import write_html
from parity.side import read_side
from tests.parity.browser import find_browser, open_page
from tests.parity.test_hostile_files import HOSTILE
from tests.report.made_run import plant, write_run

LOOK = """({
  text: document.body.innerText, scripts: document.scripts.length,
  links: document.querySelectorAll('[href],[src],[onclick],[onload]').length,
  titles: [...document.querySelectorAll('svg title')].map(e => e.textContent),
  top: document.querySelector('.big').getBoundingClientRect().bottom,
  todo: document.querySelector('.todo') ? document.querySelector('.todo').getBoundingClientRect().bottom : 0,
  size: parseFloat(getComputedStyle(document.querySelector('.big')).fontSize)})"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A page of two runs that differ, full of hostile text."""
    local, platform = write_run(tmp_path / "local"), write_run(tmp_path / "platform", "gbk", 50)
    plant(platform, "log.txt", "ties=none|600519.XSHG:3fe0", f"ties={HOSTILE}|600519.XSHG:3fe0")
    plant(platform, "log.txt", "一天结束", f"奇怪 {HOSTILE}：StockOrder(entrust_id=1 security=x)")
    plant(platform, "result.csv", "1.03,1.46", "1.03,1.99")
    verdict = compare_sides(read_side(local), replace(read_side(platform), name=HOSTILE))
    cause = Cause(
        "TIES", "2024-03-01", HOSTILE, "rank/ties", "并列", HOSTILE, HOSTILE, 12.5, HOSTILE, f"改 {HOSTILE}"
    )
    write_html(verdict, tmp_path / "page.html", Explanation((cause,), 0.5, (HOSTILE,)))
    return tmp_path / "page.html"


def test_the_page_opens_without_requests_errors_or_scripts(page: Path, tmp_path: Path) -> None:
    find_browser()
    seen = open_page(page, LOOK, tmp_path / "profile")
    assert [url for url in seen.requests if url != page.resolve().as_uri()] == []
    assert seen.errors == []
    assert (seen.value["scripts"], seen.value["links"]) == (0, 0)
    assert "<script>alert(1)</script>[/end][red]" in seen.value["text"]
    assert not {"\x1b", "\u202e", "\x07"} & set(seen.value["text"])


def test_verdict_and_what_to_change_stand_in_big_letters_on_the_first_screen(page: Path, tmp_path: Path) -> None:
    seen = open_page(page, LOOK, tmp_path / "profile")
    assert "不同：从 2024-03-01 起" in seen.value["text"]
    assert seen.value["size"] >= 32
    assert 0 < seen.value["top"] < seen.value["todo"] < 700


def test_a_day_shows_its_cause_under_the_pointer(page: Path, tmp_path: Path) -> None:
    seen = open_page(page, LOOK, tmp_path / "profile")
    first = next(title for title in seen.value["titles"] if title.startswith("2024-03-01"))
    assert "原因 TIES" in first
    assert "当日首个差异" in first


def test_a_page_whose_policy_is_missing_would_be_noticed(tmp_path: Path) -> None:
    """The probe itself: a page that runs a script and asks for a picture is caught."""
    hostile = tmp_path / "bad.html"
    hostile.write_text("<p class=big>x</p><img src='http://127.0.0.1:9/x.png'><script>nothing()</script>", "utf-8")
    seen = open_page(hostile, LOOK, tmp_path / "profile")
    assert "http://127.0.0.1:9/x.png" in seen.requests
    assert seen.errors
