"""``market import --minutes``: files in any split, one month at a time; what does not fit is refused by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from sdk.errors import MarketError
from sdk.market.bundle import Bundle
from sdk.market.cli import market
from sdk.market.importing.importer import ImportRequest, import_market
from sdk.market.session_minutes import OFFSETS

CODE = "600519.XSHG"
DAYS = np.busday_offset(np.datetime64("2024-01-29"), np.arange(6))


def minutes(days=DAYS, code=CODE):
    time = (days[:, np.newaxis].astype("datetime64[s]") + OFFSETS).reshape(-1)
    prices = dict.fromkeys(("open", "high", "low", "close"), 10.0)
    return pd.DataFrame({"code": code, "time": time, **prices, "volume": 10.0, "money": 10_000.0})


@pytest.fixture
def daily(tmp_path):
    prices = dict.fromkeys(("open", "high", "low", "close"), 10.0)
    frame = pd.DataFrame(
        {"code": CODE, "date": DAYS, **prices, "volume": 2400.0, "money": 2_400_000.0, "factor": 1.0}
    )
    frame.to_parquet(tmp_path / "daily.parquet")
    return tmp_path / "daily.parquet"


def test_files_in_any_split_become_months(tmp_path, daily):
    folder = tmp_path / "minutes"
    folder.mkdir()
    rows = minutes()
    rows[: 240 * 2].to_parquet(folder / "a.parquet")
    rows[240 * 2 :].to_parquet(folder / "b.parquet")
    common = ["import", "--daily", str(daily), "--volume-unit", "lots", "--out", str(tmp_path / "market")]
    found = CliRunner().invoke(market, [*common, "--minutes", str(folder)])
    assert found.exit_code == 0, found.output
    bundle = Bundle.open(tmp_path / "market")
    assert bundle.minutes.months == ("202401", "202402")
    january = bundle.minutes.read(CODE, "202401", ("volume", "money"))
    assert january["volume"].shape == (3, 240)
    assert january["volume"].sum(axis=1).tolist() == bundle.panel()["volume"][0, :3].tolist()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows[1:], "no whole number of days"),
        (lambda rows: rows.drop(columns="money"), "column 'money' is missing"),
        (lambda rows: rows.assign(code="600518.XSHG"), "600518.XSHG', which has no daily bars"),
        (lambda rows: rows.assign(close=np.nan), "'close' has values that are no numbers"),
        (lambda rows: rows.assign(time=rows["time"].astype(str)), "write it as timestamp"),
        (lambda rows: rows.assign(time=rows["time"] - pd.Timedelta("1min")), "has not the 240 bars"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(tmp_path, daily, change, words):
    change(minutes()).to_parquet(tmp_path / "minutes.parquet")
    with pytest.raises(MarketError, match=words):
        import_market(
            ImportRequest(daily, minutes=tmp_path / "minutes.parquet", volume_unit="lots"), tmp_path / "market"
        )
    assert not (tmp_path / "market").exists()
