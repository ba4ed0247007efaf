"""The operators as compiled loops over one stock's series: the same steps as the kernel, bit for bit.

A formula is a small program over registers; a register is one stock's whole series and stays in the cache. Each step
runs only over the spans of days that the steps above it need (the cone behind the days that get a score). Every loop
adds in the kernel's order and nothing may be fused or reordered, so no fast-math here; ``tests/formula`` compares
each operator with the kernel.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from jq_strategy.kernel import LARGEST, LN2_HIGH, LN2_LOW, SQRT2

_LOOPS = (
    *("ADD", "SUB", "MUL", "DIV", "NEG", "ABS", "SIGN", "GATE", "JUMP", "DECAY", "DELAY1", "MAX3", "TSUM"),
    *("TS_MEAN", "TS_STD", "TS_MAX", "TS_MIN", "TS_RANK", "TS_CORR", "LOG1P_ABS", "SQRT_ABS"),
)
_ADD, _SUB, _MUL, _DIV, _NEG, _ABS, _SIGN, _GATE, _JUMP, _DECAY, _DELAY1, _MAX3, _TSUM = range(13)
_TS_MEAN, _TS_STD, _TS_MAX, _TS_MIN, _TS_RANK, _TS_CORR, _LOG1P_ABS, _SQRT_ABS = range(13, 21)

# name -> (loop, days); an operator that is not here is computed by the kernel itself (segments.py)
OPCODES = {
    **{name: (code, 0) for code, name in enumerate(_LOOPS) if not name.startswith("TS")},
    **{f"{_LOOPS[code]}{days}": (code, days) for code in range(_TS_MEAN, _TS_CORR + 1) for days in (5, 10, 20)},
    "TSUM20": (_TSUM, 20),
}

# One file for all loops: numba's cache does not notice a change of a function in another file.
_compiled = njit(cache=True, nogil=True, error_model="numpy")


@_compiled
def _finite(x: float) -> float:
    return x if abs(x) <= LARGEST else 0.0


@_compiled
def _double(x: np.ndarray, size: int, start: int, stop: int, out: np.ndarray) -> None:
    """out[t] = x[t] + x[t - size]: the sum of the last 2 x size values from sums of size.

    Views with a common index, here and below: an index like t - size keeps a loop from being vectorised.
    """
    newer, older, sums = x[start:stop], x[start - size : stop - size], out[start:stop]
    for t in range(stop - start):
        sums[t] = newer[t] + older[t]


@_compiled
def _halved(box: np.ndarray, first: int, size: int) -> float:
    """The kernel's places_sum of one block of 2^k places, halved down to one; overwrites the block."""
    width = size
    while width > 1:
        width //= 2
        for place in range(first, first + width):
            box[place] = box[place] + box[place + width]
    return box[first]


@_compiled
def _window_sum(x: np.ndarray, days: int, start: int, stop: int, work: np.ndarray, out: np.ndarray) -> None:
    """The kernel's window_sum: 4 + 1, 8 + 2 or 16 + 4 days, the newest block first."""
    rest = days // 5
    _double(x, 1, start - days + 2, stop, work[0])
    _double(work[0], 2, start - days + 4, stop, work[1])
    newest, oldest = work[1], x
    if days >= 10:
        _double(work[1], 4, start - days + 8, stop, work[2])
        newest, oldest = work[2], work[0]
    if days == 20:
        _double(work[2], 8, start - days + 16, stop, work[3])
        newest, oldest = work[3], work[1]
    back = days - rest
    newer, older, sums = newest[start:stop], oldest[start - back : stop - back], out[start:stop]
    for t in range(stop - start):
        sums[t] = newer[t] + older[t]


@_compiled
def _places_sum(box: np.ndarray, first: int, days: int) -> float:
    rest = days // 5
    return _halved(box, first, days - rest) + _halved(box, first + days - rest, rest)


@_compiled
def _smallest(x: np.ndarray, start: int, stop: int) -> float:
    found = x[start]
    for t in range(start + 1, stop):
        found = min(found, x[t])
    return found


@_compiled
def _largest(x: np.ndarray, start: int, stop: int) -> float:
    found = x[start]
    for t in range(start + 1, stop):
        found = max(found, x[t])
    return found


@_compiled
def _window_mean(x: np.ndarray, days: int, start: int, stop: int, work: np.ndarray, out: np.ndarray) -> None:
    _window_sum(x, days, start, stop, work, out)
    for t in range(start, stop):
        out[t] = _finite(out[t] / days)


