"""One plan over a panel: compiled segments between the steps that the kernel itself computes.

A compiled segment runs stock by stock. An operator that compares stocks, or one without a compiled loop, needs its
operands for all stocks first: the plan is cut there, the operands are made ready as rows (stocks, all days), the
kernel's own function is called on them, and its result is one more ready row for what stands above.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jq_strategy import kernel
from jq_strategy.formula import Step
from sdk.formula.compiled import OPCODES, run_program


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
        segment = self._segment(label)
        place = {step.label: register for register, step in enumerate(segment)}
        place.update((name, -row - 1) for name, row in self._rows.items())
        table = [
            [*OPCODES[step.name], *[place[operand] for operand, _ in step.operands], 0, 0][:5] for step in segment
        ]
        spans = [self._spans(step) for step in segment]
        result = np.empty((self._features.shape[1], len(days)))
        run_program(
            np.array(table, dtype=np.int64),
            np.concatenate(spans),
            np.cumsum([0] + [len(part) for part in spans]),
            self._features,
            self._ready,
            days,
            result,
        )
        return result

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
        """Return the merged day ranges [start, stop) that a step needs; none starts before its depth."""
        depth, days = kernel.OPERATOR_TABLE[step.name].depth, np.sort(self._days)
        starts, stops = days - step.days + 1, days + 1
        first = np.r_[True, starts[1:] > stops[:-1]]
        last = np.r_[first[1:], True]
        return np.stack([np.maximum(starts[first], depth), np.maximum(stops[last], depth)], axis=1)
