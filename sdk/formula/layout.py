"""The tables that compiled.py runs: which step is computed on which days, in which layout, and what is shared.

A node is an operator over nodes or a row of the panel. Within one formula a node needs the days that all its
consumers there need. It is *full* (one place a day) when one of its operands reaches further back than a compact
series does, else *compact* (only the days behind each scoring day). JUMP is always full. A full operand below a
compact node is copied ("picked") into a compact one.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from jq_strategy import kernel
from sdk.formula.compiled import OPCODES, PICK

Node: TypeAlias = tuple[Any, ...]  # ("", row) or (operator, node, ...), nodes counted from 0

WINDOWS = frozenset(name for name, (_, days) in OPCODES.items() if days or name == "JUMP")
_MOST_DAYS = 119  # of a compact series: fewer than JUMP reads
_MOST_SHARED = 48  # nodes kept for later formulas: a few hundred KB a block of stocks


@dataclass(frozen=True)
class Layout:
    """``tables``: rows, full, compact, programs, spans as run_programs takes them; ``depth``: days of a cell."""

    tables: tuple[np.ndarray, ...]
    depth: int


def lay_out(nodes: Sequence[Node], tops: Mapping[int, int], days: np.ndarray) -> Layout:
    """Return the tables for formulas, place in the result -> last node, scored on ``days``."""
    builder = _Builder(nodes, days)
    builder.keep(tops.values())
    for place, top in tops.items():
        builder.score(top, place)
    return builder.layout()


class _Builder:
    """Fills the tables formula by formula. Cells: first one a row, then one a kept node, then those of a formula."""

    def __init__(self, nodes: Sequence[Node], days: np.ndarray) -> None:
        self._nodes, self._days = nodes, days
        span = int(days.max() - days.min()) + 1
        self._depth = min(_MOST_DAYS, max(1, span // len(days)))
        self._rows = {node: [row, 0] for node, (name, row, *_) in enumerate(nodes) if not name}  # row, days needed
        self._cells = {node: cell for cell, node in enumerate(self._rows)}
        self._kept: dict[int, int] = {}  # node -> days
        self._full: list[list[int]] = []
        self._compact: list[list[int]] = []
        self._programs: list[list[int]] = []
        self._spans: list[np.ndarray] = []
        self._span_rows: dict[int, tuple[int, int]] = {}

    def keep(self, tops: Iterable[int]) -> None:
        """Choose the nodes over windows that several formulas need on few days, and compute them once for all."""
        uses, days = Counter[int](), dict[int, int]()
        for top in tops:
            for node, need in self._needs(top, 1).items():
                if self._nodes[node][0] in WINDOWS and need <= self._depth:
                    uses[node] += 1
                    days[node] = max(need, days.get(node, 0))
        for node in sorted(node for node, count in uses.most_common(_MOST_SHARED) if count > 1):
            self._cells[node] = len(self._cells)  # taken before the steps below get theirs
            self._program(node, days[node], self._cells[node], -1)
            self._kept[node] = days[node]

    def score(self, top: int, place: int) -> None:
        """Compute one formula into ``place`` of the result."""
        self._program(top, 1, None, place)

    def layout(self) -> Layout:
        """Return the finished tables."""
        widths = (2, 9, 7, 6, 2)
        spans: Any = np.concatenate(self._spans) if self._spans else []
        parts: tuple[Any, ...] = (list(self._rows.values()), self._full, self._compact, self._programs, spans)
        tables = tuple(
            np.array(part, dtype=np.int64).reshape(-1, width) for part, width in zip(parts, widths, strict=True)
        )
        return Layout(tables, self._depth)

    def _needs(self, top: int, days: int) -> dict[int, int]:
        """Return for each node of a formula that is not kept how many days of it are needed, consumers first."""
        needs, settled, waiting = {top: days}, dict[int, int](), [-top]
        while waiting:
            node = -heapq.heappop(waiting)  # a node is numbered after its operands
            settled[node] = needs[node]
            name, *operands = self._nodes[node]
            if not name or needs[node] <= self._kept.get(node, 0):
                continue
            for operand in operands:
                if operand not in needs:
                    heapq.heappush(waiting, -operand)
                needs[operand] = max(needs[node] + _depth_of(name), needs.get(operand, 0))
        return settled

    def _program(self, top: int, days: int, target: int | None, place: int) -> None:
        """Append the steps of one formula; ``target`` is the cell that its last node has to end in."""
        needs = self._needs(top, days)
        known = {node for node, need in needs.items() if node in self._rows or need <= self._kept.get(node, 0)}
        order = [node for node in sorted(needs) if node not in known]
        full = {node for node in order if self._is_full(self._nodes[node][0], needs[node])}
        picked = self._picked(order, full, needs, top)
        cells, registers = dict(self._cells), {node: -row - 1 for node, (row, _) in self._rows.items()}
        cells.update((node, len(self._cells) + place) for place, node in enumerate(order))
        if target is not None:
            cells[top] = target
        first_full, first_compact = len(self._full), len(self._compact)
        for node in order:
            name, *operands = self._nodes[node]
            code, length = OPCODES[name]
            three = [*operands, *operands[:1] * (3 - len(operands))]
            if node not in full:
                self._compact.append([code, length, *[cells[o] for o in three], cells[node], needs[node]])
                continue
            registers[node] = sum(register >= 0 for register in registers.values())
            start = max(int(self._days.min()) - needs[node] + 1, _depth_of(name))
            spans = self._jump_days(needs[node]) if name == "JUMP" else (0, 0)
            self._full.append([code, length, *[registers[o] for o in three], registers[node], start, *spans])
            if node in picked:
                self._full.append([PICK, cells[node], *[registers[node]] * 4, picked[node], 0, 0])
        steps = [first_full, len(self._full), first_compact, len(self._compact)]
        self._programs.append([*steps, cells[top], place])

    def _is_full(self, name: str, need: int) -> bool:
        return name == "JUMP" or need + _depth_of(name) > self._depth

    def _picked(self, order: Sequence[int], full: set[int], needs: dict[int, int], top: int) -> dict[int, int]:
        """Return the days that compact nodes need of each node; notes those that they need of rows."""
        wanted = {top: needs[top]}
        for node in order:
            if node not in full:
                name, *operands = self._nodes[node]
                for operand in operands:
                    wanted[operand] = max(needs[node] + _depth_of(name), wanted.get(operand, 0))
        for node in wanted.keys() & self._rows.keys():
            self._rows[node][1] = max(self._rows[node][1], wanted[node])
        return wanted

    def _jump_days(self, need: int) -> tuple[int, int]:
        if need not in self._span_rows:
            count = sum(len(spans) for spans in self._spans)
            spans = day_spans(self._days, need, _depth_of("JUMP"))
            self._spans.append(spans)
            self._span_rows[need] = (count, count + len(spans))
        return self._span_rows[need]


def _depth_of(name: str) -> int:
    return int(kernel.OPERATOR_TABLE[name].depth)


def day_spans(days: np.ndarray, reach: int, depth: int) -> np.ndarray:
    """Return the merged ranges [start, stop) of the ``reach`` days up to each day, none before day ``depth``."""
    starts, stops = np.sort(days) - reach + 1, np.sort(days) + 1
    first = np.r_[True, starts[1:] > stops[:-1]]
    last = np.r_[first[1:], True]
    return np.stack([np.maximum(starts[first], depth), np.maximum(stops[last], depth)], axis=1)
