"""get_fundamentals, get_fundamentals_continuously, get_history_fundamentals: the platform's queries, point in time.

    date      default the trading day before now; a statement is seen from its ``pubDate`` on, valuation of a day
              after its close; another day than that is refused or cut as in ``visible.py``
    statDate  '2019q1' or '2019': the statements of that period, as far as they are public now; valuation of the
              last trading day of the period

A query over several tables is joined on ``code``, as the platform does it. At most ``fundamentals_row_limit`` rows.
Source: JOINQUANT.md §6.6. The tables are the bundle's (``sdk/market/optional_tables.py``); a column that the
bundle lacks is an error where the strategy names it and NaN where it asks for a whole table.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sdk.emulator.api.history import FieldFrames
from sdk.emulator.api.prices import PriceReader, code_list
from sdk.emulator.api.visible import Guard, as_datetime
from sdk.emulator.unsupported import unsupported
from sdk.errors import StrategyError

if TYPE_CHECKING:
    from sdk.emulator.query.database import Database
    from sdk.emulator.query.facts import Facts

QUARTER_END = {"1": "03-31", "2": "06-30", "3": "09-30", "4": "12-31"}
VALUATION_FIELD = ("market_cap",)
Moment = tuple[int, np.datetime64]


class Fundamentals:
    """The calls of one run; nothing is imported or read before the first."""

    def __init__(self, reader: PriceReader, guard: Guard, rules: Mapping[str, str]) -> None:
        self._reader, self._guard, self._rules = reader, guard, rules
        self._limit = int(rules["fundamentals_row_limit"])

    @cached_property
    def facts(self) -> Facts:
        """What the bundle has."""
        from sdk.emulator.query.facts import Facts

        return Facts(self._reader.bars, self._rules["statement_seen_from"] == "day_after")

    @cached_property
    def database(self) -> Database:
        """The rows of the moment."""
        from sdk.emulator.query.database import Database

        return Database()

    # ----------------------------------------------------------------------------------------- the three calls
    def get_fundamentals(self, query_object: Any, date: Any = None, statDate: Any = None) -> Any:
        """DataFrame of the columns asked for, rows as the query orders them."""
        from sdk.emulator.query.orm import joined, plan_of

        call = "get_fundamentals"
        plan = plan_of(query_object, call, ("code",))
        if date is not None and statDate is not None:
            raise StrategyError(f"{call}: give either date or statDate, not both")
        if statDate is None:
            self._check(plan, False, call)
            moments = [self._moment(call, date, VALUATION_FIELD if "stock_valuation" in plan.tables else ())]
            self.database.hold(plan, moments[0], lambda table, columns: self.facts.rows(table, columns, moments))
        else:
            self._hold_period(plan, statDate, call)
        return self._frame(plan, joined(plan, ("code",)), call)

    def get_fundamentals_continuously(
        self, query_object: Any, end_date: Any = None, count: int | None = None, panel: bool = True
    ) -> Any:
        """The same query on each of the last ``count`` trading days.

        ``panel=False``: rows by code and day, with both columns; else field -> DataFrame of days × codes.
        """
        from sdk.emulator.query.orm import joined, plan_of

        call = "get_fundamentals_continuously"
        plan = plan_of(query_object, call)
        self._check(plan, False, call)
        days = self._reader.bars.days
        last = self._moment(call, end_date)[0]
        moments = [(day, days[day]) for day in range(max(last - _count(count, call) + 1, 0), last + 1)]
        table = next(iter(plan.tables.values()))
        both = plan.query.add_columns(table.day.label("__day"), table.code.label("__code"))
        wide = plan_of(both, call, ("code", "day"))
        self.database.hold(wide, ("days", last, count), lambda name, names: self.facts.rows(name, names, moments))
        found = self._frame(wide, joined(wide, ("code", "day")), call, (plan.limit, plan.offset))
        keys = {"day": found.pop("__day"), "code": found.pop("__code")}
        rows = found.drop(columns=[name for name in keys if name in found]).assign(**keys)
        rows = rows[["day", "code", *(name for name in rows if name not in keys)]]
        rows = rows.sort_values(["code", "day"], ignore_index=True)
        if not panel:
            return rows
        return FieldFrames({name: rows.pivot(index="day", columns="code", values=name) for name in rows.columns[2:]})

    def get_history_fundamentals(
        self,
        security: Any,
        fields: Any,
        watch_date: Any = None,
        stat_date: Any = None,
        count: int = 1,
        interval: str = "1q",
        stat_by_year: bool = False,
    ) -> Any:
        """Rows (code, statDate, fields) of ``count`` periods up to ``stat_date``, or public on ``watch_date``."""
        import pandas as pd

        call = "get_history_fundamentals"
        if (watch_date is None) == (stat_date is None):
            raise StrategyError(f"{call}: give either watch_date or stat_date")
        if interval not in ("1q", "1y") or (stat_by_year and interval != "1y"):
            raise StrategyError(f"{call}: interval={interval!r}; choose '1q' or '1y' ('1y' with stat_by_year=True)")
        codes, _ = code_list(security, self._reader.bars, call)
        named = [self._column(field, stat_by_year, call) for field in _listed(fields)]
        asked = [(table, name) for table, name in named if name not in ("code", "statDate")]
        as_of = self._moment(call, watch_date, ())[1] if watch_date is not None else self._known_now()
        step = 4 if interval == "1y" else 1
        rows = []
        newest = None if stat_date is None else _quarter(_period(stat_date, call)[0])
        known = {table: self._by_quarter(table, stat_by_year, as_of) for table, _ in named}
        for code in codes:
            own = {quarter for found in known.values() for quarter in found.get(code, ())}
            last = newest if newest is not None else max(own, default=None)
            if last is None:
                continue
            for quarter in range(last - step * (_count(count, call) - 1), last + 1, step):
                if quarter in own:
                    place = {table: found.get(code, {}).get(quarter) for table, found in known.items()}
                    values = (self._cell(place[table], table, stat_by_year, name) for table, name in asked)
                    rows.append((code, str(_quarter_end(quarter)), *values))
        return pd.DataFrame(rows, columns=["code", "statDate", *(name for _, name in asked)])

    # ------------------------------------------------------------------------------------------ what is visible
    def _moment(self, call: str, date: Any, fields: Sequence[str] = VALUATION_FIELD) -> Moment:
        """Return (trading day, as-of date) for ``date``: nothing later than that is seen. ``fields``: what the day
        itself must know; statements (none) may be asked for with today's date before the close, up to yesterday."""
        clock, days = self._reader.clock, self._reader.bars.days
        if date is None:
            calendar_day = self._rules["fundamentals_default_date"] == "calendar_day"
            before = clock.date - dt.timedelta(days=1) if calendar_day else clock.previous_date
            return clock.day - 1, np.datetime64(before)
        asked = np.datetime64(as_datetime(date, call).date())
        stop = self._guard.stop_day(call, date, fields)
        if not fields:
            return stop - 1, min(asked, self._known_now())
        cut = stop < len(days) and asked >= days[stop]
        return stop - 1, days[stop - 1] if cut and stop else asked

    def _known_now(self) -> np.datetime64:
        """Return the last date whose publications are all known: today after the close, else yesterday."""
        clock = self._reader.clock
        finished = clock.last_finished_day == clock.day
        return np.datetime64(clock.date if finished else clock.date - dt.timedelta(days=1))

    def _hold_period(self, plan: Any, stat_date: Any, call: str) -> None:
        end, yearly = _period(stat_date, call)
        self._check(plan, yearly, call)
        as_of = self._known_now()
        if end > as_of and self._rules["stat_date_of_the_future"] == "error":
            self._guard.date(call, str(end), "statDate")
        days = self._reader.bars.days
        day = int(np.searchsorted(days, end, side="right")) - 1
        moments = [(day if day <= self._reader.clock.last_finished_day else -1, end)]

        def fill(table: str, columns: Sequence[str]) -> dict[str, Any]:
            if table == "stock_valuation":
                return self.facts.rows(table, columns, moments)
            return self.facts.of_period(table, columns, end, yearly, as_of)

        self.database.hold(plan, ("period", end, yearly, as_of), fill)

    # ---------------------------------------------------------------------------------------------- the answer
    def _check(self, plan: Any, yearly: bool, call: str) -> None:
        """Raise UnsupportedCall for a table, or a column that the strategy names, that the bundle lacks."""
        for table, named in plan.named.items():
            has = self.facts.columns(table, yearly)
            if not has:
                name = self.facts.file(table, yearly) or table
                raise unsupported(
                    f"{call} on {plan.tables[table].__name__}", f"this bundle has no {name}.parquet; import one"
                )
            lacking = sorted(named - set(has))
            if lacking:
                raise unsupported(
                    f"{call}: {plan.tables[table].__name__}.{lacking[0]}", f"this bundle has {' '.join(has[2:])}"
                )

    def _frame(self, plan: Any, asked: Any, call: str, span: tuple[int | None, int | None] = (None, None)) -> Any:
        from sdk.emulator.query.database import frame_of
        from sdk.emulator.query.orm import result_names

        limit, offset = span if span != (None, None) else (plan.limit, plan.offset)
        bounded = asked.limit(min(self._limit, limit) if limit is not None else self._limit)
        names, rows = self.database.answer(bounded.offset(offset) if offset else bounded, call)
        given = result_names(plan, names)
        dates = self._rules["fundamentals_dates"] == "date"
        return frame_of(given, rows, dates, self._rules["repeated_columns"])

    def _column(self, field: Any, yearly: bool, call: str) -> tuple[str, str]:
        """Return (table, column) of ``income.net_profit``."""
        table = getattr(getattr(field, "class_", None), "__tablename__", None)
        if table is None or self.facts.file(table, yearly) is None:
            raise StrategyError(f"{call}: fields must be columns like income.net_profit, got {field!r}")
        has = self.facts.columns(table, yearly)
        if field.key not in has:
            name = self.facts.file(table, yearly)
            raise unsupported(f"{call}: {field}", f"this bundle has in {name}: {' '.join(has[2:]) or 'nothing'}")
        return table, field.key

    def _by_quarter(self, table: str, yearly: bool, as_of: np.datetime64) -> dict[str, dict[int, int]]:
        """Return code -> quarter -> row of the latest correction that was public."""
        found = self.facts.statements(table, yearly)
        rows = np.flatnonzero(self.facts.public(found, as_of))
        quarters = _quarter(found.stat[rows])
        by_code: dict[str, dict[int, int]] = {}
        for row, code, quarter in zip(rows.tolist(), found.code[rows], quarters.tolist(), strict=True):
            by_code.setdefault(code, {})[quarter] = row
        return by_code

    def _cell(self, row: int | None, table: str, yearly: bool, name: str) -> Any:
        if row is None:
            return float("nan")
        found = self.facts.statements(table, yearly)
        if name in ("statDate", "pubDate"):
            return str((found.stat if name == "statDate" else found.public)[row])
        return found.frame[name].iat[row]


def _period(value: Any, call: str) -> tuple[np.datetime64, bool]:
    """Return (last day, is a whole year) of '2019q1', '2019' or 2019."""
    # '2018q3.0' is what month / 3 writes in Python 3; the platform reads the quarter out of it
    match = re.fullmatch(r"(\d{4})(?:[qQ]([1-4])(?:\.0)?)?", str(value).strip())
    if match is None:
        raise StrategyError(f"{call}: {value!r} is no period; write '2019q1' or '2019'")
    year, quarter = match.groups()
    return np.datetime64(f"{year}-{QUARTER_END[quarter or '4']}"), quarter is None


def _quarter(ends: Any) -> Any:
    """Return the running number of the quarter that ends on these days."""
    return np.asarray(ends, dtype="datetime64[M]").astype(int) // 3


def _quarter_end(quarter: int) -> np.datetime64:
    return np.datetime64(quarter * 3 + 3, "M").astype("datetime64[D]") - 1


def _listed(fields: Any) -> list[Any]:
    return list(fields) if isinstance(fields, list | tuple | set) else [fields]


def _count(count: Any, call: str) -> int:
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise StrategyError(f"{call}: count={count!r} must be a whole number of at least 1")
    return int(count)
