"""Minute bars of a bundle: ``minute/202401.parquet`` …, one file a month, one row group a code.

Rows ``code date minute open high low close volume money`` (raw prices in CNY, shares, CNY), sorted by code, date,
minute; ``minute`` is the label of the bar's end as HHMM (931 … 1130, 1301 … 1500). A code has all 240 bars of a day
or none: none on days without trading; a minute without a trade repeats the last price with volume 0. One code of one
month is one read, so what is in memory is what was asked for, whatever the size of the bundle.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sdk.errors import MarketError
from sdk.market.layout import MINUTE_FIELDS
from sdk.market.manifest import StoredFiles
from sdk.market.session_minutes import BARS, LABELS
from sdk.market.table import UNREADABLE, unreadable

_SCHEMA = pa.schema(
    [
        *(("code", pa.string()), ("date", pa.date32()), ("minute", pa.int16())),
        *((field, pa.float64()) for field in MINUTE_FIELDS),
    ]
)
_AGAIN = "write the bundle again"


class MinuteTable:
    """The minute files of a bundle; ``days`` is its calendar, ``months`` the months that have a file."""

    def __init__(self, stored: StoredFiles, files: Sequence[str], days: np.ndarray) -> None:
        self._stored, self._names = stored, {_month_of(name): name for name in files}
        self._paths = {month: stored.path(name) for month, name in self._names.items()}
        self._days = days
        self._open: dict[str, tuple[pq.ParquetFile, dict[str, int]]] = {}
        self._places: dict[tuple[str, str], np.ndarray] = {}

    @cached_property
    def months(self) -> tuple[str, ...]:
        """Months with minute bars, ``YYYYMM`` ascending."""
        return tuple(sorted(self._paths))

    @cached_property
    def span(self) -> dict[str, tuple[int, int]]:
        """Month -> (first, stop) of its trading days in the calendar."""
        keys = np.char.replace(self._days.astype("datetime64[M]").astype(str), "-", "")
        return {
            month: (int(np.searchsorted(keys, month)), int(np.searchsorted(keys, month, "right")))
            for month in np.unique(keys).tolist()
        }

    def codes(self, month: str) -> tuple[str, ...]:
        """Codes with minute bars in a month."""
        return tuple(self._file(month)[1]) if month in self._paths else ()

    def read(self, code: str, month: str, fields: Sequence[str]) -> dict[str, np.ndarray] | None:
        """Return field -> (trading days of the month, 240), NaN on days without bars; None without any.

        MarketError for a file that is not written as the module's text says.
        """
        group = self._file(month)[1].get(code) if month in self._paths else None
        if group is None:
            return None
        file, known = self._file(month)[0], self._places.get((code, month))
        keys = [] if known is not None else ["date", "minute"]
        try:
            table = file.read_row_group(group, columns=[*keys, *fields], use_threads=False)
        except UNREADABLE as error:
            raise MarketError(f"{self._paths[month]}: not readable ({error}); {_AGAIN}") from error
        if known is None:
            known = self._places[(code, month)] = self._checked(code, month, table)
        first, stop = self.span[month]
        found = {}
        for field in fields:
            whole = np.full((stop - first, BARS), np.nan)
            whole[known] = table[field].to_numpy().reshape(-1, BARS)
            found[field] = whole
        return found

    def reopen(self) -> None:
        """Drop open files; for a copy of the process, which must not share them."""
        self._open.clear()

    def _checked(self, code: str, month: str, table: pa.Table) -> np.ndarray:
        """Positions of the days inside the month; each has exactly the 240 labels."""
        days = self._days[slice(*self.span[month])]
        dates = table["date"].cast(pa.int32()).to_numpy().astype("datetime64[D]")
        where = f"{self._paths[month]}: {code}"
        return _places(dates, table["minute"].to_numpy(), days, where)

    def _file(self, month: str) -> tuple[pq.ParquetFile, dict[str, int]]:
        if month not in self._open:
            path = self._stored.trusted(self._names[month])
            try:
                file = pq.ParquetFile(path)
                missing = [name for name in _SCHEMA.names if name not in file.schema_arrow.names]
                if missing:
                    raise MarketError(f"{path}: column {missing[0]!r} is missing; {_AGAIN}")
                groups = _row_groups(file, path)
            except UNREADABLE as error:
                raise unreadable(path, error) from error
            while len(self._open) >= 3:
                self._open.pop(next(iter(self._open)))[0].close()
            self._open[month] = file, groups
        return self._open[month]


def write_minutes(root: Path, frames: Iterable[tuple[str, pd.DataFrame]], calendar: np.ndarray) -> list[str]:
    """Write (month ``YYYYMM``, rows) one after the other; return the file names. MarketError for bad rows."""
    days, names = np.asarray(calendar).astype("datetime64[D]"), []
    (root / "minute").mkdir(exist_ok=True)
    for month, frame in frames:
        name = f"minute/{month}.parquet"
        with pq.ParquetWriter(root / name, _SCHEMA, compression="zstd") as writer:
            for rows in _by_code(frame, month, days):
                writer.write_table(rows, row_group_size=len(rows))
        names.append(name)
    return names


def _by_code(frame: pd.DataFrame, month: str, days: np.ndarray) -> Iterator[pa.Table]:
    frame = frame.sort_values(["code", "date", "minute"], kind="stable")
    codes = frame["code"].to_numpy()
    dates = frame["date"].to_numpy().astype("datetime64[D]")
    bounds = [0, *(np.flatnonzero(codes[1:] != codes[:-1]) + 1), len(frame)] if len(frame) else [0]
    for first, stop in itertools.pairwise(bounds):
        part = slice(int(first), int(stop))
        where = f"minute bars of {codes[part.start]} in {month}"
        _places(dates[part], frame["minute"].to_numpy()[part], days, where)
        if (dates[part].astype("datetime64[M]") != np.datetime64(f"{month[:4]}-{month[4:]}")).any():
            raise MarketError(f"{where}: rows of another month")
        columns = {
            "code": pa.array(codes[part], type=pa.string()),
            "date": pa.array(dates[part], type=pa.date32()),
            "minute": pa.array(frame["minute"].to_numpy()[part].astype(np.int16)),
            **{field: pa.array(frame[field].to_numpy(dtype=np.float64)[part]) for field in MINUTE_FIELDS},
        }
        yield pa.table(columns, schema=_SCHEMA)


def _places(dates: np.ndarray, minutes: np.ndarray, days: np.ndarray, where: str) -> np.ndarray:
    """Positions in ``days`` of the days of sorted rows; MarketError unless each has exactly the 240 labels."""
    if len(dates) % BARS:
        raise MarketError(f"{where}: {len(dates)} rows are no whole number of days of {BARS} bars")
    day = dates.reshape(-1, BARS)
    whole = (day == day[:, :1]).all(axis=1) & (minutes.reshape(-1, BARS) == LABELS).all(axis=1)
    if not whole.all():
        raise MarketError(f"{where}: {day[~whole][0, 0]} has not the {BARS} bars 931 … 1130, 1301 … 1500")
    place = np.searchsorted(days, day[:, 0])
    inside = days[np.minimum(place, len(days) - 1)] == day[:, 0]
    if not inside.all():
        raise MarketError(f"{where}: {day[~inside][0, 0]} is not in the bundle's calendar")
    if (np.diff(place) <= 0).any():
        raise MarketError(f"{where}: days are not ascending")
    return place


def _row_groups(file: pq.ParquetFile, path: Path) -> dict[str, int]:
    """Code -> its row group."""
    meta, groups = file.metadata, {}
    column = file.schema_arrow.names.index("code")
    for number in range(meta.num_row_groups):
        found = meta.row_group(number).column(column).statistics
        if found is None or found.min != found.max or found.min in groups:
            raise MarketError(f"{path}: row group {number} is not one code; {_AGAIN}")
        groups[found.min] = number
    return groups


def _month_of(name: str) -> str:
    return name.rpartition("/")[2].partition(".")[0]
