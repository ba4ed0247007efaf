"""Parts of the kernel that several features use: one model-local function each, called where the kernel calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from onnx import FunctionProto, NodeProto

from exporter.symbolic import Symbol

DOMAIN = "jqalpha"
SHARED = LN, LN_FROM_ONE, NORMALISED = "LN", "LN_FROM_ONE", "NORMALISED"


def call_of(function: str) -> Callable[[Symbol], Symbol]:
    """Return what writes a call of a model-local function of one argument."""
    return lambda x: x.graph.add(function, x, domain=DOMAIN)


def called_by(nodes: Iterable[NodeProto]) -> set[str]:
    """Return the model-local functions that nodes call, those called inside their bodies included."""
    found: set[str] = set()
    for node in nodes:
        if node.domain == DOMAIN:
            found.add(node.op_type)
        for attribute in node.attribute:
            if attribute.HasField("g"):
                found |= called_by(attribute.g.node)
    return found


def with_shared(
    functions: dict[str, FunctionProto], make: Callable[[str], FunctionProto], shared: Iterable[str]
) -> list[FunctionProto]:
    """Return the functions and those of ``shared`` that they call, directly or through each other."""
    whole = dict(functions)
    missing = [name for name in shared if name not in whole]
    while True:
        called = {name for function in whole.values() for name in called_by(function.node)}
        needed = [name for name in missing if name in called and name not in whole]
        if not needed:
            return list(whole.values())
        whole.update((name, make(name)) for name in needed)
