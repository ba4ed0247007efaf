"""Each check finds the one thing that was broken, and names where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from sdk.market.bundle import Bundle
from sdk.market.quality import inspect
from sdk.market.writer import write_bundle
from tests.bundles import small_market

Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def tables() -> Tables:
    """The tables of the small made market, as frames."""
    root = small_market()
    names = ("securities", "index_daily", "index_members", "corporate_actions", "calendar")
    frames = {name: pq.read_table(root / f"{name}.parquet").to_pandas() for name in names}
    frames["daily"] = pd.concat([pq.read_table(path).to_pandas() for path in sorted((root / "daily").iterdir())])
    frames["daily"] = frames["daily"].sort_values(["code", "date"], ignore_index=True)
    return frames


def rebuilt(tmp_path: Path, tables: Tables) -> Bundle:
    calendar = tables["calendar"]["date"].to_numpy().astype("datetime64[D]")
    rest = {name: frame for name, frame in tables.items() if name != "calendar"}
    return write_bundle(tmp_path / "bundle", calendar=calendar, about={}, **rest)


def cell(column: str, change: Callable[[pd.Series], object]) -> Callable[[Tables, int], None]:
    def spoil(tables: Tables, row: int) -> None:
        tables["daily"].loc[row, column] = change(tables["daily"].loc[row])

    return spoil


def drop_bar(tables: Tables, row: int) -> None:
    tables["daily"] = tables["daily"].drop(index=row)


def bend_factor(tables: Tables, row: int) -> None:
    daily = tables["daily"]
    later = (daily["code"] == daily.loc[row, "code"]) & (daily["date"] >= daily.loc[row, "date"])
    daily.loc[later, "factor"] *= 1.1


def add_action(tables: Tables, row: int) -> None:
    bar = tables["daily"].loc[row]
    action = {"code": bar["code"], "ex_date": bar["date"], "cash_pre_tax": 0.0, "share_ratio": 1.0, "source": "given"}
    tables["corporate_actions"] = pd.concat([tables["corporate_actions"], pd.DataFrame([action])])


SPOILS: dict[str, Callable[[Tables, int], None]] = {
    "missing_bars": drop_bar,
    "impossible_bars": cell("close", lambda bar: bar["high"] + 1),
    "off_grid": cell("close", lambda bar: (bar["high"] + bar["low"]) / 2 + 0.0012),
    "average_outside_bar": cell("money", lambda bar: bar["money"] * 1.3),
    "paused_but_traded": cell("paused", lambda bar: True),
    "idle_not_paused": cell("volume", lambda bar: 0.0),
    "beyond_limits": cell("high", lambda bar: bar["high_limit"] + 0.01),
    "unusual_limits": cell("low_limit", lambda bar: bar["low_limit"] - 0.01),
    "factor_without_action": bend_factor,
    "factor_not_price": bend_factor,
}


@pytest.mark.parametrize("name", SPOILS)
def test_a_broken_thing_is_found_where_it_is(tmp_path: Path, tables: Tables, name: str) -> None:
    tables = {key: frame.copy() for key, frame in tables.items()}
    daily = tables["daily"]
    ordinary = (daily["paused"] == 0) & (daily["high"] > daily["low"] + 0.1) & daily["high_limit"].notna()
    row = int(np.flatnonzero(ordinary & (daily["code"] == daily["code"].iloc[5000]))[300])
    place = f"{daily.loc[row, 'code']} {pd.Timestamp(daily.loc[row, 'date']).date()}"
    SPOILS[name](tables, row)
    findings = {finding.name: finding for finding in inspect(rebuilt(tmp_path, tables))}
    assert findings[name].count == 1
    assert findings[name].examples == (place,)


def test_members_without_a_bar_are_found(tmp_path: Path, tables: Tables) -> None:
    tables = {key: frame.copy() for key, frame in tables.items()}
    code = tables["index_members"]["code"].iloc[0]
    tables["daily"] = tables["daily"][tables["daily"]["code"] != code]
    tables["corporate_actions"] = tables["corporate_actions"][tables["corporate_actions"]["code"] != code]
    bundle = rebuilt(tmp_path, tables)
    assert np.isnan(bundle.panel(codes=[code])["close"]).all()
    assert {finding.name for finding in inspect(bundle)} == {"members_without_bars"}


def test_a_late_first_bar_is_found(tmp_path: Path, tables: Tables) -> None:
    tables = {key: frame.copy() for key, frame in tables.items()}
    code = tables["daily"]["code"].iloc[0]
    early = (tables["daily"]["code"] == code) & (tables["daily"].groupby("code").cumcount() < 30)
    tables["daily"] = tables["daily"][~early]
    names = {finding.name: finding for finding in inspect(rebuilt(tmp_path, tables))}
    assert names["late_first_bar"].examples == (code,)


def test_an_untouched_market_is_sound(tmp_path: Path, tables: Tables) -> None:
    assert inspect(rebuilt(tmp_path, tables)) == ()
