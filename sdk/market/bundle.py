"""The market bundle: a directory of Parquet files that can be believed, read lazily.

``Bundle.open`` checks the manifest, that each file is there, and the sha256 of the small files that every use reads
(calendar, securities, members, corporate actions). Any other file is compared with its sha256 before a number of
it is read; nobody pays for tables that nobody asks for. ``verify`` compares them all. Columns are read when asked
for and kept; a panel is a view of what was read. Layout: ``layout.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sdk.errors import MarketError, nearest
from sdk.market.calendar import Day, as_day, day_range
from sdk.market.layout import (
    COLUMNS,
    DAILY_FIELDS,
    DAILY_FILE,
    INDEX_DAILY,
    INDEX_FIELDS,
    MINUTE_FILE,
    VALUATION,
)
from sdk.market.manifest import StoredFiles, fingerprint_of, read_manifest
from sdk.market.minute import MinuteTable
from sdk.market.optional_tables import column_names, read_table
from sdk.market.panel import FieldTable, Panel
from sdk.market.table import BarTable, read_frame


class Bundle:
    """One market, read-only. Make one with ``Bundle.open``; write one with ``writer.write_bundle``."""

    def __init__(self, path: Path, manifest: dict[str, Any], files: StoredFiles) -> None:
        self.path = path
        self._files = files
        self.manifest = manifest
        self.fingerprint = fingerprint_of(manifest["files"])
        self._tables: dict[str, pd.DataFrame] = {}
        self._columns: dict[str, tuple[str, ...]] = {}
        self._daily_files = tuple(sorted(name for name in manifest["files"] if DAILY_FILE.fullmatch(name)))

    @classmethod
    def open(cls, path: str | Path, verify: bool = True) -> Bundle:
        """Open a bundle; MarketError in one line for what is no bundle, a missing or changed small file.

        A large file that has changed is a MarketError at its first read. ``verify=False`` skips the sha256 of the
        files (not their presence).
        """
        root = Path(path)
        manifest = read_manifest(root)
        files = StoredFiles(root, manifest["files"], hashes=verify)
        for name in COLUMNS:
            if name in manifest["files"]:
                files.trusted(name)
        return cls(root, manifest, files)

    def verify(self) -> Bundle:
        """Compare every file with its sha256 now; MarketError for the first that has changed."""
        for name in sorted(self.manifest["files"]):
            self._files.trusted(name)
        return self

    @cached_property
    def days(self) -> np.ndarray:
        """The trading calendar of the bundle, ``datetime64[D]`` ascending."""
        frame = self._frame("calendar.parquet")
        days = frame["date"].to_numpy().astype("datetime64[D]")
        if len(days) == 0 or (np.diff(days) <= np.timedelta64(0, "D")).any():
            raise MarketError(f"{self.path / 'calendar.parquet'}: days are not ascending; build the bundle again")
        days.setflags(write=False)
        return days

    @cached_property
    def securities(self) -> pd.DataFrame:
        """Index code; display_name, name, type (stock, index, fund, futures), start_date, end_date (NaT = live)."""
        return self._frame("securities.parquet").set_index("code").sort_index()

    @cached_property
    def corporate_actions(self) -> pd.DataFrame:
        """code, ex_date, cash_pre_tax (CNY per old share), share_ratio (shares after ÷ before), source.

        Empty when the bundle has none; sorted by (ex_date, code).
        """
        return self._frame("corporate_actions.parquet").sort_values(["ex_date", "code"], ignore_index=True)

    @cached_property
    def index_members(self) -> pd.DataFrame:
        """index_code, code, in_date, out_date (last member day, NaT = still in); may be empty."""
        return self._frame("index_members.parquet")

    def has_table(self, name: str) -> bool:
        """True when the bundle holds an optional table, like ``fundamentals/income`` (``optional_tables.py``)."""
        return f"{name}.parquet" in self.manifest["files"]

    def table(self, name: str) -> pd.DataFrame:
        """Return an optional table, rows in the order of its key; MarketError when the bundle has none."""
        if not self.has_table(name):
            raise MarketError(f"{self.path}: the bundle has no {name}.parquet")
        if name not in self._tables:
            self._tables[name] = read_table(self._files.trusted(f"{name}.parquet"), f"{name}.parquet")
        return self._tables[name]

    def table_columns(self, name: str) -> tuple[str, ...]:
        """Return the columns of an optional table; none when the bundle has no such table."""
        if name not in self._columns:
            self._columns[name] = column_names(self.path, f"{name}.parquet") if self.has_table(name) else ()
        return self._columns[name]

    def has(self, field: str) -> bool:
        """True when ``panel`` offers ``field``."""
        return field in self.fields

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The fields a panel offers, bars first, then valuation."""
        valuation = self._valuation.fields if self._valuation else ()
        return self._daily.fields + tuple(field for field in valuation if field not in self._daily.fields)

    def panel(
        self,
        codes: Iterable[str] | None = None,
        start: Day | None = None,
        end: Day | None = None,
        fields: Iterable[str] | None = None,
    ) -> Panel:
        """Return stocks and funds over [start, end]; None means all codes with bars, the whole calendar, all
        fields.

        Codes without a single bar but known to ``securities`` are rows of NaN. MarketError names the nearest
        code, field or the calendar's bounds for what is not there.
        """
        names = self._names(fields, self.fields)
        part = day_range(self.days, start, end)
        known = [*self._daily.codes, *self._listed("stock", "fund", "futures")]
        wanted = self._codes(codes, self._daily.codes, known)

        def load(field: str) -> np.ndarray:
            table = self._daily if field in self._daily.fields else self._valuation
            assert table is not None
            return table.matrix(field, wanted, part)

        return Panel(wanted, self.days[part], FieldTable(names, load))

    def index_panel(
        self,
        codes: Iterable[str] | None = None,
        start: Day | None = None,
        end: Day | None = None,
        fields: Iterable[str] | None = None,
    ) -> Panel:
        """Return indices over [start, end], same days and rules as ``panel``; points, shares, CNY."""
        table = self._index_daily
        if table is None:
            raise MarketError(f"{self.path}: the bundle has no index bars; import it again with --index FILE")
        part = day_range(self.days, start, end)
        wanted = self._codes(codes, table.codes, table.codes)
        names = self._names(fields, table.fields)
        return Panel(wanted, self.days[part], FieldTable(names, lambda field: table.matrix(field, wanted, part)))

    def members(self, index_code: str, day: Day) -> tuple[str, ...]:
        """Return the members of an index on ``day`` (need not be a trading day), ascending."""
        rows, wanted = self._members_of(index_code), as_day(day)
        if not self.days[0] <= wanted <= self.days[-1]:
            raise MarketError(f"members of {index_code} on {wanted}: the data cover {self.days[0]} … {self.days[-1]}")
        first = rows["in_date"].to_numpy().astype("datetime64[D]")
        last = rows["out_date"].to_numpy().astype("datetime64[D]")
        inside = (first <= wanted) & (np.isnat(last) | (wanted <= last))
        return tuple(sorted(set(rows["code"][inside])))

    def members_mask(self, index_code: str, codes: Iterable[str], days: np.ndarray) -> np.ndarray:
        """Return which of ``codes`` are members on which of ``days``: bool (stocks, days), rows as given."""
        order = list(codes)
        place = {code: row for row, code in enumerate(order)}
        dates = np.asarray(days, dtype="datetime64[D]")
        mask = np.zeros((len(order), len(dates)), dtype=bool)
        rows = self._members_of(index_code)
        spans = zip(rows["code"], rows["in_date"].to_numpy(), rows["out_date"].to_numpy(), strict=True)
        for code, first, last in spans:
            if code in place:
                mask[place[code]] |= (dates >= first) & (np.isnat(last) | (dates <= last))
        return mask

    @cached_property
    def minutes(self) -> MinuteTable | None:
        """The minute bars, one code and month at a time; None for a bundle without them."""
        files = sorted(name for name in self.manifest["files"] if MINUTE_FILE.fullmatch(name))
        return MinuteTable(self._files, files, self.days) if files else None

    # ------------------------------------------------------------------ what lies behind

    @cached_property
    def _daily(self) -> BarTable:
        return self._bar_table(self._daily_files, DAILY_FIELDS)

    @cached_property
    def _valuation(self) -> BarTable | None:
        return self._bar_table((VALUATION,), None) if VALUATION in self.manifest["files"] else None

    @cached_property
    def _index_daily(self) -> BarTable | None:
        present = INDEX_DAILY in self.manifest["files"]
        return self._bar_table((INDEX_DAILY,), INDEX_FIELDS) if present else None

    def _bar_table(self, names: tuple[str, ...], offered: tuple[str, ...] | None) -> BarTable:
        return BarTable(self._files, names, self.days, offered)

    @property
    def bar_tables(self) -> tuple[BarTable, ...]:
        """The tables of daily bars, valuation and indices that the bundle has."""
        return tuple(table for table in (self._daily, self._valuation, self._index_daily) if table is not None)

    def forget_bars(self) -> None:
        """Let go of the bars that were read and kept, for a caller that has taken what it needs."""
        for table in self.bar_tables:
            table.forget()

    def _frame(self, name: str) -> pd.DataFrame:
        return read_frame(self.path / name if name in self.manifest["files"] else None, COLUMNS[name])

    def _listed(self, *types: str) -> list[str]:
        return list(self.securities.index[self.securities["type"].isin(types)])

    def _members_of(self, index_code: str) -> pd.DataFrame:
        rows = self.index_members[self.index_members["index_code"] == index_code]
        if rows.empty:
            known = sorted(set(self.index_members["index_code"]))
            raise MarketError(
                f"the bundle has no members of {index_code!r}{nearest(index_code, known)} "
                f"(it has: {' '.join(known) or 'none; import with --members FILE'})"
            )
        return rows

    def _codes(self, codes: Iterable[str] | None, default: tuple[str, ...], known: Iterable[str]) -> tuple[str, ...]:
        if codes is None:
            return default
        wanted, choices = tuple(sorted(set(codes))), frozenset(known)
        missing = [code for code in wanted if code not in choices]
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise MarketError(f"{self.path}: no bars of {missing[0]!r}{more}{nearest(missing[0], sorted(choices))}")
        return wanted

    def _names(self, fields: Iterable[str] | None, known: tuple[str, ...]) -> tuple[str, ...]:
        names = known if fields is None else tuple(dict.fromkeys(fields))
        for field in names:
            if field not in known:
                raise MarketError(f"no field {field!r}{nearest(field, known)} (the bundle has: {' '.join(known)})")
        return names
