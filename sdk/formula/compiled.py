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

from jq_strategy.kernel import LARGEST, OPERATORS

OPCODES = {operator.name: code for code, operator in enumerate(OPERATORS)}
_ADD, _SUB, _MUL, _DIV, _NEG, _ABS, _SIGN, _GATE, _JUMP, _DECAY, _DELAY1, _MAX3, _TSUM20 = range(len(OPERATORS))

_compiled = njit(cache=True, nogil=True, error_model="numpy")


@_compiled
def _finite(x: float) -> float:
    return x if abs(x) <= LARGEST else 0.0


@_compiled
def _double(x: np.ndarray, size: int, start: int, stop: int, out: np.ndarray) -> None:
    """out[t] = x[t] + x[t - size]: the sum of the last 2 x size values from sums of size."""
    for t in range(start, stop):
        out[t] = x[t] + x[t - size]


@_compiled
def _sum20(x: np.ndarray, start: int, stop: int, work: np.ndarray, out: np.ndarray) -> None:
    """The kernel's window_sum of 20 days: (16 newest) + (4 oldest)."""
    _double(x, 1, start - 18, stop, work[0])
    _double(work[0], 2, start - 16, stop, work[1])
    _double(work[1], 4, start - 12, stop, work[2])
    _double(work[2], 8, start - 4, stop, work[3])
    for t in range(start, stop):
        out[t] = _finite(work[3][t] + work[1][t - 16])


@_compiled
def _halved(square: np.ndarray, first: int, size: int) -> float:
    """The kernel's places_sum of one block of 2^k places, halved down to one; overwrites the block."""
    width = size
    while width > 1:
        width //= 2
        for place in range(first, first + width):
            square[place] = square[place] + square[place + width]
    return square[first]


@_compiled
def _jump(x: np.ndarray, start: int, stop: int, work: np.ndarray, square: np.ndarray, out: np.ndarray) -> None:
    """The kernel's JUMP: mean by window_sum of 120 days (64 + 32 + 16 + 8), deviation by places_sum."""
    _double(x, 1, start - 118, stop, work[0])
    _double(work[0], 2, start - 116, stop, work[1])
    _double(work[1], 4, start - 112, stop, work[2])  # sums of 8
    _double(work[2], 8, start - 104, stop, work[3])  # of 16
    _double(work[3], 16, start - 88, stop, work[4])  # of 32
    _double(work[4], 32, start - 56, stop, work[5])  # of 64
    for t in range(start, stop):
        mean = (((work[5][t] + work[4][t - 64]) + work[3][t - 96]) + work[2][t - 112]) / 120.0
        for place in range(120):
            distance = x[t - 119 + place] - mean
            square[place] = distance * distance
        total = _halved(square, 0, 64)
        total = total + _halved(square, 64, 32)
        total = total + _halved(square, 96, 16)
        total = total + _halved(square, 112, 8)
        deviation = math.sqrt(total / 119.0)
        out[t] = max(_finite((x[t] - mean) / (deviation + 1e-6) - 3.0), 0.0)


@_compiled
def _operate(
    code: int,
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    start: int,
    stop: int,
    work: np.ndarray,
    square: np.ndarray,
    out: np.ndarray,
) -> None:
    """Run one operator over the days start <= t < stop."""
    if code == _ADD:
        for t in range(start, stop):
            out[t] = _finite(x[t] + y[t])
    elif code == _SUB:
        for t in range(start, stop):
            out[t] = _finite(x[t] - y[t])
    elif code == _MUL:
        for t in range(start, stop):
            out[t] = _finite(x[t] * y[t])
    elif code == _DIV:
        for t in range(start, stop):
            out[t] = _finite(x[t] / (y[t] + 1e-6))
    elif code == _NEG:
        for t in range(start, stop):
            out[t] = 0.0 - x[t]
    elif code == _ABS:
        for t in range(start, stop):
            out[t] = abs(x[t])
    elif code == _SIGN:
        for t in range(start, stop):
            out[t] = 1.0 if x[t] > 0.0 else (-1.0 if x[t] < 0.0 else 0.0)
    elif code == _GATE:
        for t in range(start, stop):
            out[t] = y[t] if x[t] > 0.0 else z[t]
    elif code == _JUMP:
        _jump(x, start, stop, work, square, out)
    elif code == _DECAY:
        for t in range(start, stop):
            out[t] = _finite((x[t] + 0.8 * x[t - 1]) + 0.6 * x[t - 2])
    elif code == _DELAY1:
        for t in range(start, stop):
            out[t] = x[t - 1]
    elif code == _MAX3:
        for t in range(start, stop):
            out[t] = max(max(x[t], x[t - 1]), x[t - 2])
    elif code == _TSUM20:
        _sum20(x, start, stop, work, out)


@_compiled
def run_program(
    steps: np.ndarray,
    spans: np.ndarray,
    span_of_step: np.ndarray,
    features: np.ndarray,
    days: np.ndarray,
    result: np.ndarray,
) -> None:
    """Evaluate one program on all stocks.

    ``steps`` (n, 4): opcode and three operands; an operand >= 0 is the register of an earlier step, < 0 is feature
    ``-operand - 1``. ``spans`` (m, 2) are day ranges, those of step i are rows span_of_step[i] ... [i + 1].
    ``features`` (features, stocks, all days) float64. ``days`` (r,) get a score: ``result`` (stocks, r).
    """
    count, length = steps.shape[0], features.shape[2]
    registers = np.zeros((count, length))
    work = np.zeros((6, length))
    square = np.zeros(120)
    for stock in range(features.shape[1]):
        for step in range(count):
            a, b, c = steps[step, 1], steps[step, 2], steps[step, 3]
            x = registers[a] if a >= 0 else features[-a - 1, stock]
            y = registers[b] if b >= 0 else features[-b - 1, stock]
            z = registers[c] if c >= 0 else features[-c - 1, stock]
            for span in range(span_of_step[step], span_of_step[step + 1]):
                start, stop = spans[span, 0], spans[span, 1]
                _operate(steps[step, 0], x, y, z, start, stop, work, square, registers[step])
        for place in range(len(days)):
            result[stock, place] = registers[count - 1, days[place]]
