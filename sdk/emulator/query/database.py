"""An SQLite database in memory that holds the rows of the moment, and the answer as a DataFrame.

A table is filled with what is public on the day that is asked for, so a query needs no condition of its own on the
day; it is filled again when another day, or a column not yet there, is asked for. Absent numbers are NULL: they
never pass a comparison and come first in ascending order, as on the platform's MySQL.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sdk.emulator.query.orm import Plan, compiled, whole_columns
from sdk.errors import StrategyError

Fill = Callable[[str, Sequence[str]], dict[str, Any]]


class Database:
    """The tables of one run."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        self._filled: dict[str, tuple[Any, frozenset[str]]] = {}

    def hold(self, plan: Plan, moment: Any, fill: Fill) -> None:
        """Have every table of ``plan`` filled with the rows of ``moment``; ``fill`` gives the columns of a table."""
        for name, columns in plan.columns.items():
            filled, has = self._filled.get(name, (None, frozenset()))
            if filled == moment and columns <= has:
                continue
            wanted = sorted(columns | has if filled == moment else columns)
            self._write(name, whole_columns(plan.tables[name]), wanted, fill(name, wanted))
            self._filled[name] = (moment, frozenset(wanted))

    def _write(self, name: str, whole: frozenset[str], columns: Sequence[str], rows: dict[str, Any]) -> None:
        # a whole number equals its text, as on MySQL: filter(link_id.in_(['310001']))
        quoted = ", ".join(f'"{column}" INTEGER' if column in whole else f'"{column}"' for column in columns)
        run = self._connection.execute
        run(f'DROP TABLE IF EXISTS "{name}"')
        run(f'CREATE TABLE "{name}" ({quoted})')
        marks = ", ".join("?" * len(columns))
        run("BEGIN")
        self._connection.executemany(
            f'INSERT INTO "{name}" VALUES ({marks})', zip(*(rows[column] for column in columns), strict=True)
        )
        run("COMMIT")

    def answer(self, asked: Any, call: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Run a query; return (names of the database, rows). StrategyError for SQL that it cannot run."""
        sql, values = compiled(asked)
        try:
            cursor = self._connection.execute(sql, values)
            return [column[0] for column in cursor.description], cursor.fetchall()
        except sqlite3.Error as error:
            raise StrategyError(f"{call}: 查询不能执行：{error}; the SQL was: {sql[:300]}") from error


def frame_of(names: Sequence[tuple[str, bool]], rows: Sequence[tuple[Any, ...]], dates: bool, repeated: str) -> Any:
    """Return rows as a DataFrame.

    ``names``: (name, is a date) of each column; ``dates``: dates as ``datetime.date``, else as text; ``repeated``:
    a second column ``code`` is called ``code.1`` (``numbered``) or left out (``first``).
    """
    import pandas as pd

    seen: dict[str, int] = {}
    columns: dict[str, Any] = {}
    for place, (name, is_date) in enumerate(names):
        count = seen[name] = seen.get(name, -1) + 1
        if count and repeated == "first":
            continue
        values = [row[place] for row in rows]
        columns[f"{name}.{count}" if count else name] = _dates(values) if is_date and dates else _column(values, pd)
    return pd.DataFrame(columns, copy=False)


def _column(values: list[Any], pd: Any) -> Any:
    """Numbers with NaN for NULL; whole numbers stay whole; everything else as objects."""
    kinds = {type(value) for value in values}
    if kinds <= {int} and kinds:
        return np.array(values, dtype=np.int64)
    if kinds <= {int, float, type(None)} and values:
        return np.array([np.nan if value is None else value for value in values], dtype=float)
    return pd.Series(values, dtype=object)


def _dates(values: list[Any]) -> Any:
    import pandas as pd

    found = [None if value is None else dt.date.fromisoformat(str(value)[:10]) for value in values]
    return pd.Series(found, dtype=object)
