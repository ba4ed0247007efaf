"""The kernel traced into ONNX: its very source runs on symbolic arrays, so there is no second copy of the maths.

``traced_kernel()`` runs the source of the ground floor once more on symbolic primitives in the place of the numpy
ones (sdk/formula/kernel_source.py). Calling a kernel function on ``Symbol`` arguments then writes ONNX nodes instead
of computing. Only the primitives and the Python operators are defined here and in symbolic_stocks.py.

Layout. In a graph the days come first: a series is (days, stocks), a window array (places, days, stocks). Then a lag
is a contiguous slice, a window is made of whole rows, and one day of it stays in the cache (by_day.py).

Double precision throughout; constants are stored as float64 tensors, never through a float32 literal.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from exporter import symbolic_stocks
from sdk.formula.kernel_source import kernel_on

Value = Any  # a Symbol or a Python number
_END = np.iinfo(np.int64).max


class Graph:
    """The nodes of one graph or function while it is being written; equal constants are one node."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.nodes: list[NodeProto] = []
        self.made: dict[str, tuple[str, tuple[Value, ...]]] = {}  # result -> the node kind and operands behind it
        self.ones: dict[str, Symbol] = {}  # condition -> 1.0 where it holds, else 0.0
        self._constants: dict[tuple[str, bytes], str] = {}
        self._count = 0

    def name(self) -> str:
        self._count += 1
        return f"{self.prefix}t{self._count}"

    def inner(self) -> Graph:
        """Return an empty graph for a body inside this one; its names appear nowhere else."""
        return Graph(f"{self.name()}_")

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
        # onnxruntime's optimiser before 1.20 fuses these two under their names and stops where they have none
        name = output if kind in ("Gather", "Slice") else None
        self.nodes.append(helper.make_node(kind, names, [output], name=name, **attributes))
        self.made[output] = (kind, operands)
        return Symbol(output, self)

    def add_pair(self, kind: str, *operands: Value, **attributes: Any) -> tuple[Symbol, Symbol]:
        """Add a node with two outputs."""
        first = self.add(kind, *operands, **attributes)
        second = self.name()
        self.nodes[-1].output.append(second)
        return first, Symbol(second, self)

    def symbol(self, name: str) -> Symbol:
        """Return a value that the caller declares, under a name of this graph."""
        return Symbol(f"{self.prefix}{name}", self)

    def needed(self, *results: str) -> list[NodeProto]:
        """Return the nodes that the results need, in order; what a rewrite left unused is dropped."""
        wanted, kept = set(results), []
        for node in reversed(self.nodes):
            if wanted.intersection(node.output):
                kept.append(node)
                wanted.update(_read_by(node))
        return kept[::-1]

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


def _read_by(node: NodeProto) -> set[str]:
    """Return the names a node reads, those of its body included."""
    bodies = [attribute.g for attribute in node.attribute if attribute.HasField("g")]
    return set(node.input).union(*[_read_by(inside) for body in bodies for inside in body.node])


def _graph(*values: Value) -> Graph:
    return next(value.graph for value in values if isinstance(value, Symbol))


def _ints(*values: int) -> np.ndarray:
    return np.asarray(values, dtype=np.int64)


def rows(x: Symbol, start: int, stop: int) -> Symbol:
    """Slice the first axis: days of a series, places of a window array."""
    return x.graph.add("Slice", x, _ints(start), _ints(stop), _ints(0))


def day_count(x: Symbol) -> Symbol:
    """Return the number of days of a series as a scalar int64."""
    return x.graph.add("Gather", x.graph.add("Shape", x), np.asarray(0, dtype=np.int64), axis=0)


def places_of_days(days: Symbol, length: int) -> Symbol:
    """Return 0, 1, ... for each of ``days`` days that has a full window of ``length``."""
    graph = days.graph
    count = graph.add("Sub", days, np.asarray(length - 1, dtype=np.int64))
    return graph.add("Range", np.asarray(0, dtype=np.int64), count, np.asarray(1, dtype=np.int64))


def _windows(x: Symbol, length: int) -> Symbol:
    first = places_of_days(day_count(x), length)
    days = x.graph.add("Add", np.arange(length, dtype=np.int64)[:, None], first)
    return x.graph.add("Gather", x, days, axis=0)


