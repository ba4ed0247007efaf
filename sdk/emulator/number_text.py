"""Numbers as the platform's downloads write them.

Two decimals (three for prices), trailing zeros dropped: ``182340``, ``101.3``, ``-4.1``, ``0``. Percentages keep
the sign of what rounds to zero: ``-0%``. # platform: numpy's rounding, half to even after scaling: the fee 187.245 is
187.24, 222.345 is 222.35 (all 560 rows of gbk_exports_2023).
"""

from __future__ import annotations

import math


def plain(value: float, decimals: int = 2) -> str:
    """Return ``value`` with at most ``decimals`` places; never ``-0``."""
    text = signed(value, decimals)
    return "0" if text == "-0" else text


def signed(value: float, decimals: int = 2) -> str:
    """Return ``value`` with at most ``decimals`` places, ``-0`` for what rounds to zero from below."""
    scale = 10.0**decimals
    text = f"{math.copysign(round(abs(value) * scale) / scale, value):.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float) -> str:
    """Return a share as a percentage with at most two places."""
    return f"{signed(share * 100)}%"
