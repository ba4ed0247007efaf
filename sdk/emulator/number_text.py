"""Numbers as the platform's downloads write them.

Two decimals (three for prices), trailing zeros dropped: ``182340``, ``101.3``, ``-4.1``, ``0``. Percentages keep
the sign of what rounds to zero: ``-0%``. # platform: numpy's rounding, half to even after scaling: the fee 187.245 is
187.24, 222.345 is 222.35 (all 560 rows of gbk_exports_2023).
"""

from __future__ import annotations


def plain(value: float, decimals: int = 2) -> str:
    """Return ``value`` with at most ``decimals`` places; never ``-0``."""
    text = signed(value, decimals)
    return "0" if text == "-0" else text


def signed(value: float, decimals: int = 2) -> str:
    """Return ``value`` with at most ``decimals`` places, ``-0`` for what rounds to zero from below."""
    scale = _SCALE[decimals]
    rounded = round(value * scale) / scale
    text = repr(rounded)
    if text.endswith(".0"):
        text = text[:-2]
    return f"-{text}" if value < 0 and rounded == 0 else text


_SCALE = (1, 10, 100, 1000, 10_000)


def percent(share: float) -> str:
    """Return a share as a percentage with at most two places."""
    return f"{signed(share * 100)}%"
