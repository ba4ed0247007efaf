"""Five ways to the same scores; the table ``BACKENDS`` has one line for each.

Each takes a ScoreRequest and returns the scores (stocks,) of the last day of its bars, NaN where a bar of the window
is missing. All give the same bits; the command ``jqalpha score`` writes them down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exporter.onnx_graph import build_model
from exporter.python36 import find_python36, scores_by_python36
from exporter.strategy_file import Settings, render
from exporter.verify import onnx_scores, open_model
from jq_strategy import formula as language
from sdk.errors import ExportError, nearest
from sdk.formula.formula_file import FormulaFile
from sdk.formula.panel_scores import PanelScores


@dataclass(frozen=True)
class ScoreRequest:
    """A formula and the bars it reads: name -> (stocks, lookback_days), ``benchmark`` (1, lookback_days)."""

    formula: FormulaFile
    bars: dict[str, np.ndarray]
    python: Path | None = None


def by_numpy(request: ScoreRequest) -> np.ndarray:
    """Compute with the kernel itself."""
    return language.evaluate(request.formula.tree, request.bars)[:, 0]


def by_batch(request: ScoreRequest) -> np.ndarray:
    """Compute with the evaluator that the search uses."""
    last = request.formula.lookback_days - 1
    return PanelScores(request.bars).scores(request.formula.tree, [last])[:, 0]


def by_onnx(request: ScoreRequest) -> np.ndarray:
    """Compute with onnxruntime on the model that an export would contain."""
    model = build_model(request.formula).SerializeToString(deterministic=True)
    return onnx_scores(open_model(model), request.bars)


def by_python36(request: ScoreRequest) -> np.ndarray:
    """Compute with the exported strategy's own text under the platform's Python."""
    python, _ = find_python36(request.python)
    return scores_by_python36(python, render(request.formula, Settings()), request.bars)


def by_torch(request: ScoreRequest) -> np.ndarray:
    """Compute with the kernel on torch, float64 on the CPU."""
    from sdk.training.torch_scores import torch_scores

    return torch_scores(request.formula.tree, request.bars)


BACKENDS: dict[str, Callable[[ScoreRequest], np.ndarray]] = {
    "numpy": by_numpy,
    "torch": by_torch,
    "onnx": by_onnx,
    "py36": by_python36,
    "batch": by_batch,
}


def compute_scores(backend: str, request: ScoreRequest) -> np.ndarray:
    """Return the scores by one of ``BACKENDS``; ExportError names the nearest for another."""
    if backend not in BACKENDS:
        raise ExportError(f"unknown back end {backend!r}{nearest(backend, BACKENDS)} (known: {', '.join(BACKENDS)})")
    return BACKENDS[backend](request)
