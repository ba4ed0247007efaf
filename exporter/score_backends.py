"""Five ways to the same scores; the table ``BACKENDS`` has one line for each.

Each takes a ScoreRequest and returns the scores (stocks,) of the last day of its bars, NaN where a bar of the window
is missing; where exposures are taken out, it does so itself. All give the same bits; the command ``jqalpha score``
writes them down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exporter.neutral_data import INDUSTRY_INPUT, NeutralData
from exporter.onnx_graph import build_model
from exporter.python36 import find_python36, scores_by_python36
from exporter.strategy_file import Settings, render
from exporter.verify import onnx_scores, open_model
from jq_strategy import formula as language
from sdk.errors import ExportError, nearest
from sdk.formula.formula_file import FormulaFile
from sdk.formula.panel_scores import PanelScores
from sdk.scoring.exposures import Exposures
from sdk.scoring.neutral import neutral_batch, prepared
from sdk.scoring.neutral_choice import NOTHING


@dataclass(frozen=True)
class ScoreRequest:
    """A formula and the bars it reads: name -> (stocks, lookback_days), ``benchmark`` (1, lookback_days).

    ``neutral``: what is taken out of the scores, with the exposures of the day; None = nothing.
    """

    formula: FormulaFile
    bars: dict[str, np.ndarray]
    python: Path | None = None
    neutral: NeutralData | None = None


def by_numpy(request: ScoreRequest) -> np.ndarray:
    """Compute with the kernel itself."""
    scores = language.evaluate(request.formula.tree, request.bars)[:, 0]
    return scores if request.neutral is None else request.neutral.apply(scores)


def by_batch(request: ScoreRequest) -> np.ndarray:
    """Compute with the evaluator that the search uses."""
    last = request.formula.lookback_days - 1
    scores = PanelScores(request.bars).scores(request.formula.tree, [last])
    if request.neutral is None:
        return scores[:, 0]
    data, industries = request.neutral, None
    if data.industries is not None:
        names = sorted(set(data.industries) - {""})
        industries = np.array([[names.index(name) if name else -1] for name in data.industries], dtype=np.int64)
    found = Exposures(data.choice.names, data.styles.T[:, :, None], industries, ())
    everybody = prepared(found, np.ones(scores.shape, dtype=bool))
    return neutral_batch(scores[None], everybody, data.choice.standard)[0, :, 0]


def by_onnx(request: ScoreRequest) -> np.ndarray:
    """Compute with onnxruntime on the model that an export would contain."""
    choice = NOTHING if request.neutral is None else request.neutral.choice
    model = build_model(request.formula, neutral=choice).SerializeToString(deterministic=True)
    given = {} if request.neutral is None else request.neutral.model_inputs
    return onnx_scores(open_model(model), {**request.bars, **given})


def by_python36(request: ScoreRequest) -> np.ndarray:
    """Compute with the exported strategy's own text under the platform's Python."""
    python, _ = find_python36(request.python)
    choice = NOTHING if request.neutral is None else request.neutral.choice
    settings = Settings(neutralise=choice.names, standardise=choice.standard)
    return scores_by_python36(python, render(request.formula, settings), request.bars, request.neutral)


def by_torch(request: ScoreRequest) -> np.ndarray:
    """Compute with the kernel on torch, float64 on the CPU."""
    from sdk.training.torch_scores import torch_neutral_scores, torch_scores

    scores = torch_scores(request.formula.tree, request.bars)
    if request.neutral is None:
        return scores
    groups = request.neutral.model_inputs.get(INDUSTRY_INPUT)
    return torch_neutral_scores(scores, request.neutral.styles, groups, request.neutral.choice.standard)


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
