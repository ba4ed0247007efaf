"""One plan over a panel: compiled segments between the steps that the kernel itself computes.

A compiled segment runs stock by stock. An operator that compares stocks, or one without a compiled loop, needs its
operands for all stocks first: the plan is cut there, the operands are made ready as rows (stocks, all days), the
kernel's own function is called on them, and its result is one more ready row for what stands above.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from jq_strategy import kernel
from jq_strategy.formula import Step
from sdk.formula.compiled import OPCODES, run_programs
from sdk.formula.layout import Layout, Node, day_spans, lay_out

STOCKS_AT_ONCE = 4  # stocks side by side in a compact series: fewer, longer loops


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
        self._ready = np.zeros((len(by_kernel), *features.shape[1:]), features.dtype)
        for place, step in enumerate(by_kernel):
            self._fill(self._ready[place], step)
            self._rows[step.label] = len(features) + place

    def values(self, label: str, days: np.ndarray) -> np.ndarray:
        """Return a step's values on ``days``: (stocks, len(days))."""
        if label in self._rows:
            return self._row(label)[:, days]
        batch = Programs(days)
        batch.add(self._segment(label), self._rows)
        result = np.empty((1, self._features.shape[1], len(days)), self._features.dtype)
        batch.run(self._features, self._ready, result)
        return result[0]

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
            return self._row(label).astype(np.float64, copy=False)
        row = np.zeros(self._features.shape[1:])
        days = np.unique(np.concatenate([np.arange(start - depth, stop) for start, stop in spans]))
        row[:, days] = self.values(label, days)
        return row

    def _spans(self, step: Step) -> np.ndarray:
        return day_spans(self._days, step.days, kernel.OPERATOR_TABLE[step.name].depth)


class Programs:
    """Compiled plans for the same scoring days, run together; equal sub-formulas of several plans are one node.

    A node whose operands are needed on few days behind each scoring day has the compact layout of compiled.py, the
    others the full one. A node over windows that several formulas need is computed once a stock and kept.
    """

    def __init__(self, days: np.ndarray, threads: int = 1) -> None:
        self._days, self._threads = days, threads
        self._nodes: dict[Node, int] = {}
        self._tops: dict[int, int] = {}  # place in the result -> last node of the plan

    def add(self, steps: Sequence[Step], places: Mapping[str, int], place: int = 0) -> None:
        """Add one plan for ``place`` of the result; ``places`` gives the rows of what is not computed by it."""
        node = {label: self._node(("", row)) for label, row in places.items()}
        for step in steps:
            node[step.label] = self._node((step.name, *[node[label] for label, _ in step.operands]))
        self._tops[place] = node[steps[-1].label if steps else list(places)[-1]]

    def layout(self) -> Layout:
        """Return the tables of the plans added so far."""
        return lay_out(list(self._nodes), self._tops, self._days)

    def _node(self, node: Node) -> int:
        return self._nodes.setdefault(node, len(self._nodes))

    def run(self, features: np.ndarray, ready: np.ndarray, result: np.ndarray) -> None:
        """Fill ``result`` (places, stocks, days) with the last step of each plan; all of one float type."""
        if not self._tops or not len(self._days):
            return
        layout = self.layout()
        rows, full, compact, programs, spans = layout.tables
        edges = np.linspace(0, features.shape[1], self._threads + 1).astype(int)

        def run_part(part: int) -> None:
            some = (edges[part], edges[part + 1], STOCKS_AT_ONCE)
            tables = (rows, full, compact, programs, spans)
            run_programs(*tables, features, ready, self._days, layout.depth, some, result)

        if self._threads == 1:
            run_part(0)
            return
        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(run_part, range(self._threads)))
