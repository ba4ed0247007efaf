"""What the steps of a batch move and compute at least: for a roofline of the evaluator."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jq_strategy import formula as language
from sdk.formula.compiled import OPCODES, PICK
from sdk.formula.segments import Programs

# additions, multiplications, divisions and comparisons a value; sums of 2^k days by doubling
_FLOPS = {"JUMP": 24, "DECAY": 4, "MAX3": 2, "DELAY1": 0, "TSUM20": 5, "DIV": 2, "NEG": 1, "ABS": 1, "SIGN": 2}
_NAMES = {opcode: name for name, opcode in OPCODES.items()}


def batch_work(trees: Sequence[tuple], days: np.ndarray, stocks: int, rows: dict[str, int]) -> dict[str, float]:
    """Return a formula's mean: bytes that its steps read and write (float64), operations, values, scores in bytes.

    A step reads its operands once and writes its result once; that is what an evaluator with these steps moves at
    least, from wherever the values lie.
    """
    batch = Programs(days)
    for place, tree in enumerate(trees):
        steps = language.plan(tree)
        leaves = {step.label: rows[step.name] for step in steps if not step.operands}
        batch.add([step for step in steps if step.operands], leaves, place)
    _, full, compact, _, spans = batch.layout().tables
    moved = values = flops = 0.0
    end = int(days.max()) + 1
    for code, window, *_, start, first, last in full:
        count = len(days) * start if code == PICK else end - start
        if (name := _NAMES.get((code, window))) == "JUMP":
            count = int((spans[first:last, 1] - spans[first:last, 0]).sum())
        moved, values = moved + 8.0 * count * (1 + _arity(name)), values + count
        flops += count * _FLOPS.get(name or "", 1)
    for code, window, *_, need in compact:
        name, count = _NAMES[code, window], need * len(days)
        moved, values = moved + 8.0 * count * (1 + _arity(name)), values + count
        flops += count * _FLOPS.get(name, 1)
    scale = stocks / len(trees)
    return {
        "bytes": moved * scale,
        "flops": flops * scale,
        "values": values * scale,
        "scores": 8.0 * stocks * len(days),
    }


def _arity(name: str | None) -> int:
    return language.arity_of(name) if name else 1
