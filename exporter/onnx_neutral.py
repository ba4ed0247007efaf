"""Neutral scores as one model-local function, NEUTRAL, traced from jq_strategy/neutral.py.

Its inputs are the score of the last day (1, stocks), ``exposures`` (stocks, F) and ``industry`` (stocks,
industries), the last two only where the choice needs them. F is fixed by the choice, because the order of the columns
is their meaning; stocks and industries are dynamic. Sums over industries are products with ``industry``: exact,
because what is added lies on one grid, whatever order a library multiplies in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import FunctionProto, TensorProto, ValueInfoProto, helper

from exporter.model_proto import function_proto, traced_function
from exporter.neutral_data import EXPOSURES_INPUT, INDUSTRY_INPUT
from exporter.shared_functions import DOMAIN, called_by
from exporter.symbolic import Graph, Symbol, traced_kernel
from sdk.scoring.neutral_choice import NeutralChoice

NEUTRAL = "NEUTRAL"
# functions of the kernel that are called in several places: one model-local function each, in capitals
_SHARED = ("pool_sum", "rank_place", "ZSCORE")


def neutral_inputs(choice: NeutralChoice) -> list[ValueInfoProto]:
    """Describe the inputs that the choice adds to a model; none when nothing is taken out."""
    shapes: dict[str, list[Any]] = {}
    if choice.styles:
        shapes[EXPOSURES_INPUT] = ["stocks", len(choice.styles)]
    if choice.by_industry:
        shapes[INDUSTRY_INPUT] = ["stocks", "industries"]
    return [helper.make_tensor_value_info(name, TensorProto.DOUBLE, shape) for name, shape in shapes.items()]


def neutral_functions(choice: NeutralChoice) -> dict[str, FunctionProto]:
    """Return NEUTRAL(score, exposures, industry) -> result, (1, stocks), and the functions it calls.

    NEUTRAL has only the inputs that the choice needs.
    """
    whole = {name.upper(): getattr(traced_kernel(), name) for name in _SHARED}
    calls = {name: _call(name.upper()) for name in _SHARED}
    standards = {"rank": calls["rank_place"], "zscore": calls["ZSCORE"]}
    traced = traced_kernel({"pool_sum": calls["pool_sum"], "STANDARDS": standards})
    graph = Graph(f"{NEUTRAL}_")
    names = ["score", *[given.name for given in neutral_inputs(choice)]]
    exposures, score = Symbol(EXPOSURES_INPUT, graph), Symbol("score", graph)
    styles = [_column(exposures, place) for place in range(len(choice.styles))]
    groups = Symbol(INDUSTRY_INPUT, graph) if choice.by_industry else None
    result = traced.neutral_score(score, styles, groups, choice.standard)
    words = f"score without {', '.join(choice.names)} ({choice.standard})"
    found = {NEUTRAL: function_proto(NEUTRAL, names, {"result": result}, graph, words)}
    return {**found, **{name: traced_function(name, whole[name]) for name in sorted(called_by(found[NEUTRAL].node))}}


def _call(name: str) -> Callable[..., Symbol]:
    """Return what writes a call of a model-local function."""
    return lambda *given: given[0].graph.add(name, *given, domain=DOMAIN)


def _column(x: Symbol, place: int) -> Symbol:
    """Return one column of (stocks, F) as a series of one day, (1, stocks)."""
    bounds = [np.asarray([value], dtype=np.int64) for value in (place, place + 1, 1)]
    return x.graph.add("Transpose", x.graph.add("Slice", x, *bounds), perm=[1, 0])
