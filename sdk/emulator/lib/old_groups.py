"""Groups and frequencies as strategies expect them of pandas 1.1: part of ``old_pandas.install``.

``groupby(…).apply(f)`` gave ``f`` the group with the columns that it was grouped by (and without them only when that
was a TypeError), and its answer kept the rows' own index when ``f`` kept it, so ``df['m'] = df.groupby('code')['x']
.apply(lambda s: s.rolling(5).mean())`` fits. Frequencies had the names ``M Q A Y BM H T S …``. A third
``merge`` may have made a second column ``x_y``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import pandas as pd
from pandas.core.groupby import DataFrameGroupBy, SeriesGroupBy

# a frequency's name then -> now
FREQUENCIES = {
    **{"M": "ME", "BM": "BME", "CBM": "CBME", "SM": "SME"},
    **{"Q": "QE", "BQ": "BQE", "A": "YE", "Y": "YE", "BA": "BYE", "BY": "BYE", "AS": "YS", "BAS": "BYS"},
    **{"H": "h", "BH": "bh", "T": "min", "S": "s", "L": "ms", "U": "us", "N": "ns"},
}
_FREQUENCY = re.compile(r"(?P<count>[-+]?\d*)(?P<name>[A-Z]+)(?P<anchor>-[A-Z]{3})?")
_MARK = "\0"
# owner, function -> the place of its frequency among the arguments
_BY_FREQUENCY: tuple[tuple[Any, str, int], ...] = (
    *((pd, name, 3) for name in ("date_range", "bdate_range")),
    *((kind, name, 1) for kind in (pd.DataFrame, pd.Series) for name in ("asfreq", "resample")),
    *((kind, name, 1) for kind in (pd.DatetimeIndex, pd.Timestamp) for name in ("floor", "ceil", "round")),
    (pd, "Grouper", 2),
)


def frequency(value: Any) -> Any:
    """Return today's name of a frequency; anything that is no old name as it is."""
    match = _FREQUENCY.fullmatch(value) if isinstance(value, str) else None
    if match is None or match["name"] not in FREQUENCIES:
        return value
    return f"{match['count']}{FREQUENCIES[match['name']]}{match['anchor'] or ''}"


def install_groups() -> None:
    """Change ``apply`` of groups and the calls that take a frequency; called once."""
    for kind in (DataFrameGroupBy, SeriesGroupBy):
        setattr(kind, "apply", _apply(kind.apply))  # noqa: B010
    for owner, name, place in _BY_FREQUENCY:
        setattr(owner, name, _with_frequency(getattr(owner, name), place))
    for owner in (pd, pd.DataFrame):
        setattr(owner, "merge", _merge(owner.merge))  # noqa: B010
    setattr(pd, "TimeGrouper", lambda freq, **how: pd.Grouper(freq=freq, **how))  # noqa: B010


def _apply(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def apply(self: Any, func: Any, *args: Any, **kwargs: Any) -> Any:
        if not callable(func) or "include_groups" in kwargs:
            return original(self, func, *args, **kwargs)

        def one(group: Any) -> Any:
            return func(group, *args, **kwargs)

        if isinstance(self, SeriesGroupBy):
            return _joined(self, one, self._selected_obj)
        try:
            return _joined(self, one, self._selected_obj)
        except TypeError:
            return _joined(self, one, self._obj_with_exclusions)

    return apply


def _joined(groups: Any, function: Callable[[Any], Any], data: Any) -> Any:
    values, changed = groups._grouper.apply_groupwise(function, data)
    return groups._wrap_applied_output(data, values, changed, not changed)


def _with_frequency(original: Callable[..., Any], place: int) -> Callable[..., Any]:
    name = "rule" if original.__name__ == "resample" else "freq"

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        if name in kwargs:
            kwargs[name] = frequency(kwargs[name])
        given = [frequency(value) if position == place else value for position, value in enumerate(args)]
        return original(*given, **kwargs)

    return call


def _merge(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def merge(*args: Any, **kwargs: Any) -> Any:
        try:
            return original(*args, **kwargs)
        except pd.errors.MergeError as error:
            if "suffixes" not in str(error):
                raise
        left, right = kwargs.get("suffixes", ("_x", "_y"))
        found = original(*args, **{**kwargs, "suffixes": (f"{left}{_MARK}", f"{right}{_MARK}")})
        return found.set_axis([_unmarked(name) for name in found.columns], axis=1)

    return merge


def _unmarked(name: Any) -> Any:
    return name.removesuffix(_MARK) if isinstance(name, str) else name