@_compiled
def _window_deviation(
    x: np.ndarray, days: int, start: int, stop: int, work: np.ndarray, box: np.ndarray, out: np.ndarray
) -> None:
    _window_sum(x, days, start, stop, work, out)
    for t in range(start, stop):
        first, mean = t - days + 1, out[t] / days
        for place in range(days):
            distance = x[first + place] - mean
            box[place] = distance * distance
        deviation = math.sqrt(_places_sum(box, 0, days) / (days - 1.0))
        spread = _largest(x, first, t + 1) > _smallest(x, first, t + 1)
        out[t] = _finite(deviation) if spread else 0.0


@_compiled
def _window_max(x: np.ndarray, days: int, start: int, stop: int, out: np.ndarray) -> None:
    for t in range(start, stop):
        out[t] = _largest(x, t - days + 1, t + 1)


@_compiled
def _window_min(x: np.ndarray, days: int, start: int, stop: int, out: np.ndarray) -> None:
    for t in range(start, stop):
        out[t] = _smallest(x, t - days + 1, t + 1)


@_compiled
def _window_rank(x: np.ndarray, days: int, start: int, stop: int, out: np.ndarray) -> None:
    for t in range(start, stop):
        below, equal = 0.0, 0.0
        for k in range(t - days + 1, t + 1):
            if x[k] < x[t]:
                below += 1.0
            elif not x[k] > x[t]:
                equal += 1.0
        out[t] = (below + (equal + 1.0) / 2.0) / days


@_compiled
def _window_correlation(
    x: np.ndarray,
    y: np.ndarray,
    days: int,
    start: int,
    stop: int,
    work: np.ndarray,
    box: np.ndarray,
    out: np.ndarray,
) -> None:
    _window_sum(y, days, start, stop, work, work[4])
    _window_sum(x, days, start, stop, work, out)
    for t in range(start, stop):
        first, mean_x, mean_y = t - days + 1, out[t] / days, work[4][t] / days
        for place in range(days):
            dx, dy = x[first + place] - mean_x, y[first + place] - mean_y
            box[place], box[20 + place], box[40 + place] = dx * dx, dy * dy, dx * dy
        scale = math.sqrt(_places_sum(box, 0, days)) * math.sqrt(_places_sum(box, 20, days))
        product = _places_sum(box, 40, days)
        spread = _largest(x, first, t + 1) > _smallest(x, first, t + 1)
        spread = spread and _largest(y, first, t + 1) > _smallest(y, first, t + 1)
        out[t] = max(min(_finite(product / scale), 1.0), -1.0) if spread and scale > 0.0 else 0.0


@_compiled
def _ln_one_plus(x: float) -> float:
    """The kernel's ln_one_plus, selection by selection."""
    u = 1.0 + x
    rounded = u - 1.0
    if not rounded > 0.0:
        return x
    exponent = 0.0
    for power in (512, 256, 128, 64, 32, 16, 8, 4, 2, 1):
        if u >= 2.0**power:
            u, exponent = u * 2.0**-power, exponent + power
    if u > SQRT2:
        u, exponent = u * 0.5, exponent + 1.0
    z = (u - 1.0) / (u + 1.0)
    square = z * z
    series = square * (1.0 / 21.0)
    for odd in (19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0):
        series = square * (1.0 / odd + series)
    return (exponent * LN2_HIGH + (2.0 * z + (2.0 * (z * series) + exponent * LN2_LOW))) * (x / rounded)


@_compiled
def _sum120(x: np.ndarray, first: int, last: int, work: np.ndarray, out: np.ndarray) -> None:
    """The kernel's window_sum of 120 days: blocks of 64, 32, 16 and 8 days, the newest first."""
    _double(x, 1, first - 118, last, work[0])
    _double(work[0], 2, first - 116, last, work[1])
    _double(work[1], 4, first - 112, last, work[2])  # sums of 8
    _double(work[2], 8, first - 104, last, work[3])  # of 16
    _double(work[3], 16, first - 88, last, work[4])  # of 32
    _double(work[4], 32, first - 56, last, work[5])  # of 64
    a, b = work[5][first:last], work[4][first - 64 : last - 64]
    c, d = work[3][first - 96 : last - 96], work[2][first - 112 : last - 112]
    sums = out[first:last]
    for t in range(last - first):
        sums[t] = ((a[t] + b[t]) + c[t]) + d[t]


