"""Table classes and queries: the only module that imports jqdatasdk and SQLAlchemy.

``valuation``, ``income`` … are jqdatasdk's own classes; tables of the platform's finance database, which jqdatasdk
fetches from the server, are declared here from the columns that a bundle has. ``plan_of`` reads a query: which
tables, which columns, what limit; ``compiled`` gives the SQL text and its values for SQLite.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import jqdatasdk
import numpy as np
from jqdatasdk.utils import query
from sqlalchemy import Column, Date, Float, Integer, String, inspect, literal
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Query, declarative_base
from sqlalchemy.sql import visitors

from sdk.errors import StrategyError

__all__ = [
    "Plan",
    "clause_of",
    "compiled",
    "finance_class",
    "joined",
    "plan_of",
    "query",
    "table_class",
    "unlimited",
    "whole_columns",
]

KINDS = {"date": Date, "number": Float, "text": String, "whole": Integer}
_DIALECT = sqlite.dialect()


@dataclass(frozen=True)
class Plan:
    """What a query asks for.

    ``tables``: class by table name, in the order of their names; ``columns``: table name -> columns that must be
    there to run it; ``named``: those that the strategy wrote itself (the rest comes from whole tables);
    ``results``: (name, is a date) of each result column; ``distinct``: without a column asked for a second time,
    which is what the database gives for ``query(t.code, t)``.
    """

    query: Any
    tables: Mapping[str, Any]
    columns: Mapping[str, frozenset[str]]
    named: Mapping[str, frozenset[str]]
    results: tuple[tuple[str | None, bool], ...]
    distinct: tuple[tuple[str | None, bool], ...]
    limit: int | None
    offset: int | None


def table_class(name: str) -> Any:
    """Return jqdatasdk's class of a table of fundamentals, ``valuation`` …"""
    return getattr(jqdatasdk, name)


@cache
def finance_class(name: str, columns: tuple[tuple[str, str], ...]) -> Any:
    """Return a class for the finance table ``name`` with (column, kind) as given; ``id`` is its key."""
    key = {"id": Column(Integer, primary_key=True)}
    fields: dict[str, Any] = {column: Column(KINDS[kind]) for column, kind in columns if column != "id"}
    return type(name, (declarative_base(),), {"__tablename__": name, **key, **fields})


@cache
def whole_columns(table: Any) -> frozenset[str]:
    """Return the columns of a table class that hold whole numbers."""
    return frozenset(column.name for column in table.__table__.columns if isinstance(column.type, Integer))


def plan_of(asked: Any, call: str, keys: Sequence[str] = ()) -> Plan:
    """Read a query whose tables will be joined on ``keys``; StrategyError for what is no query."""
    if not isinstance(asked, Query):
        raise StrategyError(f"{call}: the first argument must be query(…), got {type(asked).__name__}")
    bare = unlimited(asked)
    statement = bare.statement
    selected = list(statement.selected_columns)
    described: list[Any] = list(asked.column_descriptions)
    conditions = _columns([statement.with_only_columns(literal(1))])
    listed = _columns(one["expr"] for one in described if one["expr"] is not one["entity"])
    named = _merged(conditions, listed)
    columns = {name: found | set(keys) for name, found in _merged(named, _columns(selected)).items()}
    classes = {one.__table__.name: one for one in _entities(asked, [statement, *selected])}
    results = tuple((_name(column), isinstance(column.type, Date)) for column in selected)
    once: dict[object, tuple[str | None, bool]] = {}
    for column, result in zip(selected, results, strict=True):
        once.setdefault(_identity(column), result)
    distinct = tuple(once.values())
    limit, offset = getattr(asked, "limit_value", None), getattr(asked, "offset_value", None)
    tables = {name: classes[name] for name in sorted(columns)}
    written = {name: named.get(name, frozenset()) for name in columns}
    return Plan(bare, tables, columns, written, results, distinct, limit, offset)


def result_names(plan: Plan, found: Sequence[str]) -> list[tuple[str, bool]]:
    """Return (name, is a date) for the names ``found`` by the database."""
    results = plan.results if len(plan.results) == len(found) else plan.distinct
    return [(own or name, is_date) for name, (own, is_date) in zip(found, results, strict=True)]


def clause_of(table: Any) -> Any:
    """Return the class as SQLAlchemy takes it in ``join(…)`` and ``select_from(…)``."""
    return inspect(table).__clause_element__()


def unlimited(asked: Any) -> Any:
    """Return the query without limit and offset; jqdatasdk's own ``limit`` would write into the strategy's query."""
    return Query.offset(Query.limit(asked, None), None)


def joined(plan: Plan, on: Sequence[str]) -> Any:
    """Return the query with its tables joined on the columns ``on``, as the platform joins them by itself."""
    first, *others = plan.tables.values()
    conditions = [getattr(other, name) == getattr(first, name) for other in others for name in on]
    return plan.query.filter(*conditions) if conditions else plan.query


def compiled(asked: Any) -> tuple[str, list[Any]]:
    """Return (SQL, values) for SQLite; dates as ISO text, numpy's numbers as Python's."""
    found = asked.statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    given = found.params
    return str(found), [_value(given[name]) for name in found.positiontup or ()]


def _value(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return str(value) if value.time() != dt.time() else str(value.date())
    if isinstance(value, dt.date):
        return str(value)
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[D]"))
    return value.item() if isinstance(value, np.generic) else value


def _each(elements: Iterable[Any]) -> Iterable[Any]:
    for element in elements:
        root = element.__clause_element__() if hasattr(element, "__clause_element__") else element
        for found in visitors.iterate(root):
            if getattr(found, "__visit_name__", "") == "column" and getattr(found, "table", None) is not None:
                yield found


def _columns(elements: Iterable[Any]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for column in _each(elements):
        found.setdefault(column.table.name, set()).add(column.name)
    return {name: frozenset(columns) for name, columns in found.items()}


def _merged(*maps: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    names = sorted({name for one in maps for name in one})
    return {name: frozenset().union(*(one.get(name, frozenset()) for one in maps)) for name in names}


def _entities(asked: Any, elements: Iterable[Any]) -> Iterable[Any]:
    """Yield the class of each table of the query: of what is selected, and of what only a condition names."""
    yield from (found["entity"] for found in asked.column_descriptions if found["entity"] is not None)
    for column in _each(elements):
        mapper = column._annotations.get("parententity")
        if mapper is not None:
            yield mapper.mapper.class_


def _name(column: Any) -> str | None:
    """Return the name of a result column; None for an expression without one."""
    visit = getattr(column, "__visit_name__", "")
    return str(column.name) if visit in ("column", "label") else None


def _identity(column: Any) -> object:
    table = getattr(column, "table", None)
    return id(column) if table is None else (table.name, column.name)
