"""The real data become a bundle in which the known numbers are found and the known gaps are named."""

from __future__ import annotations

from pathlib import Path

import exchange_calendars
import numpy as np
import pandas as pd
import pytest

from sdk.market.bundle import Bundle
from sdk.market.importing.importer import ImportRequest, import_market
from sdk.market.quality import inspect
from tests.conftest import shared


@pytest.mark.parametrize(
    ("code", "day", "close"), [("600519.XSHG", "2020-12-31", 1998.00), ("000001.XSHE", "2020-12-31", 19.34)]
)
def test_known_closes(real_bundle: Bundle, code: str, day: str, close: float) -> None:
    panel = real_bundle.panel(codes=[code])
    assert panel["close"][0, panel.day_index(day)] == close


def test_the_known_index_close(real_bundle: Bundle) -> None:
    index = real_bundle.index_panel(codes=["000300.XSHG"])
    assert round(index["close"][0, index.day_index("2024-12-31")], 2) == 3934.91


def test_the_calendar_is_the_exchanges(real_bundle: Bundle) -> None:
    first, last = real_bundle.days[0], real_bundle.days[-1]
    sessions = exchange_calendars.get_calendar("XSHG").sessions_in_range(str(first), str(last))
    assert real_bundle.days.tolist() == [session.date() for session in sessions]


def test_every_row_of_the_file_is_in_the_panel_and_nothing_else(real_bundle: Bundle) -> None:
    rows = pd.read_parquet(shared("market/csi300_union_2015_2026/daily.parquet"))
    panel = real_bundle.panel(fields=["close", "money", "paused"])
    assert (~np.isnan(panel["close"])).sum() == len(rows)
    sample = rows.iloc[:: len(rows) // 500]
    for row in sample.itertuples():
        place = panel.row(row.code), panel.day_index(row.date)
        assert (panel["close"][place], panel["money"][place], panel["paused"][place]) == (
            row.close,
            row.money,
            row.paused,
        )


def test_members_of_known_days(real_bundle: Bundle) -> None:
    assert len(real_bundle.members("000300.XSHG", "2020-06-30")) == 300
    assert "000008.XSHE" in real_bundle.members("000300.XSHG", "2018-06-10")
    assert "000008.XSHE" not in real_bundle.members("000300.XSHG", "2018-06-11")


def test_pre_adjusted_prices_follow_joinquants_convention(real_bundle: Bundle) -> None:
    """JoinQuant's own get_price(fq='pre') of 000001.XSHE: price = round(raw × factor, 2), factor 1 on the
    last day.

    With their factor our raw prices give their prices exactly. Up to 2018 their factor comes from ex-
    reference prices that are not rounded to 0.01, ours from the exchange's: over eight years that adds up to
    0.13 %.
    """
    theirs = pd.read_parquet(shared("market/joinquant_native/get_price_fq_pre_5stocks_2005_2023.parquet"))
    theirs = theirs[(theirs["code"] == "000001.XSHE") & (theirs["date"].astype(str) >= "2015-01-05")]
    panel = real_bundle.panel(codes=["000001.XSHE"], end="2023-06-30")
    since_2018 = panel.day_index("2018-07-12")
    for field in ("open", "high", "low", "close", "pre_close"):
        known = theirs[field].to_numpy()
        if field != "pre_close":
            assert (np.round(panel[field][0] * theirs["factor"].to_numpy(), 2) == known).all(), field
        ours = panel.pre_adjusted(field, "2023-06-30")[0]
        assert np.abs(ours - known)[since_2018:].max() < 0.0051, field
        assert np.abs(ours / known - 1).max() < 0.0025, field


def test_known_corporate_actions_are_given_or_inferred(real_bundle: Bundle) -> None:
    actions = real_bundle.corporate_actions.set_index(["code", "ex_date"])
    known = {
        ("000001.XSHE", "2020-05-28"): (0.22, 1.0, "given"),  # 10 派 2.18
        ("000001.XSHE", "2015-04-13"): (0.168, 1.2, "inferred"),  # 10 送转 2 派 1.74
        ("002594.XSHE", "2025-07-29"): (3.97, 3.0, "inferred"),  # 10 送 8 转 12 派 39.74
        ("688256.XSHG", "2026-05-08"): (1.507, 1.49, "inferred"),  # 10 转 4.9 派 15
    }
    for (code, day), (cash, ratio, source) in known.items():
        row = actions.loc[(code, pd.Timestamp(day))]
        assert (row["share_ratio"], row["source"]) == (ratio, source), code
        assert row["cash_pre_tax"] == pytest.approx(cash, abs=0.001), code


def test_every_corporate_action_explains_its_ex_reference_price(real_bundle: Bundle) -> None:
    panel, actions = real_bundle.panel(fields=["close", "pre_close"]), real_bundle.corporate_actions
    rows = np.array([panel.row(code) for code in actions["code"]])
    days = np.searchsorted(panel.days, actions["ex_date"].to_numpy().astype("datetime64[D]"))
    cash, ratio = actions["cash_pre_tax"].to_numpy(), actions["share_ratio"].to_numpy()
    reference = (panel["close"][rows, days - 1] - cash) / ratio
    assert np.abs(reference - panel["pre_close"][rows, days]).max() <= 0.0101
    assert len(actions) == 6165
    assert (ratio >= 1).all()
    assert (cash >= 0).all()


def test_the_report_names_what_is_doubtful(real_bundle: Bundle) -> None:
    report = {entry["name"]: entry for entry in real_bundle.manifest["report"]}
    assert report["estimated_money"]["count"] == 141_585
    assert report["inferred_st"]["level"] == "doubt"
    assert {"000024.XSHE", "600837.XSHG", "601989.XSHG"} <= set(report["members_without_bars"]["examples"])
    assert report["index_bars_left_out"]["level"] == "note"


def test_real_bars_have_doubts_but_no_defect(real_bundle: Bundle) -> None:
    levels = {finding.name: finding.level for finding in inspect(real_bundle)}
    assert "defect" not in levels.values()
    assert "unusual_limits" not in levels
    assert "factor_not_price" not in levels


def test_the_small_cap_bars_import_without_money_paused_and_st(tmp_path: Path) -> None:
    daily = shared("market/small_cap_2021/daily.parquet")
    request = ImportRequest(daily=daily, volume_unit="shares-times-factor")
    bundle = import_market(request, tmp_path / "small_cap")
    assert len(bundle.panel().codes) == 73
    assert not any(bundle.has(field) for field in ("money", "paused", "is_st"))
    panel = bundle.panel(codes=["000001.XSHE"])
    # the same day in shares, from the other data set
    assert panel["volume"][0, panel.day_index("2020-12-01")] == pytest.approx(126_371_970, rel=1e-6)
    assert "volume_unit_unverified" in {entry["name"] for entry in bundle.manifest["report"]}
    assert bundle.securities.loc["000001.XSHE", "type"] == "stock"
