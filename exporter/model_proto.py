"""The frame of an ONNX model: opset and IR, typed inputs and outputs, functions, what the model says of itself."""

from __future__ import annotations

import inspect
import json
from typing import Any

import onnx
from onnx import FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

from exporter.shared_functions import DOMAIN
from exporter.symbolic import Graph, Symbol
from jq_strategy import kernel
from sdk.errors import ExportError
from sdk.formula.formula_file import FormulaFile

OPSET, IR_VERSION = 18, 8
UNITS = "prices CNY as traded; volume shares; money CNY; factor cumulative; circulating_market_cap 1e8 CNY"


def bars_input(name: str) -> ValueInfoProto:
    """Describe an input: float64 (stocks, days), the benchmark (1, days)."""
    shape: list[Any] = [1 if name == "benchmark" else "stocks", "days"]
    return helper.make_tensor_value_info(name, TensorProto.DOUBLE, shape)


def score_output(name: str, shape: list[Any]) -> ValueInfoProto:
    """Describe a float64 output."""
    return helper.make_tensor_value_info(name, TensorProto.DOUBLE, shape)


def function_proto(
    name: str, arguments: list[str], results: dict[str, Symbol], graph: Graph, words: str
) -> FunctionProto:
    """Return a model-local function whose outputs carry the keys of ``results``."""
    ends = [helper.make_node("Identity", [value.name], [output]) for output, value in results.items()]
    nodes: list[NodeProto] = [*graph.needed(*[value.name for value in results.values()]), *ends]
    return helper.make_function(DOMAIN, name, arguments, list(results), nodes, opsets(), doc_string=words)


def traced_function(name: str, traced: Any) -> FunctionProto:
    """Trace one kernel function into a model-local function with the same argument names."""
    graph = Graph(f"{name}_")
    arguments = list(inspect.signature(traced).parameters)
    result = traced(*[Symbol(argument, graph) for argument in arguments])
    words = (inspect.getdoc(traced) or "").split("\n")[0]
    return function_proto(name, arguments, {"result": result}, graph, words)


def finished_model(formula: FormulaFile, graph: GraphProto, functions: list[FunctionProto]) -> ModelProto:
    """Return the model around a graph, checked by onnx with strict shape inference; else ExportError."""
    model = helper.make_model(
        graph, functions=functions, opset_imports=opsets(), ir_version=IR_VERSION, producer_name="jqalpha"
    )
    helper.set_model_props(model, _metadata(formula))
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as problem:
        raise ExportError(f"onnx does not accept the model of {formula.expression}: {problem}") from problem
    return model


def opsets() -> list[onnx.OperatorSetIdProto]:
    """Return the opsets of models and functions: ONNX's own and the formula's functions."""
    return [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, 1)]


def _metadata(formula: FormulaFile) -> dict[str, str]:
    return {
        "vocabulary": formula.vocabulary,
        "token_mode": formula.token_mode,
        "tokens_raw": json.dumps(formula.tokens_raw),
        "tokens_repaired": json.dumps(formula.tokens_repaired),
        "expression": formula.expression,
        "lookback_days": str(formula.lookback_days),
        "kernel_version": kernel.KERNEL_VERSION,
        "units": UNITS,
    }
