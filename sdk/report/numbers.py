"""The number forms of the platform's tables, and when two printed numbers may be the same number.

A table prints a rounded decimal and drops trailing zeros: a fee of 28.00404 is ``28``, one of 28.196 is ``28.2``.
So the digits of one cell do not show its precision; the column does. Each column has its least number of decimals
(money 2, price 3, percent 2, shares 0), and a cell that prints more is believed to print more.

Rule of sameness, with h the half unit of the last printed decimal (0 for a full float such as the log prints):

* both full floats: equal bit for bit (−0 equals 0, NaN equals NaN);
* one rounded: ``|a − b| ≤ h``, the full float may have been rounded to the printed one;
* both rounded: ``|a − b| < h_a + h_b``; at equal decimals this means the printed texts agree.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

MONEY, PRICE, PERCENT, SHARES = 2, 3, 2, 0

_NUMBER = re.compile(r"([+-]?\d+(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?)\s*(股|手|张|份|%)?", re.ASCII)
_MAX_CHARS = 64
_NOTHING = frozenset(("", "-", "--", "—", "N/A", "None", "nan", "NaN"))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file says: its text, and for a number its value and half unit (same unit as the value)."""

    text: str
    value: float | None = None
    half_unit: float = 0.0


@lru_cache(maxsize=1 << 16)
def number(text: str, least_decimals: int) -> Reading | None:
    """Read a cell: ``1900股``, ``-0股``, ``5.06%`` (5.06, in percent), ``1,234.5``; None where nothing is printed.

    Raises ValueError for anything else.
    """
    if len(text) > _MAX_CHARS:
        raise ValueError(f"a cell of {len(text)} characters is no number: {text[:40]!r}")
    cell = text.strip()
    if cell in _NOTHING:
        return None
    match = _NUMBER.fullmatch(cell.replace(",", ""))
    if match is None:
        raise ValueError(f"not a number: {cell[:40]!r}")
    decimals = len(match[2] or "") - int(match[3] or 0)
    value = float(match[1])
    if not math.isfinite(value):
        raise ValueError(f"not a finite number: {cell[:40]!r}")
    return Reading(cell, value, 0.5 * 10.0 ** -max(decimals, least_decimals))


def full_float(text: str) -> Reading | None:
    """Read a number that is printed in full (the log, repr of a float64); ``nan`` is a value here."""
    cell = text.strip()
    if cell in ("", "None"):
        return None
    return Reading(cell, float(cell), 0.0)


def same(one: Reading, other: Reading, tolerance: float = 0.0) -> bool:
    """Return whether two readings may come from one number (module rule), or whether two texts are equal."""
    a, b = one.value, other.value
    if a is None or b is None:
        return a is b and one.text == other.text
    if a == b or (math.isnan(a) and math.isnan(b)):
        return True
    gap, width = abs(a - b), one.half_unit + other.half_unit
    if not math.isfinite(gap):
        return False
    if width == 0.0:
        return gap <= tolerance
    slack = 1e-9 * width + 4 * math.ulp(max(abs(a), abs(b)))
    if one.half_unit and other.half_unit:
        return gap < max(width - slack, tolerance)
    return gap <= max(width + slack, tolerance)
