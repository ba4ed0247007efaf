"""The kernel on torch for callers that hold numpy arrays: the same bits, no torch outside this folder."""

from __future__ import annotations

import numpy as np
import torch

from sdk.training.torch_kernel import evaluate


def torch_scores(tree: tuple, bars: dict[str, np.ndarray]) -> np.ndarray:
    """Return the scores (stocks,) of the last day, float64 on the CPU; NaN where a bar of the window is unknown."""
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in bars.items()}
    return evaluate(tree, tensors)[:, 0].numpy()
