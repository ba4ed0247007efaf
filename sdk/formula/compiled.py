"""The operators as compiled loops over one stock's series: the same steps as the kernel, bit for bit in float64.

Two layouts, one set of loops. A *full* series has one place a day. A *compact* series has only the days that a score
needs: row k back from its end holds the values k days before each scoring day (of a few stocks side by side), so one
day is ``lag`` places there and 1 place in a full series. Which layout a step has is decided by layout.py; loops
take ``lag`` and the places ``start`` ... ``stop`` that they fill.

Every loop adds in the kernel's order and nothing may be fused or reordered, so no fast-math here; ``tests/formula``
compares each operator with the kernel. Constants take the type of the data: float32 is a mode for search only.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from jq_strategy.kernel import LN2_HIGH, LN2_LOW, SQRT2

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
PICK = len(_LOOPS)  # the step that copies the days of a full series into a compact one
TILE = 32  # places whose windows are spread out at once

# One file for all loops: numba's cache does not notice a change of a function in another file.
_compiled = njit(cache=True, nogil=True, error_model="numpy")


@_compiled
def _sum4(x, lag, start, stop, out):
    """out[t] = the sum of the last 4 values: two doublings in one pass.

    Views with a common index, here and below: an index like t - lag keeps a loop from being vectorised.
    """
    a, b = x[start:stop], x[start - lag : stop - lag]
    c, d = x[start - 2 * lag : stop - 2 * lag], x[start - 3 * lag : stop - 3 * lag]
    sums = out[start:stop]
    for t in range(stop - start):
        sums[t] = (a[t] + b[t]) + (c[t] + d[t])


@_compiled
def _four_and(x, y, size, rest, start, stop, out):
    """out[t] = the sum of 4 x size values from sums x of ``size`` places, plus y[t - rest]."""
    a, b = x[start:stop], x[start - size : stop - size]
    c, d = x[start - 2 * size : stop - 2 * size], x[start - 3 * size : stop - 3 * size]
    last, sums = y[start - rest : stop - rest], out[start:stop]
    for t in range(stop - start):
        sums[t] = ((a[t] + b[t]) + (c[t] + d[t])) + last[t]


@_compiled
def _window_sum(x, days, lag, start, stop, work, out):
    """The kernel's window_sum: 4 + 1, 8 + 2 or 16 + 4 days, the newest block first."""
    if days == 5:
        _four_and(x, x, lag, 4 * lag, start, stop, out)
    elif days == 10:
        first, pairs = start - 8 * lag, work[0]
        a, b, sums = x[first:stop], x[first - lag : stop - lag], pairs[first:stop]
        for t in range(stop - first):
            sums[t] = a[t] + b[t]
        _four_and(pairs, pairs, 2 * lag, 8 * lag, start, stop, out)
    else:
        fours = work[0]
        _sum4(x, lag, start - 16 * lag, stop, fours)
        _four_and(fours, fours, 4 * lag, 16 * lag, start, stop, out)


@_compiled
def _extremes(x, days, lag, start, stop, work, low, high):
    """The smallest and the largest of the last ``days`` values; overlapping blocks of 4 change no selection."""
    low4, high4, reach = work[0], work[1], (days - 4) * lag
    a, b = x[start - reach : stop], x[start - reach - lag : stop - lag]
    c, d = x[start - reach - 2 * lag : stop - 2 * lag], x[start - reach - 3 * lag : stop - 3 * lag]
    lows, highs = low4[start - reach : stop], high4[start - reach : stop]
    for t in range(stop - start + reach):
        lows[t] = min(min(a[t], b[t]), min(c[t], d[t]))
        highs[t] = max(max(a[t], b[t]), max(c[t], d[t]))
    low[start:stop], high[start:stop] = low4[start:stop], high4[start:stop]
    lowest, highest = low[start:stop], high[start:stop]
    for days_back in range(days - 4, 0, -4):
        back = days_back * lag
        lows, highs = low4[start - back : stop - back], high4[start - back : stop - back]
        for t in range(stop - start):
            lowest[t] = min(lowest[t], lows[t])
            highest[t] = max(highest[t], highs[t])


