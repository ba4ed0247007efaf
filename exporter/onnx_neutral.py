"""Neutral scores as one model-local function, NEUTRAL, traced from jq_strategy/neutral.py.

Its inputs are the score of the last day (1, stocks), ``exposures`` (stocks, F) and ``industry`` (stocks,
industries), the last two only where the choice needs them. F is fixed by the choice, because the order of the columns
is their meaning; stocks and industries are dynamic. Sums over industries are products with ``industry``: exact,
because what is added lies on one grid, whatever order a library multiplies in.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from onnx import FunctionProto, TensorProto, ValueInfoProto, helper

from exporter.model_proto import function_proto
from exporter.neutral_data import EXPOSURES_INPUT, INDUSTRY_INPUT
from exporter.symbolic import Graph, Symbol
from sdk.scoring.neutral_choice import NeutralChoice

NEUTRAL = "NEUTRAL"


def neutral_inputs(choice: NeutralChoice) -> list[ValueInfoProto]:
    """Describe the inputs that the choice adds to a model; none when nothing is taken out."""
    shapes: dict[str, list[Any]] = {}
    if choice.styles:
        shapes[EXPOSURES_INPUT] = ["stocks", len(choice.styles)]
    if choice.by_industry:
        shapes[INDUSTRY_INPUT] = ["stocks", "industries"]
    return [helper.make_tensor_value_info(name, TensorProto.DOUBLE, shape) for name, shape in shapes.items()]


def neutral_function(traced: SimpleNamespace, choice: NeutralChoice) -> FunctionProto:
    """Return NEUTRAL(score, exposures, industry) -> result, (1, stocks), without the inputs that are not needed."""
    graph = Graph(f"{NEUTRAL}_")
    names = ["score", *[given.name for given in neutral_inputs(choice)]]
    exposures, score = Symbol(EXPOSURES_INPUT, graph), Symbol("score", graph)
    styles = [_column(exposures, place) for place in range(len(choice.styles))]
    groups = Symbol(INDUSTRY_INPUT, graph) if choice.by_industry else None
    result = traced.neutral_score(score, styles, groups, choice.standard)
    words = f"score without {', '.join(choice.names)} ({choice.standard})"
    return function_proto(NEUTRAL, names, {"result": result}, graph, words)


def _column(x: Symbol, place: int) -> Symbol:
    """Return one column of (stocks, F) as a series of one day, (1, stocks)."""
    bounds = [np.asarray([value], dtype=np.int64) for value in (place, place + 1, 1)]
    return x.graph.add("Transpose", x.graph.add("Slice", x, *bounds), perm=[1, 0])
