"""Modules and names of the platform's Python 3.6 and scikit-learn 0.19 that newer ones moved or took away.

``from sklearn.grid_search import GridSearchCV`` finds it where it is now; ``time.clock`` was the time the process has
computed.
"""

from __future__ import annotations

import functools
import importlib
import sys
import time
from collections.abc import Iterable

# import path then -> now
MOVED = {
    "sklearn.grid_search": "sklearn.model_selection",
    "sklearn.cross_validation": "sklearn.model_selection",
    "sklearn.externals.joblib": "joblib",
}


@functools.cache
def install_names() -> None:
    """Add what standard modules have no more; nothing that is there is changed."""
    if not hasattr(time, "clock"):
        setattr(time, "clock", time.process_time)  # noqa: B010


def bring_back(name: str, parts: Iterable[str]) -> None:
    """Make ``import name`` or ``from name import parts`` find what has moved."""
    for path in (name, *(f"{name}.{part}" for part in parts)):
        if path in MOVED and path not in sys.modules:
            parent, _, last = path.rpartition(".")
            module = importlib.import_module(MOVED[path])
            sys.modules[path] = module
            setattr(importlib.import_module(parent), last, module)
