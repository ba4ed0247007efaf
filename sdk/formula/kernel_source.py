"""The ground floor's own source, run once more on other primitives: how a back end gets the kernel.

A back end is a table name -> function for every function of jq_strategy/primitives.py. The sources of the kernel are
executed in their order without their imports from one another; what they would have imported is the back end's
function, or what a source before it defined. So there is one text of the maths, whatever computes it.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

from jq_strategy import cross_section, exact, formula, inputs, kernel, neutral, primitives, windowed

SOURCES = (exact, windowed, cross_section, kernel, inputs, neutral)
PRIMITIVE_NAMES = tuple(
    name for name, value in vars(primitives).items() if inspect.isfunction(value) and not name.startswith("_")
)


def kernel_on(table: Mapping[str, Callable[..., Any]], replaced: Mapping[str, Any] | None = None) -> SimpleNamespace:
    """Return the names of the kernel and of the missing-bar rule, running on the primitives of ``table``.

    ``replaced`` puts something else in the place of names that the sources define, also where they use them.
    Raises KeyError naming the primitives that the table lacks.
    """
    lacking = [name for name in PRIMITIVE_NAMES if name not in table]
    if lacking:
        raise KeyError(f"the back end has no {', '.join(lacking)}; every primitive must be there")
    names: dict[str, Any] = dict(table)
    for module in SOURCES:
        _run(module, names, replaced or {})
    return SimpleNamespace(**names)


def formulas_on(table: Mapping[str, Callable[..., Any]]) -> SimpleNamespace:
    """Return the formula language (``evaluate`` above all), running on the primitives of ``table``."""
    names = vars(kernel_on(table))
    names["kernel"] = SimpleNamespace(**names)
    _run(formula, names, {})
    return SimpleNamespace(**names)


def _run(module: ModuleType, names: dict[str, Any], replaced: Mapping[str, Any]) -> None:
    """Execute a source; what it imports from the ground floor is taken from ``names``, what it defines is added."""
    tree = ast.parse(inspect.getsource(module))
    tree.body = [node for node in tree.body if not _from_ground_floor(node)]
    scope = {**names, "__name__": f"{module.__name__} on another back end"}
    exec(compile(tree, module.__file__ or module.__name__, "exec"), scope)  # noqa: S102 - our own source
    scope.update({name: value for name, value in replaced.items() if name in scope})
    names.update({name: value for name, value in scope.items() if not name.startswith("__")})


def _from_ground_floor(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "jq_strategy"