@_compiled
def _places_sum(box, days, width):
    """The kernel's places_sum of the windows in box (places, TILE): its sums end in box[0]; overwrites the box."""
    rest = days // 5
    for first, size in ((0, days - rest), (days - rest, rest)):
        half = size
        while half > 1:
            half //= 2
            for place in range(first, first + half):
                near, far = box[place], box[place + half]
                for t in range(width):
                    near[t] = near[t] + far[t]
    for t in range(width):
        box[0, t] = box[0, t] + box[days - rest, t]


@_compiled
def _window_deviation(x, days, lag, start, stop, work, boxes, out):
    T = x.dtype.type
    count, others, zero = T(days), T(days - 1.0), T(0.0)
    low, high, box = work[2], work[3], boxes[0]
    _extremes(x, days, lag, start, stop, work, low, high)
    _window_sum(x, days, lag, start, stop, work, out)
    for first in range(start, stop, TILE):
        last = min(first + TILE, stop)
        mean = out[first:last]
        for t in range(last - first):
            mean[t] = mean[t] / count
        for place in range(days):
            back, row = (days - 1 - place) * lag, box[place]
            values = x[first - back : last - back]
            for t in range(last - first):
                distance = values[t] - mean[t]
                row[t] = distance * distance
        _places_sum(box, days, last - first)
        lows, highs = low[first:last], high[first:last]
        for t in range(last - first):
            deviation = np.sqrt(box[0, t] / others)
            deviation = deviation if deviation < T(np.inf) else zero
            mean[t] = deviation if highs[t] > lows[t] else zero


@_compiled
def _window_rank(x, days, lag, start, stop, out):
    T = x.dtype.type
    zero, one, two, count = T(0.0), T(1.0), T(2.0), T(days)
    below, equal = np.empty(TILE, x.dtype), np.empty(TILE, x.dtype)
    for first in range(start, stop, TILE):
        last = min(first + TILE, stop)
        today = x[first:last]
        below[:], equal[:] = zero, zero
        for days_back in range(days):
            back = days_back * lag
            values = x[first - back : last - back]
            for t in range(last - first):
                below[t] = below[t] + (one if values[t] < today[t] else zero)
                equal[t] = equal[t] + (zero if values[t] < today[t] or values[t] > today[t] else one)
        for t in range(last - first):
            out[first + t] = (below[t] + (equal[t] + one) / two) / count


@_compiled
def _window_correlation(x, y, days, lag, start, stop, work, boxes, out):
    T = x.dtype.type
    zero, one, count, infinite = T(0.0), T(1.0), T(days), T(np.inf)
    low_x, high_x, low_y, high_y, means_y = work[2], work[3], work[4], work[5], work[6]
    _extremes(x, days, lag, start, stop, work, low_x, high_x)
    _extremes(y, days, lag, start, stop, work, low_y, high_y)
    _window_sum(y, days, lag, start, stop, work, means_y)
    _window_sum(x, days, lag, start, stop, work, out)
    for first in range(start, stop, TILE):
        last = min(first + TILE, stop)
        mean_x, mean_y = out[first:last], means_y[first:last]
        for t in range(last - first):
            mean_x[t], mean_y[t] = mean_x[t] / count, mean_y[t] / count
        for place in range(days):
            back = (days - 1 - place) * lag
            values_x, values_y = x[first - back : last - back], y[first - back : last - back]
            xx, yy, xy = boxes[0, place], boxes[1, place], boxes[2, place]
            for t in range(last - first):
                dx, dy = values_x[t] - mean_x[t], values_y[t] - mean_y[t]
                xx[t], yy[t], xy[t] = dx * dx, dy * dy, dx * dy
        for kind in range(3):
            _places_sum(boxes[kind], days, last - first)
        for t in range(last - first):
            scale = np.sqrt(boxes[0, 0, t]) * np.sqrt(boxes[1, 0, t])
            spread = high_x[first + t] > low_x[first + t] and high_y[first + t] > low_y[first + t]
            ratio = boxes[2, 0, t] / scale
            ratio = ratio if abs(ratio) < infinite else zero
            out[first + t] = max(min(ratio, one), -one) if spread and scale > zero else zero


