"""How far apart two sides are on a day: where no audit line says which layer a change cures, nearness does.

Each difference counts its relative size, or 1 where it is no pair of numbers (an order that only one side has). So a
run with the right stocks and 5 % too much money is nearer than one with other stocks, whatever differs first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from parity.layers import Comparison

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?=\D*$)")


def distance(differences: Iterable[Comparison]) -> float:
    """Return the sum of the differences, each between 0 and 1."""
    return sum(_apart(one.local, one.platform) for one in differences)


def _apart(local: str, platform: str) -> float:
    here, there = _NUMBER.match(local), _NUMBER.match(platform)
    if here is None or there is None:
        return 1.0
    one, other = float(here[0]), float(there[0])
    largest = max(abs(one), abs(other))
    return min(abs(one - other) / largest, 1.0) if largest else 0.0
