"""The back ends under test: each computes one operator on given series, and one formula on given bars.

``operators`` takes Requests and returns arrays; ``scores`` takes (tokens of v3, bars) pairs and returns (stocks,)
arrays. The reference is the kernel on this machine's numpy.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from onnx import TensorProto, helper
from onnxruntime import InferenceSession

from exporter.by_day import kernel_by_day
from exporter.exported import ScoreFunction, load_scorer
from exporter.onnx_graph import build_model
from exporter.strategy_file import Settings, render
from exporter.symbolic import Graph, Symbol
from exporter.verify import onnx_scores, open_model
from jq_strategy import formula as language
from jq_strategy import kernel
from sdk.formula.formula_file import FormulaFile, from_tokens
from sdk.formula.panel_scores import PanelScores
from sdk.formula.segments import PlanOnPanel
from sdk.training import torch_kernel
from tests.conftest import ROOT

Bars = dict[str, np.ndarray]
Formulas = Sequence[tuple[tuple[int, ...], Bars]]
PYTHON36 = ROOT / ".venv36" / "bin" / "python"


@lru_cache(maxsize=4)
def _session(tokens: tuple[int, ...]) -> InferenceSession:
    return open_model(build_model(from_tokens(tokens, "v3")).SerializeToString())


@lru_cache(maxsize=4)
def _scorer(tokens: tuple[int, ...]) -> ScoreFunction:
    return load_scorer(render(from_tokens(tokens, "v3"), Settings()))


@dataclass(frozen=True)
class Request:
    """One operator, its operands (stocks, days) and the known stocks (stocks, 1)."""

    name: str
    operands: list[np.ndarray]
    known: np.ndarray

    @property
    def arguments(self) -> list[np.ndarray]:
        """The operands, and the known stocks where the operator compares them."""
        return [*self.operands, self.known] if kernel.OPERATOR_TABLE[self.name].across else self.operands


class Numpy:
    """The reference: the kernel on numpy."""

    name = "numpy"

    def operators(self, requests: Sequence[Request]) -> list[np.ndarray]:
        with np.errstate(all="ignore"):
            return [kernel.OPERATOR_TABLE[request.name].function(*request.arguments) for request in requests]

    def scores(self, formulas: Formulas) -> list[np.ndarray]:
        return [language.evaluate(language.parse(tokens, "v3"), bars)[:, 0] for tokens, bars in formulas]


class Torch:
    """The kernel's source on torch."""

    name = "torch"

    def operators(self, requests: Sequence[Request]) -> list[np.ndarray]:
        return [
            getattr(torch_kernel.KERNEL, request.name)(*map(torch.from_numpy, request.arguments)).numpy()
            for request in requests
        ]

    def scores(self, formulas: Formulas) -> list[np.ndarray]:
        return [
            torch_kernel.evaluate(
                language.parse(tokens, "v3"), {name: torch.from_numpy(array) for name, array in bars.items()}
            ).numpy()[:, 0]
            for tokens, bars in formulas
        ]


class Onnx:
    """The kernel's source traced into ONNX, run by onnxruntime; inside a graph the days come first."""

    name = "onnx"

    def __init__(self) -> None:
        self._kernel = kernel_by_day()
        self._operators: dict[str, object] = {}

    def operators(self, requests: Sequence[Request]) -> list[np.ndarray]:
        return [
            self._operator(request.name)
            .run(None, {f"x{place}": np.ascontiguousarray(value.T) for place, value in enumerate(request.arguments)})[
                0
            ]
            .T
            for request in requests
        ]

    def scores(self, formulas: Formulas) -> list[np.ndarray]:
        return [onnx_scores(_session(tokens), bars) for tokens, bars in formulas]

    def _operator(self, name: str):
        if name not in self._operators:
            operator, graph = kernel.OPERATOR_TABLE[name], Graph("op_")
            count = operator.arity + operator.across
            result = getattr(self._kernel, name)(*[Symbol(f"x{place}", graph) for place in range(count)])
            kinds = [TensorProto.DOUBLE] * operator.arity + [TensorProto.BOOL] * operator.across
            inputs = [
                helper.make_tensor_value_info(f"x{place}", kind, [None, None]) for place, kind in enumerate(kinds)
            ]
            outputs = [helper.make_tensor_value_info(result.name, TensorProto.DOUBLE, None)]
            opsets = [helper.make_opsetid("", 18)]
            model = helper.make_model(
                helper.make_graph(graph.nodes, name, inputs, outputs), opset_imports=opsets, ir_version=8
            )
            self._operators[name] = open_model(model.SerializeToString())
        return self._operators[name]


