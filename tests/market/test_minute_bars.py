"""Minute bars: made ones add up to the day, and files that do not keep the form are refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from sdk.errors import MarketError
from sdk.market.bundle import Bundle
from sdk.market.cli import market
from sdk.market.layout import MINUTE_FIELDS
from sdk.market.made.market import make_market
from sdk.market.made.spec import MarketSpec
from sdk.market.quality import inspect
from sdk.market.session_minutes import LABELS
from tests.emulator.markets import made_bundle

SPAN = ("2023-02-20", "2023-07-31")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    spec = MarketSpec(stocks=20, years=0.7, seed=5, start="2023-01-01", minutes=SPAN)
    return make_market(tmp_path_factory.mktemp("made") / "market", spec)


def days_of(bundle):
    """(code row, day, fields of the day's minutes in fen, shares, fen) of every day with minutes."""
    panel = bundle.panel()
    for month in bundle.minutes.months:
        first, stop = bundle.minutes.span[month]
        for code in bundle.minutes.codes(month):
            found = bundle.minutes.read(code, month, MINUTE_FIELDS)
            for day in range(first, stop):
                rows = {name: values[day - first] for name, values in found.items()}
                scaled = {name: rows[name] if name == "volume" else np.rint(rows[name] * 100) for name in rows}
                yield panel.row(code), day, scaled


def test_the_240_bars_of_a_made_day_are_the_day_exactly(bundle):
    panel, seen = bundle.panel(), 0
    for row, day, bar in days_of(bundle):
        if np.isnan(bar["close"][0]):
            continue
        seen += 1
        whole = {name: np.rint(panel[name][row, day] * 100) for name in ("open", "high", "low", "close", "money")}
        assert bar["open"][0] == whole["open"]
        assert bar["close"][-1] == whole["close"]
        assert bar["high"].max() == whole["high"]
        assert bar["low"].min() == whole["low"]
        assert bar["volume"].sum() == panel["volume"][row, day]
        assert bar["money"].sum() == whole["money"]
    assert seen > 1500


def test_each_bar_is_possible(bundle):
    for _, _, bar in days_of(bundle):
        if np.isnan(bar["close"][0]):
            continue
        assert (bar["low"] <= np.minimum(bar["open"], bar["close"])).all()
        assert (bar["high"] >= np.maximum(bar["open"], bar["close"])).all()
        assert (bar["volume"] >= 0).all()
        assert (bar["volume"] == np.rint(bar["volume"])).all()
        assert (bar["money"] >= bar["low"] * bar["volume"]).all()
        assert (bar["money"] <= bar["high"] * bar["volume"]).all()


def test_limits_hold_and_halts_have_no_minutes(bundle):
    panel = bundle.panel()
    for row, day, bar in days_of(bundle):
        inside = np.datetime64(SPAN[0]) <= panel.days[day] <= np.datetime64(SPAN[1])
        trades = panel["paused"][row, day] == 0 and inside
        assert bool(trades) == (not np.isnan(bar["close"][0]))
        ceiling = panel["high_limit"][row, day]
        if trades and ceiling > 0:
            assert bar["high"].max() <= np.rint(ceiling * 100)
            assert bar["low"].min() >= np.rint(panel["low_limit"][row, day] * 100)


def test_a_day_has_the_same_minutes_whatever_the_range(bundle, tmp_path):
    spec = MarketSpec(stocks=20, years=0.7, seed=5, start="2023-01-01", minutes=("2023-04-03", "2023-04-28"))
    short = make_market(tmp_path / "short", spec)
    assert short.minutes.months == ("202304",)
    code = short.minutes.codes("202304")[3]
    one, two = (each.minutes.read(code, "202304", ("close", "volume")) for each in (short, bundle))
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])
    assert short.minutes.read(code, "202305", ("close",)) is None


def test_the_check_of_a_bundle_compares_minutes_with_days(bundle, tmp_path):
    assert not [finding for finding in inspect(bundle) if "minute" in finding.name]
    closes = np.full((3, 240), 10.0)
    bars = {"600000.XSHG": {"open": [10.0, 10.0, 11.0], "volume": [240e3] * 3}}
    off = made_bundle(tmp_path / "off", bars, minutes={"600000.XSHG": closes})
    (found,) = [finding for finding in inspect(off) if finding.name == "minute_bars"]
    assert found.level == "doubt"
    assert found.examples == ("600000.XSHG 2024-01-04",)


def test_the_command_makes_minutes(tmp_path):
    common = ["synth", "--out", str(tmp_path / "m"), "--stocks", "10", "--years", "0.3", "--start", "2023-01-01"]
    found = CliRunner().invoke(market, [*common, "--minutes", "--from", "2023-03-01", "--to", "2023-03-10"])
    assert found.exit_code == 0, found.output
    assert Bundle.open(tmp_path / "m").minutes.months == ("202303",)
    assert "2023-03" in CliRunner().invoke(market, ["check", str(tmp_path / "m")]).output
    wrong = CliRunner().invoke(market, [*common, "--from", "2023-03-01"])
    assert wrong.exit_code == 2
    assert "add --minutes" in wrong.output


def rows(**changes):
    frame = {"code": "600000.XSHG", "date": pd.Timestamp("2024-01-02"), "minute": LABELS}
    frame |= dict.fromkeys(MINUTE_FIELDS, 10.0) | changes
    return pd.DataFrame(frame)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (rows().iloc[:-1], "239 rows are no whole number of days"),
        (rows(minute=np.where(LABELS == 1300, 1, LABELS) + (LABELS == 931)), "has not the 240 bars"),
        (rows(date=pd.Timestamp("2024-01-06")), "2024-01-06 is not in the bundle's calendar"),
        (pd.concat([rows(), rows()]), "has not the 240 bars"),
    ],
)
def test_rows_that_are_no_whole_days_are_refused_before_anything_is_written(tmp_path, monkeypatch, frame, words):
    monkeypatch.setattr("tests.emulator.markets.minute_rows", lambda *_: iter([("202401", frame)]))
    with pytest.raises(MarketError, match=words):
        made_bundle(tmp_path / "market", {"600000.XSHG": {"open": [10.0] * 4}}, minutes={})
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_make_is_refused_when_it_is_read(tmp_path):
    bars = {"600000.XSHG": {"open": [10.0] * 4}, "600001.XSHG": {"open": [10.0] * 4}}
    minutes = {code: np.full((4, 240), 10.0) for code in bars}
    made = made_bundle(tmp_path / "market", bars, minutes=minutes)
    place = made.path / "minute" / "202401.parquet"
    whole = pq.read_table(place)
    pq.write_table(whole, place)
    with pytest.raises(MarketError, match="has changed since"):
        Bundle.open(made.path).minutes.codes("202401")
    with pytest.raises(MarketError, match="row group 0 is not one code"):
        Bundle.open(made.path, verify=False).minutes.codes("202401")
    pq.write_table(whole.slice(0, 700), place)
    with pytest.raises(MarketError, match="700 rows are no whole number of days"):
        Bundle.open(made.path, verify=False).minutes.read("600000.XSHG", "202401", ("close",))
    pq.write_table(whole.drop_columns(["minute"]), place)
    with pytest.raises(MarketError, match="column 'minute' is missing"):
        Bundle.open(made.path, verify=False).minutes.codes("202401")
    place.write_bytes(b"no parquet")
    with pytest.raises(MarketError, match="not a readable Parquet file"):
        Bundle.open(made.path, verify=False).minutes.codes("202401")
