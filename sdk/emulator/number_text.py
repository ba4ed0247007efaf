"""Numbers as the platform's downloads write them.

Two decimals (three for prices), trailing zeros dropped: ``182340``, ``101.3``, ``-4.1``, ``0``. Percentages keep
the sign of what rounds to zero: ``-0%``. # platform: numpy's rounding, half to even after scaling: the fee 187.245 is
187.24, 222.345 is 222.35 (all 560 rows of gbk_exports_2023).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

import numpy as np


def column(values: Iterable[float], decimals: int = 2, keep_sign: bool = False) -> list[str]:
    """Return many numbers with at most ``decimals`` places; ``keep_sign`` gives -0 for what rounds to it.

    Below 1e15 steps the shortest text of a rounded number is its whole steps written as digits.
    """
    scale = 10**decimals
    steps = np.rint(np.asarray(values, dtype=float) * scale)
    if not (np.abs(steps) < 1e15).all():  # huge, infinite or NaN
        texts = [text[:-2] if text.endswith(".0") else text for text in map(repr, (steps / scale).tolist())]
        return texts if keep_sign else ["0" if text == "-0" else text for text in texts]
    whole, rest = np.divmod(np.abs(steps).astype(np.int64), scale)
    tails = _tails(decimals)
    texts = [f"{number}{tails[part]}" for number, part in zip(whole.tolist(), rest.tolist(), strict=True)]
    for place in np.flatnonzero(np.signbit(steps) if keep_sign else steps < 0).tolist():
        texts[place] = f"-{texts[place]}"
    return texts


@functools.cache
def _tails(decimals: int) -> list[str]:
    """What follows the point, point included, by the number of steps: '', '.01', … '.1', … '.99'."""
    return [f".{part:0{decimals}d}".rstrip("0").rstrip(".") for part in range(10**decimals)]


def plain(value: float, decimals: int = 2) -> str:
    """Return ``value`` with at most ``decimals`` places; never ``-0``."""
    rounded = float(round(value * 10**decimals) / 10**decimals)
    text = repr(rounded)
    text = text[:-2] if text.endswith(".0") else text
    return "0" if text == "-0" else text


def hundredths(shares: Iterable[float]) -> list[str]:
    """Return shares in percent, without the sign %, with at most two places."""
    return column(np.asarray(shares, dtype=float) * 100, 2, keep_sign=True)