@_compiled
def _ln_one_plus(x):
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
def _window_sum_of_120(window, box):
    """The kernel's window_sum of 120 days: pairs, fours, ... of neighbours; blocks of 64, 32, 16, 8, newest first."""
    for place in range(60):
        box[place] = window[2 * place + 1] + window[2 * place]
    for count in (30, 15):
        for place in range(count):
            box[place] = box[2 * place + 1] + box[2 * place]
    eights = box[0]  # days 1 - 8; then seven blocks of 16
    for place in range(7):
        box[place] = box[2 * place + 2] + box[2 * place + 1]
    newest = (box[6] + box[5]) + (box[4] + box[3])
    return ((newest + (box[2] + box[1])) + box[0]) + eights


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc"})
def _rough_sums(window):
    """Return the sum of the values and of their squares in any order of additions: for bounds only."""
    total, squares = window[0] - window[0], window[0] - window[0]
    for place in range(len(window)):
        total += window[place]
        squares += window[place] * window[place]
    return total, squares


@_compiled
def _jump(x, spans, box, out):
    """The kernel's JUMP on a full series: mean by window_sum of 120 days, deviation by places_sum.

    Most values are 0, and that can be known without the exact deviation: not above the mean, or closer to it than
    2.996 deviations by a bound. The bound is the textbook variance from rough sums, which slide along with the days,
    less a hundred times their worst rounding; where it is not positive the exact way decides.
    """
    T = x.dtype.type
    zero, days, others, limit = T(0.0), T(1.0 / 120.0), T(119.0), T(8.976)
    rounding = T(1e-11) if x.itemsize == 8 else T(1e-3)
    for span in range(len(spans)):
        for start in range(spans[span, 0], spans[span, 1], 64):  # rough sums drift: begin again after 64 days
            total, squares = _rough_sums(x[start - 119 : start + 1])
            largest = squares
            for t in range(start, min(start + 64, spans[span, 1])):
                if t > start:
                    new, old = x[t], x[t - 120]
                    total, squares = total + (new - old), squares + (new * new - old * old)
                    largest = max(largest, squares)
                above = x[t] - total * days
                far = above * above * others - limit * ((squares - total * total * days) - rounding * largest)
                below = (above < zero) & (above * above > rounding * rounding * largest)
                out[t] = zero
                if not (below | (far < zero)):
                    out[t] = _jump_of_day(x, t, box)


@_compiled
def _jump_of_day(x, t, box):
    T = x.dtype.type
    window, different = x[t - 119 : t + 1], 0
    for place in range(120):
        different += window[place] != x[t]
    if different == 0:
        return T(0.0)
    mean = _window_sum_of_120(window, box) / T(120.0)
    for place in range(120):
        distance = window[place] - mean
        box[place] = distance * distance
    jump = (x[t] - mean) / (np.sqrt(_sum_of_120(box) / T(119.0)) + T(1e-6)) - T(3.0)
    return max(jump, T(0.0)) if abs(jump) < T(np.inf) else T(0.0)


@_compiled
def _sum_of_120(box):
    """The kernel's places_sum of 120 places: blocks of 64, 32, 16 and 8, each halved to 2; overwrites the box."""
    for first, size in ((0, 64), (64, 32), (96, 16), (112, 8)):
        half = size
        while half > 2:
            half //= 2
            near, far = box[first : first + half], box[first + half : first + 2 * half]
            for place in range(half):
                near[place] = near[place] + far[place]
    total = (box[0] + box[1]) + (box[64] + box[65])
    return (total + (box[96] + box[97])) + (box[112] + box[113])