@_compiled
def _jump(x: np.ndarray, spans: np.ndarray, work: np.ndarray, square: np.ndarray, out: np.ndarray) -> None:
    """The kernel's JUMP: mean by window_sum of 120 days, deviation by places_sum.

    Most values are 0, and that can be known without the exact deviation: not above the mean, or closer to it than
    2.996 deviations by a bound. The bound is the textbook variance from sums of squares less a hundred times its
    worst rounding; where it is not positive the exact way decides.
    """
    first, last = spans[0, 0], spans[len(spans) - 1, 1]
    sums, squares, sums_of_squares = work[6], work[7], work[8]
    _sum120(x, first, last, work, sums)
    values, values_squared = x[first - 119 : last], squares[first - 119 : last]
    for t in range(last - first + 119):
        values_squared[t] = values[t] * values[t]
    _sum120(squares, first, last, work, sums_of_squares)
    doubt = work[0]
    _jump_in_doubt(x[first:last], sums[first:last], sums_of_squares[first:last], doubt[first:last])
    for span in range(len(spans)):
        for t in range(spans[span, 0], spans[span, 1]):
            if doubt[t] < 0.0:
                out[t] = 0.0
                continue
            mean = sums[t] / 120.0
            window = x[t - 119 : t + 1]
            for place in range(120):
                distance = window[place] - mean
                square[place] = distance * distance
            deviation = math.sqrt(_sum_of_120(square) / 119.0)
            out[t] = max(_finite((x[t] - mean) / (deviation + 1e-6) - 3.0), 0.0)


@_compiled
def _jump_in_doubt(x: np.ndarray, sums: np.ndarray, sums_of_squares: np.ndarray, doubt: np.ndarray) -> None:
    """Put a negative number where JUMP is 0 for certain; a NaN is no certainty."""
    for t in range(len(x)):
        above = max(x[t] - sums[t] / 120.0, 0.0)
        bound = sums_of_squares[t] - sums[t] * sums[t] / 120.0 - 1e-11 * sums_of_squares[t]
        far = above * above * 119.0 - 8.976 * bound
        doubt[t] = far if above > 0.0 else -1.0


@_compiled
def _sum_of_120(box: np.ndarray) -> float:
    """The kernel's places_sum of 120 places: blocks of 64, 32, 16 and 8, all halved at once; overwrites the box."""
    for place in range(32):
        box[place] = box[place] + box[place + 32]
    for place in range(16):
        box[place] = box[place] + box[place + 16]
        box[place + 64] = box[place + 64] + box[place + 80]
    for place in range(8):
        box[place] = box[place] + box[place + 8]
        box[place + 64] = box[place + 64] + box[place + 72]
        box[place + 96] = box[place + 96] + box[place + 104]
    for place in range(4):
        box[place] = box[place] + box[place + 4]
        box[place + 64] = box[place + 64] + box[place + 68]
        box[place + 96] = box[place + 96] + box[place + 100]
        box[place + 112] = box[place + 112] + box[place + 116]
    for place in range(2):
        box[place] = box[place] + box[place + 2]
        box[place + 64] = box[place + 64] + box[place + 66]
        box[place + 96] = box[place + 96] + box[place + 98]
        box[place + 112] = box[place + 112] + box[place + 114]
    total = (box[0] + box[1]) + (box[64] + box[65])
    return (total + (box[96] + box[97])) + (box[112] + box[113])


@_compiled
def _pointwise(code: int, x: np.ndarray, y: np.ndarray, z: np.ndarray, spans: np.ndarray, out: np.ndarray) -> bool:
    """Run an operator of a few days over all spans; return whether it is one.

    Days are counted unsigned: an index that might be negative keeps a loop from being vectorised.
    """
    one, two = np.uintp(1), np.uintp(2)
    if code == _ADD:
        for span in range(len(spans)):
            for t in range(np.uintp(spans[span, 0]), np.uintp(spans[span, 1])):
                out[t] = _finite(x[t] + y[t])
    elif code == _SUB:
        for span in range(len(spans)):
            for t in range(np.uintp(spans[span, 0]), np.uintp(spans[span, 1])):
                out[t] = _finite(x[t] - y[t])
    elif code == _MUL:
        for span in range(len(spans)):
            for t in range(np.uintp(spans[span, 0]), np.uintp(spans[span, 1])):
                out[t] = _finite(x[t] * y[t])
    elif code == _DIV:
        for span in range(len(spans)):
            for t in range(np.uintp(spans[span, 0]), np.uintp(spans[span, 1])):
                out[t] = _finite(x[t] / (y[t] + 1e-6))
    elif code == _NEG:
        for span in range(len(spans)):
            for t in range(np.uintp(spans[span, 0]), np.uintp(spans[span, 1])):
                out[t] = 0.0 - x[t]
    elif code == _ABS:
        for span in range(len(spans)):
            for t in range(np.uintp(spans[span, 0]), np.uintp(spans[span, 1])):
                out[t] = abs(x[t])
    elif code == _SIGN:
        for span in range(len(spans)):
            for t in range(np.uintp(spans[span, 0]), np.uintp(spans[span, 1])):
                out[t] = 1.0 if x[t] > 0.0 else (-1.0 if x[t] < 0.0 else 0.0)
    elif code == _GATE:
        for span in range(len(spans)):
            for t in range(np.uintp(spans[span, 0]), np.uintp(spans[span, 1])):
                out[t] = y[t] if x[t] > 0.0 else z[t]
    elif code == _DECAY:
        for span in range(len(spans)):
            for t in range(np.uintp(spans[span, 0]), np.uintp(spans[span, 1])):
                out[t] = _finite((x[t] + 0.8 * x[t - one]) + 0.6 * x[t - two])
    elif code == _DELAY1:
        for span in range(len(spans)):
            for t in range(np.uintp(spans[span, 0]), np.uintp(spans[span, 1])):
                out[t] = x[t - one]
    elif code == _MAX3:
        for span in range(len(spans)):
            for t in range(np.uintp(spans[span, 0]), np.uintp(spans[span, 1])):
                out[t] = max(max(x[t], x[t - one]), x[t - two])
    elif code == _LOG1P_ABS:
        for span in range(len(spans)):
            for t in range(np.uintp(spans[span, 0]), np.uintp(spans[span, 1])):
                out[t] = _ln_one_plus(abs(x[t]))
    elif code == _SQRT_ABS:
        for span in range(len(spans)):
            for t in range(np.uintp(spans[span, 0]), np.uintp(spans[span, 1])):
                out[t] = math.sqrt(abs(x[t]))
    else:
        return False
    return True


