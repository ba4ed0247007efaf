"""The shapes of the bar calls: DataFrames in which ``closes[-1]`` is still the last row.

# platform: its pandas (1.1) reads an integer on a Series whose index holds no integers as a place, and published
strategies write ``attribute_history(...)['close'][-1]`` everywhere; pandas 3 would raise KeyError. Only that is put
back; all else is the installed pandas. pandas is imported at the first frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@lru_cache(maxsize=1)
def frame_class() -> type[pd.DataFrame]:
    """Return the DataFrame whose columns and rows are Series that know places."""
    import pandas as pd

    class Series(pd.Series):
        """A Series with the old reading of ``series[-1]``."""

        @property
        def _constructor(self) -> Any:
            return make_series

        @property
        def _constructor_expanddim(self) -> Any:
            return DataFrame

        def __getitem__(self, key: Any) -> Any:
            if isinstance(key, int | np.integer) and self.index.dtype.kind not in "iuf":
                return self.iloc[key]
            return super().__getitem__(key)

    class DataFrame(pd.DataFrame):
        """A DataFrame of such Series."""

        @property
        def _constructor(self) -> Any:
            return DataFrame

        @property
        def _constructor_sliced(self) -> Any:
            return make_series

    def make_series(*given: Any, **named: Any) -> Any:
        """Build one; what pandas has just built itself only changes its class, which is four times as fast."""
        if len(given) == 1 and not named and type(given[0]) is pd.Series:
            given[0].__class__ = Series
            return given[0]
        return Series(*given, **named)

    return DataFrame


@lru_cache(maxsize=64)
def _columns(names: tuple[str, ...]) -> Any:
    """The column index of a frame, shared by all frames with these names: its lookup table is built once."""
    import pandas as pd

    return pd.Index(names)


def table(names: Sequence[str], days: np.ndarray | None, block: np.ndarray) -> Any:
    """Times × names as one block of memory: a frame of 300 columns costs as much as one of three."""
    import pandas as pd

    index = None if days is None else pd.DatetimeIndex(days.astype("datetime64[ns]"))
    return frame_class()(block.T, index=index, columns=_columns(tuple(names)), copy=False)


def frame(columns: dict[str, np.ndarray], days: np.ndarray | None) -> Any:
    """Times × fields, one block of memory as in ``table``."""
    import pandas as pd

    if not columns or any(column.dtype != np.float64 for column in columns.values()):
        index = None if days is None else pd.DatetimeIndex(days.astype("datetime64[ns]"))
        return frame_class()(columns, index=index, copy=False)
    return table(tuple(columns), days, np.array(list(columns.values())))


def long(codes: list[str], days: np.ndarray, blocks: dict[str, np.ndarray], keep: np.ndarray | None) -> Any:
    """Rows (code by code, times ascending) with the columns time, code and the fields."""
    import pandas as pd

    times = np.tile(days.astype("datetime64[ns]"), len(codes))
    labels = np.repeat(np.array(codes, dtype=object), len(days))
    pick: Any = slice(None) if keep is None else keep.reshape(-1)
    columns: dict[str, Any] = {"time": times[pick], "code": pd.Series(labels[pick], dtype=object)}
    columns.update({name: block.reshape(-1)[pick] for name, block in blocks.items()})
    return frame_class()(columns, copy=False)


class FieldFrames(dict[str, Any]):
    """What stands in for ``pandas.Panel``: field -> DataFrame of times × codes, also as attributes."""

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise AttributeError(name)
