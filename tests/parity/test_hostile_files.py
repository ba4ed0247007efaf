"""What is unreadable is refused in one line with exit code 2; what is hostile is shown as text."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.made_downloads import BIG_FILES, write_big_file
from benchmarks.parity import Case, measure
from parity.compare import compare_sides
from parity.platform_files import MAX_MEMBERS
from parity.side import read_side
from sdk.errors import ParityError
from sdk.report.run_tables import read_table
from sdk.report.text_files import TextSource, detect
from tests.parity.test_verdict import run
from tests.report.made_run import (
    POSITION_HEADER,
    POSITIONS,
    TRANSACTION_HEADER,
    TRANSACTIONS,
    log_lines,
    plant,
    write_run,
)


def _zip(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def _bomb(path: Path) -> None:
    line = log_lines()[0].encode() + b"\n"
    _zip(path, {"log.txt": line + b"2024-03-01 09:30:00 - INFO  - " + b"0" * (32 << 20)})


def _lying_bomb(path: Path) -> None:
    """The directory claims 10 bytes; the data are 32 MiB."""
    _bomb(path)
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    path.write_bytes(bytes(data))


UNREADABLE = {
    "absent": lambda path: None,
    "empty": lambda path: path.write_bytes(b""),
    "blank": lambda path: path.write_bytes(b"\n \n"),
    "binary": lambda path: path.write_bytes(bytes(range(256)) * 40),
    "garbage": lambda path: path.write_bytes(b"\xff\xfe\xfd\xfc\x81\x20" * 50),
    "utf-16": lambda path: path.write_bytes("日期,标的\n".encode("utf-16")),
    "other table": lambda path: path.write_bytes(b"a,b,c\n1,2,3\n"),
    "broken json": lambda path: path.write_bytes(b'{"figures": '),
    "deep json": lambda path: path.write_bytes(b'{"a":' * 100_000),
    "empty directory": lambda path: path.mkdir(),
    "broken zip": lambda path: path.write_bytes(b"PK\x03\x04" + b"\x00" * 60),
    "bomb": _bomb,
    "lying bomb": _lying_bomb,
    "too many": lambda path: _zip(path, {f"{number}.txt": b"x" for number in range(MAX_MEMBERS + 1)}),
    "a list of members of many megabytes": lambda path: _zip(
        path, {"x" * 60_000 + f"{n}.txt": b"" for n in range(40)}
    ),
    "nothing known": lambda path: _zip(path, {"readme.txt": b"hello\n", "../../etc/x.txt": b"hello\n"}),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_side_is_one_clear_line(name: str, tmp_path: Path, capsys) -> None:
    local = write_run(tmp_path / "local")
    platform = tmp_path / "download"
    UNREADABLE[name](platform)
    assert run(local, platform) == 2
    error = capsys.readouterr().err
    assert error.startswith("ParityError: ")
    assert error.count("\n") == 1


def test_sides_without_anything_in_common_are_refused(tmp_path: Path, capsys) -> None:
    folder = write_run(tmp_path / "local")
    assert run(folder / "log.txt", folder / "result.csv") == 2
    assert "nothing in common" in capsys.readouterr().err


HOSTILE = '<script>alert(1)</script>[/end][red]\x1b[31m\u202e"\x07'


def test_hostile_text_is_shown_as_text(tmp_path: Path, capsys) -> None:
    local, platform = write_run(tmp_path / "local"), write_run(tmp_path / "platform")
    plant(platform, "log.txt", "ties=none|600519.XSHG:3fe0", f"ties={HOSTILE}|600519.XSHG:3fe0")
    plant(platform, "log.txt", "一天结束", f"奇怪 {HOSTILE}：StockOrder(entrust_id=1 security=x)")
    page = tmp_path / "page.html"
    assert run(local, platform, "--html", page) == 1
    shown, html = capsys.readouterr().out, page.read_text("utf-8")
    assert "<script>alert(1)</script>[/end][red]" in shown
    assert not {"\x1b", "\u202e", "\x07"} & set(shown + html)
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_a_page_asks_for_nothing_from_outside(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "local")
    page = tmp_path / "page.html"
    assert run(folder, folder, "--html", page) == 0
    html = page.read_text("utf-8")
    assert not any(word in html for word in ("http:", "https:", "src=", "href=", "@import", "url("))


def test_a_row_that_is_cut_is_left_out_and_said(tmp_path: Path) -> None:
    path = tmp_path / "position.csv"
    text = "\n".join((POSITION_HEADER, *POSITIONS))
    path.write_bytes(text[:-60].encode("gbk"))
    source = TextSource.of(path)
    table = read_table(source, detect(source))
    assert len(table.rows) == len(POSITIONS) - 2
    assert not table.whole
    assert any("cut or damaged" in problem for problem in table.problems)


@settings(max_examples=60, deadline=None)
@given(
    table=st.sampled_from(((TRANSACTION_HEADER, TRANSACTIONS), (POSITION_HEADER, POSITIONS))),
    at=st.integers(0, 120),
    junk=st.text(max_size=8),
    drop=st.integers(0, 12),
)
def test_a_mutated_row_never_breaks_the_reader(tmp_path_factory, table, at: int, junk: str, drop: int) -> None:
    header, rows = table
    mutated = rows[0][:at] + junk.replace("\x00", "") + rows[0][at + drop :]
    path = tmp_path_factory.mktemp("table") / "table.csv"
    path.write_bytes("\n".join((header, mutated, *rows[1:], "")).encode("utf-8", "replace"))
    source = TextSource.of(path)
    try:
        read = read_table(source, detect(source))
    except ParityError:
        return
    assert len(read.rows) <= len(rows) + len(junk)


LONG_LINES = {
    "log.txt": "2024-03-01 09:30:00 - INFO  - " + "（" * 3_000_000,
    "order.txt": "2024-03-01 09:30:00 - INFO  - order StockOrder(entrust_id=1 " + "a=" * 1_500_000,
    "audit.txt": "2024-03-01 09:30:00 - INFO  - AUDIT|v1|2024-03-01|" + "x|" * 1_500_000,
    "spaces.txt": "2024-03-01 09:30:00 - INFO  - 调整为" + " " * 3_000_000,
    "blank.txt": "2024-03-01 09:30:00 - INFO  - 下单检查标的数量：StockOrder(" + "\n" * 1_000_000,
    "cells.csv": f"{TRANSACTION_HEADER}\n" + "," * 3_000_000,
    "quote.csv": f'{TRANSACTION_HEADER}\n"' + "a\n" * 1_000_000,
    "rows.csv": f"{TRANSACTION_HEADER}\n" + 'a,"\n",' * 500_000,
    "days.csv": "时间,策略收益\n"
    + "".join(f"{year:04d}-01-{day:02d},1\n" for year in range(999) for day in range(99)),
    "figures.json": '{"figures": {"sharpe": ' + "9" * 1_000_000 + "}}",
}


@pytest.mark.parametrize("name", LONG_LINES)
def test_absurd_lengths_are_read_or_refused_in_a_moment(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(LONG_LINES[name] + "\n", "utf-8")
    started, words = time.process_time(), ""
    try:
        side = read_side(path)
        compare_sides(side, side)
    except ParityError as error:
        words = str(error)
    assert len(words) < 1_000
    assert time.process_time() - started < 15


@pytest.mark.slow
@pytest.mark.parametrize("kind", BIG_FILES)
def test_a_file_of_a_hundred_megabytes_needs_little_memory(kind: str, tmp_path: Path) -> None:
    path = write_big_file(tmp_path / f"big-{kind}", kind, 100 << 20)
    found = measure(Case(kind, path, path, None, 300.0), tmp_path)
    assert found["equal"]
    assert found["mb"] <= 300
