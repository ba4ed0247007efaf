"""The shapes of the bar calls, made fast: one block of memory, column names shared, pandas imported at first use.

Places on Series (``close[-1]``) and other words of the platform's pandas are ``lib/old_pandas.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np


@lru_cache(maxsize=64)
def _columns(names: tuple[str, ...]) -> Any:
    """The column index of all frames with these names: its lookup table is built once; frames take views of it."""
    import pandas as pd

    return pd.Index(names)


def table(names: Sequence[str], days: np.ndarray | None, block: np.ndarray) -> Any:
    """Times × names as one block of memory: a frame of 300 columns costs as much as one of three."""
    import pandas as pd

    index = None if days is None else pd.DatetimeIndex(days.astype("datetime64[ns]"))
    return pd.DataFrame(block.T, index=index, columns=_columns(tuple(names)).view(), copy=False)


def frame(columns: dict[str, np.ndarray], days: np.ndarray | None) -> Any:
    """Times × fields, one block of memory as in ``table``."""
    import pandas as pd

    if not columns or any(column.dtype != np.float64 for column in columns.values()):
        index = None if days is None else pd.DatetimeIndex(days.astype("datetime64[ns]"))
        return pd.DataFrame(columns, index=index, copy=False)
    return table(tuple(columns), days, np.array(list(columns.values())))


def long(codes: list[str], days: np.ndarray, blocks: dict[str, np.ndarray], keep: np.ndarray | None) -> Any:
    """Rows (code by code, times ascending) with the columns time, code and the fields."""
    import pandas as pd

    times = np.tile(days.astype("datetime64[ns]"), len(codes))
    labels = np.repeat(np.array(codes, dtype=object), len(days))
    pick: Any = slice(None) if keep is None else keep.reshape(-1)
    columns: dict[str, Any] = {"time": times[pick], "code": pd.Series(labels[pick], dtype=object)}
    columns.update({name: block.reshape(-1)[pick] for name, block in blocks.items()})
    return pd.DataFrame(columns, copy=False)


def long_of_rows(codes: list[str], rows: Sequence[tuple[dict[str, np.ndarray], np.ndarray]]) -> Any:
    """The same shape as ``long`` of (columns, times) of each code, which need not be equally long."""
    import pandas as pd

    labels = np.repeat(np.array(codes, dtype=object), [len(times) for _, times in rows])
    times = np.concatenate([times.astype("datetime64[ns]") for _, times in rows])
    columns: dict[str, Any] = {"time": times, "code": pd.Series(labels, dtype=object)}
    columns.update({name: np.concatenate([part[name] for part, _ in rows]) for name in rows[0][0]})
    return pd.DataFrame(columns, copy=False)


class FieldFrames(dict[str, Any]):
    """What stands in for ``pandas.Panel``: field -> DataFrame of times × codes, also as attributes.

    ``iloc`` and ``loc`` take up to three keys (field, time, code) as a Panel did: one time or one code of several
    fields is a frame with the fields as columns.
    """

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise AttributeError(name)

    iloc = property(lambda self: _Cut(self, lambda frame: frame.iloc))
    loc = property(lambda self: _Cut(self, lambda frame: frame.loc))
    major_axis = property(lambda self: self._first.index)
    minor_axis = property(lambda self: self._first.columns)

    @property
    def _first(self) -> Any:
        return next(iter(self.values()))

    def major_xs(self, time: Any) -> Any:
        """One time: codes × fields."""
        return self.loc[:, time, :]

    def minor_xs(self, code: Any) -> Any:
        """One code: times × fields."""
        return self.loc[:, :, code]

    def to_frame(self, filter_observations: bool = True) -> Any:
        """Rows (major = time, minor = code), fields as columns; rows with a NaN are left out unless asked for."""
        import pandas as pd

        index = pd.MultiIndex.from_product([self.major_axis, self.minor_axis], names=["major", "minor"])
        rows = pd.DataFrame({name: part.to_numpy().reshape(-1) for name, part in self.items()}, index=index)
        return rows.dropna() if filter_observations else rows


class _Cut:
    """``panel.iloc`` and ``panel.loc``; ``axis`` gives that of one frame."""

    def __init__(self, panel: FieldFrames, axis: Callable[[Any], Any]) -> None:
        self._panel, self._axis = panel, axis

    def __getitem__(self, key: Any) -> Any:
        import pandas as pd

        field, time, code = (*(key if isinstance(key, tuple) else (key,)), slice(None), slice(None))[:3]
        names = self._axis(pd.Series(list(self._panel), index=list(self._panel)))[field]
        if isinstance(names, str):
            return self._axis(self._panel[names])[time, code]
        parts = {name: self._axis(self._panel[name])[time, code] for name in names}
        dimensions = {getattr(part, "ndim", 0) for part in parts.values()}
        if dimensions == {2}:
            return FieldFrames(parts)
        return pd.DataFrame(parts) if dimensions == {1} else pd.Series(parts)