@_compiled
def _run_step(code, days, x, y, z, lag, start, stop, work, boxes, out):
    """Fill out[start:stop] by any loop but JUMP."""
    T = x.dtype.type
    zero, one, infinite, least = T(0.0), T(1.0), T(np.inf), T(1e-6)
    a, b, o = x[start:stop], y[start:stop], out[start:stop]
    if code == _ADD:
        for t in range(len(o)):
            value = a[t] + b[t]
            o[t] = value if abs(value) < infinite else zero
    elif code == _SUB:
        for t in range(len(o)):
            value = a[t] - b[t]
            o[t] = value if abs(value) < infinite else zero
    elif code == _MUL:
        for t in range(len(o)):
            value = a[t] * b[t]
            o[t] = value if abs(value) < infinite else zero
    elif code == _DIV:
        for t in range(len(o)):
            value = a[t] / (b[t] + least)
            o[t] = value if abs(value) < infinite else zero
    elif code == _NEG:
        for t in range(len(o)):
            o[t] = zero - a[t]
    elif code == _ABS:
        for t in range(len(o)):
            o[t] = abs(a[t])
    elif code == _SIGN:
        for t in range(len(o)):
            o[t] = one if a[t] > zero else (-one if a[t] < zero else zero)
    elif code == _GATE:
        c = z[start:stop]
        for t in range(len(o)):
            then, otherwise = b[t], c[t]
            o[t] = then if a[t] > zero else otherwise
    elif code == _DECAY:
        before, oldest, much, some = x[start - lag :], x[start - 2 * lag :], T(0.8), T(0.6)
        for t in range(len(o)):
            value = (a[t] + much * before[t]) + some * oldest[t]
            o[t] = value if abs(value) < infinite else zero
    elif code == _DELAY1:
        before = x[start - lag :]
        for t in range(len(o)):
            o[t] = before[t]
    elif code == _MAX3:
        before, oldest = x[start - lag :], x[start - 2 * lag :]
        for t in range(len(o)):
            o[t] = max(max(a[t], before[t]), oldest[t])
    elif code == _LOG1P_ABS:
        for t in range(len(o)):
            o[t] = _ln_one_plus(abs(a[t]))
    elif code == _SQRT_ABS:
        for t in range(len(o)):
            o[t] = np.sqrt(abs(a[t]))
    elif code == _TSUM:
        _window_sum(x, days, lag, start, stop, work, out)
        for t in range(len(o)):
            o[t] = o[t] if abs(o[t]) < infinite else zero
    elif code == _TS_MEAN:
        _window_sum(x, days, lag, start, stop, work, out)
        for t in range(len(o)):
            value = o[t] / T(days)
            o[t] = value if abs(value) < infinite else zero
    elif code == _TS_STD:
        _window_deviation(x, days, lag, start, stop, work, boxes, out)
    elif code == _TS_MAX:
        _extremes(x, days, lag, start, stop, work, work[2], out)
    elif code == _TS_MIN:
        _extremes(x, days, lag, start, stop, work, out, work[2])
    elif code == _TS_RANK:
        _window_rank(x, days, lag, start, stop, out)
    elif code == _TS_CORR:
        _window_correlation(x, y, days, lag, start, stop, work, boxes, out)


@_compiled
def _row(row, stock, features, ready):
    return features[row, stock] if row < features.shape[0] else ready[row - features.shape[0], stock]


@_compiled
def _pick(series, days, need, width, place, cell):
    """Copy ``need`` days up to each scoring day into the columns of one stock (``place``) of a compact series."""
    lag, rows = width * len(days), len(cell) // (width * len(days))
    for back in range(need):
        start = (rows - 1 - back) * lag + place * len(days)
        picked = cell[start : start + len(days)]
        for column in range(len(days)):
            picked[column] = series[max(days[column] - back, 0)]


