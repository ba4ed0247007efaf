"""model.onnx and model_history.onnx: raw bars in, scores out, float64, stocks and days dynamic.

The main graph is the formula: one call a feature or operator, in the order of the plan, with slices between them
that drop the oldest days where a step needs fewer than there are. Each feature and operator is one model-local
function, traced from the kernel's source. Inputs carry the names of the bars ((stocks, days), ``benchmark``
(1, days)) with NaN where there is no bar. Between the first and the last node the days come first.

``build_model``: ``score`` (stocks,) of the last day, from the last ``lookback_days`` days of what is given; on
request also one output a feature, its value of that day. Where exposures are taken out of the scores it reads
``exposures`` (stocks, F) and ``industry`` (stocks, industries) of that day too (onnx_neutral.py).
``build_history_model``: ``score`` (stocks, days), every day. NaN where a bar of the window is missing.

Opset 18, IR 8. Run it with graph optimisation disabled: optimisers may rewrite roundings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
from onnx import FunctionProto, ModelProto, helper

from exporter.by_day import kernel_by_day, run_by_day
from exporter.model_proto import bars_input, finished_model, function_proto, score_output, traced_function
from exporter.onnx_neutral import NEUTRAL, neutral_functions, neutral_inputs
from exporter.shared_functions import DOMAIN, SHARED, with_shared
from exporter.symbolic import Graph, Symbol, day_count, rows
from jq_strategy import formula as language
from jq_strategy import kernel
from sdk.formula.formula_file import FormulaFile
from sdk.scoring.neutral_choice import NOTHING, NeutralChoice

_END = np.iinfo(np.int64).max
_FEATURE_SHAPE: list[Any] = ["stocks"]


@dataclass
class _Writing:
    """A main graph in the making, and what it needs: the traced kernel and the functions called so far."""

    formula: FormulaFile
    graph: Graph = field(default_factory=Graph)
    traced: SimpleNamespace = field(default_factory=kernel_by_day)
    functions: dict[str, FunctionProto] = field(default_factory=dict)
    known: dict[str, Symbol] = field(default_factory=dict)  # input -> where it is known, (days, stocks)
    filled: dict[str, Symbol] = field(default_factory=dict)  # input -> its values with the gaps filled

    def call(self, name: str, arguments: list[Symbol], output: str) -> Symbol:
        if name not in self.functions:
            self.functions[name] = traced_function(name, getattr(self.traced, name))
        names = [argument.name for argument in arguments]
        self.graph.nodes.append(helper.make_node(name, names, [output], domain=DOMAIN))
        return Symbol(output, self.graph)

    def rename(self, value: Symbol, kind: str, output: str, *operands: np.ndarray, **attributes: Any) -> None:
        names = [value.name, *[self.graph.constant(operand) for operand in operands]]
        self.graph.nodes.append(helper.make_node(kind, names, [output], **attributes))


def build_model(formula: FormulaFile, features: bool = False, neutral: NeutralChoice = NOTHING) -> ModelProto:
    """Return the checked last-day model of a formula; ``features`` adds an output a feature, named as it is.

    ``neutral``: what is taken out of the scores; the model then has the inputs of neutral_data.py. Raises ExportError
    when onnx finds the model malformed.
    """
    writing = _Writing(formula)
    for name in formula.inputs:
        _read(writing, name, _days_first(writing, name, rows_wanted=formula.lookback_days))
    values = _run_plan(writing)
    score = _masked(writing, values[-1][1], formula.inputs, formula.lookback_days)
    more = neutral_inputs(neutral)
    if more:
        writing.functions.update(neutral_functions(neutral))
        names = [score.name, *[given.name for given in more]]
        writing.graph.nodes.append(helper.make_node(NEUTRAL, names, ["neutral_score"], domain=DOMAIN))
        score = Symbol("neutral_score", writing.graph)
    writing.rename(score, "Squeeze", "score", _axis(0))
    outputs = [score_output("score", ["stocks"])]
    for name, value in values if features else []:
        if name in kernel.FEATURE_TABLE:
            feature = kernel.FEATURE_TABLE[name]
            newest = writing.traced.tail(value, 1)
            writing.rename(_masked(writing, newest, list(feature.inputs), feature.days), "Squeeze", name, _axis(0))
            outputs.append(score_output(name, _FEATURE_SHAPE))
    return _finished(writing, "formula", outputs, more)


def build_history_model(formula: FormulaFile) -> ModelProto:
    """Return the checked model of all days: ``score`` (stocks, days), the same bits as the last-day model day by day.

    Raises ExportError when onnx finds the model malformed.
    """
    writing = _Writing(formula)
    lookback, graph = formula.lookback_days, writing.graph
    first = _days_first(writing, formula.inputs[0])
    shortage = graph.add("Max", graph.add("Sub", np.asarray(lookback), day_count(first)), np.asarray(0))
    for name in formula.inputs:
        bars = first if name == formula.inputs[0] else _days_first(writing, name)
        _read(writing, name, _preceded_by_nan(bars, shortage))
    score = _masked(writing, _run_plan(writing)[-1][1], formula.inputs, lookback)
    whole = _preceded_by_nan(score, graph.add("Sub", np.asarray(lookback - 1), shortage))
    writing.rename(whole, "Transpose", "score", perm=[1, 0])
    return _finished(writing, "formula_history", [score_output("score", ["stocks", "days"])])


def _days_first(writing: _Writing, name: str, rows_wanted: int | None = None) -> Symbol:
    graph = writing.graph
    bars = Symbol(name, graph)
    if rows_wanted is not None:
        bars = graph.add("Slice", bars, _axis(-rows_wanted), _axis(_END), _axis(1))
    return graph.add("Transpose", bars, perm=[1, 0])


def _preceded_by_nan(x: Symbol, days: Symbol) -> Symbol:
    """Put ``days`` (scalar int64) rows of NaN before a series."""
    graph = x.graph
    ends = graph.add("Concat", graph.add("Unsqueeze", days, _axis(0)), np.zeros(3, dtype=np.int64), axis=0)
    return graph.add("Pad", x, ends, np.asarray(np.nan), mode="constant")


def _read(writing: _Writing, name: str, bars: Symbol) -> None:
    """Write the missing-bar rule for one input."""
    positive = name in writing.traced.POSITIVE_INPUTS
    rule, example = ("USABLE_PRICE", "close") if positive else ("USABLE_VOLUME", "volume")
    if rule not in writing.functions:
        inside = Graph(f"{rule}_")
        known, (filled,) = writing.traced.usable_bars([Symbol("bars", inside)], [example])
        results = {"known": known, "filled": filled}
        words = "where a bar is known; gaps 1"
        writing.functions[rule] = function_proto(rule, ["bars"], results, inside, words)
    outputs = [f"{name}_known", f"{name}_filled"]
    writing.graph.nodes.append(helper.make_node(rule, [bars.name], outputs, domain=DOMAIN))
    writing.known[name], writing.filled[name] = (Symbol(output, writing.graph) for output in outputs)


def _run_plan(writing: _Writing) -> list[tuple[str, Symbol]]:
    """Write the steps of the plan; return each step's name and value, the formula's own last.

    A step delivers its days of the plan, or in a history model as many more as the history is longer; so what a step
    does not need are always the oldest days of what is there, and their number is known.
    """
    steps = language.plan(writing.formula.tree)
    values = {step.label: _feature(writing, step) for step in steps if not step.operands}
    scored = _known_throughout(writing, writing.formula.inputs, writing.formula.lookback_days)
    if _compares_past_days(steps):
        values[steps[-1].label] = _operators_by_day(writing, steps, values, scored)
    else:
        _run_operators(writing, steps, values, scored)
    return [(step.name, values[step.label]) for step in steps if step.label in values]


def _compares_past_days(steps: list[Any]) -> bool:
    """Tell whether a plan compares stocks on days before the score's own."""
    return any(step.days > 1 and step.operands and kernel.OPERATOR_TABLE[step.name].across for step in steps)


