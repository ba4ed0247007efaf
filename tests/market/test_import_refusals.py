"""Each kind of bad input gets its clear line, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sdk.errors import MarketError
from sdk.market.bundle import Bundle
from sdk.market.importing.importer import ImportRequest, import_market

DATES = pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"])
CODES = ["000001.XSHE", "300750.XSHE", "600519.XSHG"]


def bars() -> pd.DataFrame:
    """Twelve sound bars."""
    frame = pd.DataFrame([(code, date) for code in CODES for date in DATES], columns=["code", "date"])
    close = np.array([9.3, 9.4, 9.5, 9.4, 160.0, 161.0, 159.5, 160.2, 1700.0, 1710.0, 1699.0, 1705.5])
    frame = frame.assign(
        open=close - 0.1, high=close + 0.2, low=close - 0.3, close=close, pre_close=close, factor=2.0
    )
    return frame.assign(volume=10_000.0, money=close * 10_000, paused=0, is_st=False)


def valuation() -> pd.DataFrame:
    """Valuation in JoinQuant's units that fits the bars."""
    frame = bars()[["code", "date", "close", "volume"]].rename(columns={"date": "day"})
    frame["circulating_cap"] = 5_000.0
    frame["circulating_market_cap"] = frame["close"] * 5_000 * 1e4 / 1e8
    frame["turnover_ratio"] = frame["volume"] / (5_000 * 1e4) * 100
    return frame.drop(columns=["close", "volume"])


def members() -> pd.DataFrame:
    return pd.DataFrame({"code": CODES, "in_date": DATES[0], "out_date": [None, DATES[2], None]})


def events() -> pd.DataFrame:
    return pd.DataFrame({"code": CODES[:1], "ex_date": DATES[:1], "implied_cash": [0.2]})


def securities() -> pd.DataFrame:
    start = pd.to_datetime(["1991-04-03", "2018-06-11", "2001-08-27"])
    return pd.DataFrame(
        {"code": CODES, "start_date": start, "end_date": pd.Series([None] * 3, dtype="datetime64[ns]")}
    )


SOUND = {
    "daily": bars,
    "index": lambda: bars().iloc[:4].assign(code="000300.XSHG"),
    "valuation": valuation,
    "members": members,
    "events": events,
    "securities": securities,
}


def attempt(tmp_path: Path, **changed: pd.DataFrame) -> Bundle:
    """Import sound files of all kinds, with some of them changed."""
    folder = tmp_path / "files"
    folder.mkdir(exist_ok=True)
    for kind, make in SOUND.items():
        changed.get(kind, make()).to_parquet(folder / f"{kind}.parquet")
    return import_market(ImportRequest(**{kind: folder / f"{kind}.parquet" for kind in SOUND}), tmp_path / "bundle")


def cell(column: str, value: object, row: int = 5) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame.astype({column: object})
        frame.loc[row, column] = value
        return frame.infer_objects()

    return change


def scaled(**factors: float) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: frame.assign(**{column: frame[column] * by for column, by in factors.items()})


