"""ONNX graphs of many formulas: the exporter's traced functions, called once an equal sub-expression.

A model file holds one formula and its features. Here one graph gives all features of a stack, and another takes them
and gives the scores of a whole batch of formulas, so that ten thousand formulas need not load ten thousand models.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import FunctionProto, TensorProto, ValueInfoProto, helper

from exporter.by_day import kernel_by_day
from exporter.model_proto import IR_VERSION, function_proto, opsets
from exporter.shared_functions import DOMAIN, SHARED, with_shared
from exporter.symbolic import Graph, Symbol, rows
from exporter.verify import open_model
from jq_strategy import formula as language
from jq_strategy import kernel

Tree = tuple
_END = np.iinfo(np.int64).max
_TRACED = kernel_by_day()


class FeatureGraph:
    """All features of a stack of bars, name -> (rows, days), in one graph."""

    def __init__(self, bars: dict[str, np.ndarray]) -> None:
        self._bars = bars
        self._writing = _Writing()

    def run(self) -> dict[str, np.ndarray]:
        """Return the features, name -> (rows, days - feature's days + 1), and ``known_<input>``, (rows, days)."""
        graph = self._writing.graph
        filled, results = {}, {}
        for name in self._bars:
            by_day = graph.add("Transpose", Symbol(name, graph), perm=[1, 0])
            results[f"known_{name}"], (filled[name],) = _TRACED.usable_bars([by_day], [name])
        for feature in kernel.FEATURES:
            results[feature.name] = self._writing.call(feature.name, [filled[name] for name in feature.inputs])
        inputs = dict.fromkeys(self._bars, TensorProto.DOUBLE)
        outputs = {name: graph.add("Transpose", value, perm=[1, 0]) for name, value in results.items()}
        session = open_model(self._writing.finished(inputs, outputs))
        given = {name: np.ascontiguousarray(array) for name, array in self._bars.items()}
        return dict(zip(outputs, session.run(None, given), strict=True))


def input_names(trees: Sequence[Tree]) -> list[str]:
    """Return what the graph of these formulas reads: features, and ``known_<input>``."""
    features = {step.name: None for tree in trees for step in language.plan(tree) if not step.operands}
    known = {f"known_{name}": None for tree in trees for name in language.inputs_of(tree)}
    return [*features, *known]


def formula_graph(trees: Sequence[Tree]) -> bytes:
    """Return a model with the scores (rows,) of each formula as one output, in their order."""
    writing = _Writing()
    graph = writing.graph
    given = {name: graph.add("Transpose", Symbol(name, graph), perm=[1, 0]) for name in input_names(trees)}
    outputs = {f"score_{place}": writing.score(tree, given) for place, tree in enumerate(trees)}
    kinds = {name: TensorProto.BOOL if name.startswith("known_") else TensorProto.DOUBLE for name in given}
    return writing.finished(kinds, outputs)


class _Writing:
    """A graph in the making: the functions it calls, and the values it has, so that equal ones are written once."""

    def __init__(self) -> None:
        self.graph = Graph()
        self._functions: dict[str, FunctionProto] = {}
        self._values: dict[Any, Symbol] = {}

    def score(self, tree: Tree, given: dict[str, Symbol]) -> Symbol:
        """Write one formula: its plan, step by step, and the missing-bar rule."""
        scored = self._scored(tree, given)
        values: dict[str, Symbol] = {}
        keys: dict[str, Any] = {}
        for step in language.plan(tree):
            if not step.operands:
                keys[step.label] = (step.name, step.days)
                values[step.label] = self._once(keys[step.label], lambda s=step: rows(given[s.name], -s.days, _END))
                continue
            across = kernel.OPERATOR_TABLE[step.name].across
            key = (step.name, *[(keys[label], days) for label, days in step.operands], scored.name if across else "")
            operands = [
                self._once((keys[label], "last", days), lambda a=label, n=days: rows(values[a], -n, _END))
                for label, days in step.operands
            ]
            arguments = [*operands, scored] if across else operands
            values[step.label] = self._once(key, lambda s=step, a=arguments: self.call(s.name, a))
            keys[step.label] = key
        score = _TRACED.mask_unknown(values[step.label], scored, 1)
        return self.graph.add("Squeeze", score, np.zeros(1, dtype=np.int64))

    def call(self, name: str, arguments: list[Symbol]) -> Symbol:
        """Write the call of a feature's or operator's function."""
        if name not in self._functions:
            self._functions[name] = _function(name)
        return self.graph.add(name, *arguments, domain=DOMAIN)

    def finished(self, inputs: Mapping[str, int], outputs: dict[str, Symbol]) -> bytes:
        """Return the model; all inputs are (rows, days) of the given element types."""
        graph = self.graph
        for name, value in outputs.items():
            graph.nodes.append(helper.make_node("Identity", [value.name], [name]))
        given = [helper.make_tensor_value_info(name, kind, [None, None]) for name, kind in inputs.items()]
        named = [ValueInfoProto(name=name) for name in outputs]
        functions = with_shared(self._functions, _function, SHARED)
        whole = helper.make_graph(graph.needed(*outputs), "formulas", given, named)
        model = helper.make_model(whole, functions=functions, opset_imports=opsets(), ir_version=IR_VERSION)
        return model.SerializeToString()

    def _scored(self, tree: Tree, given: dict[str, Symbol]) -> Symbol:
        names, lookback = language.inputs_of(tree), language.lookback_days(tree)

        def write() -> Symbol:
            known = given[f"known_{names[0]}"]
            for name in names[1:]:
                known = _TRACED.both(known, given[f"known_{name}"])
            return _TRACED.window_all(_TRACED.tail(known, lookback), lookback)

        return self._once(("scored", *names, lookback), write)

    def _once(self, key: Any, write: Any) -> Symbol:
        if key not in self._values:
            self._values[key] = write()
        return self._values[key]


def _function(name: str) -> FunctionProto:
    """Trace one kernel function into a model-local function."""
    graph, traced = Graph(f"{name}_"), getattr(_TRACED, name)
    arguments = list(inspect.signature(traced).parameters)
    result = traced(*[Symbol(argument, graph) for argument in arguments])
    return function_proto(name, arguments, {"result": result}, graph, (inspect.getdoc(traced) or "").split("\n")[0])
