"""What ``finance.run_query`` and ``macro.run_query`` share: a query of one table, answered by a run's database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from sdk.emulator.api.fundamentals import Fundamentals
from sdk.emulator.api.prices import PriceReader
from sdk.errors import StrategyError

Rows = Callable[[str, Any, np.datetime64], dict[str, list[Any]]]


@dataclass(frozen=True)
class SingleTable:
    """One database of the platform: ``call`` is its name in errors, ``limit`` the most rows of an answer."""

    call: str
    reader: PriceReader
    fundamentals: Fundamentals
    limit: int

    def answer(self, asked: Any, known: Collection[str], rows: Rows) -> Any:
        """Return the DataFrame of a query; ``rows(table, columns, day)`` gives what is public on the day.

        StrategyError: more than one table, or one of another database.
        """
        from sdk.emulator.query.database import frame_of
        from sdk.emulator.query.orm import plan_of, result_names

        plan = plan_of(asked, self.call)
        if len(plan.tables) != 1:
            raise StrategyError(f"{self.call}: 每次只能查询一张表, got {' '.join(plan.tables) or 'none'}")
        (table,) = plan.tables
        if table not in known:
            kind = self.call.partition(".")[0]
            raise StrategyError(f"{self.call}: {table} is not a {kind} table; use get_fundamentals")
        now, database = self._last_finished_day(), self.fundamentals.database
        database.hold(plan, (self.call, now), lambda name, columns: rows(name, columns, now))
        bounded = plan.query.limit(self.limit if plan.limit is None else min(self.limit, plan.limit))
        names, found = database.answer(bounded.offset(plan.offset) if plan.offset else bounded, self.call)
        return frame_of(result_names(plan, names), found, True, "numbered")

    def _last_finished_day(self) -> np.datetime64:
        clock = self.reader.clock
        finished = clock.last_finished_day == clock.day
        return np.datetime64(clock.date if finished else clock.date - dt.timedelta(days=1))


def column_kinds(frame: Any) -> tuple[tuple[str, str], ...]:
    """Return (column, kind as in ``query.orm.KINDS``) of a stored table."""
    words = {"M": "date", "f": "number", "i": "whole", "b": "whole"}
    return tuple((str(column), words.get(frame[column].dtype.kind, "text")) for column in frame)


def column_cells(values: np.ndarray) -> list[Any]:
    """Return the cells of a column as the database takes them: days as text, what is missing as None."""
    if values.dtype.kind == "M":
        return [None if day == "NaT" else day for day in values.astype("datetime64[D]").astype(str).tolist()]
    return [None if value is None or value != value else value for value in values.tolist()]