def column(name: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: frame.assign(**{name: value})


def without(name: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: frame.drop(columns=name)


def renamed(old: str, new: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: frame.assign(code=frame["code"].replace(old, new))


PRICES = dict.fromkeys(("open", "high", "low", "close", "pre_close"), 100.0)
REFUSALS: dict[str, tuple[str, Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "missing column": ("daily", without("factor"), r"daily\.parquet · factor · column is missing"),
    "misspelt column": (
        "daily",
        lambda f: f.rename(columns={"volume": "volum"}),
        r"column is missing; did you mean 'volum'",
    ),
    "no row": ("daily", lambda f: f.iloc[:0], r"daily\.parquet · date · the file has no row"),
    "text for numbers": ("daily", column("close", "dear"), r"daily\.parquet · close · cannot be read as numbers"),
    "numbers for dates": (
        "daily",
        column("date", 20240102),
        r"daily\.parquet · date · cannot be read as days.*int64",
    ),
    "high below low": (
        "daily",
        cell("high", 1.0),
        r"high · lower than low · 1×; e\.g\. 300750\.XSHE 2024-01-03 high = 1\.0",
    ),
    "close outside": (
        "daily",
        cell("close", 170.0),
        r"close · outside \[low, high\] of its bar · 1×; e\.g\. 300750\.XSHE",
    ),
    "open outside": ("daily", cell("open", 1.0), r"open · outside \[low, high\]"),
    "negative volume": (
        "daily",
        cell("volume", -1.0),
        r"volume · must not be negative or missing · 1×; .* volume = -1\.0",
    ),
    "missing volume": ("daily", cell("volume", np.nan), r"volume · must not be negative or missing"),
    "price of zero": (
        "daily",
        cell("close", 0.0),
        r"close · must be a number above 0 · 1×; e\.g\. 300750\.XSHE 2024-01-03",
    ),
    "factor of zero": ("daily", cell("factor", 0.0), r"factor · must be a number above 0"),
    "endless price": ("daily", cell("high", np.inf), r"high · must be a number above 0"),
    "strange flag": ("daily", cell("paused", 7), r"paused · must be 0 or 1 · 1×; .* paused = 7"),
    "the same bar twice": (
        "daily",
        lambda f: pd.concat([f, f.iloc[:2]]),
        r"code\+date · the same row twice · 2×; e\.g\. 000001",
    ),
    "a weekend": (
        "daily",
        cell("date", pd.Timestamp("2024-01-06")),
        r"date · is not a trading day: a weekend · 1×; e\.g\. 300750",
    ),
    "before the exchanges": (
        "daily",
        cell("date", pd.Timestamp("1989-01-02")),
        r"before the exchanges opened \(1990-12-19\)",
    ),
    "no date": ("daily", cell("date", pd.NaT), r"date · is missing · 1×"),
    "Wind code": ("daily", renamed("600519.XSHG", "600519.SH"), r"600519\.SH \(did you mean 600519\.XSHG\?\)"),
    "wrong exchange": ("daily", renamed("600519.XSHG", "600519.XSHE"), r"did you mean 600519\.XSHG\?"),
    "baostock code": ("daily", renamed("000001.XSHE", "sz.000001"), r"sz\.000001 \(did you mean 000001\.XSHE\?\)"),
    "no code": ("daily", cell("code", None), r"daily\.parquet · code · not a JoinQuant code: 1 codes · 1×"),
    "volume in lots": (
        "daily",
        scaled(volume=0.01),
        r"volume · is in lots .*median of money ÷ .* = 100 → use --volume-unit lots",
    ),
    "money in thousands": ("daily", scaled(money=0.001), r"money · is in thousand CNY.*→ use --money-unit thousand"),
    "lots and thousands": ("daily", scaled(money=0.001, volume=0.01), r"is in lots and money in thousand CNY"),
    "prices in fen": ("daily", scaled(**PRICES), r"close · prices are in fen"),
    "prices in fen, no money": (
        "daily",
        lambda f: scaled(**PRICES)(f).drop(columns="money").round(dict.fromkeys(PRICES, 0)),
        r"prices look like fen",
    ),
    "unit unlike any": (
        "daily",
        scaled(money=37.0),
        r"units cannot be right: the median of .* is 37, it should be 1",
    ),
    "one code in other units": (
        "daily",
        lambda f: f.assign(volume=np.where(f["code"] == "600519.XSHG", 5e5, f["volume"])),
        r"other units than the rest of the file: 1 codes .*600519\.XSHG",
    ),
    "index code": ("index", column("code", "399300"), r"index\.parquet · code · not a JoinQuant code"),
    "index high below low": ("index", cell("high", 1.0, row=2), r"index\.parquet · high · lower than low"),
    "turnover as a fraction": (
        "valuation",
        scaled(turnover_ratio=0.01),
        r"turnover_ratio · is a fraction, JoinQuant's unit is percent",
    ),
    "market value in CNY": (
        "valuation",
        scaled(circulating_market_cap=1e8),
        r"circulating_market_cap · is in CNY, JoinQuant's unit",
    ),
    "shares for 1e4 shares": ("valuation", scaled(circulating_cap=1e4), r"circulating_cap · is in shares"),
    "valuation twice": (
        "valuation",
        lambda f: pd.concat([f, f]),
        r"valuation\.parquet · code\+date · the same row twice · 12×",
    ),
    "left before joining": (
        "members",
        column("out_date", pd.Timestamp("2023-01-03")),
        r"members\.parquet · out_date · before in_date · 3×",
    ),
    "member code": (
        "members",
        renamed("600519.XSHG", "sh600519"),
        r"members\.parquet · code · .*sh600519 \(did you mean 600519",
    ),
    "negative dividend": (
        "events",
        column("implied_cash", -0.1),
        r"implied_cash · must not be negative · 1×; .* implied_cash = -0\.1",
    ),
    "delisted before listing": (
        "securities",
        column("end_date", pd.Timestamp("1990-01-02")),
        r"end_date · before start_date · 3×",
    ),
    "securities of another system": (
        "securities",
        column("code", ["1.SZ", "2.SZ", "3.SZ"]),
        r"1\.SZ \(did you mean 000001\.XSHE\?\)",
    ),
}


def test_the_sound_files_import(tmp_path: Path) -> None:
    bundle = attempt(tmp_path)
    assert bundle.panel()["close"].shape == (3, 4)
    assert bundle.has("turnover_ratio")
    assert bundle.members("000300.XSHG", "2024-01-05") == ("000001.XSHE", "600519.XSHG")


@pytest.mark.parametrize("name", REFUSALS)
def test_it_is_refused_in_a_clear_line_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    kind, change, words = REFUSALS[name]
    with pytest.raises(MarketError, match=words):
        attempt(tmp_path, **{kind: change(SOUND[kind]())})
    assert [path.name for path in tmp_path.iterdir()] == ["files"]


def test_all_problems_of_all_files_are_listed_at_once(tmp_path: Path) -> None:
    daily = cell("volume", -1.0)(cell("close", 0.0, row=1)(bars()))
    with pytest.raises(MarketError) as caught:
        attempt(tmp_path, daily=daily, members=members().assign(out_date=pd.Timestamp("2023-01-03")))
    lines = str(caught.value).splitlines()
    assert lines[0] == "nothing was imported: 4 problems"
    assert [line.split(" · ")[1] for line in lines[1:]] == ["close", "close", "volume", "out_date"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"code,date,close\n", "not a Parquet file, or damaged"),
        (b"PAR1" + b"\0" * 40 + b"PAR1", "not a Parquet file, or damaged"),
    ],
)
def test_what_is_not_parquet_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "daily.parquet").write_bytes(content)
    with pytest.raises(MarketError, match=words):
        import_market(ImportRequest(daily=tmp_path / "daily.parquet"), tmp_path / "bundle")
    with pytest.raises(MarketError, match="no such file"):
        import_market(ImportRequest(daily=tmp_path / "nowhere.parquet"), tmp_path / "bundle")
    assert [path.name for path in tmp_path.iterdir()] == ["daily.parquet"]


def test_a_damaged_page_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "daily.parquet"
    bars().to_parquet(path, compression="zstd")
    raw = bytearray(path.read_bytes())
    raw[40:400] = bytes(360)
    path.write_bytes(raw)
    with pytest.raises(MarketError, match=r"daily\.parquet: (not a|damaged) Parquet file"):
        import_market(ImportRequest(daily=path), tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_an_older_bundle_survives_a_refused_import(tmp_path: Path) -> None:
    before = attempt(tmp_path).fingerprint
    with pytest.raises(MarketError):
        attempt(tmp_path, daily=cell("close", -1.0)(bars()))
    assert Bundle.open(tmp_path / "bundle").fingerprint == before


def test_a_foreign_directory_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(MarketError, match=r"holds no manifest\.json: it is left alone"):
        import_market(ImportRequest(daily=tmp_path / "nowhere.parquet"), tmp_path)


def test_rows_out_of_order_are_sorted_and_counted(tmp_path: Path) -> None:
    shuffled = bars().sample(frac=1.0, random_state=3)
    bundle = attempt(tmp_path, daily=shuffled)
    report = {entry["name"]: entry for entry in bundle.manifest["report"]}
    assert report["daily_unsorted"]["count"] > 0
    assert bundle.panel()["close"][2].tolist() == [1700.0, 1710.0, 1699.0, 1705.5]


def test_units_that_are_declared_are_converted(tmp_path: Path) -> None:
    bars().assign(volume=100.0, money=bars()["money"] / 1000).to_parquet(tmp_path / "daily.parquet")
    request = ImportRequest(daily=tmp_path / "daily.parquet", volume_unit="lots", money_unit="thousand")
    panel = import_market(request, tmp_path / "bundle").panel()
    assert set(panel["volume"].ravel().tolist()) == {10_000.0}
    assert panel["money"][0, 0] == pytest.approx(93_000.0)
    with pytest.raises(MarketError, match="unit 'cups'"):
        ImportRequest(daily=tmp_path / "daily.parquet", volume_unit="cups")


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    assert attempt(one).fingerprint == attempt(two).fingerprint


def test_without_a_list_of_securities_the_bars_say_what_is_listed(tmp_path: Path) -> None:
    bars().iloc[1:].to_parquet(tmp_path / "daily.parquet")
    members().replace({"600519.XSHG": "600000.XSHG"}).to_parquet(tmp_path / "members.parquet")
    bars().iloc[:4].assign(code="000300.XSHG").to_parquet(tmp_path / "index.parquet")
    files = {kind: tmp_path / f"{kind}.parquet" for kind in ("daily", "members", "index")}
    listed = import_market(ImportRequest(**files), tmp_path / "bundle").securities
    assert listed["type"].to_dict() == {
        "000001.XSHE": "stock",
        "000300.XSHG": "index",
        "300750.XSHE": "stock",
        "600000.XSHG": "stock",
        "600519.XSHG": "stock",
    }
    assert listed.loc["000001.XSHE", "start_date"] == DATES[1]
    assert listed.loc["600000.XSHG", "start_date"] is pd.NaT
    assert listed["end_date"].isna().all()
    assert listed.loc["300750.XSHE", "display_name"] == "300750.XSHE"
