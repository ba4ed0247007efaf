"""Long Parquet rows (code, date, values) read as matrices (stocks, days), one column at a time.

The place of each row in the matrix is computed once per file; a field is then one column read and one
scatter. A matrix holds all codes of the table over the whole calendar and is kept, so that panels share it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sdk.errors import MarketError
from sdk.market.manifest import StoredFiles

UNREADABLE = (pa.ArrowException, OSError)
TOGETHER = ("open", "close", "high_limit", "low_limit", "paused", "factor", "volume")  # a backtest needs them all

# The system's pool gives back what a read leaves: 35 MB less for a run. Arrow's own code takes the pool that the
# environment names at its first allocation; its mimalloc would claim a gibibyte at once, which a memory limit counts.
# Where pandas has allocated before, this comes too late: emulator/isolated.py tells a strategy's process outright.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
pa.set_memory_pool(pa.system_memory_pool())


def read_columns(path: Path, columns: list[str] | None = None, dictionary: list[str] | None = None) -> pa.Table:
    """Return columns of a Parquet file; MarketError in one line when it cannot be read or lacks one."""
    try:
        # Not buffered ahead: that takes threads, whose heaps would keep 30 MB to the end of a run.
        with pq.ParquetFile(path, read_dictionary=dictionary, pre_buffer=False) as file:
            lacking = [name for name in columns or () if name not in file.schema_arrow.names]
            if lacking:
                raise MarketError(
                    f"{path}: column {lacking[0]!r} is missing (it has: {' '.join(file.schema_arrow.names)})"
                )
            return file.read(columns=columns, use_threads=False)
    except UNREADABLE as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> Exception:
    """Return what a failed read is: no memory for the decoder (its words are those of zstd) or a spoilt file."""
    if isinstance(error, MemoryError) or "create failed" in str(error):
        return MemoryError(f"{path}: {_first_line(error)}")
    return MarketError(f"{path}: not a readable Parquet file ({_first_line(error)})")


def read_frame(path: Path | None, columns: Mapping[str, pa.DataType]) -> pd.DataFrame:
    """Return a small table as pandas, dates as ``datetime64[ns]`` (NaT = absent); empty for ``path`` None."""
    schema = pa.schema(list(columns.items()))
    table = schema.empty_table() if path is None else read_columns(path, list(columns))
    return pd.DataFrame({name: series_of(table[name]) for name in columns})


def series_of(column: pa.ChunkedArray) -> pd.Series:
    """Return a column as pandas: dates as ``datetime64[ns]`` (NaT = absent), texts as objects."""
    if pa.types.is_date(column.type):
        return column.cast(pa.timestamp("ns")).to_pandas()
    found = column.to_pandas()
    return found.astype(object) if pa.types.is_string(column.type) or pa.types.is_large_string(column.type) else found


class BarTable:
    """The bars of one kind; fields in the order of ``offered``, or all number columns when that is None."""

    def __init__(
        self,
        stored: StoredFiles,
        files: tuple[str, ...],
        days: np.ndarray,
        offered: tuple[str, ...] | None,
    ) -> None:
        self._stored, self._files = stored, files
        self._paths = [stored.path(name) for name in files]
        self._days = days
        self._offered = offered
        self._matrices: dict[str, np.ndarray] = {}

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Value columns that every file has."""
        try:
            names = [pq.read_schema(path).names for path in self._paths]
        except UNREADABLE as error:
            raise MarketError(f"{self._paths[0].parent}: not readable as Parquet ({_first_line(error)})") from error
        common = [name for name in (names[0] if names else []) if all(name in other for other in names)]
        if self._offered is None:
            return tuple(name for name in common if name not in ("code", "date"))
        return tuple(name for name in self._offered if name in common)

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Codes that have a bar, ascending."""
        return tuple(sorted({code for codes, _, _ in self._keys for code in codes}))  # kept: _keys goes

    def matrix(self, field: str, codes: tuple[str, ...], days: slice) -> np.ndarray:
        """Return ``field`` for ``codes`` over ``days`` of the calendar: float64, read-only, NaN = no bar."""
        whole = self._whole(field)
        if codes == self.codes:
            return whole[:, days]
        place = {code: row for row, code in enumerate(self.codes)}
        rows = np.array([place.get(code, -1) for code in codes], dtype=np.intp)
        part = (
            np.where((rows >= 0)[:, np.newaxis], whole[rows, days], np.nan)
            if len(self.codes)
            else _absent(rows, days, whole)
        )
        part.setflags(write=False)
        return part

    def load(self) -> None:
        """Read all fields now."""
        for field in self.fields:
            self._whole(field)

    def forget(self) -> None:
        """Let go of what was read; the next question reads it again. Views that somebody holds stay."""
        self._matrices.clear()
        self.__dict__.pop("_places", None)

    def writable(self, field: str) -> np.ndarray:
        """Return the matrix itself, (codes, days), to be changed: for processes that play with another market."""
        matrix = self._whole(field)
        matrix.setflags(write=True)
        return matrix

    def _whole(self, field: str) -> np.ndarray:
        if field not in self._matrices:
            group = [name for name in TOGETHER if name in self.fields] if field in TOGETHER else [field]
            # one block of memory: the system hands large blocks out in large pages
            whole = np.full((len(group), len(self.codes), len(self._days)), np.nan)
            matrices = dict(zip(group, whole, strict=True))
            for path, place in zip(self._paths, self._places, strict=True):
                table = read_columns(path, group)
                for name, matrix in matrices.items():
                    matrix.reshape(-1)[place] = table[name].cast(pa.float64()).to_numpy()
                del table
            pa.default_memory_pool().release_unused()
            for matrix in matrices.values():
                matrix.setflags(write=False)
            self._matrices.update(matrices)
        return self._matrices[field]

    @cached_property
    def _keys(self) -> list[tuple[list[str], np.ndarray, np.ndarray]]:
        """Per file: its codes, for each row the index into them, for each row its date as days since 1970."""
        keys = []
        for path in map(self._stored.trusted, self._files):  # numbers come after the keys
            table = read_columns(path, ["code", "date"], ["code"])
            code = table["code"].unify_dictionaries().combine_chunks()
            code = code.chunk(0) if isinstance(code, pa.ChunkedArray) else code
            date = table["date"].cast(pa.int32()).to_numpy()
            keys.append((code.dictionary.to_pylist(), code.indices.to_numpy(), date))
        return keys

    @cached_property
    def _places(self) -> list[np.ndarray]:
        """Per file: the flat position of each row in the matrix of all codes and days."""
        row_of = {code: row for row, code in enumerate(self.codes)}
        numbers = self._days.astype(np.int64)
        column_of = np.full(numbers[-1] - numbers[0] + 1, -1)  # by days since the first one; −1 = no trading day
        column_of[numbers - numbers[0]] = np.arange(len(numbers))
        places = []
        for path, (codes, index, date) in zip(self._paths, self._keys, strict=True):
            since = date - numbers[0]
            column = column_of[np.clip(since, 0, len(column_of) - 1)]
            outside = (column < 0) | (since < 0) | (since >= len(column_of))
            if outside.any():
                day = date[outside][0].astype("datetime64[D]")
                raise MarketError(f"{path}: {day} is not in the bundle's calendar; build the bundle again")
            rows = np.array([row_of[code] for code in codes], dtype=np.int64)
            places.append(rows[index] * len(self._days) + column)
        del self.__dict__["_keys"]  # large, and not needed again
        return places


def _absent(rows: np.ndarray, days: slice, whole: np.ndarray) -> np.ndarray:
    return np.full((len(rows), whole[:, days].shape[1]), np.nan)


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
