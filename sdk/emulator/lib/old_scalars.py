"""``float(array([x]))`` and ``int(array([[x]]))`` gave the one value of an array; numpy raises TypeError now.

Strategies write it around ``model.predict`` and matrix products. The array's own type cannot be changed, so the
calls in a strategy's text are: ``float(value)`` becomes a function that does what ``float`` does, and looks into an
array of one value where that fails. Lines and columns stay, so tracebacks do; a strategy with a ``float`` or ``int``
of its own is left alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

_WORDS = {"float": "_float_of", "int": "_int_of"}
_CALL = re.compile(r"\b(?:float|int)\s*\(")


def float_of(value: Any) -> float:
    """``float(value)``; of an array of one value that value."""
    return float(_alone(value))


def int_of(value: Any) -> int:
    """``int(value)``; of an array of one value that value."""
    return int(_alone(value))


SCALARS = {"_float_of": float_of, "_int_of": int_of}


def _alone(value: Any) -> Any:
    return value.item() if isinstance(value, np.ndarray) and value.ndim and value.size == 1 else value


def with_scalars(source: str, file: str) -> ast.Module | None:
    """Return the tree of a strategy with its calls changed; None where there are none."""
    if not _CALL.search(source):
        return None
    tree = ast.parse(source, file)
    if any(name in _WORDS for name in _bound(tree)):
        return None
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[one], keywords=[]) if name in _WORDS:
                if not isinstance(one, ast.Starred):
                    node.func.id = _WORDS[name]  # type: ignore[attr-defined]
    return tree


def _bound(tree: ast.Module) -> Iterator[str]:
    """Yield the names that the text gives a meaning of its own."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.alias(name=name, asname=other):
                yield other or name