@_compiled
def _apart(length):
    """Return a row length that spreads rows over the cache: whole pages apart they would evict each other."""
    return length + (320 - length) % 512


@_compiled
def run_programs(rows, full, compact, programs, spans, features, ready, days, depth, stocks, result):
    """Evaluate programs on some stocks: a few stocks' rows stay in the cache while all programs run over them.

    ``features`` and ``ready`` (rows, stocks, all days) of one float type; a row is counted through both. ``rows``
    (n, 2): row, days needed: what is copied into the first n cells; a *cell* is a compact series of ``depth`` days.
    ``full`` (m, 9): loop, its days (PICK: a cell), three operands (>= 0 a register, < 0 row -operand - 1), result
    register, first place or days needed, first and last row of ``spans`` (JUMP). ``compact`` (k, 7): loop, its days,
    three operand cells, result cell, days needed. ``programs`` (p, 6): first and last step in ``full`` and in
    ``compact``, cell of the result, its place in ``result`` (-1: only kept in the cell for later programs).
    ``days`` (r,) get a score; ``stocks``: first, last and how many at once; ``result`` (formulas, stocks, r).
    """
    count, length, dtype = len(days), features.shape[2], features.dtype
    first_stock, last_stock, at_once = stocks
    longest = depth * count * at_once
    registers = np.zeros((1 + (np.max(full[:, 5]) if len(full) else 0), _apart(length)), dtype)
    last_cell = max(np.max(programs[:, 4]), np.max(compact[:, 5]) if len(compact) else 0)
    cells = np.zeros((1 + last_cell, _apart(longest)), dtype)
    work = np.zeros((7, _apart(max(length, longest))), dtype)
    boxes, box = np.zeros((3, 20, TILE), dtype), np.zeros(120, dtype)
    end, zero = np.max(days) + 1, dtype.type(0.0)
    for stock in range(first_stock, last_stock, at_once):
        width = min(at_once, last_stock - stock)
        lag, size = width * count, depth * width * count
        for cell in range(len(rows)):
            for place in range(width):
                series = _row(rows[cell, 0], stock + place, features, ready)
                _pick(series, days, rows[cell, 1], width, place, cells[cell, :size])
        for program in range(len(programs)):
            for place in range(width):
                for step in range(programs[program, 0], programs[program, 1]):
                    code, operand = full[step, 0], full[step, 2]
                    x = registers[operand] if operand >= 0 else _row(-operand - 1, stock + place, features, ready)
                    if code == PICK:
                        _pick(x, days, full[step, 6], width, place, cells[full[step, 1], :size])
                        continue
                    out = registers[full[step, 5]]
                    if code == _JUMP:
                        _jump(x, spans[full[step, 7] : full[step, 8]], box, out)
                        continue
                    if full[step, 6] >= end:
                        continue
                    operand = full[step, 3]
                    y = registers[operand] if operand >= 0 else _row(-operand - 1, stock + place, features, ready)
                    operand = full[step, 4]
                    z = registers[operand] if operand >= 0 else _row(-operand - 1, stock + place, features, ready)
                    _run_step(code, full[step, 1], x, y, z, 1, full[step, 6], end, work, boxes, out)
            for step in range(programs[program, 2], programs[program, 3]):
                x, y, z = cells[compact[step, 2]], cells[compact[step, 3]], cells[compact[step, 4]]
                start, out = size - compact[step, 6] * lag, cells[compact[step, 5]]
                _run_step(compact[step, 0], compact[step, 1], x, y, z, lag, start, size, work, boxes, out)
            if programs[program, 5] >= 0:
                top = cells[programs[program, 4]]
                for place in range(width):
                    start = size - lag + place * count
                    scores = result[programs[program, 5], stock + place]
                    for column in range(count):
                        scores[column] = top[start + column] + zero  # one zero
