"""What strategies expect of the platform's pandas 1.1 and numpy 1.19, on the pandas and numpy that are installed.

``install()`` adds to pandas and numpy what newer ones took away: ``close[-1]`` on a Series whose index holds dates
or codes, ``append``, ``ix``, ``fillna(method=…)``, ``drop('code', 1)``, ``np.float``, a date compared with a day …
Only what would raise today gets an answer, so code that works without this works the same with it – with four
exceptions that would be silent: ``s[0] = x`` on such a Series sets the first value as it did then (not a new
label 0), a day ``==`` a date compares the days, and ``groupby('code').sum()`` takes the columns of numbers only; what
``apply`` of groups sees and gives is in ``old_groups.py``.

``df['a'][mask] = x`` and ``df['a'].fillna(0, inplace=True)`` changed ``df`` then and change nothing now; in the text
of a strategy they change it here: a column that is taken from a frame and never named is put back after the
change. What pandas itself notices beyond that (``df.loc[i]['a'] = x``) is an error in a strategy, because the
numbers after it would be wrong.

# platform: pandas 1.1.5, numpy 1.19.5 in June 2022 (JOINQUANT.md §9); public strategies go back to pandas 0.2x.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import io
import sys
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from pandas.core.groupby import DataFrameGroupBy
from pandas.core.indexing import _LocIndexer

from sdk.emulator.lib.old_groups import install_groups

# numpy name -> what it was
ARRAY_NAMES: dict[str, Any] = {
    **{"float": float, "int": int, "bool": bool, "object": object, "str": str, "complex": complex, "long": int},
    **{"NaN": np.nan, "NAN": np.nan, "Inf": np.inf, "infty": np.inf, "float_": np.float64, "unicode_": np.str_},
    **{"product": np.prod, "cumproduct": np.cumprod, "alltrue": np.all, "sometrue": np.any, "round_": np.round},
    **{"asscalar": lambda value: np.asarray(value).item(), "in1d": lambda a, b: np.isin(np.ravel(a), b)},
}
# owner, method -> the names of its parameters in the order they had; a call may give them by position again
POSITIONAL: tuple[tuple[Any, str, tuple[str, ...]], ...] = (
    (pd, "concat", ("objs", "axis", "join")),
    (pd, "merge", ("left", "right", "how", "on")),
    (pd.DataFrame, "drop", ("labels", "axis")),
    (pd.Series, "drop", ("labels", "axis")),
    (pd.DataFrame, "dropna", ("axis", "how", "thresh")),
    (pd.Series, "dropna", ("axis",)),
    (pd.DataFrame, "pivot", ("index", "columns", "values")),
    (pd.DataFrame, "set_index", ("keys", "drop", "append", "inplace")),
    (pd.DataFrame, "reset_index", ("level", "drop", "inplace")),
    (pd.Series, "reset_index", ("level", "drop", "name", "inplace")),
    (pd.DataFrame, "sort_values", ("by", "axis", "ascending", "inplace")),
    (pd.Series, "sort_values", ("axis", "ascending", "inplace")),
    *((pd.DataFrame, name, ("axis", "skipna")) for name in ("mean", "sum", "std", "max", "min", "median", "prod")),
    *((pd.DataFrame, name, ("axis",)) for name in ("any", "all", "cumsum", "cumprod", "rank", "idxmax", "idxmin")),
)


@functools.cache
def install() -> None:
    """Add the old names once; nothing that works is changed."""
    with warnings.catch_warnings(), contextlib.suppress(pd.errors.OptionError):
        warnings.simplefilter("ignore")  # pandas means to take this option away again
        pd.set_option("future.infer_string", False)  # a column of texts takes any object, as it did
    for name, value in ARRAY_NAMES.items():
        if name not in vars(np):
            setattr(np, name, value)
    for owner, name, order in POSITIONAL:
        setattr(owner, name, _by_position(getattr(owner, name), order))
    for owner, name, function in _ADDED:
        if not hasattr(owner, name):
            setattr(owner, name, function)
    pd.DataFrame.sort_index = _sort_index(pd.DataFrame.sort_index)  # type: ignore[method-assign]
    for kind in (pd.DataFrame, pd.Series):
        kind.fillna = _fillna(kind.fillna)  # type: ignore[method-assign]
    setattr(pd, "read_json", _read_text(pd.read_json))  # noqa: B010
    pd.DataFrame.__getitem__ = _column(pd.DataFrame.__getitem__)  # type: ignore[method-assign]
    pd.Series.__getitem__ = _get(pd.Series.__getitem__)  # type: ignore[method-assign]
    rows: Any = _LocIndexer
    rows.__getitem__ = _sets_as_lists(rows.__getitem__)
    pd.Series.__setitem__ = _set(pd.Series.__setitem__)  # type: ignore[method-assign]
    pd.DatetimeIndex.get_loc = _place_of_a_date(pd.DatetimeIndex.get_loc)  # type: ignore[method-assign]
    _Unnamed.measure()
    for owner in (pd.Series, pd.Timestamp):
        for name in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__sub__", "__rsub__"):
            setattr(owner, name, _with_dates(getattr(owner, name)))
    for name in ("sum", "prod", "mean", "median", "std", "var"):
        setattr(DataFrameGroupBy, name, _numbers_of_groups(getattr(DataFrameGroupBy, name)))
        setattr(pd.DataFrame, name, _numbers_where_it_must(getattr(pd.DataFrame, name)))
    for name in ("corr", "cov", "quantile", "skew", "kurt"):
        setattr(pd.DataFrame, name, _numbers_where_it_must(getattr(pd.DataFrame, name)))
    for name in ("idxmax", "idxmin"):
        setattr(pd.Series, name, _nothing_of_nothing(getattr(pd.Series, name)))
    for kind in (pd.DataFrame, pd.Series):
        kind.rolling = _rolling_rows(kind.rolling)  # type: ignore[method-assign]
        setattr(kind, "resample", _resample(kind.resample))  # noqa: B010
    install_groups()
    warnings.filterwarnings(
        "error", category=getattr(pd.errors, "ChainedAssignmentError", UserWarning), module="user_code"
    )


# ------------------------------------------------------------------------------------------------ single values
def _positions(series: pd.Series, key: Any) -> bool:
    """True when ``key`` can only mean places: whole numbers on an index that holds none."""
    if pd.api.types.is_numeric_dtype(series.index.dtype):
        return False
    keys = key if isinstance(key, list | tuple | np.ndarray) else [key]
    return len(keys) > 0 and all(isinstance(k, int | np.integer) and not isinstance(k, bool | np.bool_) for k in keys)


def _get(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def __getitem__(self: pd.Series, key: Any) -> Any:
        try:
            return original(self, _listed(key, self.index) if isinstance(key, set | frozenset) else key)
        except KeyError:
            if not _positions(self, key):
                raise
        return self.iloc[list(key) if isinstance(key, tuple) else key]

    return __getitem__


def _set(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def __setitem__(self: pd.Series, key: Any, value: Any) -> None:
        unnamed = sys.getrefcount(self) <= _Unnamed.references
        _Unnamed.seen = sys.getrefcount(self)
        key = _listed(key, self.index) if isinstance(key, set | frozenset) else key
        plain = isinstance(key, int | np.integer) and not isinstance(key, bool)
        if plain and _positions(self, key) and key not in self.index and -len(self) <= key < len(self):
            self.iloc[key] = value
        else:
            original(self, key, value)
        if unnamed:
            _put_back(self)

    return __setitem__


class _Unnamed:
    """How many references a Series has inside ``__setitem__`` when nothing else names it; measured once."""

    references = 0
    seen = 0

    @classmethod
    def measure(cls) -> None:
        pd.DataFrame({"a": [1.0]})["a"][0] = 2.0
        cls.references = cls.seen


def _column(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def __getitem__(self: pd.DataFrame, key: Any) -> Any:
        found = original(self, _listed(key, self.columns) if isinstance(key, set | frozenset) else key)
        if isinstance(found, pd.Series) and sys._getframe(1).f_globals.get("__name__") == "user_code":
            object.__setattr__(found, "_taken_from", (weakref.ref(self), key))
        return found

    return __getitem__


def _put_back(series: pd.Series) -> None:
    """Write a changed column into the frame it was taken from in a strategy's text."""
    frame, key = getattr(series, "_taken_from", (lambda: None, None))
    owner = frame()
    if owner is not None:
        owner[key] = series


