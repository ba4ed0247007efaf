"""Numbers as the platform's downloads write them.

Two decimals (three for prices), trailing zeros dropped: ``182340``, ``101.3``, ``-4.1``, ``0``. Percentages keep
the sign of what rounds to zero: ``-0%``. # platform: numpy's rounding, half to even after scaling: the fee 187.245 is
187.24, 222.345 is 222.35 (all 560 rows of gbk_exports_2023).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def column(values: Iterable[float], decimals: int = 2, keep_sign: bool = False) -> list[str]:
    """Return many numbers with at most ``decimals`` places; ``keep_sign`` gives -0 for what rounds to it."""
    scale = 10**decimals
    rounded = np.rint(np.asarray(values, dtype=float) * scale) / scale
    if not keep_sign and len(rounded) > 256:  # totals and costs repeat a lot: each text is made once
        distinct, place = np.unique(rounded, return_inverse=True)
        if len(distinct) < len(rounded) // 2:
            once = column(distinct, decimals)
            return [once[at] for at in place.tolist()]
    texts = [text[:-2] if text.endswith(".0") else text for text in map(repr, rounded.tolist())]
    return texts if keep_sign else ["0" if text == "-0" else text for text in texts]


def plain(value: float, decimals: int = 2) -> str:
    """Return ``value`` with at most ``decimals`` places; never ``-0``."""
    rounded = float(round(value * 10**decimals) / 10**decimals)
    text = repr(rounded)
    text = text[:-2] if text.endswith(".0") else text
    return "0" if text == "-0" else text


def percents(shares: Iterable[float]) -> list[str]:
    """Return shares as percentages with at most two places."""
    return [f"{text}%" for text in column(np.asarray(shares, dtype=float) * 100, 2, keep_sign=True)]
