"""What a strategy finds in its module without import besides the platform's calls: numpy's names, datetime, math.

# platform: the module is filled as by ``from numpy import *`` of its time, which leaves out max, min, round and abs.
Seen in public strategies: ``floor``, ``sign``, ``std``, ``ones`` used without an import of them, and in 13 of them
``sum(frame)[0]`` or ``sum(frame).iloc[0]``, which is numpy's sum of each column (Python's adds up the names).

So ``sum`` is numpy's for lists, arrays and frames (rule ``numpy_sum``); for a generator, a set or a view of a dict it
is Python's, where numpy's gives no sum. ``any`` and ``all`` stay Python's: numpy's call every generator true.
"""

from __future__ import annotations

import builtins
import datetime
import enum
import math
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from sdk.emulator.lib.old_pandas import ARRAY_NAMES

_NOT_OURS = frozenset(("test", "show_config", "show_runtime", "info", "get_include", "who"))


class _LazyPandas:
    """``pd`` without import, loaded at its first use: a strategy that never says ``pd`` never pays for it."""

    def __getattr__(self, name: str) -> Any:
        import pandas

        return getattr(pandas, name)


class Datetime(ModuleType):
    """The module ``datetime`` that answers as its class too: what a star import gives.

    # platform: public strategies write ``from datetime import datetime``, then ``from jqdata import *``, and then
    ``datetime.timedelta(…)``; others call ``datetime.now()`` after the same lines.
    """

    def __init__(self) -> None:
        super().__init__("datetime")
        self.__dict__.update({name: value for name, value in vars(datetime).items() if not name.startswith("_")})

    def __call__(self, *args: Any, **kwargs: Any) -> datetime.datetime:
        return datetime.datetime(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(datetime.datetime, name)

    def __instancecheck__(self, value: object) -> bool:
        return isinstance(value, datetime.datetime)


DATETIME = Datetime()


def preset_names(rules: Mapping[str, str]) -> dict[str, Any]:
    """Return name -> object; none is a builtin except ``sum``, none is part of a star import."""
    names = {**{name: value for name, value in vars(np).items() if _exported(name, value)}, **_old_names()}
    if rules["numpy_sum"] == "numpy":
        names["sum"] = numpy_sum
    return {
        **names,
        "datetime": datetime,
        "timedelta": datetime.timedelta,
        "math": math,
        "np": np,
        "pd": _LazyPandas(),
        "random": np.random,
        "Enum": enum.Enum,
    }


def numpy_sum(values: Any, *args: Any, **kwargs: Any) -> Any:
    """``sum`` as a strategy sees it: of a frame the sum of each column."""
    if hasattr(values, "to_numpy"):
        return values.sum(*args, **kwargs)
    if isinstance(values, np.ndarray) or (isinstance(values, list | tuple) and not args and "start" not in kwargs):
        return np.sum(values, *args, **kwargs)
    return builtins.sum(values, *args, **kwargs)


def _exported(name: str, value: Any) -> bool:
    hidden = name.startswith("_") or name in _NOT_OURS or isinstance(value, ModuleType)
    return not hidden and not hasattr(builtins, name)


def _old_names() -> dict[str, Any]:
    return {name: value for name, value in ARRAY_NAMES.items() if not hasattr(builtins, name)}
