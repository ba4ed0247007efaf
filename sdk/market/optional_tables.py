"""The optional tables of a bundle: what a market knows besides bars, each with its columns, key and checks.

::

    fundamentals/income.parquet …        code statDate pubDate + the platform's columns, one quarter a row, CNY
    fundamentals/income_year.parquet …   the same for whole years (statDate = 31 December)
    industries.parquet                   kind industry_code industry_name start_date code in_date out_date
    concepts.parquet                     concept_code concept_name start_date code in_date out_date
    index_weights.parquet                index_code date code weight (percent)
    money_flow.parquet                   code date net_amount_xl/l/m/s (1e4 CNY)
    margin.parquet                       code date + the platform's columns of 融资融券 (CNY, shares)
    billboard.parquet                    code day + the platform's columns of 龙虎榜 (CNY)
    locked_shares.parquet                day code num rate1 rate2 (shares; fractions of all and of circulating)
    dividend_plans.parquet               code ex_date report_date board_plan_pub_date implementation_pub_date
    finance/NAME.parquet                 a table of the platform's finance database, its own columns
    macro/NAME.parquet                   the same of its macro database

``pubDate`` is the day on which a statement became public; a correction is a second row with a later pubDate.
``out_date`` is the last day inside, null = still in. All are checked when written and when read: column types,
no repeated key, no statement public before its quarter ended, no interval that ends before it begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sdk.errors import MarketError, nearest
from sdk.market.table import read_columns, series_of

_DATE, _TEXT, _NUMBER = pa.date32(), pa.string(), pa.float64()
STATEMENTS: Final = ("income", "balance", "cash_flow", "indicator")


@dataclass(frozen=True)
class OptionalTable:
    """``columns`` must be there; ``more`` is the type of further columns, None = there are none.

    ``key`` must not repeat and is the order of the rows; ``ordered`` are pairs of dates (earlier, later).
    """

    columns: Mapping[str, pa.DataType]
    key: tuple[str, ...]
    more: pa.DataType | None = None
    ordered: tuple[tuple[str, str], ...] = ()


_STATEMENT: Final = OptionalTable(
    {"code": _TEXT, "statDate": _DATE, "pubDate": _DATE},
    key=("code", "statDate", "pubDate"),
    more=_NUMBER,
    ordered=(("statDate", "pubDate"),),
)
_INTERVAL: Final = {"start_date": _DATE, "code": _TEXT, "in_date": _DATE, "out_date": _DATE}
_FLOWS: Final = dict.fromkeys(("net_amount_xl", "net_amount_l", "net_amount_m", "net_amount_s"), _NUMBER)
_SIDES: Final = ("buy_value", "buy_rate", "sell_value", "sell_rate", "total_value", "net_value", "amount")

TABLES: Final[Mapping[str, OptionalTable]] = {
    **{f"fundamentals/{name}.parquet": _STATEMENT for name in STATEMENTS},
    **{f"fundamentals/{name}_year.parquet": _STATEMENT for name in STATEMENTS},
    "industries.parquet": OptionalTable(
        {"kind": _TEXT, "industry_code": _TEXT, "industry_name": _TEXT, **_INTERVAL},
        ("kind", "industry_code", "code", "in_date"),
        ordered=(("in_date", "out_date"),),
    ),
    "concepts.parquet": OptionalTable(
        {"concept_code": _TEXT, "concept_name": _TEXT, **_INTERVAL},
        ("concept_code", "code", "in_date"),
        ordered=(("in_date", "out_date"),),
    ),
    "index_weights.parquet": OptionalTable(
        {"index_code": _TEXT, "date": _DATE, "code": _TEXT, "weight": _NUMBER}, ("index_code", "date", "code")
    ),
    "money_flow.parquet": OptionalTable({"code": _TEXT, "date": _DATE, **_FLOWS}, ("code", "date")),
    "margin.parquet": OptionalTable({"code": _TEXT, "date": _DATE}, ("code", "date"), _NUMBER),
    "billboard.parquet": OptionalTable(
        {
            **{"code": _TEXT, "day": _DATE, "direction": _TEXT, "rank": _NUMBER, "abnormal_code": _NUMBER},
            **{"abnormal_name": _TEXT, "sales_depart_name": _TEXT, **dict.fromkeys(_SIDES, _NUMBER)},
        },
        ("day", "code", "abnormal_code", "direction", "rank"),
    ),
    "locked_shares.parquet": OptionalTable(
        {"day": _DATE, "code": _TEXT, "num": _NUMBER, "rate1": _NUMBER, "rate2": _NUMBER}, ("day", "code")
    ),
    "dividend_plans.parquet": OptionalTable(
        {
            **{"code": _TEXT, "ex_date": _DATE, "report_date": _DATE},
            **{"board_plan_pub_date": _DATE, "implementation_pub_date": _DATE},
        },
        ("code", "ex_date"),
        ordered=(("report_date", "board_plan_pub_date"), ("implementation_pub_date", "ex_date")),
    ),
}
PLATFORM: Final = re.compile(r"(finance|macro)/[A-Z][A-Z0-9_]*\.parquet")


def arrow_table(name: str, frame: pd.DataFrame) -> pa.Table:
    """Return a table ready to be stored: columns typed, rows in the order of the key, checked."""
    if PLATFORM.fullmatch(name):
        return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    spec = _spec(name)
    _check_columns(name, list(frame.columns), spec)
    dates = {name: pd.to_datetime(frame[name]) for name, kind in spec.columns.items() if kind == _DATE}
    ordered = frame.assign(**dates).sort_values(list(spec.key), kind="stable", ignore_index=True)
    check(name, ordered)
    types = {column: spec.columns.get(column, spec.more) for column in ordered.columns}
    arrays = [_array(ordered[column], kind) for column, kind in types.items()]
    return pa.table(arrays, schema=pa.schema(list(types.items())))


def read_table(path: Path, name: str) -> pd.DataFrame:
    """Return the optional table ``name`` as pandas, dates as ``datetime64[ns]``, texts as objects; checked."""
    table = read_columns(path)
    if not PLATFORM.fullmatch(name):
        _check_columns(name, table.column_names, _spec(name))
    frame = pd.DataFrame({column: series_of(table[column]) for column in table.column_names})
    if not PLATFORM.fullmatch(name):
        check(name, frame)
    return frame


def column_names(root: Path, name: str) -> tuple[str, ...]:
    """Return the columns of a stored table without reading it."""
    return tuple(pq.read_schema(root / name).names)


def table_names(files: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the optional tables among the files of a bundle, like ``fundamentals/income``."""
    kept = sorted(name for name in files if name in TABLES or PLATFORM.fullmatch(name))
    return tuple(name[: -len(".parquet")] for name in kept)


