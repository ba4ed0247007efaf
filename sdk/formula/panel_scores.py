"""Scores of many formulas on one panel: features once, then operators, both as compiled loops with the kernel's bits.

A score exists on a day when the stock has ``lookback_days`` known bars up to it; elsewhere it is NaN. Only the days
that get a score, and the finite cone behind them, are computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, Protocol

import numpy as np

from jq_strategy import formula as language
from jq_strategy import kernel
from jq_strategy.formula import Step
from jq_strategy.inputs import usable_bars
from sdk.errors import FormulaError
from sdk.formula.compiled import OPCODES
from sdk.formula.compiled_features import COMPILED
from sdk.formula.layout import WINDOWS
from sdk.formula.segments import PlanOnPanel, Programs

_BYTES_AT_ONCE = 64_000_000  # of scores held together: 370 formulas for 300 stocks and 72 days
_FEW_STOCKS = 16  # 3 MB of bars of 2,900 days
_BYTES_OF_WINDOWS = 256_000_000  # of windows over features that are kept

Tree = tuple


class ScorePanel(Protocol):
    """What scores formulas on fixed bars: the compiled loops below, or torch on a device."""

    def scores(self, tree: Tree, days: Sequence[int] | np.ndarray, members: np.ndarray | None = None) -> np.ndarray:
        """(stocks, len(days)), NaN without a score."""

    def scores_of(
        self, trees: Sequence[Tree], days: Sequence[int] | np.ndarray, members: np.ndarray | None = None
    ) -> Iterator[np.ndarray]:
        """The same of many formulas, one after the other."""

    def batches_of(
        self, trees: Sequence[Tree], days: Sequence[int] | np.ndarray, members: np.ndarray | None = None
    ) -> Iterator[np.ndarray]:
        """The same in arrays (formulas, stocks, len(days))."""

    def release_bars(self, features: Iterable[str]) -> None:
        """Compute what the named features need of the bars, and let go of them."""


class PanelScores:
    """Evaluate formulas on fixed bars: name -> (stocks, days), ``benchmark`` (1, days).

    ``precision`` float32 halves the work and is for searching only: its scores are not the kernel's bits. Stocks are
    divided among ``threads``, which changes no bit. The bars before day ``first`` serve the windows of the features
    and are not kept otherwise: all positions of days count from there.
    """

    def __init__(
        self,
        bars: dict[str, np.ndarray],
        precision: Literal["float64", "float32"] = "float64",
        threads: int = 1,
        first: int = 0,
    ) -> None:
        stocks, days = max(array.shape[0] for array in bars.values()), next(iter(bars.values())).shape[1]
        self.shape = (stocks, days - first)
        self._bars = {name: np.broadcast_to(array, (stocks, days)) for name, array in bars.items()}
        self._threads, self._first = threads, first
        row = np.dtype(precision).itemsize * self.shape[0] * self.shape[1]
        self._rows = len(kernel.FEATURES) + min(64, _BYTES_OF_WINDOWS // max(1, row))
        self._features = np.zeros((self._rows, *self.shape), precision)  # takes memory as it is filled
        self._place: dict[str | tuple[str, str], int] = {}
        self._windows_left = self._rows - len(kernel.FEATURES)
        self._known_days: dict[str, np.ndarray] = {}

    def release_bars(self, features: Iterable[str]) -> None:
        """Compute the named features, then let go of the bars; formulas of other features are errors from now on."""
        for name in features:
            self._feature(name)
            self._known(kernel.FEATURE_TABLE[name].inputs, np.zeros(0, dtype=np.int64))
        self._bars = {}

    def scores(self, tree: Tree, days: Sequence[int] | np.ndarray, members: np.ndarray | None = None) -> np.ndarray:
        """Return the scores on the given day positions: (stocks, len(days)), NaN where a window is not full.

        ``members`` (stocks, len(days)) is the pool that each score is for; None means every stock. Who is not in the
        pool gets NaN and takes no part where the formula compares stocks.
        Raises FormulaError when the formula reads an input that the panel does not have.
        """
        days = np.asarray(days, dtype=np.int64)
        scored = self.scored(tree, days, members)
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
        """Yield what ``scores`` returns for each tree, many formulas together."""
        for part in self.batches_of(trees, days, members):
            yield from part

    def batches_of(
        self, trees: Sequence[Tree], days: Sequence[int] | np.ndarray, members: np.ndarray | None = None
    ) -> Iterator[np.ndarray]:
        """Yield the scores in arrays (formulas, stocks, len(days)) of at most 64 MB, in the order of the trees.

        Formulas that compare stocks are computed one by one, the others together.
        """
        days = np.asarray(days, dtype=np.int64)
        at_once = max(1, _BYTES_AT_ONCE // (8 * self.shape[0] * max(1, len(days))))
        missing: dict[tuple, np.ndarray] = {}
        for start in range(0, len(trees), at_once):
            part = trees[start : start + at_once]
            batch, alone = Programs(days, self._threads), []
            for place, steps in enumerate(map(language.plan, part)):
                if all(not step.operands or step.name in OPCODES for step in steps):
                    rows = self._rows_of(steps)
                    batch.add([step for step in steps if step.label not in rows], rows, place)
                else:
                    alone.append(place)
            values = np.empty((len(part), self.shape[0], len(days)), self._features.dtype)
            batch.run(self._features, self._features[:0], values)
            for place in sorted(set(range(len(part))) - set(alone)):
                key = (tuple(language.inputs_of(part[place])), language.lookback_days(part[place]))
                if key not in missing:
                    missing[key] = ~self.scored(part[place], days, members)
                np.copyto(values[place], np.nan, where=missing[key])
            for place in alone:
                values[place] = self.scores(part[place], days, members)
            yield values

    def scored(self, tree: Tree, days: np.ndarray, members: np.ndarray | None) -> np.ndarray:
        """Return who has a score on which day: a full window, and a place in the pool."""
        full = self._known(language.inputs_of(tree), days) >= language.lookback_days(tree)
        return full if members is None else full & members

    def _feature(self, name: str) -> int:
        """Return the place of a feature in the feature array, computing it at its first use."""
        if name not in self._place:
            feature = kernel.FEATURE_TABLE[name]
            missing = [field for field in feature.inputs if field not in self._bars]
            if missing:
                why = "does not have" if self._bars else "has let go of"
                raise FormulaError(f"{name} needs the input {missing[0]!r}, which this panel {why}")
            place = tuple(kernel.FEATURE_TABLE).index(name)
            for few in self._few_stocks():
                _, filled = self._usable(feature.inputs, few)
                self._features[place, few] = COMPILED[name](*filled)[:, self._first :]
            self._place[name] = place
        return self._place[name]

    def _rows_of(self, steps: Sequence[Step]) -> dict[str, int]:
        """Return the rows of a plan's features and of windows straight over a feature: label -> row.

        The latter are few, costly and in most batches, so they are computed once for the whole panel.
        """
        rows = {step.label: self._feature(step.name) for step in steps if not step.operands}
        feature_of = {step.label: step.name for step in steps if not step.operands}
        for step in steps:
            if step.name in WINDOWS and len(step.operands) == 1 and step.operands[0][0] in feature_of:
                row = self._window(step, feature_of[step.operands[0][0]])
                if row is not None:
                    rows[step.label] = row
        return rows

    def _window(self, step: Step, feature: str) -> int | None:
        """Return the row of a window over a feature, or None where no more rows are kept."""
        key = (step.name, feature)
        if key not in self._place and self._windows_left > 0:
            self._windows_left -= 1
            batch = Programs(np.arange(self.shape[1]), self._threads)
            batch.add([step], {step.operands[0][0]: self._feature(feature)})
            row = len(kernel.FEATURES) + self._windows_left
            batch.run(self._features, self._features[:0], self._features[row : row + 1])
            self._place[key] = row
        return self._place.get(key)

    def _known(self, names: Sequence[str], days: np.ndarray) -> np.ndarray:
        """Return for how many days in a row, up to each of ``days``, all of ``names`` have been known."""
        for name in names:
            if name not in self._known_days:
                run = self._run(name)
                same = [other for other in self._known_days.values() if np.array_equal(other, run)]
                self._known_days[name] = same[0] if same else run  # most inputs of a stock come and go together
        runs = {id(self._known_days[name]): self._known_days[name] for name in names}
        return np.minimum.reduce([run[:, days] for run in runs.values()])

    def _run(self, name: str) -> np.ndarray:
        """Return for each kept day how many days in a row, this one included, an input has been known."""
        place = np.arange(1, self.shape[1] + self._first + 1, dtype=np.int32)
        kept = np.empty(self.shape, dtype=np.int16)
        for few in self._few_stocks():
            known, _ = self._usable([name], few)
            run = place - np.maximum.accumulate(np.where(known, np.int32(0), place), axis=1)
            kept[few] = np.minimum(run[:, self._first :], np.iinfo(np.int16).max)  # longer than any lookback
        return kept

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
