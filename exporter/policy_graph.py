"""policy.onnx: the policy network from its weights, float32, batch and length dynamic.

Written by hand, so that neither torch nor its exporter is needed to make or to read it. The graph follows
sdk/training/policy.py line by line:

    x = token[written] + place[0 ... length - 1] + depth[depths]
    for each block, ``loops`` times with the same weights:
        x = x + out(attention(norm(x)));  x = x + down(silu(left) right), left and right = gate(norm(x))
    x = norm(x)
    log_chances = log of the mixture of the output heads' softmaxes, weighted by softmax(mixing(x));  value = value(x)

``written``, ``depths``: int64 (batch, length), length at most max_length + 1; ``log_chances``: float32 (batch,
length, tokens + 1) of the next token at each place, the end mark last, before any grammar mask; ``value``: float32
(batch, length). Opset 18, IR 8.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, helper, numpy_helper

from exporter.model_proto import IR_VERSION, OPSET
from exporter.symbolic import Graph, Symbol
from jq_strategy import formula as language
from sdk.errors import ExportError

Weights = dict[str, np.ndarray]
_OUTPUTS = ("log_chances", "value")
_NORM_FLOOR = np.float32(np.finfo(np.float32).eps)  # what torch's RMSNorm adds under the root


@dataclass(frozen=True)
class PolicyShape:
    """What a policy was built with."""

    vocabulary: str
    max_length: int
    width: int
    layers: int
    heads: int
    loops: int
    mixture: int


def build_policy_model(weights: Weights, shape: PolicyShape, training: str = "") -> ModelProto:
    """Return the checked model; ``training`` names the run it comes from.

    Raises ExportError for a weight that is missing, superfluous or of another shape than the policy's.
    """
    _check(weights, shape)
    graph = Graph()
    written, depths = Symbol("written", graph), Symbol("depths", graph)
    length = graph.add("Gather", graph.add("Shape", written), np.asarray(1), axis=0)
    places = graph.add("Range", np.asarray(0), length, np.asarray(1))
    looked_up = [
        _look_up(graph, name, ids) for name, ids in (("token", written), ("place", places), ("depth", depths))
    ]
    x = graph.add("Add", graph.add("Add", looked_up[0], looked_up[1]), looked_up[2])
    unseen = _later_places(places)
    for block in range(shape.layers):
        for _ in range(shape.loops):
            x = _block(x, f"blocks.{block}", shape, unseen)
    _said(_norm(x, "norm"), shape)
    return _finished(graph, weights, shape, training)


def _said(x: Symbol, shape: PolicyShape) -> None:
    """Add the two outputs: the heads' log-softmaxes, mixed, and the value."""
    graph, words = x.graph, len(language.token_names(shape.vocabulary)) + 1
    logits = graph.add("Reshape", _affine(x, "logits"), np.asarray([0, 0, shape.mixture, words], dtype=np.int64))
    weights = graph.add("LogSoftmax", _affine(x, "mixing"), axis=-1)
    weighted = graph.add(
        "Add", graph.add("LogSoftmax", logits, axis=-1), graph.add("Unsqueeze", weights, np.asarray([-1]))
    )
    mixed = graph.add("ReduceLogSumExp", weighted, np.asarray([-2]), keepdims=0)
    value = graph.add("Squeeze", _affine(x, "value"), np.asarray([-1]))
    for name, symbol in zip(_OUTPUTS, (mixed, value), strict=True):
        graph.nodes.append(helper.make_node("Identity", [symbol.name], [name]))


def _affine(x: Symbol, name: str) -> Symbol:
    return x.graph.add("Add", _linear(x, name), Symbol(f"{name}.bias", x.graph))


def _block(x: Symbol, name: str, shape: PolicyShape, unseen: Symbol) -> Symbol:
    x = x.graph.add(
        "Add", x, _linear(_attention(_norm(x, f"{name}.norm_attention"), name, shape, unseen), f"{name}.out")
    )
    left, right = _parts(_linear(_norm(x, f"{name}.norm_forward"), f"{name}.gate"), 2)
    gated = x.graph.add("Mul", x.graph.add("Mul", left, x.graph.add("Sigmoid", left)), right)
    return x.graph.add("Add", x, _linear(gated, f"{name}.down"))


def _attention(x: Symbol, name: str, shape: PolicyShape, unseen: Symbol) -> Symbol:
    graph, each = x.graph, shape.width // shape.heads
    heads = np.asarray([0, 0, shape.heads, each], dtype=np.int64)
    parts = [graph.add("Reshape", part, heads) for part in _parts(_linear(x, f"{name}.query_key_value"), 3)]
    parts[:2] = [_norm(part, f"{name}.norm_{role}") for part, role in zip(parts, ("query", "key"), strict=False)]
    query, key, value = (
        graph.add("Transpose", part, perm=perm)
        for part, perm in zip(parts, ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]), strict=True)
    )
    scores = graph.add("Mul", graph.add("MatMul", query, key), np.asarray(each**-0.5, dtype=np.float32))
    chances = graph.add("Softmax", graph.add("Add", scores, unseen), axis=-1)
    attended = graph.add("Transpose", graph.add("MatMul", chances, value), perm=[0, 2, 1, 3])
    return graph.add("Reshape", attended, np.asarray([0, 0, shape.width], dtype=np.int64))


