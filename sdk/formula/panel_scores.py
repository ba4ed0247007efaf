"""Scores of many formulas on one panel: features once, operators by the kernel, NaN where a window is not full.

The values are the kernel's bit for bit: features and operators are the kernel's own functions, run over the whole
history a few stocks at a time. A score exists on a day when the stock has ``lookback_days`` known bars up to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jq_strategy import formula as language
from jq_strategy import kernel
from jq_strategy.inputs import usable_bars
from sdk.errors import FormulaError

_STOCKS_AT_ONCE = 4  # a 120-day window array of four stocks stays in the cache
_STOCKS_AT_ONCE_IN_OPERATORS = 64

Tree = tuple


class PanelScores:
    """Evaluate formulas on fixed bars: name -> (stocks, days), ``benchmark`` (1, days)."""

    def __init__(self, bars: dict[str, np.ndarray]) -> None:
        stocks = max(array.shape[0] for array in bars.values())
        self.shape = (stocks, next(iter(bars.values())).shape[1])
        self._bars = {name: np.broadcast_to(array, self.shape) for name, array in bars.items()}
        self._features: dict[str, np.ndarray] = {}
        self._known_days: dict[tuple[str, ...], np.ndarray] = {}

    def scores(self, tree: Tree, days: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the scores on the given day positions: (stocks, len(days)), NaN where a window is not full.

        Raises FormulaError when the formula reads an input that the panel does not have.
        """
        days = np.asarray(days)
        lookback = language.lookback_days(tree)
        values = self._values(tree)
        columns = days - (self.shape[1] - values.shape[1])
        picked = values[:, np.maximum(columns, 0)]
        full = self._known(tuple(language.inputs_of(tree)))[:, days] >= lookback
        return np.where(full, picked + 0.0, np.nan)

    def _values(self, tree: Tree) -> np.ndarray:
        steps = language.plan(tree)
        features = {step.label: self._feature(step.name) for step in steps if not step.operands}
        parts = []
        for start in range(0, self.shape[0], _STOCKS_AT_ONCE_IN_OPERATORS):
            rows = slice(start, start + _STOCKS_AT_ONCE_IN_OPERATORS)
            values = {label: array[rows] for label, array in features.items()}
            with np.errstate(all="ignore"):
                for step in steps:
                    if step.operands:
                        operands = [values[label] for label, _ in step.operands]
                        shared = min(operand.shape[1] for operand in operands)
                        function = kernel.OPERATOR_TABLE[step.name].function
                        values[step.label] = function(*[kernel.tail(operand, shared) for operand in operands])
            parts.append(values[steps[-1].label])
        return np.concatenate(parts)

    def _feature(self, name: str) -> np.ndarray:
        if name not in self._features:
            feature = kernel.FEATURE_TABLE[name]
            missing = [field for field in feature.inputs if field not in self._bars]
            if missing:
                raise FormulaError(f"{name} needs the input {missing[0]!r}, which this panel does not have")
            parts = []
            for start in range(0, self.shape[0], _STOCKS_AT_ONCE):
                rows = slice(start, start + _STOCKS_AT_ONCE)
                arrays = [self._bars[field][rows] for field in feature.inputs]
                with np.errstate(all="ignore"):
                    _, filled = usable_bars(arrays, feature.inputs)
                    parts.append(feature.function(*filled))
            self._features[name] = np.concatenate(parts)
        return self._features[name]

    def _known(self, names: tuple[str, ...]) -> np.ndarray:
        """Return for each day how many days in a row, this one included, all of ``names`` have been known."""
        if names not in self._known_days:
            with np.errstate(invalid="ignore"):
                known, _ = usable_bars([self._bars[name] for name in names], names)
            place = np.arange(1, self.shape[1] + 1)
            last_gap = np.maximum.accumulate(np.where(known, 0, place), axis=1)
            self._known_days[names] = place - last_gap
        return self._known_days[names]
