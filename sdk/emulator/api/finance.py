"""``finance.run_query`` and the names of the query world: ``query``, ``valuation``, ``finance.STK_XR_XD`` …

The names are stand-ins until they are used, so that a strategy which never asks pays nothing for SQLAlchemy.
``finance.NAME`` is a table of the platform's finance database as far as the bundle has it: ``finance/NAME.parquet``,
or one that follows from its other tables: STK_LIST, STK_COMPANY_INFO (``finance_lists.py``), and STK_XR_XD from
corporate actions and dividend plans:

    before ``implementation_pub_date``   the board's plan: ratios, plan dates; no registration or ex-date yet
    from then on                         all of it: a_registration_date = the trading day before the ex-date,
                                         bonus_ratio_rmb = CNY for ten shares before tax, bonus_amount_rmb in 1e4 CNY
    without a plan in the bundle         seen from the registration date on

A row is seen when its publication (or, for tables without one, its day) is not later than the last finished day;
the platform itself would show later ones. ``run_query`` takes one table and gives at most ``finance_row_limit`` rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from sdk.emulator.api.finance_lists import LIST_COLUMNS, LISTS
from sdk.emulator.api.fundamentals import Fundamentals
from sdk.emulator.api.prices import PriceReader
from sdk.emulator.api.single_table import SingleTable, column_cells, column_kinds
from sdk.emulator.unsupported import unsupported
from sdk.errors import UnsupportedName

SEEN_FROM = ("pub_date", "pubDate", "publish_date", "board_plan_pub_date", "day", "date", "end_date")
DIVIDENDS = "STK_XR_XD"
DIVIDEND_COLUMNS = (
    *(("code", "text"), ("company_id", "whole"), ("company_name", "text"), ("report_date", "date")),
    *(("bonus_type", "text"), ("board_plan_pub_date", "date"), ("board_plan_bonusnote", "text")),
    *(("shareholders_plan_pub_date", "date"), ("implementation_pub_date", "date")),
    *(("implementation_bonusnote", "text"), ("dividend_ratio", "number"), ("transfer_ratio", "number")),
    *(("bonus_ratio_rmb", "number"), ("bonus_amount_rmb", "number"), ("a_registration_date", "date")),
    *(("a_xr_date", "date"), ("a_bonus_date", "date"), ("total_capital_before_transfer", "number")),
    *(("total_capital_after_transfer", "number"), ("plan_progress", "text"), ("bonus_cancel_pub_date", "date")),
)
AFTER_DETAILS = (
    *("implementation_pub_date", "implementation_bonusnote"),
    *("a_registration_date", "a_xr_date", "a_bonus_date"),
)


class LazyTable:
    """Stands for one of jqdatasdk's table classes until it is used."""

    def __init__(self, name: str) -> None:
        self._name = name

    @cached_property
    def real(self) -> Any:
        """jqdatasdk's class."""
        from sdk.emulator.query.orm import table_class

        return table_class(self._name)

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return getattr(self.real, attribute)

    def __clause_element__(self) -> Any:
        from sdk.emulator.query.orm import clause_of

        return clause_of(self.real)

    def __repr__(self) -> str:
        return f"<table {self._name}>"


def query(*asked: Any, **options: Any) -> Any:
    """``query(valuation.code, income)``: jqdatasdk's own, with the stand-ins replaced by what they stand for."""
    from sdk.emulator.query import orm

    return orm.query(*(one.real if isinstance(one, LazyTable) else one for one in asked), **options)