def _operators_by_day(writing: _Writing, steps: list[Any], features: dict[str, Symbol], scored: Symbol) -> Symbol:
    """Write the operators for one day at a time: who takes part on a day does so throughout the day's own window."""
    used = [step for step in steps if not step.operands]

    def day(*given: Symbol) -> Symbol:
        values = {step.label: part for step, part in zip(used, given[1:], strict=True)}
        _run_operators(replace(writing, graph=given[0].graph), steps, values, given[0])
        return values[steps[-1].label]

    series = [scored, *[features[step.label] for step in used]]
    return run_by_day(day, series, [1, *[step.days for step in used]])


def _feature(writing: _Writing, step: Any) -> Symbol:
    feature = kernel.FEATURE_TABLE[step.name]
    unused = writing.formula.lookback_days - (step.days + feature.days - 1)
    return writing.call(step.name, [_newer(writing.filled[name], unused) for name in feature.inputs], step.label)


def _run_operators(writing: _Writing, steps: list[Any], values: dict[str, Symbol], scored: Symbol) -> None:
    """Add the values of the operators to those of the features; ``scored``: who takes part where stocks compare."""
    delivered = {step.label: step.days for step in steps}
    for step in steps:
        if step.operands:
            arguments = [_newer(values[label], delivered[label] - days) for label, days in step.operands]
            if kernel.OPERATOR_TABLE[step.name].across:
                arguments.append(scored)
            values[step.label] = writing.call(step.name, arguments, step.label)


def _newer(x: Symbol, unused: int) -> Symbol:
    """Drop the oldest ``unused`` days; the same slice twice is one node."""
    output = f"{x.name}_without_{unused}"
    if unused and not any(output in node.output for node in x.graph.nodes):
        names = [x.graph.constant(_axis(value)) for value in (unused, _END, 0)]
        x.graph.nodes.append(helper.make_node("Slice", [x.name, *names], [output], name=output))
    return Symbol(output, x.graph) if unused else x


def _masked(writing: _Writing, value: Symbol, names: list[str], days: int) -> Symbol:
    """Return NaN for a value any of whose ``days`` bars is unknown in one of the inputs ``names``."""
    return writing.traced.mask_unknown(value, _known(writing, names, days), days)


def _known_throughout(writing: _Writing, names: list[str], days: int) -> Symbol:
    return writing.traced.window_all(_known(writing, names, days), days)


def _known(writing: _Writing, names: list[str], days: int) -> Symbol:
    """Return where all inputs are known, without the oldest days that a window of ``days`` does not reach."""
    known = writing.known[names[0]]
    for name in names[1:]:
        known = writing.traced.both(known, writing.known[name])
    surplus = writing.formula.lookback_days - days
    return rows(known, surplus, _END) if surplus else known


def _finished(
    writing: _Writing, name: str, outputs: list[onnx.ValueInfoProto], more: Sequence[onnx.ValueInfoProto] = ()
) -> ModelProto:
    formula = writing.formula
    inputs = [*[bars_input(given) for given in formula.inputs], *more]
    nodes = writing.graph.needed(*[output.name for output in outputs])
    graph = helper.make_graph(nodes, name, inputs, outputs, doc_string=formula.expression)
    traced = writing.traced
    functions = with_shared(
        writing.functions, lambda shared: traced_function(shared, getattr(traced, shared)), SHARED
    )
    return finished_model(formula, graph, functions)


def _axis(value: int) -> np.ndarray:
    return np.asarray([value], dtype=np.int64)
