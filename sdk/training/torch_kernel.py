"""The kernel on torch: its own source on torch primitives, the same bits as numpy.

``evaluate(tree, bars, days)`` is the formula language's, on float64 tensors. Traps that are closed here: a selection
between two Python numbers would be float32; torch's square root on a CPU is not correctly rounded (1.3 % of float64
values), so numpy's is taken there; and on an accelerator a division by a Python number is a multiplication by its
reciprocal, so ``evaluate`` refuses tensors elsewhere and ``torch_panel.py`` divides by tensors (``ExactDivision``).
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
    if x.device.type != "cpu":
        return torch.sqrt(x)
    with np.errstate(invalid="ignore"):
        return torch.from_numpy(np.sqrt(x.detach().contiguous().numpy()))


def _smaller_stocks(x: Tensor) -> Tensor:
    columns = x.T.contiguous()
    return torch.searchsorted(columns.sort(dim=1).values, columns).to(torch.float64).T


def _stock_sum(x: Tensor) -> Tensor:
    size = 1 << max(x.shape[0] - 1, 0).bit_length()
    x = torch.cat([x, x.new_zeros((size - x.shape[0], x.shape[1]))])
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
    "group_sum": lambda x, groups: groups.T @ x,
    "of_group": lambda values, groups: groups @ values,
    "beside": lambda parts: torch.cat(list(parts), dim=1),
    "few_at_a_time": lambda function: function,
}

_DIVISIONS = frozenset((torch.div, torch.true_divide, Tensor.div, Tensor.true_divide, Tensor.__truediv__))
_REVERSED = frozenset((Tensor.__rtruediv__, Tensor.__rdiv__))  # torch multiplies by the reciprocal here


class ExactDivision(torch.Tensor):
    """A tensor that divides by a Python number as by a tensor: one correctly rounded division on every device."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in _DIVISIONS or func in _REVERSED:
            like = next(part for part in args if isinstance(part, Tensor))
            args = tuple(
                part if isinstance(part, Tensor) else torch.tensor(part, dtype=like.dtype, device=like.device)
                for part in args
            )
        if func in _REVERSED:
            func, args = torch.div, args[::-1]
        return super().__torch_function__(func, types, args, kwargs or {})


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
