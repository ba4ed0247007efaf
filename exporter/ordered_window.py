"""The kernel's robust score of a window whose values are in ascending order.

Selecting median and MAD anew from each 120-day window costs two selections a day. On values in order the kernel's own
``robust_score`` runs with cheaper primitives, which select the same values:

    k-th smallest of an ascending window         its k-th place
    |window - c| of an ascending window          a valley: falls, then rises (rounding keeps the order)
    k-th smallest of a valley                    min over i of max(place i, place i + k - 1)
    largest of a valley                          the larger of its two ends

Values must be finite, as the kernel's features of known bars are. Shapes: windows (120, 1, stocks), rows (1, stocks).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from exporter.symbolic import Symbol, Value, rows, traced_kernel
from jq_strategy.kernel import NORMAL_DAYS

_END = np.iinfo(np.int64).max


class Ascending(Symbol):
    """A window array whose places are in ascending order; ``last`` is the value of its newest day."""

    __slots__ = ("last",)

    def __init__(self, name: str, last: Symbol) -> None:
        super().__init__(name, last.graph)
        self.last = last

    def __sub__(self, other: Value) -> Symbol:
        return Ascending(self.graph.add("Sub", self, other).name, self.last)


class Valley(Symbol):
    """A window array that falls to some place and rises from there."""

    __slots__ = ()


def _absolute(x: Symbol) -> Symbol:
    found = x.graph.add("Abs", x)
    return Valley(found.name, x.graph) if isinstance(x, Ascending) else found


def _kth_smallest(w: Symbol, k: int) -> Symbol:
    if isinstance(w, Ascending):
        return _place(w, k - 1)
    assert isinstance(w, Valley)
    blocks = w.graph.add("Max", rows(w, 0, NORMAL_DAYS - k + 1), rows(w, k - 1, _END))
    return w.graph.add("ReduceMin", blocks, _axis(0), keepdims=0)


def _window_max(w: Symbol) -> Symbol:
    assert isinstance(w, Valley)
    return w.graph.add("Max", _place(w, 0), _place(w, -1))


def _newest(w: Symbol) -> Symbol:
    assert isinstance(w, Ascending)
    return w.last


def _place(w: Symbol, place: int) -> Symbol:
    return w.graph.add("Gather", w, np.asarray(place, dtype=np.int64), axis=0)


def _axis(value: int) -> np.ndarray:
    return np.asarray([value], dtype=np.int64)


PRIMITIVES_ON_ORDER: dict[str, Callable[..., Symbol]] = {
    "absolute": _absolute,
    "kth_smallest": _kth_smallest,
    "window_max": _window_max,
    "newest": _newest,
}
_robust_score: Callable[[Symbol], Symbol] = traced_kernel(PRIMITIVES_ON_ORDER).robust_score


def robust_score_of_ordered(window: Symbol, newest: Symbol) -> Symbol:
    """Score ``newest`` (stocks,) against its ascending window (120, stocks), itself included: (stocks,)."""
    graph = window.graph
    places = graph.add("Unsqueeze", window, _axis(1))
    score = _robust_score(Ascending(places.name, graph.add("Unsqueeze", newest, _axis(0))))
    return graph.add("Squeeze", score, _axis(0))
