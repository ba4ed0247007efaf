"""Scores of many formulas on one panel by torch, on any device: the kernel's source on tensors.

For accelerators; on a CPU the compiled loops (sdk/formula/panel_scores.py) are an order of magnitude faster. Same
interface and, measured on a CPU, the same bits in float64. On a CUDA device it is untested: divisions by numbers are
made divisions by tensors there, torch.compile must stay off, and a first run should compare a few formulas with
PanelScores.

Memory: the features (8 bytes a feature, stock and day) and, while one step runs, its windows for as many stocks as
fit into ``budget`` bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch

from jq_strategy import formula as language
from jq_strategy import kernel
from jq_strategy.inputs import usable_bars
from sdk.errors import ConfigError
from sdk.formula.panel_scores import PanelScores
from sdk.training.torch_kernel import KERNEL, ExactDivision, Tensor

_AT_ONCE = 64  # formulas whose scores are handed over together
_WINDOW_COPIES = 6  # arrays of the size of a step's windows that live at once


def usable_device(name: str) -> str:
    """Return the name of a torch device that is there; ConfigError for another."""
    try:
        kind = torch.device(name).type
    except RuntimeError:
        raise ConfigError(f"setting device = {name!r}: no such device; write cpu, cuda or cuda:0") from None
    if kind == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"setting device = {name!r}: torch sees no CUDA device here; write device = 'cpu'")
    return name


class TorchPanel:
    """Evaluate formulas on fixed bars: name -> (stocks, days), ``benchmark`` (1, days), on a torch device.

    ``first``: the first day that is kept and counted from, as in ``PanelScores``.
    """

    def __init__(
        self, bars: dict[str, np.ndarray], device: str = "cpu", budget: int = 1 << 30, first: int = 0
    ) -> None:
        self._exact = PanelScores(bars, first=first)  # known days, and formulas that compare stocks
        self.shape, self._first = self._exact.shape, first
        whole = (self.shape[0], self.shape[1] + first)
        self._bars = {name: np.broadcast_to(array, whole) for name, array in bars.items()}
        self._device, self._budget = torch.device(device), budget
        self._features: dict[str, Tensor] = {}

    def release_bars(self, features: Iterable[str]) -> None:
        """Compute the named features, then let go of the bars, as ``PanelScores.release_bars`` does."""
        features = list(features)
        for name in features:
            self._feature(name)
        self._exact.release_bars(features)
        self._bars = {}

    def scores(self, tree: tuple, days: Sequence[int] | np.ndarray, members: np.ndarray | None = None) -> np.ndarray:
        """Return the scores of one tree, as ``PanelScores.scores`` does."""
        return next(self.scores_of([tree], days, members))

    def batches_of(
        self, trees: Sequence[tuple], days: Sequence[int] | np.ndarray, members: np.ndarray | None = None
    ) -> Iterator[np.ndarray]:
        """Yield the scores in arrays (formulas, stocks, len(days)), in the order of the trees."""
        for start in range(0, len(trees), _AT_ONCE):
            yield np.stack(list(self.scores_of(trees[start : start + _AT_ONCE], days, members)))

    def scores_of(
        self, trees: Sequence[tuple], days: Sequence[int] | np.ndarray, members: np.ndarray | None = None
    ) -> Iterator[np.ndarray]:
        """Yield the scores of each tree on the given day positions, as ``PanelScores.scores_of`` does."""
        days = np.asarray(days, dtype=np.int64)
        for tree in trees:
            if language.compares_stocks(tree):
                yield self._exact.scores(tree, days, members)
                continue
            missing = ~self._exact.scored(tree, days, members)
            values = self._values(tree, days)
            values[missing] = np.nan
            yield values

    def _values(self, tree: tuple, days: np.ndarray) -> np.ndarray:
        """Follow the plan over the whole panel; days before the first full window are 0."""
        steps = language.plan(tree)
        values = {step.label: self._feature(step.name) for step in steps if not step.operands}
        for step in steps:
            if step.operands:
                values[step.label] = self._step(step.name, [values[label] for label, _ in step.operands])
        whole = values[steps[-1].label]
        places = torch.as_tensor(days - (self.shape[1] - whole.shape[1]), device=self._device)
        found = torch.where(places >= 0, whole[:, places.clamp(min=0)], 0.0)
        return found.as_subclass(torch.Tensor).cpu().numpy() + 0.0

    def _step(self, name: str, operands: list[Tensor]) -> Tensor:
        shortest = min(operand.shape[1] for operand in operands)
        aligned = [operand[:, operand.shape[1] - shortest :] for operand in operands]
        return self._in_parts(getattr(KERNEL, name), aligned, kernel.OPERATOR_TABLE[name].depth + 1)

    def _feature(self, name: str) -> Tensor:
        if name not in self._features:
            feature = kernel.FEATURE_TABLE[name]
            with np.errstate(invalid="ignore"):
                _, filled = usable_bars([self._bars[field] for field in feature.inputs], feature.inputs)
            tensors = [torch.from_numpy(np.ascontiguousarray(array)).to(self._device) for array in filled]
            exact = [tensor.as_subclass(ExactDivision) for tensor in tensors]
            whole = self._in_parts(getattr(KERNEL, name), exact, feature.days)
            cut = max(0, self._first - (self.shape[1] + self._first - whole.shape[1]))
            self._features[name] = whole[:, cut:].clone() if cut else whole  # a view would keep what is cut off
        return self._features[name]

    def _in_parts(self, function: Callable[..., Tensor], operands: Sequence[Tensor], window: int) -> Tensor:
        """Apply a function to as many stocks at a time as its windows fit into the budget."""
        a_stock = 8 * operands[0].shape[1] * window * _WINDOW_COPIES
        at_once = max(1, self._budget // a_stock)
        parts = [
            function(*[operand[start : start + at_once] for operand in operands])
            for start in range(0, self.shape[0], at_once)
        ]
        return torch.cat(parts)