def _later_places(places: Symbol) -> Symbol:
    """Return (length, length): -inf where the column is a later place than the row, else 0."""
    graph = places.graph
    rows, columns = (graph.add("Unsqueeze", places, np.asarray([axis])) for axis in (1, 0))
    numbers = [np.asarray(number, dtype=np.float32) for number in (-np.inf, 0.0)]
    return graph.add("Where", graph.add("Greater", columns, rows), *numbers)


def _norm(x: Symbol, name: str) -> Symbol:
    graph = x.graph
    square = graph.add("ReduceMean", graph.add("Mul", x, x), np.asarray([-1]), keepdims=1)
    root = graph.add("Sqrt", graph.add("Add", square, np.asarray(_NORM_FLOOR)))
    return graph.add("Mul", graph.add("Div", x, root), Symbol(f"{name}.weight", graph))


def _linear(x: Symbol, name: str) -> Symbol:
    graph = x.graph
    return graph.add("MatMul", x, graph.add("Transpose", Symbol(f"{name}.weight", graph), perm=[1, 0]))


def _look_up(graph: Graph, name: str, ids: Symbol) -> Symbol:
    return graph.add("Gather", Symbol(f"{name}.weight", graph), ids, axis=0)


def _parts(x: Symbol, count: int) -> list[Symbol]:
    names = [x.graph.name() for _ in range(count)]
    x.graph.nodes.append(helper.make_node("Split", [x.name], names, axis=-1, num_outputs=count))
    return [Symbol(name, x.graph) for name in names]


def weight_shapes(shape: PolicyShape) -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every weight of a policy."""
    tokens, width = len(language.token_names(shape.vocabulary)), shape.width
    shapes: dict[str, tuple[int, ...]] = {
        "token.weight": (tokens + 2, width),
        "place.weight": (shape.max_length + 1, width),
        "depth.weight": (shape.max_length + 2, width),
        "norm.weight": (width,),
        "mixing.weight": (shape.mixture, width),
        "mixing.bias": (shape.mixture,),
        "logits.weight": (shape.mixture * (tokens + 1), width),
        "logits.bias": (shape.mixture * (tokens + 1),),
        "value.weight": (1, width),
        "value.bias": (1,),
    }
    for block in range(shape.layers):
        shapes.update(
            {
                f"blocks.{block}.norm_attention.weight": (width,),
                f"blocks.{block}.norm_forward.weight": (width,),
                f"blocks.{block}.norm_query.weight": (width // shape.heads,),
                f"blocks.{block}.norm_key.weight": (width // shape.heads,),
                f"blocks.{block}.query_key_value.weight": (3 * width, width),
                f"blocks.{block}.out.weight": (width, width),
                f"blocks.{block}.gate.weight": (4 * width, width),
                f"blocks.{block}.down.weight": (width, 2 * width),
            }
        )
    return shapes


def _check(weights: Weights, shape: PolicyShape) -> None:
    expected = weight_shapes(shape)
    for name in sorted(expected.keys() | weights.keys()):
        found = weights[name].shape if name in weights else None
        if found != expected.get(name):
            raise ExportError(f"policy weight {name}: shape {found}, expected {expected.get(name)} for {shape}")


def _finished(graph: Graph, weights: Weights, shape: PolicyShape, training: str) -> ModelProto:
    names: list[Any] = language.token_names(shape.vocabulary)
    places: list[Any] = ["batch", "length"]
    body = helper.make_graph(
        graph.needed(*_OUTPUTS),
        "policy",
        [helper.make_tensor_value_info(name, TensorProto.INT64, places) for name in ("written", "depths")],
        [
            helper.make_tensor_value_info("log_chances", TensorProto.FLOAT, [*places, len(names) + 1]),
            helper.make_tensor_value_info("value", TensorProto.FLOAT, places),
        ],
        [numpy_helper.from_array(array.astype(np.float32), name) for name, array in sorted(weights.items())],
    )
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(body, opset_imports=opset, ir_version=IR_VERSION, producer_name="jqalpha")
    about = {name: str(value) for name, value in asdict(shape).items()}
    marks = {"end_token": str(len(names)), "start_token": str(len(names) + 1)}
    helper.set_model_props(model, {**about, **marks, "tokens": json.dumps(names), "training": training})
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as problem:
        raise ExportError(f"onnx does not accept the policy {shape}: {problem}") from problem
    return model
