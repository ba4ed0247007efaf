"""Numbers as the platform's downloads write them.

Two decimals (three for prices), trailing zeros dropped: ``182340``, ``101.3``, ``-4.1``, ``0``. Percentages keep
the sign of what rounds to zero: ``-0%``. # platform: numpy's rounding, half to even after scaling: the fee 187.245 is
187.24, 222.345 is 222.35 (all 560 rows of gbk_exports_2023).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def column(values: Sequence[float] | np.ndarray, decimals: int = 2, keep_sign: bool = False) -> pa.StringArray:
    """Return many numbers as texts with at most ``decimals`` places; ``keep_sign`` gives -0 for what rounds to it.

    Below 1e15 steps the shortest text of a rounded number is its whole steps written as digits.
    """
    scale = 10**decimals
    steps = np.rint(np.asarray(values, dtype=float) * scale)
    if not (np.abs(steps) < 1e15).all():  # huge, infinite or NaN
        texts = [text[:-2] if text.endswith(".0") else text for text in map(repr, (steps / scale).tolist())]
        return pa.array(texts if keep_sign else ["0" if text == "-0" else text for text in texts], pa.string())
    whole, rest = np.divmod(np.abs(steps).astype(np.int64), scale)
    parts = [whole_numbers(whole), _tails(decimals).take(pa.array(rest))]
    negative = np.signbit(steps) if keep_sign else steps < 0
    if negative.any():
        parts.insert(0, pa.array(["", "-"]).take(pa.array(negative.astype(np.int8))))
    return pc.binary_join_element_wise(*parts, "")


def whole_numbers(values: Sequence[int] | np.ndarray) -> pa.StringArray:
    """Return whole numbers as texts."""
    return pa.array(np.asarray(values, dtype=np.int64)).cast(pa.string())


@functools.cache
def _tails(decimals: int) -> pa.StringArray:
    """What follows the point, point included, by the number of steps: '', '.01', … '.1', … '.99'."""
    return pa.array([f".{part:0{decimals}d}".rstrip("0").rstrip(".") for part in range(10**decimals)])


def plain(value: float, decimals: int = 2) -> str:
    """Return ``value`` with at most ``decimals`` places; never ``-0``."""
    rounded = float(round(value * 10**decimals) / 10**decimals)
    text = repr(rounded)
    text = text[:-2] if text.endswith(".0") else text
    return "0" if text == "-0" else text


def hundredths(shares: np.ndarray) -> pa.StringArray:
    """Return shares in percent, without the sign %, with at most two places."""
    return column(shares * 100, 2, keep_sign=True)
