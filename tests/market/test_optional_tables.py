"""Optional tables: written and read the same, checked both times, absent when absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sdk.errors import MarketError
from sdk.market.bundle import Bundle
from sdk.market.manifest import sha256_of
from sdk.market.optional_tables import TABLES
from sdk.market.quality import inspect
from tests.bundles import small_market
from tests.emulator.markets import made_bundle

A = "600000.XSHG"
INCOME = pd.DataFrame(
    {
        "code": [A, A],
        "statDate": pd.to_datetime(["2023-12-31", "2023-09-30"]),
        "pubDate": pd.to_datetime(["2024-03-30", "2023-10-28"]),
        "net_profit": [2.0, np.nan],
    }
)


def with_tables(path: Path, **tables: pd.DataFrame) -> Bundle:
    named = {name.replace("__", "/"): frame for name, frame in tables.items()}
    return made_bundle(path, {A: {"open": [10.0] * 5}}, tables=named)


def test_a_table_comes_back_in_the_order_of_its_key(tmp_path: Path) -> None:
    bundle = with_tables(tmp_path / "m", fundamentals__income=INCOME)
    assert bundle.has_table("fundamentals/income")
    assert not bundle.has_table("fundamentals/balance")
    frame = bundle.table("fundamentals/income")
    assert frame["statDate"].astype(str).tolist() == ["2023-09-30", "2023-12-31"]
    assert np.isnan(frame["net_profit"][0])
    assert bundle.table_columns("fundamentals/income") == ("code", "statDate", "pubDate", "net_profit")
    assert bundle.table_columns("concepts") == ()
    with pytest.raises(MarketError, match=r"no concepts\.parquet"):
        bundle.table("concepts")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pubDate": pd.to_datetime(["2023-12-30", "2023-10-28"])}, r"income.*pubDate before statDate.*2023-12-31"),
        (
            {"statDate": INCOME["statDate"][:1].repeat(2), "pubDate": INCOME["pubDate"][:1].repeat(2)},
            "same row twice",
        ),
        ({"code": [A, None]}, "an empty key"),
    ],
)
def test_a_table_that_cannot_be_right_is_refused_when_written(tmp_path: Path, change: dict, words: str) -> None:
    wrong = INCOME.assign(**{name: list(values) for name, values in change.items()})
    with pytest.raises(MarketError, match=words):
        with_tables(tmp_path / "m", fundamentals__income=wrong)
    assert not (tmp_path / "m").exists()


def test_missing_unknown_and_foreign_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(MarketError, match="column 'pubDate' is missing"):
        with_tables(tmp_path / "m", fundamentals__income=INCOME.drop(columns="pubDate"))
    flow = pd.DataFrame({"code": [A], "date": ["2024-01-02"], "net_amount_xxl": [1.0]})
    for size in ("xl", "l", "m", "s"):
        flow[f"net_amount_{size}"] = 0.0
    with pytest.raises(MarketError, match="'net_amount_xxl' is not known; did you mean 'net_amount_xl'"):
        with_tables(tmp_path / "m", money_flow=flow)
    with pytest.raises(MarketError, match=r"concept\.parquet is no table of a bundle; did you mean 'concepts"):
        with_tables(tmp_path / "m", concept=flow)


def test_a_table_is_checked_again_when_it_is_read(tmp_path: Path) -> None:
    bundle = with_tables(tmp_path / "m", fundamentals__income=INCOME)
    place = tmp_path / "m" / "fundamentals" / "income.parquet"
    table = pq.read_table(place)
    pq.write_table(pa.concat_tables([table, table]), place)
    for refused in (lambda opened: opened.table("fundamentals/income"), Bundle.verify):
        with pytest.raises(MarketError, match=r"fundamentals/income\.parquet has changed since it was written"):
            refused(Bundle.open(tmp_path / "m"))
    assert len(Bundle.open(tmp_path / "m").panel()["close"]) == 1  # what was not touched can be read
    manifest = (tmp_path / "m" / "manifest.json").read_text("utf-8")
    old = bundle.manifest["files"]["fundamentals/income.parquet"]
    (tmp_path / "m" / "manifest.json").write_text(manifest.replace(old, sha256_of(place)), "utf-8")
    with pytest.raises(MarketError, match="the same row twice"):
        Bundle.open(tmp_path / "m").table("fundamentals/income")


def test_the_check_of_a_bundle_looks_at_its_tables(tmp_path: Path) -> None:
    bundle = with_tables(tmp_path / "m", fundamentals__income=INCOME.assign(code=[A, "600001.XSHG"]))
    findings = {finding.name: finding for finding in inspect(bundle)}
    assert findings["table_of_strangers"].examples == ("600001.XSHG",)
    assert "fundamentals/income" in findings["table_of_strangers"].words


def test_a_table_of_the_finance_database_keeps_its_own_columns(tmp_path: Path) -> None:
    frame = pd.DataFrame({"code": [A], "pub_date": pd.to_datetime(["2024-01-03"]).date, "rank": [1], "name": ["甲"]})
    bundle = with_tables(tmp_path / "m", finance__STK_ANYTHING=frame)
    assert bundle.table("finance/STK_ANYTHING").iloc[0].tolist() == [A, pd.Timestamp("2024-01-03"), 1, "甲"]


def test_the_made_market_has_every_table_but_margin_trading() -> None:
    bundle = Bundle.open(small_market(), verify=False)
    lacking = [name for name in TABLES if not bundle.has_table(name[: -len(".parquet")])]
    assert lacking == ["margin.parquet"]
    for name in TABLES:
        if name not in lacking:
            assert len(bundle.table(name[: -len(".parquet")])), name
