"""A package that the platform has and this machine has not: it can be imported, not used.

Many strategies import a package that they never call, so a plain ``import`` gives a stand-in and the error comes
with the first use: a call, an item, an iteration, a class made from it, ``import *``. An import inside ``try``
raises at once, because the strategy has its own answer to that.
"""

from __future__ import annotations

import ast
from typing import Any, NoReturn

from sdk.emulator.lib.third_party import missing_package


class Absent:
    """Stands for a missing package or one of its names; any use raises ModuleNotFoundError."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __getattr__(self, attribute: str) -> Absent:
        if attribute == "__all__":
            self._raise()
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return Absent(f"{self.__name__}.{attribute}")

    def _raise(self, *_: Any, **__: Any) -> NoReturn:
        package = self.__name__.partition(".")[0]
        raise ModuleNotFoundError(missing_package(self.__name__), name=package)

    __call__ = __getitem__ = __setitem__ = __iter__ = __len__ = __enter__ = __mro_entries__ = _raise


def guarded_imports(source: str) -> set[int]:
    """Return the lines of the imports that stand inside a ``try``."""
    tries = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Try))
    return {
        node.lineno
        for block in tries
        for statement in block.body
        for node in ast.walk(statement)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