@_compiled
def _over_window(
    code: int,
    length: int,
    x: np.ndarray,
    y: np.ndarray,
    spans: np.ndarray,
    work: np.ndarray,
    box: np.ndarray,
    out: np.ndarray,
) -> None:
    """Run an operator over windows of ``length`` days (JUMP: 120) over all spans."""
    first, last = spans[0, 0], spans[len(spans) - 1, 1]
    if code == _JUMP:
        _jump(x, spans, work, box, out)
    elif code == _TSUM:
        _window_sum(x, length, first, last, work, out)
        sums = out[first:last]
        for t in range(last - first):
            sums[t] = _finite(sums[t])
    elif code == _TS_MEAN:
        _window_mean(x, length, first, last, work, out)
    else:
        for span in range(len(spans)):
            start, stop = spans[span, 0], spans[span, 1]
            if code == _TS_STD:
                _window_deviation(x, length, start, stop, work, box, out)
            elif code == _TS_MAX:
                _window_max(x, length, start, stop, out)
            elif code == _TS_MIN:
                _window_min(x, length, start, stop, out)
            elif code == _TS_RANK:
                _window_rank(x, length, start, stop, out)
            elif code == _TS_CORR:
                _window_correlation(x, y, length, start, stop, work, box, out)


@_compiled
def _operand(place: int, stock: int, registers: np.ndarray, features: np.ndarray, ready: np.ndarray) -> np.ndarray:
    """Return one stock's series of a register, a feature, or a row that was made ready before."""
    if place >= 0:
        return registers[place]
    row = -place - 1
    return features[row, stock] if row < features.shape[0] else ready[row - features.shape[0], stock]


@_compiled
def run_programs(
    steps: np.ndarray,
    spans: np.ndarray,
    span_of_step: np.ndarray,
    step_of_program: np.ndarray,
    features: np.ndarray,
    ready: np.ndarray,
    days: np.ndarray,
    result: np.ndarray,
) -> None:
    """Evaluate programs on all stocks: one stock's rows stay in the cache while all programs run over them.

    ``steps`` (n, 5): loop, its days, three operands; an operand >= 0 is the register of an earlier step of the same
    program, < 0 is row ``-operand - 1`` of ``features`` followed by ``ready``, both (rows, stocks, all days) float64.
    ``spans`` (m, 2) are day ranges; step i has rows span_of_step[i, 0] ... [i, 1]. Program p has the steps
    step_of_program[p] ... [p + 1]. ``days`` (r,) get a score: ``result`` (programs, stocks, r).
    """
    programs, length = len(step_of_program) - 1, features.shape[2]
    registers = np.zeros((np.max(step_of_program[1:] - step_of_program[:-1]), length))
    work = np.zeros((9, length))
    square = np.zeros(120)
    for stock in range(features.shape[1]):
        for program in range(programs):
            first, last = step_of_program[program], step_of_program[program + 1]
            for step in range(first, last):
                x = _operand(steps[step, 2], stock, registers, features, ready)
                y = _operand(steps[step, 3], stock, registers, features, ready)
                z = _operand(steps[step, 4], stock, registers, features, ready)
                out, mine = registers[step - first], spans[span_of_step[step, 0] : span_of_step[step, 1]]
                if not _pointwise(steps[step, 0], x, y, z, mine, out):
                    _over_window(steps[step, 0], steps[step, 1], x, y, mine, work, square, out)
            top = registers[last - 1 - first]
            for place in range(len(days)):
                result[program, stock, place] = top[days[place]]