class Compiled:
    """The compiled loops of the panel evaluator."""

    name = "compiled"

    def operators(self, requests: Sequence[Request]) -> list[np.ndarray]:
        return [self._operator(request) for request in requests]

    def scores(self, formulas: Formulas) -> list[np.ndarray]:
        return [
            PanelScores(bars).scores(language.parse(tokens, "v3"), [bars["close"].shape[1] - 1])[:, 0]
            for tokens, bars in formulas
        ]

    @staticmethod
    def _operator(request: Request) -> np.ndarray:
        depth = kernel.OPERATOR_TABLE[request.name].depth
        length = request.operands[0].shape[1]
        labels = [f"x{place}" for place in range(len(request.operands))]
        steps = [language.Step(label, "", (), 1) for label in labels]
        steps.append(language.Step("out", request.name, tuple((label, depth + 1) for label in labels), 1))
        places = {label: place for place, label in enumerate(labels)}
        days = np.arange(depth, length)
        on_panel = PlanOnPanel(steps, np.stack(request.operands), places, days, request.known)
        return on_panel.values("out", days)


class ExportedFile:
    """The text of strategy.py, without a platform; single operators are formulas here."""

    name = "strategy.py"

    def operators(self, requests: Sequence[Request]) -> None:
        return None

    def scores(self, formulas: Formulas) -> list[np.ndarray]:
        return [self._score(from_tokens(tokens, "v3"), bars) for tokens, bars in formulas]

    @staticmethod
    def _score(formula: FormulaFile, bars: Bars) -> np.ndarray:
        window = {name: bars[name][:, -formula.lookback_days :] for name in formula.inputs}
        return _scorer(formula.tokens_repaired)(window)


class Python36:
    """The kernel on the platform's Python and numpy: one process for all requests."""

    name = "py36"

    def operators(self, requests: Sequence[Request]) -> list[np.ndarray]:
        stored = {
            f"{number}|{request.name}|{place}": value
            for number, request in enumerate(requests)
            for place, value in enumerate(request.arguments)
        }
        return self._run(stored, len(requests))

    def scores(self, formulas: Formulas) -> list[np.ndarray]:
        stored, panels = {}, {}
        for number, (tokens, bars) in enumerate(formulas):
            panel = panels.setdefault(id(bars), len(panels))
            stored.update({f"panel|{panel}|{name}": array for name, array in bars.items()})
            stored[f"{number}|formula|{panel}"] = np.array(tokens)
        return self._run(stored, len(formulas))

    @staticmethod
    def _run(stored: dict[str, np.ndarray], count: int) -> list[np.ndarray]:
        with tempfile.TemporaryDirectory() as folder:
            asked, answered = Path(folder) / "asked.npz", Path(folder) / "answered.npz"
            np.savez(asked, **stored)
            script = Path(__file__).parent / "run_on_36.py"
            subprocess.run([PYTHON36, script, str(asked), str(answered)], check=True, cwd=ROOT)
            with np.load(answered) as answers:
                return [answers[str(number)] for number in range(count)]


def backends() -> list:
    """Return the back ends that can run here; CPython 3.6 is left out where it is absent."""
    return [Torch(), Onnx(), Compiled(), ExportedFile(), *([Python36()] if PYTHON36.exists() else [])]
