"""The kernel on torch for callers that hold numpy arrays: the same bits, no torch outside this folder."""

from __future__ import annotations

import numpy as np
import torch

from sdk.training.torch_kernel import KERNEL, evaluate


def torch_scores(tree: tuple, bars: dict[str, np.ndarray]) -> np.ndarray:
    """Return the scores (stocks,) of the last day, float64 on the CPU; NaN where a bar of the window is unknown."""
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in bars.items()}
    return evaluate(tree, tensors)[:, 0].numpy()


def torch_neutral_scores(
    scores: np.ndarray, styles: np.ndarray, groups: np.ndarray | None, standard: str
) -> np.ndarray:
    """Return the neutral scores (stocks,) of one day; styles (stocks, F), groups (stocks, industries) or None."""
    columns = [torch.from_numpy(np.ascontiguousarray(styles[:, [place]])) for place in range(styles.shape[1])]
    industries = None if groups is None else torch.from_numpy(groups)
    return KERNEL.neutral_score(torch.from_numpy(scores[:, None].copy()), columns, industries, standard)[:, 0].numpy()
