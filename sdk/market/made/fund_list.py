"""Further funds and indices of a made market: the listed ones that strategies name, by what they hold.

``listed_funds.csv``: number, name, kind (how its price moves, below). ``listed_indices.csv``: number, name, first
level, and n: it holds every n-th made stock, 0 = all of its own exchange.
Numbers and names are those of the public lists of the exchanges.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple


class Kind(NamedTuple):
    """How funds of one kind move: index they track (or none), drift, deviation and swing a year, first price."""

    tracks: str = ""
    drift: float = 0.0
    deviation: float = 0.0
    swing: float = 0.0
    price: float = 1.1


KINDS = {
    "large": Kind("000300.XSHG", 0.0, 0.0, 0.0, 3.0),
    "small": Kind("000905.XSHG", 0.0, 0.0, 0.0, 2.0),
    "growth": Kind("399006.XSHE", 0.0, 0.0, 0.0, 1.2),
    "value": Kind("000016.XSHG", 0.0, 0.0, 0.0, 1.5),
    "industry": Kind("", 0.04, 0.29, 0.42, 1.1),
    "abroad": Kind("", 0.05, 0.21, 0.28, 1.1),
    "goods": Kind("", 0.05, 0.17, 0.24, 2.0),
    "bond": Kind("", 0.03, 0.025, 0.012, 105.0),
    "money": Kind("", 0.0, 0.0002, 0.0, 100.0),
}


def listed_funds() -> dict[str, tuple[str, Kind]]:
    """Return code -> (name, kind)."""
    return {_code(row["number"], "5"): (row["name"], KINDS[row["kind"]]) for row in _rows("listed_funds.csv")}


def listed_indices() -> dict[str, tuple[str, float, int]]:
    """Return code -> (name, first level in points, n)."""
    rows = _rows("listed_indices.csv")
    return {_code(row["number"], "0"): (row["name"], float(row["base"]), int(row["every"])) for row in rows}


def _code(number: str, shanghai: str) -> str:
    return f"{number}.{'XSHG' if number[0] == shanghai else 'XSHE'}"


def _rows(file: str) -> list[dict[str, str]]:
    with (Path(__file__).parent / file).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
