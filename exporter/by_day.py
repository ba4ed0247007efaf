"""Long windows one day at a time: a Scan whose body is the kernel's own function on the rows of one window.

A window array of 120 days for every day of a history would take gigabytes, and its passes would wait for memory. The
value of a day depends on its own window alone, so the functions below run day by day: the body slices the ``length``
rows that end at the day, calls the function on them and gets one row. The additions and selections are the same, so
are the bits; 300 stocks x 120 days of float64 stay in a core's cache.

``normalised`` and LOG_VOL slide one ordered window instead (sliding.py).
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from exporter import sliding
from exporter.shared_functions import LN, LN_FROM_ONE, NORMALISED, call_of
from exporter.symbolic import Symbol, day_count, places_of_days, traced_kernel
from jq_strategy.kernel import OPERATORS

Function = Callable[..., Any]

# kernel function -> days of history in the window array that it makes for each of its days; TSUM20 makes none
WINDOW_DAYS = {
    operator.name: operator.depth + 1 for operator in OPERATORS if operator.depth >= 4 and operator.name != "TSUM20"
}
WINDOW_DAYS["distance_from_mean20"] = 20
_CALLS = {"ln": call_of(LN), "ln_from_one": call_of(LN_FROM_ONE), "normalised": call_of(NORMALISED)}


def kernel_by_day() -> SimpleNamespace:
    """Return the traced kernel with its long windows running day by day, and the bodies of the shared functions."""
    plain, whole = traced_kernel(_CALLS), traced_kernel()
    replaced: dict[str, Any] = {name: _by_day(getattr(plain, name), days) for name, days in WINDOW_DAYS.items()}
    replaced["LOG_VOL"] = _like(plain.LOG_VOL, sliding.log_volume)
    bodies = {
        LN: whole.ln,
        LN_FROM_ONE: whole.ln_from_one,
        NORMALISED: _like(whole.normalised, sliding.normalised),
    }
    return SimpleNamespace(**{**vars(traced_kernel({**_CALLS, **replaced})), **bodies})


def run_by_day(function: Function, series: list[Symbol], lengths: list[int]) -> Symbol:
    """Write the Scan: ``function`` on the last rows of each day gives a row; ``lengths``: how many rows of each.

    The series end on the same day; the first has ``lengths[0] - 1`` rows more than there are days in the result.
    """
    graph = series[0].graph
    body = graph.inner()
    first = body.symbol("first")  # int64 (1,)
    axis = np.zeros(1, dtype=np.int64)
    afters = [body.add("Add", first, np.asarray([length], dtype=np.int64)) for length in lengths]
    windows = [body.add("Slice", x, first, after, axis) for x, after in zip(series, afters, strict=True)]
    row = body.add("Squeeze", function(*windows), axis)
    inputs = [helper.make_tensor_value_info(first.name, TensorProto.INT64, [1])]
    outputs = [helper.make_tensor_value_info(row.name, TensorProto.DOUBLE, [None])]
    inside = helper.make_graph(body.needed(row.name), f"{body.prefix}day", inputs, outputs)
    days = graph.add("Unsqueeze", places_of_days(day_count(series[0]), lengths[0]), np.ones(1, dtype=np.int64))
    return graph.add("Scan", days, body=inside, num_scan_inputs=1)


def _by_day(function: Function, length: int) -> Function:
    """Return ``function`` run on the last ``length`` rows of each day: series in, a series length - 1 shorter out."""
    return _like(function, lambda *series: run_by_day(function, list(series), [length] * len(series)))


def _like(function: Function, replacement: Function) -> Function:
    """Give the replacement the name, the words and the argument names of the kernel's function."""
    replacement.__name__, replacement.__doc__ = function.__name__, function.__doc__
    replacement.__wrapped__ = function  # type: ignore[attr-defined]  # inspect.signature follows it
    return replacement