class Finance:
    """``finance``."""

    def __init__(self, reader: PriceReader, fundamentals: Fundamentals, rules: Mapping[str, str]) -> None:
        self._reader = reader
        self._database = SingleTable("finance.run_query", reader, fundamentals, int(rules["finance_row_limit"]))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not name.isupper():
            raise AttributeError(f"finance has no {name!r}")
        from sdk.emulator.query.orm import finance_class

        return finance_class(name, self._columns(name))

    def run_query(self, query_object: Any) -> Any:
        """DataFrame of one table's rows that are public; dates as ``datetime.date``."""
        return self._database.answer(query_object, self._known(), self._rows)

    # --------------------------------------------------------------------------------------------- the tables
    def _known(self) -> tuple[str, ...]:
        files = self._reader.bars.bundle.manifest["files"]
        own = [name[len("finance/") : -len(".parquet")] for name in files if name.startswith("finance/")]
        made = {*LISTS, *((DIVIDENDS,) if "corporate_actions.parquet" in files else ())}
        return tuple(sorted({*own, *made}))

    def _columns(self, name: str) -> tuple[tuple[str, str], ...]:
        bundle = self._reader.bars.bundle
        if bundle.has_table(f"finance/{name}"):
            return column_kinds(bundle.table(f"finance/{name}"))
        if name not in self._known():
            has = " ".join(f"finance.{one}" for one in self._known()) or "no finance table"
            raise unsupported(
                f"finance.{name}",
                f"this bundle has {has}; put the platform's table into finance/{name}.parquet",
                UnsupportedName,
            )
        return LIST_COLUMNS.get(name, DIVIDEND_COLUMNS)

    def _rows(self, name: str, columns: Any, now: np.datetime64) -> dict[str, list[Any]]:
        bundle = self._reader.bars.bundle
        if name in LISTS and not bundle.has_table(f"finance/{name}"):
            rows = LISTS[name](self._reader.bars, now)
            return {"id": list(range(1, len(rows["code"]) + 1)), **rows}
        if not bundle.has_table(f"finance/{name}"):
            values, seen = self._dividends, self._dividends["__seen"] <= now
            later = seen & (self._dividends["__details"] > now)
        else:
            frame = bundle.table(f"finance/{name}")
            values = {str(column): frame[column].to_numpy() for column in frame}
            since = next((column for column in SEEN_FROM if column in values), None)
            seen = np.ones(len(frame), dtype=bool) if since is None else _days(values[since]) <= now
            details = values.get("implementation_pub_date")
            later = np.zeros(len(frame), dtype=bool) if details is None else seen & ~(_days(details) <= now)
        found: dict[str, list[Any]] = {}
        for column in columns:
            if column == "id" and column not in values:
                found[column] = list(range(1, int(seen.sum()) + 1))
                continue
            cells = column_cells(values[column])
            if column in AFTER_DETAILS:
                cells = [None if hidden else cell for cell, hidden in zip(cells, later, strict=True)]
            if column == "plan_progress" and later.any():
                cells = ["董事会预案" if hidden else cell for cell, hidden in zip(cells, later, strict=True)]
            found[column] = [cell for cell, kept in zip(cells, seen, strict=True) if kept]
        return found

    @cached_property
    def _dividends(self) -> dict[str, np.ndarray]:
        """STK_XR_XD from the bundle's corporate actions; ``__seen`` and ``__details`` say from when."""
        bars = self._reader.bars
        bundle, listing, days = bars.bundle, bars.listing, bars.days
        frame = bundle.corporate_actions.sort_values(["code", "ex_date"], ignore_index=True)
        if bundle.has_table("dividend_plans"):
            frame = frame.merge(bundle.table("dividend_plans"), on=["code", "ex_date"], how="left")
        size = len(frame)
        ex_date = _days(frame["ex_date"].to_numpy())
        registered = days[np.maximum(np.searchsorted(days, ex_date) - 1, 0)]
        nothing = np.full(size, np.datetime64("NaT", "D"))
        plan, details, report = (
            _days(frame[name].to_numpy()) if name in frame else nothing
            for name in ("board_plan_pub_date", "implementation_pub_date", "report_date")
        )
        cash, ratio = np.nan_to_num(frame["cash_pre_tax"].to_numpy(float)), frame["share_ratio"].to_numpy(float)
        ratio = np.where(np.isnan(ratio), 1.0, ratio)
        capital = self._capital(frame["code"].tolist(), registered)
        known = [listing.row.get(code) for code in frame["code"]]
        empty, none = np.full(size, None, dtype=object), np.full(size, np.nan)
        return {
            "__seen": np.where(np.isnat(plan), registered, plan),
            "__details": np.where(np.isnat(details), registered, details),
            **dict.fromkeys(("company_id", "total_capital_after_transfer"), none),
            **dict.fromkeys(("shareholders_plan_pub_date", "bonus_cancel_pub_date"), nothing),
            **dict.fromkeys(("board_plan_bonusnote", "implementation_bonusnote"), _notes(cash, ratio)),
            "code": frame["code"].to_numpy(object),
            "company_name": np.array([None if row is None else listing.display_name[row] for row in known], object),
            "report_date": report,
            "bonus_type": np.where(np.isnat(report), empty, "年度分红"),
            "board_plan_pub_date": plan,
            "implementation_pub_date": details,
            "dividend_ratio": np.zeros(size),
            "transfer_ratio": np.round((ratio - 1) * 10, 6),
            "bonus_ratio_rmb": np.round(cash * 10, 6),
            "bonus_amount_rmb": np.round(cash * capital, 4),
            "total_capital_before_transfer": capital,
            "a_registration_date": registered,
            "a_xr_date": ex_date,
            "a_bonus_date": ex_date,
            "plan_progress": np.full(size, "实施方案", dtype=object),
        }

    def _capital(self, codes: list[str], registered: np.ndarray) -> np.ndarray:
        """Return the total shares (1e4) on the registration dates; NaN when the bundle does not know them."""
        bars = self._reader.bars
        if not bars.has("capitalization"):
            return np.full(len(codes), np.nan)
        column = np.searchsorted(bars.days, registered)
        known = [bars.series("capitalization", code) if bars.known(code) else None for code in codes]
        return np.array(
            [np.nan if series is None else series[day] for series, day in zip(known, column, strict=True)], float
        )


def _notes(cash: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    texts = [
        "10" + (f"转增{(more - 1) * 10:g}" if more > 1 else "") + (f"派{money * 10:g}元" if money > 0 else "")
        for money, more in zip(cash.tolist(), ratio.tolist(), strict=True)
    ]
    return np.array(texts, dtype=object)


def _days(values: np.ndarray) -> np.ndarray:
    import pandas as pd

    return pd.to_datetime(pd.Series(values)).to_numpy().astype("datetime64[D]")
