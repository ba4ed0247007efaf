"""One plan over a panel: compiled segments between the steps that the kernel itself computes.

A compiled segment runs stock by stock. An operator that compares stocks, or one without a compiled loop, needs its
operands for all stocks first: the plan is cut there, the operands are made ready as rows (stocks, all days), the
kernel's own function is called on them, and its result is one more ready row for what stands above.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from jq_strategy import kernel
from jq_strategy.formula import Step
from sdk.formula.compiled import OPCODES, run_programs


class PlanOnPanel:
    """The steps of one formula over features (features, stocks, all days), for some scoring days.

    ``places`` maps the labels of features to their rows. ``scored`` (stocks, days or 1) are the stocks that take part
    where stocks are compared.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        features: np.ndarray,
        places: dict[str, int],
        days: np.ndarray,
        scored: np.ndarray,
    ) -> None:
        self._steps = {step.label: step for step in steps}
        self._features, self._days, self._scored = features, days, scored
        self._rows = dict(places)
        by_kernel = [step for step in steps if step.operands and step.name not in OPCODES]
        self._ready = np.zeros((len(by_kernel), *features.shape[1:]))
        for place, step in enumerate(by_kernel):
            self._fill(self._ready[place], step)
            self._rows[step.label] = len(features) + place

    def values(self, label: str, days: np.ndarray) -> np.ndarray:
        """Return a step's values on ``days``: (stocks, len(days))."""
        if label in self._rows:
            return self._row(label)[:, days]
        batch = Programs(self._days)
        batch.add(self._segment(label), {name: -row - 1 for name, row in self._rows.items()})
        return batch.run(self._features, self._ready, days)[0]

    def _row(self, label: str) -> np.ndarray:
        row = self._rows[label]
        return self._features[row] if row < len(self._features) else self._ready[row - len(self._features)]

    def _segment(self, label: str) -> list[Step]:
        """Return the compiled steps that a label needs, in the order of the plan."""
        wanted = {label}
        for step in reversed(self._steps.values()):
            if step.label in wanted and step.label not in self._rows:
                wanted.update(operand for operand, _ in step.operands)
        return [step for step in self._steps.values() if step.label in wanted and step.label not in self._rows]

    def _fill(self, out: np.ndarray, step: Step) -> None:
        """Compute one step by the kernel's function on all stocks into ``out`` (stocks, all days)."""
        operator = kernel.OPERATOR_TABLE[step.name]
        rows = [self._full_row(label, self._spans(step), operator.depth) for label, _ in step.operands]
        with np.errstate(all="ignore"):
            if operator.across and step.days == 1:
                out[:, self._days] = operator.function(*[row[:, self._days] for row in rows], self._scored)
                return
            for start, stop in self._spans(step):
                operands = [row[:, start - operator.depth : stop] for row in rows]
                out[:, start:stop] = operator.function(*operands, *([self._scored] if operator.across else []))

    def _full_row(self, label: str, spans: np.ndarray, depth: int) -> np.ndarray:
        """Return an operand as a row (stocks, all days), filled where the spans and ``depth`` days before need it."""
        if label in self._rows:
            return self._row(label)
        row = np.zeros(self._features.shape[1:])
        days = np.unique(np.concatenate([np.arange(start - depth, stop) for start, stop in spans]))
        row[:, days] = self.values(label, days)
        return row

    def _spans(self, step: Step) -> np.ndarray:
        return day_spans(self._days, step.days, kernel.OPERATOR_TABLE[step.name].depth)


class Programs:
    """Compiled plans for the same scoring days, to be run together."""

    def __init__(self, days: np.ndarray) -> None:
        self._days = days
        self._steps: list[list[int]] = []
        self._first = [0]
        self._span_rows: list[tuple[int, int]] = []
        self._spans: list[np.ndarray] = []
        self._known_spans: dict[tuple[int, int], tuple[int, int]] = {}
        self._span_count = 0

    def add(self, steps: Sequence[Step], places: Mapping[str, int]) -> None:
        """Add one plan; ``places`` gives the rows (negative) of what is not computed by it."""
        place = dict(places)
        place.update((step.label, register) for register, step in enumerate(steps))
        for step in steps:
            operands = [place[label] for label, _ in step.operands]
            self._steps.append([*OPCODES[step.name], *operands, *[operands[0]] * (3 - len(operands))])
            self._span_rows.append(self._rows_of(step.days, kernel.OPERATOR_TABLE[step.name].depth))
        self._first.append(len(self._steps))

    def run(self, features: np.ndarray, ready: np.ndarray, days: np.ndarray) -> np.ndarray:
        """Return the last step of each plan on ``days``: (plans, stocks, len(days))."""
        result = np.empty((len(self._first) - 1, features.shape[1], len(days)))
        run_programs(
            np.array(self._steps, dtype=np.int64),
            np.concatenate(self._spans),
            np.array(self._span_rows, dtype=np.int64),
            np.array(self._first, dtype=np.int64),
            features,
            ready,
            days,
            result,
        )
        return result

    def _rows_of(self, reach: int, depth: int) -> tuple[int, int]:
        key = (reach, depth)
        if key not in self._known_spans:
            spans = day_spans(self._days, reach, depth)
            self._known_spans[key] = (self._span_count, self._span_count + len(spans))
            self._spans.append(spans)
            self._span_count += len(spans)
        return self._known_spans[key]


def day_spans(days: np.ndarray, reach: int, depth: int) -> np.ndarray:
    """Return the merged ranges [start, stop) of the ``reach`` days up to each day, none before day ``depth``."""
    starts, stops = np.sort(days) - reach + 1, np.sort(days) + 1
    first = np.r_[True, starts[1:] > stops[:-1]]
    last = np.r_[first[1:], True]
    return np.stack([np.maximum(starts[first], depth), np.maximum(stops[last], depth)], axis=1)
