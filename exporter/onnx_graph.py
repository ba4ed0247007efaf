"""model.onnx: raw bars of ``lookback_days`` (or more) in, one score a stock out, float64, stocks and days dynamic.

The main graph is the formula: one call a feature or operator, in the order of the plan, with slices between them
that keep only the days the next step needs. Each feature and operator is one model-local function, traced from the
kernel's source. Inputs carry the names of the bars ((stocks, days), ``benchmark`` (1, days)) with NaN where there is
no bar; ``score`` is (stocks,), NaN where a bar of the window is missing.

Opset 18, IR 8. Run it with graph optimisation disabled: optimisers may rewrite roundings.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import onnx
from onnx import FunctionProto, ModelProto, NodeProto, TensorProto, helper

from exporter.symbolic import Graph, Symbol, traced_kernel
from jq_strategy import formula as language
from jq_strategy import kernel
from sdk import files
from sdk.errors import ExportError
from sdk.formula.formula_file import FormulaFile

OPSET, IR_VERSION, DOMAIN = 18, 8, "jqalpha"
_UNITS = "prices CNY as traded; volume shares; money CNY; factor cumulative; circulating_market_cap 1e8 CNY"


def build_model(formula: FormulaFile) -> ModelProto:
    """Return the checked model of a formula. Raises ExportError when onnx finds it malformed."""
    traced = traced_kernel()
    functions: dict[str, FunctionProto] = {}
    graph = Graph()
    known, filled = _usable(formula, graph, functions, traced)
    scored = traced.window_all(known, formula.lookback_days) if language.compares_stocks(formula.tree) else None
    values: dict[str, Symbol] = {}
    steps = language.plan(formula.tree)
    delivered = {step.label: step.days for step in steps}
    for step in steps:
        if step.operands:
            arguments = [
                values[label] if delivered[label] == days else _tail(values[label], days)
                for label, days in step.operands
            ]
            if scored is not None and kernel.OPERATOR_TABLE[step.name].across:
                arguments.append(scored)
        else:
            feature = kernel.FEATURE_TABLE[step.name]
            reach = step.days + feature.days - 1
            arguments = [
                filled[name] if reach == formula.lookback_days else _tail(filled[name], reach)
                for name in feature.inputs
            ]
        if step.name not in functions:
            functions[step.name] = _function(step.name, getattr(traced, step.name))
        values[step.label] = _call(graph, step.name, arguments, step.label)
    masked = traced.mask_unknown(values[steps[-1].label], known, formula.lookback_days)
    graph.nodes.append(helper.make_node("Squeeze", [masked.name, graph.constant(_axis())], ["score"]))
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "formula",
            [_array(name, [1 if name == "benchmark" else "stocks", "days"]) for name in formula.inputs],
            [_array("score", ["stocks"])],
            doc_string=formula.expression,
        ),
        functions=list(functions.values()),
        opset_imports=_opsets(),
        ir_version=IR_VERSION,
        producer_name="jqalpha",
    )
    helper.set_model_props(model, _metadata(formula))
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as problem:
        raise ExportError(f"onnx does not accept the model of {formula.expression}: {problem}") from problem
    return model


def _usable(
    formula: FormulaFile, graph: Graph, functions: dict[str, FunctionProto], traced: Any
) -> tuple[Symbol, dict[str, Symbol]]:
    """Write the missing-bar rule for each input: where it is known, and its values with the gaps filled."""
    known: Symbol | None = None
    filled: dict[str, Symbol] = {}
    for name in formula.inputs:
        bars = _tail(Symbol(name, graph), formula.lookback_days)
        rule, example = ("PRICE", "close") if name in traced.POSITIVE_INPUTS else ("VOLUME", "volume")
        if f"USABLE_{rule}" not in functions:
            functions[f"USABLE_{rule}"] = _usable_function(f"USABLE_{rule}", example, traced)
        outputs = [f"{name}_known", f"{name}_filled"]
        graph.nodes.append(helper.make_node(f"USABLE_{rule}", [bars.name], outputs, domain=DOMAIN))
        usable, filled[name] = (Symbol(output, graph) for output in outputs)
        known = usable if known is None else traced.both(known, usable)
    assert known is not None  # a formula has at least one feature, a feature at least one input
    return known, filled


def _usable_function(name: str, example: str, traced: Any) -> FunctionProto:
    graph = Graph(f"{name}_")
    known, (filled,) = traced.usable_bars([Symbol("bars", graph)], [example])
    return _function_proto(name, ["bars"], {"known": known, "filled": filled}, graph, "where a bar is known; gaps 1")


def _tail(x: Symbol, days: int) -> Symbol:
    graph = x.graph
    output = f"{x.name}_last_{days}"
    if not any(output in node.output for node in graph.nodes):
        operands = [x.name, graph.constant(_axis(-days)), graph.constant(_axis(2**63 - 1)), graph.constant(_axis())]
        graph.nodes.append(helper.make_node("Slice", operands, [output]))
    return Symbol(output, graph)


def _call(graph: Graph, function: str, arguments: list[Symbol], output: str) -> Symbol:
    names = [argument.name for argument in arguments]
    graph.nodes.append(helper.make_node(function, names, [output], domain=DOMAIN))
    return Symbol(output, graph)


def _function(name: str, traced: Any) -> FunctionProto:
    """Trace one kernel function into a model-local function with the same argument names."""
    graph = Graph(f"{name}_")
    arguments = list(inspect.signature(traced).parameters)
    result = traced(*[Symbol(argument, graph) for argument in arguments])
    words = (inspect.getdoc(traced) or "").split("\n")[0]
    return _function_proto(name, arguments, {"result": result}, graph, words)


def _function_proto(
    name: str, arguments: list[str], results: dict[str, Symbol], graph: Graph, words: str
) -> FunctionProto:
    ends = [helper.make_node("Identity", [value.name], [output]) for output, value in results.items()]
    nodes: list[NodeProto] = [*graph.nodes, *ends]
    return helper.make_function(DOMAIN, name, arguments, list(results), nodes, _opsets(), doc_string=words)


def _opsets() -> list[onnx.OperatorSetIdProto]:
    return [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, 1)]


def _axis(value: int = 1) -> np.ndarray:
    return np.asarray([value], dtype=np.int64)


def _array(name: str, shape: list[Any]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.DOUBLE, shape)


def _metadata(formula: FormulaFile) -> dict[str, str]:
    return {
        "vocabulary": formula.vocabulary,
        "token_mode": formula.token_mode,
        "tokens_raw": files.to_json(list(formula.tokens_raw)).replace("\n", "").replace(" ", ""),
        "tokens_repaired": files.to_json(list(formula.tokens_repaired)).replace("\n", "").replace(" ", ""),
        "expression": formula.expression,
        "lookback_days": str(formula.lookback_days),
        "kernel_version": kernel.KERNEL_VERSION,
        "units": _UNITS,
    }
