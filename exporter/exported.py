"""An exported strategy.py loaded without a platform, to ask it for scores only.

The file is executed in a scope of its own with an empty ``jqdata`` in the place of the platform's; its
``score_stocks(bars)`` and ``neutral_scores`` touch nothing else.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

ScoreFunction = Callable[[dict[str, np.ndarray]], np.ndarray]


def load_scorer(text: str) -> ScoreFunction:
    """Return ``score_stocks`` of an exported strategy: bars (stocks, lookback_days) -> scores (stocks,)."""
    return load_names(text)["score_stocks"]


def load_names(text: str) -> dict[str, Any]:
    """Return what an exported strategy defines, by name."""
    platform = ModuleType("jqdata")

    def import_without_platform(name: str, *rest: Any) -> Any:
        return platform if name == "jqdata" else builtins.__import__(name, *rest)

    scope: dict[str, Any] = {
        "__name__": "strategy",
        "__builtins__": {**vars(builtins), "__import__": import_without_platform},
    }
    exec(compile(text, "strategy.py", "exec"), scope)  # noqa: S102 - our own export, checked by verify
    return scope
