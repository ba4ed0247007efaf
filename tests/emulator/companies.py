"""A market by hand with three companies whose statements, valuation and groups are known to the digit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sdk.market.bundle import Bundle
from tests.emulator.markets import made_bundle

A, B, C = "600000.XSHG", "000002.XSHE", "300003.XSHE"
FIRST, DAYS = "2024-03-01", 30
# code, quarter, public, profit, roe; the second 2023q4 of A is a correction
STATEMENTS = (
    (A, "2022-12-31", "2023-03-30", 80.0, 8.0),
    (A, "2023-09-30", "2023-10-30", 100.0, 10.0),
    (A, "2023-12-31", "2024-03-20", 110.0, 11.0),
    (A, "2023-12-31", "2024-03-28", 90.0, 9.0),
    (A, "2024-03-31", "2024-04-08", 120.0, 12.0),
    (B, "2023-09-30", "2023-10-28", -5.0, -1.0),
    (B, "2023-12-31", "2024-03-23", 20.0, 2.0),  # a Saturday
    (C, "2023-09-30", "2023-10-31", 30.0, 3.0),
)
YEARS = ((A, "2022-12-31", "2023-03-30", 300.0, 30.0), (A, "2023-12-31", "2024-03-20", 400.0, 40.0))


def companies(path: Path, changed_from: str | None = None) -> Bundle:
    """The market; with ``changed_from`` all that became public on that day or later is different."""
    days = np.busday_offset(np.datetime64(FIRST), np.arange(DAYS), roll="forward")
    bars = {code: {"open": 10.0 + np.arange(DAYS) * step} for code, step in ((A, 0.1), (B, 0.0), (C, -0.1))}
    late = np.zeros(DAYS, dtype=bool) if changed_from is None else days >= np.datetime64(changed_from)
    return made_bundle(
        path,
        bars,
        FIRST,
        actions=[(A, "2024-03-12", 0.5, 1.0), (B, "2024-04-02", 0.2, 1.3)],
        valuation=_valuation(days, late),
        tables=_tables(days, late, changed_from),
    )


def _valuation(days: np.ndarray, late: np.ndarray) -> pd.DataFrame:
    frames = []
    for number, code in enumerate((A, B, C)):
        value = (number + 1) * 100.0 + np.arange(len(days)) + late * 7
        frames.append(
            pd.DataFrame(
                {
                    "code": code,
                    "date": days,
                    "market_cap": value,
                    "circulating_market_cap": value / 2,
                    "pe_ratio": (15.0, np.nan, -4.0)[number],
                    "pb_ratio": (1.5, 0.8, 3.0)[number],
                    "capitalization": 1000.0 * (number + 1),
                    "turnover_ratio": 1.0 + late,
                }
            )
        )
    return pd.concat(frames)


def _statements(rows: Any, changed_from: str | None, name: str) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["code", "statDate", "pubDate", "net_profit", "roe"])
    if changed_from is not None:
        frame.loc[frame["pubDate"] >= changed_from, ["net_profit", "roe"]] += 1000.0
    columns = {"income": ["net_profit"], "indicator": ["roe"]}[name]
    dates = {column: pd.to_datetime(frame[column]) for column in ("statDate", "pubDate")}
    return frame.assign(**dates)[["code", "statDate", "pubDate", *columns]]


def _tables(days: np.ndarray, late: np.ndarray, changed_from: str | None) -> dict[str, pd.DataFrame]:
    dates = days.astype("datetime64[ns]")
    spans = [("银行I", "801780", A, FIRST, "2024-03-14"), ("银行I", "801780", B, FIRST, None),
             ("汽车I", "801880", A, "2024-03-15", None), ("汽车I", "801880", C, FIRST, None)]  # fmt: skip
    industries = pd.DataFrame(spans, columns=["industry_name", "industry_code", "code", "in_date", "out_date"])
    industries = industries.assign(kind="sw_l1", start_date="2014-02-21")
    concepts = pd.DataFrame({"concept_code": "SC0001", "concept_name": "概念", "code": [A, C], "out_date": None})
    concepts = concepts.assign(start_date="2020-01-01", in_date=["2020-01-01", "2024-03-20"])
    flow = pd.DataFrame({"code": np.repeat([A, B], len(days)), "date": np.tile(dates, 2)})
    for size, amount in (("xl", 20.0), ("l", 5.0), ("m", -10.0), ("s", -15.0)):
        flow[f"net_amount_{size}"] = amount + np.tile(late * 3.0, 2)
    board = pd.DataFrame({"code": A, "day": dates, "direction": "BUY", "rank": 1.0, "abnormal_code": 106001.0})
    board = board.assign(abnormal_name="涨幅偏离值达7%的证券", sales_depart_name="营业部", buy_value=5.0 + late)
    for name in ("buy_rate", "sell_value", "sell_rate", "total_value", "net_value", "amount"):
        board[name] = 1.0
    plans = pd.DataFrame({"code": [B], "ex_date": ["2024-04-02"], "report_date": ["2023-12-31"]})
    plans = plans.assign(board_plan_pub_date="2024-03-15", implementation_pub_date="2024-03-25")
    opinions = pd.DataFrame({"code": [A, B], "pub_date": ["2024-03-20", "2024-03-26"], "opinion_type_id": [1, 3]})
    opinions["pub_date"] = pd.to_datetime(opinions["pub_date"]).dt.date
    unlocks = pd.DataFrame({"day": ["2024-03-18", "2024-04-03"], "code": [A, B], "num": [1e6, 2e6]})
    return {
        "fundamentals/income": _statements(STATEMENTS, changed_from, "income"),
        "fundamentals/indicator": _statements(STATEMENTS, changed_from, "indicator"),
        "fundamentals/income_year": _statements(YEARS, changed_from, "income"),
        "industries": _dated(industries, "start_date", "in_date", "out_date"),
        "concepts": _dated(concepts, "start_date", "in_date", "out_date"),
        "money_flow": flow,
        "billboard": board,
        "dividend_plans": _dated(plans, "ex_date", "report_date", "board_plan_pub_date", "implementation_pub_date"),
        "locked_shares": _dated(unlocks, "day").assign(rate1=0.1, rate2=0.2),
        "finance/STK_AUDIT_OPINION": opinions,
    }


def _dated(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    return frame.assign(**{name: pd.to_datetime(frame[name]) for name in names})
