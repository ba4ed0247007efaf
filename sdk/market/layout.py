"""The bundle on disk: which files, which columns, which types.

::

    manifest.json              format, schema, source, coverage, fields, sha256 of each file, report
    calendar.parquet           date
    securities.parquet         code display_name name type start_date end_date    (null end = live)
    daily/2015.parquet …       code date + fields, sorted by (code, date), one file a year
    minute/202401.parquet …    code date minute open high low close volume money, optional (see minute.py)
    index_daily.parquet        code date open high low close pre_close volume money
    index_members.parquet      index_code code in_date out_date  (last member day; null = still in)
    valuation.parquet          code date + JoinQuant's valuation columns
    corporate_actions.parquet  code ex_date cash_pre_tax share_ratio source
    optional tables            statements, industries, concepts, money flow …: ``optional_tables.py``

Long rows, because a researcher may want to read them with pandas alone; one file a year, because a panel of a
few years should not read the rest. Booleans are stored as booleans, all other values as float64, absent as
null.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

import pyarrow as pa

FORMAT: Final = "jqalpha-market-bundle"
SCHEMA: Final = 1
MANIFEST: Final = "manifest.json"

FLAG_FIELDS: Final = ("paused", "is_st", "money_estimated", "st_inferred")
DAILY_FIELDS: Final = (
    *("open", "high", "low", "close", "pre_close", "volume", "money"),
    *("factor", "high_limit", "low_limit", *FLAG_FIELDS),
)
MINUTE_FIELDS: Final = ("open", "high", "low", "close", "volume", "money")
INDEX_FIELDS: Final = ("open", "high", "low", "close", "pre_close", "volume", "money")

_DATE, _TEXT, _NUMBER, _FLAG = pa.date32(), pa.string(), pa.float64(), pa.bool_()

COLUMNS: Final = MappingProxyType(
    {
        "calendar.parquet": {"date": _DATE},
        "securities.parquet": {
            "code": _TEXT,
            "display_name": _TEXT,
            "name": _TEXT,
            "type": _TEXT,
            "start_date": _DATE,
            "end_date": _DATE,
        },
        "index_members.parquet": {"index_code": _TEXT, "code": _TEXT, "in_date": _DATE, "out_date": _DATE},
        "corporate_actions.parquet": {
            "code": _TEXT,
            "ex_date": _DATE,
            "cash_pre_tax": _NUMBER,
            "share_ratio": _NUMBER,
            "source": _TEXT,
        },
    }
)

DAILY_FILE: Final = re.compile(r"daily/\d{4}\.parquet")
MINUTE_FILE: Final = re.compile(r"minute/\d{6}\.parquet")
VALUATION, INDEX_DAILY = "valuation.parquet", "index_daily.parquet"
REQUIRED_FILES: Final = ("calendar.parquet", "securities.parquet")
FILE_NAME: Final = re.compile(r"[a-z_0-9]+(/[A-Za-z_0-9.]+)*\.(parquet|json)")


def column_type(column: str) -> pa.DataType:
    """Return the stored type of a column of bars or valuation."""
    keys = {"code": _TEXT, "date": _DATE, **dict.fromkeys(FLAG_FIELDS, _FLAG)}
    return keys.get(column, _NUMBER)