def check(name: str, frame: pd.DataFrame) -> None:
    """MarketError for a repeated or empty key, or dates in the wrong order; the first such row is named."""
    spec = _spec(name)
    keys = frame[list(spec.key)]
    for words, bad in (
        ("an empty key", keys.isna().any(axis=1).to_numpy()),
        ("the same row twice", keys.duplicated().to_numpy()),
        *(
            (f"{later} before {earlier}", (frame[later] < frame[earlier]).to_numpy())
            for earlier, later in spec.ordered
        ),
    ):
        if bad.any():
            row = keys.iloc[int(np.argmax(bad))]
            where = " ".join(f"{column}={str(value)[:10]}" for column, value in row.items())
            raise MarketError(f"{name}: {words} ({where}; {int(bad.sum())} rows); mend the table")


def _spec(name: str) -> OptionalTable:
    spec = TABLES.get(name)
    if spec is None:
        raise MarketError(f"{name} is no table of a bundle{nearest(name, TABLES)}; known: {' '.join(TABLES)}")
    return spec


def _check_columns(name: str, found: list[str], spec: OptionalTable) -> None:
    lacking = [column for column in spec.columns if column not in found]
    extra = [column for column in found if column not in spec.columns]
    if lacking:
        raise MarketError(f"{name}: column {lacking[0]!r} is missing (it has: {' '.join(found)})")
    if extra and spec.more is None:
        raise MarketError(f"{name}: column {extra[0]!r} is not known{nearest(extra[0], spec.columns)}")


def _array(column: pd.Series, kind: pa.DataType | None) -> pa.Array:
    if kind == _DATE:
        dates = pd.to_datetime(column).to_numpy().astype("datetime64[D]")
        return pa.array(dates, type=_DATE, mask=np.isnat(dates))
    if kind == _NUMBER:
        return pa.array(column.to_numpy(dtype=np.float64), type=_NUMBER, from_pandas=True)
    return pa.array(column.astype(object).where(column.notna(), None), type=_TEXT)
