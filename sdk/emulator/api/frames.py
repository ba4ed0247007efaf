"""The shapes of the bar calls, made fast: one block of memory, column names shared, pandas imported at first use.

Places on Series (``close[-1]``) and other words of the platform's pandas are ``lib/old_pandas.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
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


class FieldFrames(dict[str, Any]):
    """What stands in for ``pandas.Panel``: field -> DataFrame of times × codes, also as attributes."""

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise AttributeError(name)
