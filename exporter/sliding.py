"""Normalisation over a series: a Scan carries the 120-day window in ascending order while it slides.

A day takes the oldest value out and puts the newest in; the kernel's own robust_score reads the score off the window.
All values must be finite, as the kernel's features of known bars are: one NaN would stay in its stock's window.

LOG_VOL's window is measured in shares of its newest day: where the factor changes, every value of that stock's window
changes, and that stock's window is computed and put in order anew. Elsewhere the values that stay are the same bits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from onnx import TensorProto, helper

from exporter.shared_functions import LN_FROM_ONE, call_of
from exporter.symbolic import Graph, Symbol, ascending, day_count, places_of_days, rows, traced_kernel
from jq_strategy.kernel import NORMAL_DAYS

_END = np.iinfo(np.int64).max


def normalised(x: Symbol) -> Symbol:
    """Score a series against its own last 120 days, as the kernel's ``normalised``: 119 days are used up."""
    newest = rows(x, NORMAL_DAYS - 1, _END)

    def day(window: Symbol, old: Symbol, new: Symbol) -> tuple[Symbol, Symbol]:
        following = _replaced(window, old, new)
        return following, _scored(following, new)

    return _slide(ascending(rows(x, 0, NORMAL_DAYS)), [_leaving(x), newest], day)


def log_volume(volume: Symbol, factor: Symbol) -> Symbol:
    """Score log(1 + volume), the volumes of a window in shares of its newest day, as the kernel's ``LOG_VOL``."""
    graph = volume.graph
    first = _IN_NEWEST_SHARES(rows(volume, 0, NORMAL_DAYS), rows(factor, 0, NORMAL_DAYS))
    places = graph.add("Unsqueeze", places_of_days(day_count(volume), NORMAL_DAYS), _axis(1))
    before = graph.add(
        "Concat", rows(factor, NORMAL_DAYS - 1, NORMAL_DAYS), rows(factor, NORMAL_DAYS - 1, -1), axis=0
    )
    series = [_leaving(volume), rows(volume, NORMAL_DAYS - 1, _END)]
    series += [_leaving(factor), before, rows(factor, NORMAL_DAYS - 1, _END), places]

    def day(
        window: Symbol,
        old: Symbol,
        new: Symbol,
        old_factor: Symbol,
        before: Symbol,
        new_factor: Symbol,
        place: Symbol,
    ) -> tuple[Symbol, Symbol]:
        body = window.graph
        ends = _IN_NEWEST_SHARES(_pair(old, new), _pair(old_factor, new_factor))
        leaving, newest = (body.add("Squeeze", rows(ends, end, end + 1), _axis(0)) for end in (0, 1))
        slid = _replaced(window, leaving, newest)
        changed = body.add(
            "Squeeze", body.add("NonZero", body.add("Not", body.add("Equal", before, new_factor))), _axis(0)
        )
        stop = body.add("Add", place, _axis(NORMAL_DAYS))
        parts = [
            body.add("Gather", body.add("Slice", x, place, stop, _axis(0)), changed, axis=1) for x in (volume, factor)
        ]
        anew = ascending(_IN_NEWEST_SHARES(*parts))
        where = body.add("Expand", changed, body.add("Shape", anew))
        following = body.add("ScatterElements", slid, where, anew, axis=1)
        return following, _scored(following, newest)

    return _slide(ascending(first), series, day)


def _slide(first: Symbol, series: list[Symbol], day: Callable[..., tuple[Symbol, Symbol]]) -> Symbol:
    """Write the Scan: ``day`` makes the next window and a row of scores from a window and one row of each series."""
    graph = first.graph
    body = graph.inner()
    given = [Symbol(f"{body.prefix}given{place}", body) for place in range(len(series) + 1)]
    window, score = day(*given)
    kinds = [TensorProto.DOUBLE, *[TensorProto.INT64 if _is_place(graph, x) else TensorProto.DOUBLE for x in series]]
    scan = helper.make_graph(
        body.needed(window.name, score.name),
        f"{body.prefix}slide",
        [helper.make_tensor_value_info(part.name, kind, None) for part, kind in zip(given, kinds, strict=True)],
        [
            helper.make_tensor_value_info(window.name, TensorProto.DOUBLE, [NORMAL_DAYS, None]),
            helper.make_tensor_value_info(score.name, TensorProto.DOUBLE, [None]),
        ],
    )
    outputs = [graph.name(), graph.name()]
    names = [first.name, *[x.name for x in series]]
    graph.nodes.append(helper.make_node("Scan", names, outputs, body=scan, num_scan_inputs=len(series)))
    return Symbol(outputs[1], graph)


def _leaving(x: Symbol) -> Symbol:
    """Return for each day the value that leaves its window; on the first day the newest, so that nothing changes."""
    newest = rows(x, NORMAL_DAYS - 1, NORMAL_DAYS)
    return rows(x.graph.add("Concat", newest, x, axis=0), 0, -NORMAL_DAYS)


def _is_place(graph: Graph, x: Symbol) -> bool:
    kind, operands = graph.made[x.name]
    return kind == "Unsqueeze" and graph.made[operands[0].name][0] == "Range"


def _pair(x: Symbol, y: Symbol) -> Symbol:
    return x.graph.add("Concat", *[x.graph.add("Unsqueeze", row, _axis(0)) for row in (x, y)], axis=0)


def _replaced(state: Symbol, old: Symbol, new: Symbol) -> Symbol:
    """Take one occurrence of ``old`` (stocks,) out of an ascending window (120, stocks) and put ``new`` in."""
    graph = state.graph
    below = rows(state, 0, -1)
    left = graph.add("Where", below < old, below, rows(state, 1, _END))  # 119 places
    lower = graph.add("Concat", graph.add("Min", rows(left, 0, 1), new), left, axis=0)
    upper = graph.add("Concat", graph.add("Min", left, new), graph.add("Max", rows(left, -1, _END), new), axis=0)
    return graph.add("Max", lower, upper)


def _scored(window: Symbol, newest: Symbol) -> Symbol:
    """Score ``newest`` (stocks,) against its ascending window (120, stocks), itself included: (stocks,)."""
    graph = window.graph
    day = [graph.add("Unsqueeze", newest, _axis(0)), graph.add("Unsqueeze", window, _axis(1))]
    return graph.add("Squeeze", _ROBUST_SCORE(*day), _axis(0))


def _axis(value: int) -> np.ndarray:
    return _ints(value)


def _ints(*values: int) -> np.ndarray:
    return np.asarray(values, dtype=np.int64)


_ROBUST_SCORE: Callable[[Symbol, Symbol], Symbol] = traced_kernel(
    {"window_min": lambda w: w.graph.add("ReduceMin", w, _axis(0), keepdims=0)}
).robust_score

# LOG_VOL's own text up to the normalisation, on some days (days, stocks) at the level of the last of them
_IN_NEWEST_SHARES: Callable[[Symbol, Symbol], Symbol] = traced_kernel(
    {
        "ln_from_one": call_of(LN_FROM_ONE),
        "at_own_level": lambda function, factor: function(rows(factor, -1, _END)),
        "normalised": lambda x: x,
    }
).LOG_VOL
