"""Two tables of the platform's finance database that follow from the bundle's securities and industries.

    STK_LIST           code, name, short_name, category, exchange, start_date, end_date, state_id, state
    STK_COMPANY_INFO   code, a_code, short_name, industry_id, industry_2: the 证监会 industry of the day, None without

Only stocks that are listed by the day have a row. ``end_date`` is None and ``state`` 正常上市 (301001) until the day
of delisting, then 终止上市 (301003). A bundle's own ``finance/STK_LIST.parquet`` goes first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sdk.emulator.api.groups import Spans
from sdk.emulator.bars import BarStore

Columns = dict[str, list[Any]]
_EXCHANGES = {"XSHG": "上海证券交易所", "XSHE": "深圳证券交易所", "BJSE": "北京证券交易所"}
_LISTED, _GONE = (301001, "正常上市"), (301003, "终止上市")


def _stock_list(bars: BarStore, now: np.datetime64) -> Columns:
    listing = bars.listing
    rows = _listed(bars, now)
    ends = [str(day) if day <= now else None for day in listing.end_date[rows]]
    states = [_LISTED if end is None else _GONE for end in ends]
    codes = [listing.code[row] for row in rows.tolist()]
    return {
        "code": codes,
        "name": [listing.display_name[row] for row in rows.tolist()],
        "short_name": [listing.name[row] for row in rows.tolist()],
        "category": ["A股"] * len(codes),
        "exchange": [_EXCHANGES.get(code[-4:], code[-4:]) for code in codes],
        "start_date": [str(day) for day in listing.start_date[rows]],
        "end_date": ends,
        "state_id": [number for number, _ in states],
        "state": [words for _, words in states],
    }


def _companies(bars: BarStore, now: np.datetime64) -> Columns:
    listing, industries = bars.listing, _industries(bars, now)
    rows = _listed(bars, now).tolist()
    codes = [listing.code[row] for row in rows]
    known = [industries.get(code, (None, None)) for code in codes]
    return {
        "code": codes,
        "a_code": codes,
        "short_name": [listing.display_name[row] for row in rows],
        "industry_id": [number for number, _ in known],
        "industry_2": [words for _, words in known],
    }


def _listed(bars: BarStore, now: np.datetime64) -> np.ndarray:
    stock = np.array([kind == "stock" for kind in bars.listing.type])
    return np.flatnonzero(stock & (bars.listing.start_date <= now))


def _industries(bars: BarStore, now: np.datetime64) -> dict[str, tuple[str, str]]:
    if not bars.bundle.has_table("industries"):
        return {}
    spans = Spans(bars.bundle.table("industries"))
    rows = np.flatnonzero(spans.inside(now) & (spans.columns["kind"] == "zjw")).tolist()
    code, number, words = (spans.columns[name] for name in ("code", "industry_code", "industry_name"))
    return {code[row]: (number[row], words[row]) for row in rows}


LISTS: dict[str, Callable[[BarStore, np.datetime64], Columns]] = {
    "STK_LIST": _stock_list,
    "STK_COMPANY_INFO": _companies,
}
LIST_COLUMNS = {
    "STK_LIST": (
        *(("code", "text"), ("name", "text"), ("short_name", "text"), ("category", "text"), ("exchange", "text")),
        *(("start_date", "date"), ("end_date", "date"), ("state_id", "whole"), ("state", "text")),
    ),
    "STK_COMPANY_INFO": tuple(
        (name, "text") for name in ("code", "a_code", "short_name", "industry_id", "industry_2")
    ),
}
