"""The kernel traced into ONNX: its very source runs on symbolic arrays, so there is no second copy of the maths.

``traced_kernel()`` runs the source of the ground floor once more on symbolic primitives in the place of the numpy
ones (sdk/formula/kernel_source.py). Calling a kernel function on ``Symbol`` arguments then writes ONNX nodes instead
of computing. Only the primitives and the Python operators are defined here and in symbolic_stocks.py.

Double precision throughout; constants are stored as float64 tensors, never through a float32 literal.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from onnx import NodeProto, helper, numpy_helper

from exporter import symbolic_stocks
from sdk.formula.kernel_source import kernel_on

Value = Any  # a Symbol or a Python number
_END = np.iinfo(np.int64).max


class Graph:
    """The nodes of one graph or function while it is being written; equal constants are one node."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.nodes: list[NodeProto] = []
        self._constants: dict[tuple[str, bytes], str] = {}
        self._count = 0

    def name(self) -> str:
        self._count += 1
        return f"{self.prefix}t{self._count}"

    def constant(self, value: np.ndarray) -> str:
        key = (f"{value.dtype}{value.shape}", value.tobytes())
        if key not in self._constants:
            name = f"{self.prefix}c{len(self._constants)}"
            tensor = numpy_helper.from_array(value, name)
            self.nodes.append(helper.make_node("Constant", [], [name], value=tensor))
            self._constants[key] = name
        return self._constants[key]

    def add(self, kind: str, *operands: Value, **attributes: Any) -> Symbol:
        names = [operand.name if isinstance(operand, Symbol) else self._number(operand) for operand in operands]
        output = self.name()
        self.nodes.append(helper.make_node(kind, names, [output], **attributes))
        return Symbol(output, self)

    def add_pair(self, kind: str, *operands: Value, **attributes: Any) -> tuple[Symbol, Symbol]:
        """Add a node with two outputs."""
        first = self.add(kind, *operands, **attributes)
        second = self.name()
        self.nodes[-1].output.append(second)
        return first, Symbol(second, self)

    def inner(self) -> Graph:
        """Return an empty graph for the body of a Loop in this one; its names differ from all others."""
        return Graph(f"{self.name()}_")

    def symbol(self, name: str) -> Symbol:
        """Return a value that the caller declares, under a name of this graph."""
        return Symbol(f"{self.prefix}{name}", self)

    def _number(self, value: Value) -> str:
        if isinstance(value, np.ndarray):
            return self.constant(value)
        return self.constant(np.asarray(float(value), dtype=np.float64))


class Symbol:
    """An array that does not exist yet: its name in a graph, with the operators the kernel uses."""

    __slots__ = ("graph", "name")

    def __init__(self, name: str, graph: Graph) -> None:
        self.name, self.graph = name, graph

    def __add__(self, other: Value) -> Symbol:
        return self.graph.add("Add", self, other)

    def __radd__(self, other: Value) -> Symbol:
        return self.graph.add("Add", other, self)

    def __sub__(self, other: Value) -> Symbol:
        return self.graph.add("Sub", self, other)

    def __rsub__(self, other: Value) -> Symbol:
        return self.graph.add("Sub", other, self)

    def __mul__(self, other: Value) -> Symbol:
        return self.graph.add("Mul", self, other)

    def __rmul__(self, other: Value) -> Symbol:
        return self.graph.add("Mul", other, self)

    def __truediv__(self, other: Value) -> Symbol:
        return self.graph.add("Div", self, other)

    def __rtruediv__(self, other: Value) -> Symbol:
        return self.graph.add("Div", other, self)

    def __lt__(self, other: Value) -> Symbol:
        return self.graph.add("Less", self, other)

    def __le__(self, other: Value) -> Symbol:
        return self.graph.add("LessOrEqual", self, other)

    def __gt__(self, other: Value) -> Symbol:
        return self.graph.add("Greater", self, other)

    def __ge__(self, other: Value) -> Symbol:
        return self.graph.add("GreaterOrEqual", self, other)


def _graph(*values: Value) -> Graph:
    return next(value.graph for value in values if isinstance(value, Symbol))


def _ints(*values: int) -> np.ndarray:
    return np.asarray(values, dtype=np.int64)


def _slice(x: Symbol, start: int, stop: int, axis: int) -> Symbol:
    return x.graph.add("Slice", x, _ints(start), _ints(stop), _ints(axis))


def _windows(x: Symbol, length: int) -> Symbol:
    graph = x.graph
    days = graph.add("Gather", graph.add("Shape", x), np.asarray(1, dtype=np.int64), axis=0)
    first = graph.add("Sub", days, np.asarray(length - 1, dtype=np.int64))
    starts = graph.add("Range", np.asarray(0, dtype=np.int64), first, np.asarray(1, dtype=np.int64))
    column = graph.add("Unsqueeze", starts, _ints(1))
    places = graph.add("Add", column, np.arange(length, dtype=np.int64)[None, :])
    return graph.add("Gather", x, places, axis=1)


def _kth_smallest(w: Symbol, k: int) -> Symbol:
    values, places = w.graph.name(), w.graph.name()
    operands = [w.name, w.graph.constant(_ints(k))]
    w.graph.nodes.append(helper.make_node("TopK", operands, [values, places], axis=-1, largest=0, sorted=0))
    return w.graph.add("ReduceMax", Symbol(values, w.graph), _ints(-1), keepdims=0)


PRIMITIVES: dict[str, Callable[..., Symbol]] = {
    "where": lambda c, x, y: _graph(c, x, y).add("Where", c, x, y),
    "absolute": lambda x: x.graph.add("Abs", x),
    "minimum": lambda x, y: _graph(x, y).add("Min", x, y),
    "maximum": lambda x, y: _graph(x, y).add("Max", x, y),
    "square_root": lambda x: x.graph.add("Sqrt", x),
    "both": lambda x, y: _graph(x, y).add("And", x, y),
    "ago": lambda x, days: _slice(x, 0, -days, 1) if days else x,
    "since": lambda x, days: _slice(x, days, _END, 1) if days else x,
    "tail": lambda x, days: _slice(x, -days, _END, 1),
    "windows": _windows,
    "newest": lambda w: w.graph.add("Gather", w, np.asarray(-1, dtype=np.int64), axis=-1),
    "over_window": lambda x: x.graph.add("Unsqueeze", x, _ints(-1)),
    "places": lambda w, start, stop: _slice(w, start, stop, -1),
    "kth_smallest": _kth_smallest,
    "window_max": lambda w: w.graph.add("ReduceMax", w, _ints(-1), keepdims=0),
    "sorted_stocks": symbolic_stocks.sorted_stocks,
    "smaller_stocks": symbolic_stocks.smaller_stocks,
    "stock_sum": symbolic_stocks.stock_sum,
    "stock_max": symbolic_stocks.stock_max,
    "beside": lambda parts: parts[0].graph.add("Concat", *parts, axis=1),
}


def traced_kernel() -> SimpleNamespace:
    """Return the functions of the kernel and of the missing-bar rule, running on symbols."""
    return kernel_on(PRIMITIVES)
