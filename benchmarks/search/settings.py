"""The settings that the measurements of the search share, one place for all of them."""

from __future__ import annotations

from typing import Any

SEARCH: dict[str, Any] = {
    "steps": 60,
    "batch": 512,
    "reward": {"ic": 1.0},
    "tie_penalty": 0.0,
    "length_penalty": 0.0007,
}
"""What finds planted formulas: RankIC is the clearest reward, and every token costs 0.0007 of it."""

QUICK: dict[str, Any] = {"steps": 6, "batch": 64}
"""Laid over SEARCH by ``--quick``: says that the code runs, not what the search can do."""

EMPTY: dict[str, Any] = {"steps": 30, "batch": 256}
"""Laid over SEARCH where nothing is to be found: thirty searches of the full budget would take an hour."""

PLANTED_STOCKS, QUICK_STOCKS = 400, 120