def ascending(w: Symbol) -> Symbol:
    """Put the places of a window array (places, ...) in ascending order."""
    count = w.graph.add("Slice", w.graph.add("Shape", w), _ints(0), _ints(1))
    return w.graph.add_pair("TopK", w, count, axis=0, largest=0, sorted=1)[0]


# Selections that cost four passes, written as exact arithmetic: where(c, x . k, x) = x . (k where c, else neutral).
# k stands for a Python number; x . neutral is x for every x, NaN and infinities included (of -0 it may make 0).
NEUTRAL = {"Mul": 1.0, "Add": 0.0, "Sub": 0.0}


def _where(condition: Value, x: Value, y: Value) -> Symbol:
    graph = _graph(condition, x, y)
    kind, operands = graph.made.get(x.name, ("", ())) if isinstance(x, Symbol) else ("", ())
    if kind in NEUTRAL and isinstance(y, Symbol) and isinstance(operands[0], Symbol) and operands[0].name == y.name:
        number, neutral = operands[1], NEUTRAL[kind]
        if isinstance(number, (int, float)) and (number - neutral) + neutral == number:
            return graph.add(kind, y, _number_where(condition, float(number), neutral))
    return graph.add("Where", condition, x, y)


def _number_where(condition: Symbol, number: float, neutral: float) -> Symbol:
    graph = condition.graph
    if condition.name not in graph.ones:
        graph.ones[condition.name] = graph.add("Cast", condition, to=TensorProto.DOUBLE)
    scaled = graph.add("Mul", graph.ones[condition.name], number - neutral)
    return graph.add("Add", scaled, neutral) if neutral else scaled


def _across(function: Callable[[Symbol], Symbol]) -> Callable[[Symbol], Symbol]:
    """Return a primitive of symbolic_stocks.py, written for (stocks, days), for a series (days, stocks)."""

    def turned(x: Symbol) -> Symbol:
        turn = {"perm": [1, 0]}
        return x.graph.add("Transpose", function(x.graph.add("Transpose", x, **turn)), **turn)

    return turned


PRIMITIVES: dict[str, Callable[..., Symbol]] = {
    "where": _where,
    "absolute": lambda x: x.graph.add("Abs", x),
    "minimum": lambda x, y: _graph(x, y).add("Min", x, y),
    "maximum": lambda x, y: _graph(x, y).add("Max", x, y),
    "square_root": lambda x: x.graph.add("Sqrt", x),
    "both": lambda x, y: _graph(x, y).add("And", x, y),
    "ago": lambda x, days: rows(x, 0, -days) if days else x,
    "since": lambda x, days: rows(x, days, _END) if days else x,
    "tail": lambda x, days: rows(x, -days, _END),
    "windows": _windows,
    "newest": lambda w: w.graph.add("Gather", w, np.asarray(-1, dtype=np.int64), axis=0),
    "over_window": lambda x: x.graph.add("Unsqueeze", x, _ints(0)),
    "places": lambda w, start, stop: rows(w, start, stop),
    "ascending_windows": lambda x, length: ascending(_windows(x, length)),
    "window_max": lambda w: w.graph.add("ReduceMax", w, _ints(0), keepdims=0),
    "sorted_stocks": _across(symbolic_stocks.sorted_stocks),
    "smaller_stocks": _across(symbolic_stocks.smaller_stocks),
    "stock_sum": _across(symbolic_stocks.stock_sum),
    "stock_max": _across(symbolic_stocks.stock_max),
    "group_sum": lambda x, groups: x.graph.add("MatMul", x, groups),
    "of_group": lambda values, groups: values.graph.add(
        "MatMul", values, values.graph.add("Transpose", groups, perm=[1, 0])
    ),
    "beside": lambda parts: parts[0].graph.add("Concat", *parts, axis=0),
    "few_at_a_time": lambda function: function,
}


def traced_kernel(replaced: dict[str, Any] | None = None) -> SimpleNamespace:
    """Return the functions of the kernel and of the missing-bar rule, running on symbols.

    ``replaced`` names kernel functions that are written another way in a graph (see by_day.py).
    """
    return kernel_on(PRIMITIVES, replaced)
