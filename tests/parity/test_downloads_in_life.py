"""Downloads as users have them: saved again by Excel, in a folder within a folder, mixed up, of another year."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from parity.compare import compare_sides
from parity.contradictions import contradictions
from parity.curves import capital_of_returns
from parity.first_steps import first_step
from parity.report import verdict_line
from parity.side import read_side
from parity.strategy_run import plan_run
from sdk.emulator.runner import run_backtest
from sdk.errors import ParityError
from sdk.market.bundle import Bundle
from tests.bundles import small_market
from tests.conftest import ROOT, shared
from tests.parity.test_verdict import run

STRATEGY = ROOT / "examples/strategies/monthly_momentum.py"
TABLES = ("transaction.csv", "position.csv", "result.csv")


def download(folder: Path, year: int = 2019, edit: tuple[str, str] = ("", ""), cash: float = 500_000.0) -> Path:
    """Run the example as the platform would have; log and the three tables are left."""
    text = STRATEGY.read_text("utf-8").replace(*edit)
    run_backtest(text, Bundle.open(small_market()), f"{year}-01-03", f"{year}-06-28", cash, folder)
    for name in ("run.json", "timings.json"):
        (folder / name).unlink()
    return folder


@pytest.fixture(scope="module")
def plain_download(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return download(tmp_path_factory.mktemp("plain") / "backtest")


@pytest.fixture
def folder(plain_download: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(plain_download, tmp_path / "backtest"))


# ------------------------------------------------------------------------------------------------------ other forms
def saved_by_excel(folder: Path) -> Path:
    """Dates as 2019/1/3, a time without its zero, thousands separators in quotes, rows filled up, a BOM, CRLF."""
    for name in TABLES:
        rows = list(csv.reader(io.StringIO((folder / name).read_bytes().decode("gbk"))))
        width = max(map(len, rows))
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerows([_excel(cell) for cell in row] + [""] * (width - len(row)) for row in rows)
        (folder / name).write_bytes(text.getvalue().encode("utf-8-sig"))
    return folder


def _excel(cell: str) -> str:
    cell = re.sub(r"^(\d{4})-0?(\d+)-0?(\d+)", r"\1/\2/\3", cell)
    cell = re.sub(r"(^|(?<= ))0?(\d{1,2}:\d\d):00$", r"\2", cell)
    return f"{int(cell):,}" if re.fullmatch(r"-?\d{4,}", cell) else cell


def zipped_within_folders(folder: Path) -> Path:
    outer = folder.parent / "下载"
    outer.mkdir()
    with zipfile.ZipFile(outer / "backtest.zip", "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"backtest_1/{path.name}")
    return outer


def one_folder_deeper(folder: Path) -> Path:
    outer = folder.parent / "outer/inner"
    outer.mkdir(parents=True)
    (outer / ".DS_Store").write_bytes(b"\x00")
    shutil.move(folder, outer / "backtest_1")
    return folder.parent / "outer"


FORMS: tuple[Callable[[Path], Path], ...] = (saved_by_excel, zipped_within_folders, one_folder_deeper)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_the_same_run_in_another_form_is_equal(form: Callable[[Path], Path], folder: Path, tmp_path: Path) -> None:
    """Dates and capital are read off it, and every value is compared that the plain download tells."""
    whole = compare_sides(read_side(folder), read_side(folder)).compared
    given = form(folder)
    assert run(STRATEGY, given, "--market", small_market(), "--out", tmp_path / "out") == 0
    told = json.loads((tmp_path / "out/parity.json").read_text("utf-8"))
    assert sum(layer["compared"] for layer in told["layers"]) == whole
    assert not told["not_judged"]


def test_a_date_with_a_wrong_time_is_still_refused(folder: Path) -> None:
    text = (folder / "result.csv").read_bytes().decode("gbk").replace("2019-01-07 16:00:00", "2019/1/7 16")
    (folder / "result.csv").write_bytes(text.encode("gbk"))
    assert any("not a date: '2019/1/7 16'" in note for note in read_side(folder).notes)


def test_of_several_downloads_one_has_to_be_chosen(folder: Path) -> None:
    for name in ("a", "b"):
        shutil.copytree(folder, folder.parent / "two" / name)
    with pytest.raises(ParityError, match=r"里面有 2 个目录或压缩包.*: a, b"):
        read_side(folder.parent / "two")


def test_files_left_aside_are_named_where_the_dates_are_missing(folder: Path) -> None:
    for name in TABLES:
        (folder / name).write_bytes((folder / name).read_bytes().decode("gbk").encode("utf-16"))
    with pytest.raises(ParityError, match=r"--cash.*position\.csv: UTF-16 text; save it as UTF-8"):
        plan_run(read_side(folder), None, None, None)


# ---------------------------------------------------------------------------------------------------------- capital
@pytest.mark.parametrize("cash", [500_000.0, 100_000.0, 1_234_500.0])
def test_the_capital_is_read_off_the_returns_alone(cash: float, tmp_path: Path) -> None:
    folder = download(tmp_path / "run", cash=cash)
    assert plan_run(read_side(folder / "result.csv"), None, None, None).cash == cash
    assert capital_of_returns(read_side(folder / "transaction.csv")) is None


def test_returns_that_no_capital_makes_up_tell_none(folder: Path) -> None:
    rows = (folder / "result.csv").read_bytes().decode("gbk").splitlines(keepends=True)
    cells = rows[30].split(",")
    rows[30] = ",".join([*cells[:2], "35.5", *cells[3:]])
    (folder / "result.csv").write_bytes("".join(rows).encode("gbk"))
    assert capital_of_returns(read_side(folder / "result.csv")) is None


# ------------------------------------------------------------------------------------------------------ mixed files
def test_a_table_of_another_run_of_the_same_days_is_noticed_by_its_sums(folder: Path, tmp_path: Path) -> None:
    other = download(tmp_path / "other", edit=("g.hold = 10", "g.hold = 8"))
    shutil.copy(other / "transaction.csv", folder)
    mixed = read_side(folder)
    assert "result.csv 与 transaction.csv" in mixed.contradictions[0]
    assert "2019-01-03 当日买入" in mixed.contradictions[0]
    assert mixed.notes[0] == mixed.contradictions[0]
    verdict = compare_sides(read_side(other), mixed)
    assert first_step(verdict).startswith("平台的文件互相矛盾：result.csv 与 transaction.csv")
    shutil.copy(other / "result.csv", folder)
    assert "position.csv 与 result.csv" in read_side(folder).contradictions[0]
    shutil.copy(other / "position.csv", folder)
    assert not read_side(folder).contradictions


def test_a_table_of_another_year_is_noticed_by_its_days(folder: Path, tmp_path: Path) -> None:
    shutil.copy(download(tmp_path / "other", 2020) / "position.csv", folder)
    found = contradictions(read_side(folder))
    assert "position.csv 与 result.csv" in found[0]
    assert "2020-01-03 … " in found[0]


@pytest.mark.parametrize("name", ["gbk_exports_2023", "ma_crossover_2026", "etf_three_2023_2026", "small_cap_2021"])
def test_real_downloads_do_not_contradict_themselves(name: str) -> None:
    assert not read_side(shared(f"platform_runs/{name}")).contradictions


def test_runs_without_a_common_day_are_told_by_their_days(folder: Path, tmp_path: Path) -> None:
    verdict = compare_sides(read_side(folder), read_side(download(tmp_path / "other", 2020)))
    assert not verdict.judged
    assert verdict_line(verdict).endswith("; 本地 2019-01-03 … 2019-06-28，平台 2020-01-03 … 2020-06-26")
