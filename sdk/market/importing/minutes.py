"""Minute bars of an import: Parquet files in any split, read one month at a time.

Columns ``code time open high low close volume money``; ``time`` is the end of the minute (09:31 … 15:00), as
JoinQuant and most vendors label it. A code has all 240 bars of a day or none; the opening auction belongs to 09:31.
What does not fit, days outside the calendar and codes without daily bars are refused by name: nothing is filled or
left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sdk.errors import MarketError, nearest
from sdk.market.importing.reading import first_line
from sdk.market.layout import MINUTE_FIELDS
from sdk.market.table import UNREADABLE

_SCALES = {"shares": 1.0, "lots": 100.0}


def minute_months(
    path: Path, codes: frozenset[str], volume_unit: str, money_scale: float
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield (month ``YYYYMM``, rows as ``write_bundle`` takes them) of a file or a directory of files."""
    if volume_unit not in _SCALES:
        raise MarketError(f"{path}: minute bars cannot be read in {volume_unit!r}; give them in shares or lots")
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not files or not all(file.is_file() for file in files):
        raise MarketError(f"{path}: no Parquet file with minute bars")
    months: dict[np.datetime64, list[Path]] = {}
    for file in files:
        for month in np.unique(_times(file).astype("datetime64[M]")):
            months.setdefault(month, []).append(file)
    for month, parts in sorted(months.items()):
        rows = pd.concat([_rows(file, month) for file in parts], ignore_index=True)
        stray = sorted(set(rows["code"]) - codes)
        if stray:
            raise MarketError(
                f"{path}: minute bars of {stray[0]!r}, which has no daily bars{nearest(stray[0], codes)}"
            )
        rows["volume"] *= _SCALES[volume_unit]
        rows["money"] *= money_scale
        yield str(month).replace("-", ""), rows


def _times(file: Path) -> np.ndarray:
    try:
        names = pq.read_schema(file).names
        missing = [name for name in ("code", "time", *MINUTE_FIELDS) if name not in names]
        if missing:
            raise MarketError(f"{file}: column {missing[0]!r} is missing{nearest(missing[0], names)}")
        column = pq.read_table(file, columns=["time"])["time"]
    except UNREADABLE as error:
        raise MarketError(f"{file}: not a Parquet file, or damaged ({first_line(error)})") from error
    if not pa.types.is_timestamp(column.type) or column.null_count:
        raise MarketError(f"{file}: column 'time' is {column.type}; write it as timestamp, the end of the minute")
    return column.to_numpy().astype("datetime64[s]")


def _rows(file: Path, month: np.datetime64) -> pd.DataFrame:
    inside = np.flatnonzero(_times(file).astype("datetime64[M]") == month)
    table = pq.read_table(file, columns=["code", "time", *MINUTE_FIELDS]).take(inside)
    time = pd.Series(table["time"].to_numpy().astype("datetime64[ns]"))
    columns = {name: table[name].cast(pa.float64()).to_numpy() for name in MINUTE_FIELDS}
    bad = [name for name, values in columns.items() if not np.isfinite(values).all() or (values < 0).any()]
    if bad:
        raise MarketError(f"{file}: column {bad[0]!r} has values that are no numbers ≥ 0 in {month}")
    return pd.DataFrame(
        {
            "code": table["code"].cast(pa.string()).to_pandas().astype(object),
            "date": time.dt.normalize(),
            "minute": (time.dt.hour * 100 + time.dt.minute).astype(np.int16),
            **columns,
        }
    )
