"""Low-rank decay of the attention weights, in two forms, and the monitor that shows what it does.

``newton_schulz``: after each update, W ← W − λ U Vᵀ, where W = U S Vᵀ. U Vᵀ is the subgradient of the nuclear norm
(the sum of the singular values), so every singular value shrinks by λ and small ones vanish first. U Vᵀ comes from
the Newton–Schulz iteration Y ← 1.5 Y − 0.5 Y Yᵀ Y, started at W ÷ ‖W‖_F, which needs matrix products only.

``nuclear``: λ × the mean nuclear norm is added to the loss instead; the optimiser does the rest.

Stable rank = ‖W‖_F² ÷ ‖W‖₂²: 1 for a matrix of rank one, its size for an orthogonal one.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

_ITERATIONS = 12  # singular values above 2 % of the Frobenius norm come within 1 % of 1


def polar(matrix: Tensor) -> Tensor:
    """Return about U Vᵀ of a matrix; 0 for 0. Singular values far below 2 % of the norm stay below 1."""
    length = matrix.norm()
    found = matrix / length if length > 0 else matrix
    for _ in range(_ITERATIONS):
        found = 1.5 * found - 0.5 * found @ found.T @ found
    return found


@torch.no_grad()
def shrink(weights: Sequence[Tensor], strength: float) -> None:
    """Take ``strength`` off every singular value of each matrix, in place."""
    for weight in weights:
        weight -= strength * polar(weight)


def nuclear_norm(weights: Sequence[Tensor]) -> Tensor:
    """Return the mean nuclear norm of the matrices; differentiable."""
    return torch.stack([torch.linalg.matrix_norm(weight, ord="nuc") for weight in weights]).mean()


@torch.no_grad()
def stable_rank(weights: Sequence[Tensor]) -> float:
    """Return the mean stable rank of the matrices."""
    ranks = [weight.square().sum() / torch.linalg.matrix_norm(weight, ord=2).square() for weight in weights]
    return float(torch.stack(ranks).mean())
