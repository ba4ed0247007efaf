"""Write a bundle whole or not at all, the same bytes for the same input.

Everything is written to a hidden sibling directory, flushed to disk, and renamed into place as the last step.
A bundle that was there before is moved aside first and comes back if the rename fails; a directory that is
not a bundle is never touched.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sdk import files
from sdk.errors import MarketError
from sdk.market.bundle import Bundle
from sdk.market.layout import (
    COLUMNS,
    DAILY_FIELDS,
    FORMAT,
    INDEX_DAILY,
    INDEX_FIELDS,
    MANIFEST,
    SCHEMA,
    VALUATION,
    column_type,
)
from sdk.market.manifest import sha256_of
from sdk.market.minute import write_minutes
from sdk.market.optional_tables import arrow_table

ROW_GROUP = 1 << 20


def write_bundle(
    path: str | Path,
    *,
    calendar: np.ndarray,
    securities: pd.DataFrame,
    daily: pd.DataFrame,
    index_daily: pd.DataFrame | None = None,
    index_members: pd.DataFrame | None = None,
    valuation: pd.DataFrame | None = None,
    corporate_actions: pd.DataFrame | None = None,
    minutes: Iterable[tuple[str, pd.DataFrame]] | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
    about: Mapping[str, Any],
) -> Bundle:
    """Write the tables of ``layout.py`` (dates as datetime64, NaN/NaT/None = absent) and return the open
    bundle.

    ``minutes`` gives (month ``YYYYMM``, rows of ``minute.py``) one after the other; only one is held at a time.
    ``tables``: optional tables by name, like ``fundamentals/income``. ``about`` joins the manifest: source,
    planted signal, import report. MarketError when ``path`` holds something else.
    """
    target = Path(path).absolute()
    refuse_foreign(target)
    stored = {
        "calendar.parquet": _small("calendar.parquet", pd.DataFrame({"date": calendar})),
        "securities.parquet": _small("securities.parquet", securities.sort_values("code")),
        **_yearly(_bars(daily, DAILY_FIELDS)),
    }
    if index_daily is not None:
        stored[INDEX_DAILY] = _bars(index_daily, INDEX_FIELDS)
    if index_members is not None:
        members = index_members.sort_values(["index_code", "code", "in_date"])
        stored["index_members.parquet"] = _small("index_members.parquet", members)
    if valuation is not None:
        stored[VALUATION] = _bars(valuation, tuple(str(c) for c in valuation if c not in ("code", "date")))
    if corporate_actions is not None:
        actions = corporate_actions.sort_values(["code", "ex_date"])
        stored["corporate_actions.parquet"] = _small("corporate_actions.parquet", actions)
    for name, frame in (tables or {}).items():
        stored[f"{name}.parquet"] = arrow_table(f"{name}.parquet", frame)
    try:
        _publish(target, stored, {"coverage": _coverage(calendar, daily), **about}, minutes, calendar)
    except OSError as error:
        raise MarketError(f"{target} cannot be written ({error}); what was there before is as it was") from error
    return Bundle.open(target)


def refuse_foreign(target: Path) -> None:
    """Raise MarketError if ``target`` exists and is neither a bundle nor an empty directory."""
    if target.is_symlink():
        raise MarketError(f"{target} exists and is not a directory; choose another place for the bundle")
    if why := files.objection(target, MANIFEST, FORMAT):
        raise MarketError(f"行情包不能写在这里 · no bundle here: {why}")


def _coverage(calendar: np.ndarray, daily: pd.DataFrame) -> dict[str, Any]:
    return {
        "start": str(calendar[0].astype("datetime64[D]")),
        "end": str(calendar[-1].astype("datetime64[D]")),
        "trading_days": len(calendar),
        "codes": int(daily["code"].nunique()),
        "bars": len(daily),
        "fields": [field for field in DAILY_FIELDS if field in daily],
    }


def _small(name: str, frame: pd.DataFrame) -> pa.Table:
    return _table(frame, dict(COLUMNS[name]))


def _bars(frame: pd.DataFrame, fields: tuple[str, ...]) -> pa.Table:
    columns = ["code", "date", *(field for field in fields if field in frame)]
    ordered = frame[columns].sort_values(["code", "date"], kind="stable")
    return _table(ordered, {column: column_type(column) for column in columns})


def _yearly(table: pa.Table) -> dict[str, pa.Table]:
    year = table["date"].cast(pa.int32()).to_numpy().astype("datetime64[D]").astype("datetime64[Y]")
    return {f"daily/{one}.parquet": table.filter(pa.array(year == one)) for one in np.unique(year)}


def _table(frame: pd.DataFrame, types: dict[str, pa.DataType]) -> pa.Table:
    """Return an Arrow table without pandas metadata (which names versions), NaN and NaT as null."""
    arrays = {name: _array(frame[name], kind) for name, kind in types.items()}
    return pa.table(arrays, schema=pa.schema(list(types.items())))


def _array(column: pd.Series, kind: pa.DataType) -> pa.Array:
    if kind == pa.date32():
        dates = pd.to_datetime(column).to_numpy().astype("datetime64[D]")
        return pa.array(dates, type=kind, mask=np.isnat(dates))
    if kind == pa.bool_():
        return pa.array(column.to_numpy().astype(bool), type=kind)
    if kind == pa.float64():
        return pa.array(column.to_numpy(dtype=np.float64), type=kind, from_pandas=True)
    return pa.array(column.astype(object).where(column.notna(), None), type=kind)


def _publish(
    target: Path,
    tables: Mapping[str, pa.Table],
    about: Mapping[str, Any],
    minutes: Iterable[tuple[str, pd.DataFrame]] | None,
    calendar: np.ndarray,
) -> None:
    """Write beside ``target``, flush, rename; leave nothing behind when something fails."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.writing-", dir=target.parent))
    try:
        for name, table in tables.items():
            (beside / name).parent.mkdir(exist_ok=True)
            pq.write_table(table, beside / name, compression="zstd", row_group_size=ROW_GROUP)
        extra = [] if minutes is None else write_minutes(beside, minutes, calendar)
        files = {name: sha256_of(beside / name) for name in sorted((*tables, *extra))}
        manifest = {"format": FORMAT, "schema": SCHEMA, **about, "files": files}
        text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
        (beside / MANIFEST).write_text(text + "\n", "utf-8")
        _flush(beside)
        beside.chmod(0o755)
        _swap(beside, target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _flush(root: Path) -> None:
    for place in [*sorted(root.rglob("*")), root]:
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _swap(beside: Path, target: Path) -> None:
    """Rename ``beside`` to ``target``; a bundle already there moves aside, and back if that fails."""
    if not target.exists():
        beside.rename(target)
    else:
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.old-", dir=target.parent))
        target.rename(aside / "bundle")
        try:
            beside.rename(target)
        except OSError:
            (aside / "bundle").rename(target)
            raise
        finally:
            if target.exists():
                shutil.rmtree(aside)
    handle = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
