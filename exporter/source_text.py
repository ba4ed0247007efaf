"""The ground floor as text: exactly those definitions that a strategy needs, copied word for word.

A definition is a top-level function or constant with the comment lines directly above it. What a definition uses is
found in its syntax tree; the closure over those names, in the order of the files, is what is copied. So the exported
file contains the code that was tested, not a second version of it.
"""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from types import ModuleType

from jq_strategy import (
    audit,
    cross_section,
    exact,
    exposed,
    exposures,
    inputs,
    kernel,
    neutral,
    primitives,
    ranking,
    rebalance,
    rebalance_options,
    windowed,
)

MODULES: tuple[tuple[str, tuple[ModuleType, ...]], ...] = (
    ("内核：数值的唯一定义", (primitives, exact, windowed, cross_section, kernel)),
    ("缺失数据", (inputs,)),
    ("排序与并列", (ranking,)),
    ("审计行与自检", (audit,)),
    ("中性化", (neutral, exposures, exposed)),
    ("调仓", (rebalance, rebalance_options)),
)


@dataclass(frozen=True)
class Definition:
    """One top-level definition: its names, its text, and the names it uses."""

    names: tuple[str, ...]
    text: str
    uses: frozenset[str]


def definitions(module: ModuleType) -> list[Definition]:
    """Return the top-level functions and constants of a module in file order, imports and docstring left out."""
    source = inspect.getsource(module)
    lines = source.splitlines()
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            names: tuple[str, ...] = (node.name,)
        elif isinstance(node, ast.Assign):
            names = tuple(target.id for target in node.targets if isinstance(target, ast.Name))
        else:
            continue
        decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
        start = min(part.lineno for part in [node, *decorators]) - 1
        while start > 0 and lines[start - 1].startswith("#") and not lines[start - 1].startswith("# ---"):
            start -= 1
        uses = frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name)) - set(names)
        found.append(Definition(names, "\n".join(lines[start : node.end_lineno]), uses))
    return found


def closure(wanted: set[str]) -> list[tuple[str, list[Definition]]]:
    """Return, a section a title, the definitions that ``wanted`` names need, directly or through others."""
    everything = [(title, [item for module in modules for item in definitions(module)]) for title, modules in MODULES]
    where = {name: item for _, items in everything for item in items for name in item.names}
    needed: set[str] = set()
    queue = sorted(wanted)
    while queue:
        name = queue.pop()
        if name in where and name not in needed:
            needed.update(where[name].names)
            queue.extend(sorted(where[name].uses))
    return [
        (title, [item for item in items if needed.intersection(item.names)])
        for title, items in everything
        if any(needed.intersection(item.names) for item in items)
    ]
