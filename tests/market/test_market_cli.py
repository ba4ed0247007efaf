"""``jqalpha market``: exit codes, the page, and a start that imports nothing heavy."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sdk.cli import main
from sdk.market.bundle import Bundle
from tests.bundles import real_market, small_market


def run(*words: object) -> int:
    try:
        main(["market", *map(str, words)])
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_synth_makes_a_bundle_and_says_what_is_planted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("synth", "--stocks", 15, "--years", 0.5, "--seed", 3, "--out", tmp_path / "m") == 0
    assert "planted: (DECAY(DECAY(PRESSURE)) - (DEV + LOG_VOL))" in capsys.readouterr().out
    made = Bundle.open(tmp_path / "m")
    assert (made.securities["type"] == "stock").sum() == 15
    assert (made.securities["type"] == "fund").sum() > 25
    assert run("synth", "--stocks", 15, "--years", 0.5, "--no-plant", "--no-funds", "--out", tmp_path / "n") == 0
    assert len(Bundle.open(tmp_path / "n").panel().codes) == 15
    assert "planted: nothing" in capsys.readouterr().out


def test_a_sound_market_passes_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", small_market()) == 0
    page = capsys.readouterr().out
    assert "可靠 sound" in page
    assert "2016-10-12 … 2020-12-31" in page


def test_real_data_are_doubtful_and_the_check_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", real_market()) == 1
    page = capsys.readouterr().out
    assert "存疑 doubtful" in page
    assert "money is estimated" in page
    assert "survivorship" in page
    assert "outside [low, high]" in page


def test_what_cannot_be_read_exits_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", tmp_path) == 2
    assert run("synth", "--stocks", 1, "--out", tmp_path / "m") == 2
    (tmp_path / "daily.parquet").write_bytes(b"not parquet")
    assert run("import", "--daily", tmp_path / "daily.parquet", "--out", tmp_path / "b") == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert [line.split(":")[0] for line in lines] == ["MarketError"] * 3
    assert [path.name for path in tmp_path.iterdir()] == ["daily.parquet"]


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, sdk.market.cli\n"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'rich', 'torch'} & set(sys.modules)\n"
        "sys.exit(' '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_of_many_indices_the_largest_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("synth", "--stocks", 12, "--years", 0.25, "--out", tmp_path / "m") == 0
    counts = Bundle.open(tmp_path / "m").index_members.groupby("index_code")["code"].nunique()
    assert run("check", tmp_path / "m") in (0, 1)
    page = capsys.readouterr().out.replace("│", " ")
    row = " ".join(page.split("成分 members")[1].split("除权除息")[0].split())
    assert f"共 {len(counts)} 个" in row
    named = {code: int(number) for code, number in re.findall(r"(\S+): (\d+)", row)}
    assert len(named) == 8
    assert min(named.values()) >= counts.drop(list(named)).max()