def _with_dates(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def operator(self: Any, other: Any) -> Any:
        if isinstance(other, dt.date) and not isinstance(other, dt.datetime):
            days = isinstance(self, pd.Timestamp) or self.dtype.kind == "M"
            return original(self, pd.Timestamp(other) if days else other)
        return original(self, other)

    return operator


def _listed(key: Any, labels: pd.Index) -> list[Any]:
    """A set as the list of its labels, in the order of the index; what the index lacks comes last."""
    return [*(label for label in labels if label in key), *sorted((k for k in key if k not in labels), key=str)]


def _sets_as_lists(original: Callable[..., Any]) -> Callable[..., Any]:
    """``frame.loc[{'a', 'b'}]`` took the rows of a set."""

    @functools.wraps(original)
    def __getitem__(self: Any, key: Any) -> Any:
        keys = key if isinstance(key, tuple) else (key,)
        if any(isinstance(one, set | frozenset) for one in keys):
            keys = tuple(
                _listed(one, axis) if isinstance(one, set | frozenset) else one
                for one, axis in zip(keys, self.obj.axes, strict=False)
            )
            key = keys if isinstance(key, tuple) else keys[0]
        return original(self, key)

    return __getitem__


def _place_of_a_date(original: Callable[..., Any]) -> Callable[..., Any]:
    """``frame.loc[context.previous_date]``: a date is the day that begins with it."""

    @functools.wraps(original)
    def get_loc(self: pd.DatetimeIndex, key: Any) -> Any:
        return original(self, pd.Timestamp(key) if type(key) is dt.date else key)

    return get_loc


# -------------------------------------------------------------------------------------------------- signatures
def _by_position(original: Callable[..., Any], order: tuple[str, ...]) -> Callable[..., Any]:
    """Accept the parameters ``order`` by position; the first argument of a method is the object itself."""
    method = original.__name__ not in ("concat", "merge")

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        own, given = (args[:1], args[1:]) if method else ((), args)
        if len(given) < 2 and not (given and isinstance(given[0], int) and order[0] == "axis"):
            return original(*args, **kwargs)
        if len(given) > len(order) or set(order[: len(given)]) & set(kwargs):
            return original(*args, **kwargs)
        return original(*own, **dict(zip(order, given, strict=False)), **kwargs)

    return call


def _sort_index(original: Callable[..., Any]) -> Callable[..., Any]:
    by_position = _by_position(original, ("axis", "level", "ascending", "inplace"))

    @functools.wraps(original)
    def sort_index(self: pd.DataFrame, *args: Any, by: Any = None, **kwargs: Any) -> Any:
        return by_position(self, *args, **kwargs) if by is None else self.sort_values(by, *args, **kwargs)

    return sort_index


def _fillna(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def fillna(self: Any, value: Any = None, method: str | None = None, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("inplace") and getattr(self, "_taken_from", None) is not None:
            changed = fillna(self, value, method, *args, **{**kwargs, "inplace": False})
            self.iloc[:] = changed.to_numpy()
            return _put_back(self)
        if method is None:
            return original(self, value, *args, **kwargs)
        work = self.ffill if method in ("ffill", "pad") else self.bfill
        return work(**{key: kwargs[key] for key in ("axis", "inplace", "limit") if key in kwargs})

    return fillna


def _read_text(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def read_json(content: Any, *args: Any, **kwargs: Any) -> Any:
        is_text = isinstance(content, str) and content.lstrip()[:1] in ("{", "[")
        return original(io.StringIO(content) if is_text else content, *args, **kwargs)

    return read_json


def _numbers_of_groups(original: Callable[..., Any]) -> Callable[..., Any]:
    """``groupby(…).sum()`` and the like took the columns of numbers, where there were any."""

    @functools.wraps(original)
    def reduce(self: Any, *args: Any, **kwargs: Any) -> Any:
        if args or "numeric_only" in kwargs:
            return original(self, *args, **kwargs)
        found = original(self, numeric_only=True, **kwargs)
        return found if len(found.columns) else original(self, **kwargs)

    return reduce


def _numbers_where_it_must(original: Callable[..., Any]) -> Callable[..., Any]:
    """``df.mean()`` left out the columns that it could not take."""

    @functools.wraps(original)
    def reduce(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(self, *args, **kwargs)
        except (TypeError, ValueError):
            if "numeric_only" in kwargs or not len(self.select_dtypes("number").columns):
                raise
        return original(self, *args, **kwargs, numeric_only=True)

    return reduce


def _nothing_of_nothing(original: Callable[..., Any]) -> Callable[..., Any]:
    """``idxmax`` of nothing but NaN was NaN; of no value at all it was, and is, an error."""

    @functools.wraps(original)
    def place(self: pd.Series, *args: Any, **kwargs: Any) -> Any:
        return float("nan") if len(self) and self.isna().all() else original(self, *args, **kwargs)

    return place


class _Turned:
    """A rolling window along the rows of a frame: made on the turned frame, turned back."""

    def __init__(self, window: Any) -> None:
        self._window = window

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: getattr(self._window, name)(*args, **kwargs).T


def _rolling_rows(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def rolling(self: Any, *args: Any, axis: int = 0, **kwargs: Any) -> Any:
        return (
            _Turned(original(self.T, *args, **kwargs)) if axis in (1, "columns") else original(self, *args, **kwargs)
        )

    return rolling


def _resample(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def resample(self: Any, rule: Any, *args: Any, how: Any = None, **kwargs: Any) -> Any:
        found = original(self, rule, *args, **kwargs)
        return found if how is None else found.agg(how)

    return resample


# ---------------------------------------------------------------------------------------------- names that left
class _Ix:
    """``.ix``: labels first, then places."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner

    def __getitem__(self, key: Any) -> Any:
        try:
            return self._owner.loc[key]
        except (KeyError, TypeError):
            if isinstance(key, tuple) and len(key) == 2:
                rows, columns = key
                part = self._owner.iloc[rows] if _is_place(rows) else self._owner.loc[rows]
                axis = (
                    part if part.ndim == 1 else part.iloc[:, columns] if _is_place(columns) else part.loc[:, columns]
                )
                return axis[columns] if part.ndim == 1 else axis
            return self._owner.iloc[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._owner.loc[key] = value


def _is_place(key: Any) -> bool:
    ends = (key.start, key.stop) if isinstance(key, slice) else (key,)
    return all(end is None or isinstance(end, int | np.integer) for end in ends)


def _append(self: Any, other: Any, ignore_index: bool = False, **_: Any) -> Any:
    if isinstance(self, pd.DataFrame) and isinstance(other, dict):
        other = pd.DataFrame([other])
    elif isinstance(self, pd.DataFrame) and isinstance(other, pd.Series):
        other = other.to_frame().T
    parts = [self, *(other if isinstance(other, list | tuple) else [other])]
    found = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=ignore_index)
    if isinstance(self, pd.DataFrame) and found.columns.is_unique:
        # a frame without rows gives its columns, and their order
        names = list(dict.fromkeys(name for part in parts for name in getattr(part, "columns", ())))
        return found if names == list(found.columns) else found.reindex(columns=names)
    return found


def _only_value(kind: Callable[[Any], Any]) -> Callable[[pd.Series], Any]:
    def convert(self: pd.Series) -> Any:
        if len(self) != 1:
            raise TypeError(f"cannot convert the series to {kind}")
        return kind(self.iloc[0])

    return convert


def _sort(self: Any, columns: Any = None, ascending: Any = True, inplace: bool = False, **_: Any) -> Any:
    if columns is None:
        return self.sort_index(ascending=ascending, inplace=inplace)
    return self.sort_values(by=columns, ascending=ascending, inplace=inplace)


def _order(self: pd.Series, ascending: bool = True, **_: Any) -> pd.Series:
    return self.sort_values(ascending=ascending)


def _rolling(name: str) -> Callable[..., Any]:
    return lambda values, window, **how: getattr(values.rolling(window, **how), name)()


_ADDED: tuple[tuple[Any, str, Any], ...] = (
    *((kind, "append", _append) for kind in (pd.DataFrame, pd.Series)),
    *((kind, "ix", property(_Ix)) for kind in (pd.DataFrame, pd.Series)),
    *((kind, "as_matrix", lambda self, *_: self.to_numpy()) for kind in (pd.DataFrame, pd.Series)),
    *((kind, "pad", lambda self, **how: self.ffill(**how)) for kind in (pd.DataFrame, pd.Series)),
    *((pd.Series, f"__{kind.__name__}__", _only_value(kind)) for kind in (float, int)),
    (pd.Series, "iteritems", lambda self: self.items()),
    (pd.DataFrame, "iteritems", lambda self: self.items()),
    (pd.DataFrame, "get_value", lambda self, row, column: self.at[row, column]),
    (pd.DataFrame, "sort", _sort),
    (pd.DataFrame, "applymap", lambda self, function: self.map(function)),
    (pd.Series, "order", _order),
    (pd.Series, "sort", _order),
    (pd.Index, "is_monotonic", property(lambda self: self.is_monotonic_increasing)),
    (pd, "datetime", dt.datetime),
    *((pd, f"rolling_{name}", _rolling(name)) for name in ("mean", "std", "max", "min", "sum")),
)
