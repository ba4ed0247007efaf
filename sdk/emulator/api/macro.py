"""``macro.run_query``: tables of the platform's macro database, as far as the bundle has them.

They are its files ``macro/NAME.parquet``. A row is seen from the last day of its period on: ``stat_month`` '2019-03',
``stat_quarter`` '2019-03' (its last month), ``stat_year`` '2019', or a day. The platform shows every row that it has
today, so that a backtest there knows a month before it is over, and one whose figures come out two weeks later; a
strategy that asks for the month before the last is the same in both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from sdk.emulator.api.fundamentals import Fundamentals
from sdk.emulator.api.prices import PriceReader
from sdk.emulator.api.single_table import SingleTable, column_cells, column_kinds
from sdk.emulator.unsupported import unsupported
from sdk.errors import UnsupportedName, nearest

PERIODS = ("stat_month", "stat_quarter", "stat_year", "stat_date", "day", "date")
_MONTH = re.compile(r"(\d{4})-?(\d{2})")
_YEAR = re.compile(r"\d{4}")


class Macro:
    """``macro``."""

    def __init__(self, reader: PriceReader, fundamentals: Fundamentals, rules: Mapping[str, str]) -> None:
        self._reader = reader
        self._database = SingleTable("macro.run_query", reader, fundamentals, int(rules["finance_row_limit"]))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not name.isupper():
            raise AttributeError(f"macro has no {name!r}")
        from sdk.emulator.query.orm import finance_class

        bundle = self._reader.bars.bundle
        if not bundle.has_table(f"macro/{name}"):
            known = self._known()
            has = " ".join(f"macro.{one}" for one in known) or "no macro table"
            raise unsupported(
                f"macro.{name}",
                f"this bundle has {has}{nearest(name, known)}; put the platform's table into macro/{name}.parquet "
                "(jqalpha market import --table)",
                UnsupportedName,
            )
        return finance_class(name, column_kinds(bundle.table(f"macro/{name}")))

    def run_query(self, query_object: Any) -> Any:
        """DataFrame of one table's rows whose period is over, at most ``finance_row_limit`` of them."""
        return self._database.answer(query_object, self._known(), self._rows)

    def _known(self) -> tuple[str, ...]:
        files = self._reader.bars.bundle.manifest["files"]
        return tuple(sorted(name[6:-8] for name in files if name.startswith("macro/")))

    def _rows(self, name: str, columns: Any, now: np.datetime64) -> dict[str, list[Any]]:
        frame = self._reader.bars.bundle.table(f"macro/{name}")
        period = next((column for column in PERIODS if column in frame), None)
        seen = np.ones(len(frame), dtype=bool)
        if period is not None:
            seen = np.array([period_end(value) <= now for value in frame[period].tolist()], dtype=bool)
        found = {column: column_cells(frame[column].to_numpy()[seen]) for column in columns if column in frame}
        return found if "id" in found else {"id": list(range(1, int(seen.sum()) + 1)), **found}


def period_end(value: object) -> np.datetime64:
    """Return the last day of '2019', '2019-03', '201903' or a day; ValueError for what is none of them."""
    text = str(value)[:10]
    if _YEAR.fullmatch(text):
        return np.datetime64(f"{text}-12-31")
    if (month := _MONTH.fullmatch(text)) is not None:
        start = np.datetime64(f"{month[1]}-{month[2]}", "M")
        return (start + 1).astype("datetime64[D]") - 1
    return np.datetime64(text, "D")
