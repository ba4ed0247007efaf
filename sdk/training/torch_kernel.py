"""The kernel on torch: its own source on torch primitives, the same bits as numpy.

``evaluate(tree, bars, days)`` is the formula language's, on float64 tensors. Two traps are closed here: a selection
between two Python numbers would be float32, and torch's square root on a CPU is not correctly rounded (1.3 % of
float64 values), so numpy's is taken there. Measured on CPU; on an accelerator a division by a Python number is a
multiplication by its reciprocal, therefore tensors elsewhere are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from sdk.errors import FormulaError
from sdk.formula.kernel_source import formulas_on, kernel_on

Tensor = torch.Tensor


def _number(value: Tensor | float) -> Tensor:
    return value if isinstance(value, Tensor) else torch.tensor(value, dtype=torch.float64)


def _square_root(x: Tensor) -> Tensor:
    with np.errstate(invalid="ignore"):
        return torch.from_numpy(np.sqrt(x.detach().contiguous().numpy()))


def _smaller_stocks(x: Tensor) -> Tensor:
    columns = x.T.contiguous()
    return torch.searchsorted(columns.sort(dim=1).values, columns).to(torch.float64).T


def _stock_sum(x: Tensor) -> Tensor:
    size = 1 << max(x.shape[0] - 1, 0).bit_length()
    x = torch.cat([x, torch.zeros((size - x.shape[0], x.shape[1]), dtype=torch.float64)])
    while size > 1:
        size //= 2
        x = x[:size] + x[size:]
    return x


PRIMITIVES: dict[str, Callable[..., Any]] = {
    "where": lambda c, x, y: torch.where(c, _number(x), _number(y)),
    "absolute": torch.abs,
    "minimum": lambda x, y: torch.minimum(_number(x), _number(y)),
    "maximum": lambda x, y: torch.maximum(_number(x), _number(y)),
    "square_root": _square_root,
    "both": torch.logical_and,
    "ago": lambda x, days: x[:, : x.shape[1] - days],
    "since": lambda x, days: x[:, days:],
    "tail": lambda x, days: x[:, x.shape[1] - days :],
    "windows": lambda x, length: x.unfold(1, length, 1),
    "newest": lambda w: w[..., -1],
    "over_window": lambda x: x[..., None],
    "places": lambda w, start, stop: w[..., start:stop],
    "ascending_windows": lambda x, length: torch.sort(x.unfold(1, length, 1), dim=-1).values,
    "window_max": lambda w: torch.amax(w, dim=-1),
    "sorted_stocks": lambda x: torch.sort(x, dim=0).values,
    "smaller_stocks": _smaller_stocks,
    "stock_sum": _stock_sum,
    "stock_max": lambda x: torch.clamp(torch.amax(x, dim=0, keepdim=True), min=0.0),
    "beside": lambda parts: torch.cat(list(parts), dim=1),
    "few_at_a_time": lambda function: function,
}

KERNEL = kernel_on(PRIMITIVES)
_LANGUAGE = formulas_on(PRIMITIVES)


def evaluate(tree: tuple, bars: dict[str, Tensor], days: int = 1) -> Tensor:
    """Return the scores of the last ``days`` days: (stocks, days), NaN where a bar of the window is unknown.

    ``bars`` maps input names to float64 CPU tensors (stocks, n), ``benchmark`` (1, n). Raises FormulaError for a
    tensor of another type or place, a missing input, or a history that is too short.
    """
    for name, bar in bars.items():
        if bar.dtype != torch.float64 or bar.device.type != "cpu":
            raise FormulaError(f"input {name!r} is {bar.dtype} on {bar.device}; the kernel needs float64 on the CPU")
    try:
        return _LANGUAGE.evaluate(tree, bars, days)
    except _LANGUAGE.FormulaProblem as problem:
        raise FormulaError(str(problem)) from problem
