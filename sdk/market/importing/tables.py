"""Optional tables on their way in: Parquet files with the platform's columns, one for each name.

``id`` and, where the table does not want it, ``day`` are the platform's bookkeeping and are left out; dates may be
dates or texts. What is impossible is refused by ``optional_tables``, before anything is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from sdk.errors import MarketError
from sdk.market.optional_tables import PLATFORM, TABLES, arrow_table
from sdk.market.table import read_columns

BOOKKEEPING = ("id", "day")


def parse_table(given: str) -> tuple[str, Path]:
    """Return (name, file) of ``fundamentals/income=income.parquet``; MarketError for another form."""
    name, sign, path = given.partition("=")
    if not sign or not path:
        raise MarketError(f"--table {given!r}: write NAME=FILE, like fundamentals/income=income.parquet")
    return name.strip(), Path(path.strip())


def read_tables(files: Iterable[tuple[str, Path]]) -> dict[str, pd.DataFrame]:
    """Read and check the tables; MarketError names table, column and row of what cannot be right."""
    tables = {}
    for name, path in files:
        frame = read_columns(path).to_pandas()
        spec = TABLES.get(f"{name}.parquet")
        if spec is not None and not PLATFORM.fullmatch(f"{name}.parquet"):
            frame = frame.drop(columns=[one for one in BOOKKEEPING if one in frame and one not in spec.columns])
        try:
            arrow_table(f"{name}.parquet", frame)
        except (ValueError, TypeError) as error:
            raise MarketError(f"{path}: {name} has a value of the wrong kind ({error})") from error
        tables[name] = frame
    return tables
