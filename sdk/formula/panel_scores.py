"""Scores of many formulas on one panel: features once, then operators, both as compiled loops with the kernel's bits.

A score exists on a day when the stock has ``lookback_days`` known bars up to it; elsewhere it is NaN. Only the days
that get a score, and the finite cone behind them, are computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from jq_strategy import formula as language
from jq_strategy import kernel
from jq_strategy.inputs import usable_bars
from sdk.errors import FormulaError
from sdk.formula.compiled import OPCODES
from sdk.formula.compiled_features import COMPILED
from sdk.formula.segments import PlanOnPanel, Programs

_FEW_STOCKS = 16  # 3 MB of bars of 2,900 days
_AT_ONCE = 64  # formulas whose scores are held together: 11 MB for 300 stocks and 72 days

Tree = tuple


class PanelScores:
    """Evaluate formulas on fixed bars: name -> (stocks, days), ``benchmark`` (1, days)."""

    def __init__(self, bars: dict[str, np.ndarray]) -> None:
        stocks = max(array.shape[0] for array in bars.values())
        self.shape = (stocks, next(iter(bars.values())).shape[1])
        self._bars = {name: np.broadcast_to(array, self.shape) for name, array in bars.items()}
        self._features = np.zeros((len(kernel.FEATURES), *self.shape))  # takes memory as it is filled
        self._place: dict[str, int] = {}
        self._known_days: dict[tuple[str, ...], np.ndarray] = {}

    def scores(self, tree: Tree, days: Sequence[int] | np.ndarray, members: np.ndarray | None = None) -> np.ndarray:
        """Return the scores on the given day positions: (stocks, len(days)), NaN where a window is not full.

        ``members`` (stocks, len(days)) is the pool that each score is for; None means every stock. Who is not in the
        pool gets NaN and takes no part where the formula compares stocks.
        Raises FormulaError when the formula reads an input that the panel does not have.
        """
        days = np.asarray(days, dtype=np.int64)
        scored = self._scored(tree, days, members)
        steps = language.plan(tree)
        places = {step.label: self._feature(step.name) for step in steps if not step.operands}
        across = [step for step in steps if step.operands and kernel.OPERATOR_TABLE[step.name].across]
        if all(step.days == 1 for step in across):
            values = PlanOnPanel(steps, self._features, places, days, scored).values(steps[-1].label, days)
        else:  # the pool of a scoring day is compared on earlier days too: days of one pool together
            values = np.zeros((self.shape[0], len(days)))
            for columns in _days_of_one_pool(scored):
                together = PlanOnPanel(steps, self._features, places, days[columns], scored[:, columns[:1]])
                values[:, columns] = together.values(steps[-1].label, days[columns])
        return np.where(scored, values + 0.0, np.nan)

    def scores_of(
        self, trees: Sequence[Tree], days: Sequence[int] | np.ndarray, members: np.ndarray | None = None
    ) -> Iterator[np.ndarray]:
        """Yield what ``scores`` returns for each tree, computed _AT_ONCE formulas together.

        For formulas that do not compare stocks; one that does is computed by itself.
        """
        days = np.asarray(days, dtype=np.int64)
        for start in range(0, len(trees), _AT_ONCE):
            part = trees[start : start + _AT_ONCE]
            batch, plans = Programs(days), [language.plan(tree) for tree in part]
            together = [
                place
                for place, steps in enumerate(plans)
                if steps[-1].operands and all(not step.operands or step.name in OPCODES for step in steps)
            ]
            for place in together:
                steps = plans[place]
                rows = {step.label: -self._feature(step.name) - 1 for step in steps if not step.operands}
                batch.add([step for step in steps if step.operands], rows)
            values = (
                dict(zip(together, batch.run(self._features, self._features[:0], days), strict=True))
                if together
                else {}
            )
            for place, tree in enumerate(part):
                if place in values:
                    yield np.where(self._scored(tree, days, members), values[place] + 0.0, np.nan)
                else:
                    yield self.scores(tree, days, members)

    def _scored(self, tree: Tree, days: np.ndarray, members: np.ndarray | None) -> np.ndarray:
        """Return who has a score on which day: a full window, and a place in the pool."""
        full = self._known(tuple(language.inputs_of(tree)))[:, days] >= language.lookback_days(tree)
        return full if members is None else full & members

    def _feature(self, name: str) -> int:
        """Return the place of a feature in the feature array, computing it at its first use."""
        if name not in self._place:
            feature = kernel.FEATURE_TABLE[name]
            missing = [field for field in feature.inputs if field not in self._bars]
            if missing:
                raise FormulaError(f"{name} needs the input {missing[0]!r}, which this panel does not have")
            place = len(self._place)
            for few in self._few_stocks():
                _, filled = self._usable(feature.inputs, few)
                self._features[place, few] = COMPILED[name](*filled)
            self._place[name] = place
        return self._place[name]

    def _known(self, names: tuple[str, ...]) -> np.ndarray:
        """Return for each day how many days in a row, this one included, all of ``names`` have been known."""
        if names not in self._known_days:
            place = np.arange(1, self.shape[1] + 1, dtype=np.int32)
            days = np.empty(self.shape, dtype=np.int32)
            for few in self._few_stocks():
                known, _ = self._usable(names, few)
                days[few] = place - np.maximum.accumulate(np.where(known, np.int32(0), place), axis=1)
            self._known_days[names] = days
        return self._known_days[names]

    def _few_stocks(self) -> Iterator[slice]:
        """Yield the stocks in groups whose bars stay in the cache."""
        return (slice(start, start + _FEW_STOCKS) for start in range(0, self.shape[0], _FEW_STOCKS))

    def _usable(self, names: Sequence[str], few: slice) -> tuple[np.ndarray, list[np.ndarray]]:
        with np.errstate(invalid="ignore"):
            return usable_bars([self._bars[name][few] for name in names], names)


def _days_of_one_pool(scored: np.ndarray) -> list[list[int]]:
    """Return the columns of ``scored`` (stocks, days) that hold anybody, equal columns together."""
    groups: dict[bytes, list[int]] = {}
    for column in np.flatnonzero(scored.any(axis=0)):
        groups.setdefault(scored[:, column].tobytes(), []).append(int(column))
    return list(groups.values())
