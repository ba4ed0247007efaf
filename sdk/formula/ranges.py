"""What values a formula can take: bounds, and the exact set where there are few.

A range is *sound*: on known bars no value of the node lies outside it. Bounds follow the kernel's own order of
operations in float64; rounding is monotone, so a bound computed from bounds is a bound. An operator without a rule
here is unbounded, never guessed: a new one costs precision, not truth.

    feature, normalised   [-5, 5], the clip of the kernel            JUMP   [0, 7.91]: sqrt(119) - 3, rounded up
    LIQ_SCORE             [0, 1]                                     DIV    up to |x| x 2^72 where y can meet -1e-6:
    PRESSURE              [-1, 1]                                           the smallest |y + 1e-6| that is not 0
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from jq_strategy import kernel
from sdk.formula.trees import Tree

MOST_VALUES = 64  # larger sets are only bounded
EPSILON = 1e-6  # of DIV
SMALLEST_DIVISOR = 2.0**-72
JUMP_LIMIT = 7.91
MOST_STOCKS = 1e6  # of a pool; a rank is at least 1 / n, a z-score at most the root of n


@dataclass(frozen=True)
class Range:
    """Bounds of a node, both included; ``values`` is the complete set of its values, or None for many."""

    low: float
    high: float
    values: tuple[float, ...] | None = None
    overflows: bool = False  # the node's own arithmetic can leave float64, and the kernel then gives 0

    @property
    def largest(self) -> float:
        """The largest magnitude."""
        return max(abs(self.low), abs(self.high))

    @property
    def constant(self) -> bool:
        """Whether the node has one value only."""
        return self.low == self.high


ANYTHING = Range(-kernel.LARGEST, kernel.LARGEST)
NORMALISED = Range(-kernel.CLIP, kernel.CLIP)
FEATURE_RANGES = {
    "RET": NORMALISED,
    "LIQ_SCORE": Range(0.0, 1.0),
    "PRESSURE": Range(-1.0, 1.0),
    "FOMO": NORMALISED,
    "DEV": NORMALISED,
    "LOG_VOL": NORMALISED,
    "MOM20": NORMALISED,
    "REL_MOM20": NORMALISED,
}


def _between(*corners: float) -> Range:
    """Return the bounds of some corners; a corner that leaves float64 means that 0 and any size are possible."""
    low, high = min(corners), max(corners)
    if math.isfinite(low) and math.isfinite(high):
        return _exactly({low}) if low == high else Range(low + 0.0, high + 0.0)
    return Range(min(max(low, -kernel.LARGEST), 0.0), max(min(high, kernel.LARGEST), 0.0), overflows=True)


def _exactly(values: set[float]) -> Range:
    ordered = tuple(sorted(value + 0.0 for value in values))
    return Range(ordered[0], ordered[-1], ordered)


def _joined(*ranges: Range) -> Range:
    sets = [set(r.values) for r in ranges if r.values is not None]
    if len(sets) == len(ranges) and len(set.union(*sets)) <= MOST_VALUES:
        return _exactly(set.union(*sets))
    return Range(min(r.low for r in ranges), max(r.high for r in ranges))


def _add(x: Range, y: Range) -> Range:
    return _between(x.low + y.low, x.high + y.high)


def _sub(x: Range, y: Range) -> Range:
    return _between(x.low - y.high, x.high - y.low)


def _mul(x: Range, y: Range) -> Range:
    return _between(*(a * b for a in (x.low, x.high) for b in (y.low, y.high)))


def _div(x: Range, y: Range) -> Range:
    low, high = y.low + EPSILON, y.high + EPSILON
    if low > 0.0 or high < 0.0:
        return _between(*(a / b for a in (x.low, x.high) for b in (low, high)))
    if low == high:
        return _exactly({0.0})  # the divisor is 0 everywhere: what is not finite becomes 0
    most = x.largest / SMALLEST_DIVISOR
    return _between(-most, most)


def _neg(x: Range) -> Range:
    return _between(0.0 - x.high, 0.0 - x.low)


def _abs(x: Range) -> Range:
    return Range(0.0 if x.low <= 0.0 <= x.high else min(abs(x.low), abs(x.high)), x.largest)


def _sign(x: Range) -> Range:
    return _exactly({s for s, met in ((-1.0, x.low < 0), (0.0, x.low <= 0 <= x.high), (1.0, x.high > 0)) if met})


def _gate(condition: Range, x: Range, y: Range) -> Range:
    if condition.high <= 0.0:
        return Range(y.low, y.high, y.values)
    return Range(x.low, x.high, x.values) if condition.low > 0.0 else _joined(x, y)


def _jump(x: Range) -> Range:
    return _exactly({0.0}) if x.constant and x.low == 0.0 else Range(0.0, JUMP_LIMIT)


def _decay(x: Range) -> Range:
    return _between(*((bound + 0.8 * bound) + 0.6 * bound for bound in (x.low, x.high)))


def _same(x: Range) -> Range:
    return Range(x.low, x.high, x.values)


def _sums(x: Range, days: int) -> tuple[float, float]:
    with np.errstate(over="ignore"):
        low, high = (float(kernel.window_sum(np.full((1, days), end), days)[0, 0]) for end in (x.low, x.high))
    return low, high


def _tsum20(x: Range) -> Range:
    low, high = _sums(x, 20)
    if x.values is not None and all(value.is_integer() for value in x.values) and high - low < MOST_VALUES:
        return _exactly({float(value) for value in range(int(low), int(high) + 1)})
    return _between(low, high)


def _mean(days: int) -> Callable[[Range], Range]:
    return lambda x: _between(*(total / float(days) for total in _sums(x, days)))


def _deviation(x: Range) -> Range:
    """Twice the largest deviation there can be, and room for the rounding of the mean; 0 where nothing varies."""
    most = 1.2 * (x.high - x.low) + 1e-12 * x.largest
    return _exactly({0.0}) if x.constant else _between(0.0, most if most < 1e150 else math.inf)


def _window_rank(days: int) -> Callable[[Range], Range]:
    ranks = {(below + (equal + 1) / 2.0) / days for below in range(days) for equal in range(1, days - below + 1)}
    return lambda x: _exactly(ranks)


def _of_absolute(name: str) -> Callable[[Range], Range]:
    """Bounds of a function that grows with |x|, with room for its own error."""

    def found(x: Range) -> Range:
        size = _abs(x)
        ends = np.array([[size.low, size.high]])
        low, high = kernel.OPERATOR_TABLE[name].function(ends)[0].tolist()
        return _between(low * (1.0 - 1e-12), high * (1.0 + 1e-12))

    return found


def _always(low: float, high: float) -> Callable[..., Range]:
    return lambda *operands: Range(low, high)


OPERATOR_RANGES: dict[str, Callable[..., Range]] = {
    "ADD": _add,
    "SUB": _sub,
    "MUL": _mul,
    "DIV": _div,
    "NEG": _neg,
    "ABS": _abs,
    "SIGN": _sign,
    "GATE": _gate,
    "JUMP": _jump,
    "DECAY": _decay,
    "DELAY1": _same,
    "MAX3": _same,
    "TSUM20": _tsum20,
    "RANK": _always(1.0 / MOST_STOCKS, 1.0),
    "ZSCORE": _always(-(MOST_STOCKS**0.5), MOST_STOCKS**0.5),
    **{f"TS_MEAN{days}": _mean(days) for days in (5, 10, 20)},
    **{f"TS_STD{days}": _deviation for days in (5, 10, 20)},
    **{f"TS_{name}{days}": _same for name in ("MAX", "MIN") for days in (5, 10, 20)},
    **{f"TS_RANK{days}": _window_rank(days) for days in (5, 10, 20)},
    **{f"TS_CORR{days}": _always(-1.0, 1.0) for days in (5, 10, 20)},
    **{name: _of_absolute(name) for name in ("LOG1P_ABS", "SQRT_ABS")},
}
COUNTED = (
    "ADD",
    "SUB",
    "MUL",
    "DIV",
    "NEG",
    "ABS",
    "DECAY",
    "LOG1P_ABS",
    "SQRT_ABS",
)  # small sets go through the kernel value by value


@lru_cache(maxsize=4096)
def range_of(tree: Tree) -> Range:
    """Return the range of a tree's values on known bars."""
    name, operands = tree[0], tree[1:]
    if not operands:
        return FEATURE_RANGES.get(name, ANYTHING)
    if name not in OPERATOR_RANGES:
        return ANYTHING
    ranges = [range_of(operand) for operand in operands]
    if name == "SUB" and operands[0] == operands[1]:
        return _exactly({0.0})
    if name in COUNTED:
        counted = _counted(name, ranges, len(set(operands)) == 1)
        if counted:
            return counted
    found = OPERATOR_RANGES[name](*ranges)
    if name == "MUL" and operands[0] == operands[1]:
        return Range(max(found.low, 0.0), found.high, found.values, found.overflows)
    return found


def _counted(name: str, ranges: list[Range], same: bool) -> Range | None:
    """Return the set of an operator on small sets by calling the kernel on every combination of values.

    ``same`` says that the operands are one and the same tree, so that they always have the same value.
    """
    sets = [r.values for r in ranges]
    if any(values is None for values in sets):
        return None
    choices = [values for values in sets if values is not None] * (3 if name == "DECAY" else 1)
    if math.prod(len(values) for values in choices) > MOST_VALUES**2:
        return None
    combined = zip(*choices, strict=True) if same and name != "DECAY" else itertools.product(*choices)
    rows = np.array(list(combined), dtype=np.float64)
    arguments = [rows] if name == "DECAY" else [rows[:, place : place + 1] for place in range(rows.shape[1])]
    with np.errstate(all="ignore"):
        values = set(kernel.OPERATOR_TABLE[name].function(*arguments)[:, 0].tolist())
    return _exactly(values) if len(values) <= MOST_VALUES else None
