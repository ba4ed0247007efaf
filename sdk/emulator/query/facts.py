"""Which rows of the market's tables were public when.

* valuation of a trading day: known from its close on;
* a statement: public from its ``pubDate`` on; of a company the latest quarter counts, of a quarter the latest
  correction that was public;
* only stocks that are listed on the day have rows.

Everything is asked for "as of" a date: the last day of which all is known. Who asks decides the date
(``api/fundamentals.py``); nothing here knows the clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sdk.emulator.bars import BarStore

BUNDLE_TABLE = {
    "income_statement_day": "fundamentals/income",
    "balance_sheet_day": "fundamentals/balance",
    "cash_flow_statement_day": "fundamentals/cash_flow",
    "financial_indicator_day": "fundamentals/indicator",
}
VALUATION = "stock_valuation"
BARS = frozenset(
    ("open", "high", "low", "close", "pre_close", "volume", "money", "factor", "high_limit", "low_limit", "paused")
) | {"is_st", "money_estimated", "st_inferred"}
Columns = dict[str, Any]


@dataclass(frozen=True)
class Statements:
    """One table of statements, rows by code, quarter, publication; ``since`` and ``until``: listing of the stock."""

    code: np.ndarray
    company: np.ndarray
    stat: np.ndarray
    public: np.ndarray
    since: np.ndarray
    until: np.ndarray
    frame: Any

    def in_force(self, public: np.ndarray, stat: np.datetime64 | None = None) -> np.ndarray:
        """Return one row a company out of the ``public`` ones: of its latest quarter, or of the quarter ``stat``."""
        rows = np.flatnonzero(public if stat is None else public & (self.stat == stat))
        company = self.company[rows]
        return rows[np.append(company[1:] != company[:-1], True)] if len(rows) else rows


class Facts:
    """The tables of one bundle, read when first asked for."""

    def __init__(self, bars: BarStore, strictly_after: bool) -> None:
        self._bars, self._bundle, self._after = bars, bars.bundle, strictly_after
        self._statements: dict[str, Statements] = {}
        self._columns: dict[tuple[str, bool], tuple[str, ...]] = {}

    # ----------------------------------------------------------------------------------------- what there is
    @cached_property
    def valuation_columns(self) -> tuple[str, ...]:
        """Columns of valuation that the bundle has."""
        return tuple(name for name in self._bundle.fields if name not in BARS)

    def columns(self, table: str, yearly: bool = False) -> tuple[str, ...]:
        """Return the columns of a table of the platform that the bundle has; none when it lacks the table."""
        if table == VALUATION:
            return ("id", "code", "day", *self.valuation_columns) if self.valuation_columns else ()
        if (table, yearly) not in self._columns:
            name = self.file(table, yearly)
            found = self._bundle.table_columns(name) if name else ()
            self._columns[table, yearly] = ("id", "day", *found) if found else ()
        return self._columns[table, yearly]

    @staticmethod
    def file(table: str, yearly: bool) -> str | None:
        """Return the bundle's name of a table of statements."""
        name = BUNDLE_TABLE.get(table)
        return f"{name}_year" if name and yearly else name

    # ------------------------------------------------------------------------------------------------- rows
    def rows(self, table: str, columns: Iterable[str], days: list[tuple[int, np.datetime64]]) -> Columns:
        """Return the rows of ``table`` for each (trading day, date as of): column -> values, days one by one.

        ``day`` is the date as of; a column that the bundle lacks is all None.
        """
        parts = [self._one(table, columns, day, as_of) for day, as_of in days]
        return {name: [value for part in parts for value in part[name]] for name in columns}

    def of_period(
        self, table: str, columns: Iterable[str], stat: np.datetime64, yearly: bool, as_of: np.datetime64
    ) -> Columns:
        """Return the statements of one period as they were known on ``as_of``."""
        found = self.statements(table, yearly)
        rows = found.in_force(self.public(found, as_of), stat)
        return self._taken(found, rows, columns, as_of)

    def statements(self, table: str, yearly: bool = False) -> Statements:
        """Return a table of statements of the bundle."""
        name = self.file(table, yearly)
        assert name is not None
        if name not in self._statements:
            frame = self._bundle.table(name)
            codes, company = np.unique(frame["code"].to_numpy(dtype=str), return_inverse=True)
            stat, public = (frame[column].to_numpy().astype("datetime64[D]") for column in ("statDate", "pubDate"))
            since, until = self._listed(codes.tolist())
            self._statements[name] = Statements(
                codes[company].astype(object), company, stat, public, since[company], until[company], frame
            )
        return self._statements[name]

    def public(self, found: Statements, as_of: np.datetime64) -> np.ndarray:
        """Return which statements were public on ``as_of``."""
        return found.public < as_of if self._after else found.public <= as_of

    def _one(self, table: str, columns: Iterable[str], day: int, as_of: np.datetime64) -> Columns:
        if table == VALUATION:
            return self._valuation(columns, day)
        found = self.statements(table)
        rows = found.in_force(self.public(found, as_of))
        until = found.until[rows]
        listed = (found.since[rows] <= as_of) & (np.isnat(until) | (as_of <= until))
        return self._taken(found, rows[listed], columns, as_of)

    def _taken(self, found: Statements, rows: np.ndarray, columns: Iterable[str], as_of: np.datetime64) -> Columns:
        taken: Columns = {}
        for name in columns:
            if name in ("statDate", "pubDate"):
                taken[name] = (found.stat if name == "statDate" else found.public)[rows].astype(str).tolist()
            elif name in ("id", "day"):
                taken[name] = [str(as_of)] * len(rows) if name == "day" else list(range(1, len(rows) + 1))
            else:
                known = name in found.frame
                taken[name] = _plain(found.frame[name].to_numpy()[rows]) if known else [None] * len(rows)
        return taken

    def _valuation(self, columns: Iterable[str], day: int) -> Columns:
        panel = self._panel
        if day < 0:
            return {name: [] for name in columns}
        rows = np.flatnonzero(np.any([~np.isnan(panel[name][:, day]) for name in self._telling], axis=0))
        taken: Columns = {}
        for name in columns:
            if name == "code":
                taken[name] = self._codes[rows].tolist()
            elif name == "day":
                taken[name] = [str(self._bars.days[day])] * len(rows)
            elif name == "id":
                taken[name] = (rows + 1 + day * len(self._codes)).tolist()
            else:
                known = name in self.valuation_columns
                taken[name] = _plain(panel[name][rows, day]) if known else [None] * len(rows)
        return taken

    @cached_property
    def _telling(self) -> tuple[str, ...]:
        """Columns whose presence says that a stock has a row of valuation."""
        sizes = ("market_cap", "circulating_market_cap", "capitalization", "circulating_cap")
        return tuple(name for name in sizes if name in self.valuation_columns)[:2] or self.valuation_columns

    @cached_property
    def _panel(self) -> Any:
        return self._bundle.panel()

    @cached_property
    def _codes(self) -> np.ndarray:
        return np.array(self._panel.codes, dtype=object)

    def _listed(self, codes: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the first and last day of listing of each code; a code without an entry is never listed."""
        listing = self._bars.listing
        rows = np.array([listing.row.get(code, -1) for code in codes], dtype=np.intp)
        since = np.append(listing.start_date, np.datetime64("9999-12-31"))
        until = np.append(listing.end_date, np.datetime64("NaT", "D"))
        return since[rows], until[rows]


def _plain(values: np.ndarray) -> list[Any]:
    """Python's own numbers and texts; NaN as None, as a database has it."""
    if values.dtype.kind == "f":
        found: list[Any] = values.tolist()
        return [None if value != value else value for value in found]
    return values.tolist()
