"""Read an input file as a frame with known columns, or say in one line why that cannot be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sdk.errors import MarketError, nearest
from sdk.market.importing.problems import Problem
from sdk.market.table import UNREADABLE

VALUATION_COLUMNS: Final = (
    *("circulating_market_cap", "market_cap", "circulating_cap", "capitalization", "turnover_ratio"),
    *("pe_ratio", "pe_ratio_lyr", "pb_ratio", "ps_ratio", "pcf_ratio"),
)


@dataclass(frozen=True)
class Kind:
    """Columns of one kind of file: those it must have, those it may have, which of them are dates or words."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    words: tuple[str, ...] = ("code",)
    aliases: tuple[tuple[str, str], ...] = ()  # (name in the file, our name)


BARS: Final = ("date", "code", "open", "high", "low", "close")
KINDS: Final = MappingProxyType(
    {
        "daily": Kind(
            (*BARS, "volume", "factor"),
            (*("pre_close", "money", "high_limit", "low_limit", "paused", "is_st"), "money_source", "st_source"),
            ("date",),
            ("code", "money_source", "st_source"),
        ),
        "index": Kind(BARS, ("pre_close", "volume", "money"), ("date",)),
        "members": Kind(
            ("code", "in_date", "out_date"), ("index_code",), ("in_date", "out_date"), ("code", "index_code")
        ),
        "valuation": Kind(("date", "code"), VALUATION_COLUMNS, ("date",), aliases=(("day", "date"),)),
        "securities": Kind(
            ("code", "start_date"),
            ("display_name", "name", "type", "end_date"),
            ("start_date", "end_date"),
            ("code", "display_name", "name", "type"),
        ),
        "events": Kind(("code", "ex_date"), ("implied_cash", "float_change"), ("ex_date",)),
    }
)


@dataclass(frozen=True)
class Sheet:
    """A file that was read: ``file`` is its name for messages, ``unused`` the columns that have no meaning here."""

    file: str
    frame: pd.DataFrame
    unused: tuple[str, ...]


def read_sheet(path: Path, kind_name: str) -> Sheet | list[Problem]:
    """Return the known columns of a Parquet file, or the missing columns as problems.

    Dates become ``datetime64[ns]``, words categories, everything else float64. MarketError for what is not
    Parquet.
    """
    kind = KINDS[kind_name]
    names = _columns_of(path)
    ours = {dict(kind.aliases).get(name, name): name for name in names}
    known = [*kind.required, *kind.optional]
    missing = [column for column in kind.required if column not in ours]
    if missing:
        return [Problem(path.name, column, _absent(column, names), 1) for column in missing]
    wanted = {column: ours[column] for column in known if column in ours}
    frame, problems = _frame(path, kind, wanted)
    unused = tuple(name for name in names if name not in wanted.values())
    return problems or Sheet(path.name, frame, unused)


def _absent(column: str, names: list[str]) -> str:
    return f"column is missing{nearest(column, names)} (the file has: {' '.join(names)})"


def _columns_of(path: Path) -> list[str]:
    if not path.is_file():
        raise MarketError(f"{path}: no such file")
    try:
        return pq.read_schema(path).names
    except UNREADABLE as error:
        raise MarketError(f"{path}: not a Parquet file, or damaged ({first_line(error)})") from error


def _frame(path: Path, kind: Kind, wanted: Mapping[str, str]) -> tuple[pd.DataFrame, list[Problem]]:
    """Return the frame under our names and a problem for each column that cannot be read as what it should be."""
    try:
        table = pq.read_table(path, columns=list(wanted.values()))
    except UNREADABLE as error:
        raise MarketError(f"{path}: damaged Parquet file ({first_line(error)})") from error
    columns, problems = {}, []
    for column, name in wanted.items():
        try:
            columns[column] = _series(table[name], column, kind)
        except (pa.ArrowException, ValueError, TypeError) as error:
            kind_of = "days" if column in kind.dates else "text" if column in kind.words else "numbers"
            problems.append(Problem(path.name, column, f"cannot be read as {kind_of}: {first_line(error)}", 1))
    return pd.DataFrame(columns), problems


def _series(values: pa.ChunkedArray, column: str, kind: Kind) -> pd.Series:
    if column in kind.dates:
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            return pd.to_datetime(values.to_pandas(), format="%Y-%m-%d").astype("datetime64[ns]")
        if not pa.types.is_temporal(values.type) and not pa.types.is_null(values.type):
            raise TypeError(f"stored as {values.type}; write dates as date32, timestamp or 2024-12-31")
        return pd.Series(values.cast(pa.timestamp("ns")).to_numpy()).astype("datetime64[ns]").dt.normalize()
    if column in kind.words:
        text = values if pa.types.is_dictionary(values.type) else values.cast(pa.string()).dictionary_encode()
        return pd.Series(text.to_pandas()).astype("category")
    if pa.types.is_dictionary(values.type) or pa.types.is_string(values.type):
        raise TypeError(f"stored as {values.type}")
    number = values.cast(pa.int8()) if pa.types.is_boolean(values.type) else values
    return pd.Series(np.asarray(number.cast(pa.float64(), safe=False).to_numpy()))


def some(values: Iterable[object], shown: int = 3) -> tuple[str, ...]:
    """Return the first few values as words."""
    return tuple(str(value) for value, _ in zip(values, range(shown), strict=False))


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
