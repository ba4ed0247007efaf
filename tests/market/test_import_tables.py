"""``market import --table``: the platform's own tables become tables of the bundle, or are refused in one line."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sdk.market.bundle import Bundle
from tests.market.test_import_refusals import CODES, bars
from tests.market.test_market_cli import run

INCOME = pd.DataFrame(
    {
        "id": [1, 2],
        "code": CODES[:2],
        "day": "2024-01-02",
        "pubDate": ["2023-10-28", "2023-10-25"],
        "statDate": "2023-09-30",
        "net_profit": [3.0, None],
    }
)


def import_with(folder: Path, frame: pd.DataFrame, name: str) -> int:
    bars().to_parquet(folder / "daily.parquet")
    frame.to_parquet(folder / "table.parquet")
    table = f"{name}={folder / 'table.parquet'}"
    return run("import", "--daily", folder / "daily.parquet", "--table", table, "--out", folder / "m")


def test_a_download_of_the_platform_goes_in_as_it_is(tmp_path: Path) -> None:
    assert import_with(tmp_path, INCOME, "fundamentals/income") == 0
    bundle = Bundle.open(tmp_path / "m")
    frame = bundle.table("fundamentals/income")
    assert list(frame.columns) == ["code", "pubDate", "statDate", "net_profit"]
    assert frame["pubDate"].astype(str).tolist() == ["2023-10-28", "2023-10-25"]
    assert bundle.manifest["source"]["files"]["fundamentals/income"]["name"] == "table.parquet"


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("fundamentals/incom", {}, "did you mean 'fundamentals/income.parquet'"),
        ("fundamentals/income", {"pubDate": "2023-09-01"}, "pubDate before statDate"),
        ("fundamentals/income", {"net_profit": ["three", "four"]}, "a value of the wrong kind"),
    ],
)
def test_what_cannot_be_right_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, change: dict[str, object], words: str
) -> None:
    assert import_with(tmp_path, INCOME.assign(**change), name) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


def test_a_table_without_a_name_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bars().to_parquet(tmp_path / "daily.parquet")
    assert run("import", "--daily", tmp_path / "daily.parquet", "--table", "x.parquet", "--out", tmp_path / "m") == 2
    assert "write NAME=FILE" in capsys.readouterr().err
