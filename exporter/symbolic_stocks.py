"""The primitives that look across stocks, as ONNX nodes; the number of stocks is known only when the model runs.

``smaller_stocks`` sorts (TopK over all stocks), numbers the runs of equal values, takes the first place of each run
and sends it back to where the values came from. Only whole numbers below 2^53 are added, so every order of addition
gives the same bits. ``stock_sum`` is a Loop that halves the rows until one is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, helper

if TYPE_CHECKING:
    from exporter.symbolic import Graph, Symbol

_ZERO, _ONE = np.asarray([0], dtype=np.int64), np.asarray([1], dtype=np.int64)
_POWERS = 2 ** np.arange(24, dtype=np.int64)


def sorted_stocks(x: Symbol) -> Symbol:
    """Sort each day's values over the stocks, smallest first."""
    return _sorted(x)[0]


def smaller_stocks(x: Symbol) -> Symbol:
    """Count, for each stock and day, the stocks with a strictly smaller value on that day."""
    graph = x.graph
    ascending, origin = _sorted(x)
    shape = graph.add("Shape", x)
    zeros = graph.add("ConstantOfShape", shape, value=helper.make_tensor("zero", TensorProto.DOUBLE, [1], [0.0]))
    first = graph.add("Slice", ascending, _ZERO, _ONE, _ZERO)
    before = graph.add("Concat", first, graph.add("Slice", ascending, _ZERO, -_ONE, _ZERO), axis=0)
    fresh = graph.add("Cast", graph.add("Greater", ascending, before), to=TensorProto.INT64)
    run = graph.add("CumSum", fresh, np.asarray(0, dtype=np.int64))
    place = _places(graph, shape)
    starts = graph.add(
        "ScatterElements", zeros, run, graph.add("Mul", place, _as_double(fresh)), axis=0, reduction="max"
    )
    count = graph.add("GatherElements", starts, run, axis=0)
    return graph.add("ScatterElements", zeros, origin, count, axis=0)


def stock_sum(x: Symbol) -> Symbol:
    """Sum over the stocks: zeros up to a power of two, then the second half added to the first until one is left."""
    graph = x.graph
    stocks = graph.add("Slice", graph.add("Shape", x), _ZERO, _ONE)
    small = graph.add("Less", _POWERS, stocks)
    halvings = graph.add("ReduceSum", graph.add("Cast", small, to=TensorProto.INT64), keepdims=0)
    size = graph.add("Gather", _POWERS, graph.add("Unsqueeze", halvings, _ZERO), axis=0)
    filled = graph.add("Concat", *(_ZERO, _ZERO), graph.add("Sub", size, stocks), _ZERO, axis=0)
    padded = graph.add("Pad", x, filled, np.asarray(0.0))
    return graph.add("Loop", halvings, np.asarray(True), padded, body=_halving(graph))


def stock_max(x: Symbol) -> Symbol:
    """Return the largest of 0 and each day's values over the stocks."""
    graph = x.graph
    return graph.add("Max", graph.add("ReduceMax", x, _ZERO, keepdims=1), 0.0)


def _sorted(x: Symbol) -> tuple[Symbol, Symbol]:
    graph = x.graph
    stocks = graph.add("Slice", graph.add("Shape", x), _ZERO, _ONE)
    return graph.add_pair("TopK", x, stocks, axis=0, largest=0, sorted=1)


def _places(graph: Graph, shape: Symbol) -> Symbol:
    """Return 0, 1, 2, ... down the stocks, as wide as ``shape``."""
    stocks = graph.add("Gather", shape, np.asarray(0, dtype=np.int64), axis=0)
    zero, one = np.asarray(0, dtype=np.int64), np.asarray(1, dtype=np.int64)
    column = graph.add("Unsqueeze", graph.add("Range", zero, stocks, one), _ONE)
    return graph.add("Expand", _as_double(column), shape)


def _as_double(x: Symbol) -> Symbol:
    return x.graph.add("Cast", x, to=TensorProto.DOUBLE)


def _halving(outer: Graph) -> object:
    """Return the body of the Loop: (iteration, go on, rows) -> (go on, first half + second half)."""
    inner = outer.inner()
    rows, go_on = inner.symbol("rows"), inner.symbol("go_on")
    stocks = inner.add("Slice", inner.add("Shape", rows), _ZERO, _ONE)
    half = inner.add("Div", stocks, np.asarray([2], dtype=np.int64))
    total = inner.add(
        "Add", inner.add("Slice", rows, _ZERO, half, _ZERO), inner.add("Slice", rows, half, stocks, _ZERO)
    )
    same = inner.add("Identity", go_on)
    return helper.make_graph(
        inner.nodes,
        f"{inner.prefix}halving",
        [
            helper.make_tensor_value_info(f"{inner.prefix}iteration", TensorProto.INT64, []),
            helper.make_tensor_value_info(go_on.name, TensorProto.BOOL, []),
            helper.make_tensor_value_info(rows.name, TensorProto.DOUBLE, None),
        ],
        [
            helper.make_tensor_value_info(same.name, TensorProto.BOOL, []),
            helper.make_tensor_value_info(total.name, TensorProto.DOUBLE, None),
        ],
    )
