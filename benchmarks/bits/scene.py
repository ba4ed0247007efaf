"""Where formulas are compared: one market, some scoring days, and the pool of each.

The scoring days are chosen for their trouble: the time after the first ``RUN_IN`` days is cut into equal spans, and
in each the day is taken on which most members of the index are halted, or in every second span, have been listed for
less than a year.

A *stack* puts the pools of all scoring days under each other, each with the bars that end on its own day. Rows of a
stack are (scoring day, stock of its pool); its ``benchmark`` has a row for each of them, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jq_strategy import kernel
from sdk.formula.bars import bars_between
from sdk.market.bundle import Bundle

INDEX = "000300.XSHG"
RUN_IN, NEW_DAYS, EXTRA_STOCKS = 300, 244, 40
Bars = dict[str, np.ndarray]


@dataclass(frozen=True)
class Scene:
    """Bars name -> (stocks, days), ``benchmark`` (1, days); scoring days as positions; a pool of rows for each."""

    name: str
    codes: tuple[str, ...]
    dates: np.ndarray
    bars: Bars
    days: tuple[int, ...]
    pools: tuple[np.ndarray, ...]

    @property
    def blocks(self) -> list[slice]:
        """The rows of each scoring day in a stack."""
        ends = np.cumsum([len(pool) for pool in self.pools]).tolist()
        return [slice(end - len(pool), end) for end, pool in zip(ends, self.pools, strict=True)]

    @property
    def members(self) -> np.ndarray:
        """Who is in the pool of which scoring day: (stocks, scoring days)."""
        mask = np.zeros((len(self.codes), len(self.days)), dtype=bool)
        for column, pool in enumerate(self.pools):
            mask[pool, column] = True
        return mask

    def trouble(self, place: int) -> tuple[int, int]:
        """Return how many of a scoring day's pool are halted, and how many have been listed for less than a year."""
        volume = self.bars["volume"][self.pools[place], : self.days[place] + 1]
        listed = np.isfinite(volume).sum(axis=1)
        return int((volume[:, -1] == 0).sum()), int(((listed > 0) & (listed <= NEW_DAYS)).sum())

    def window(self, place: int, length: int) -> Bars:
        """Return the last ``length`` bars of one scoring day's pool; NaN before the first day of the market."""
        day, pool = self.days[place], self.pools[place]
        first = max(day + 1 - length, 0)
        ahead = ((0, 0), (length - (day + 1 - first), 0))
        rows = {name: array if name == "benchmark" else array[pool] for name, array in self.bars.items()}
        return {
            name: np.pad(array[:, first : day + 1], ahead, constant_values=np.nan) for name, array in rows.items()
        }

    def stack(self, length: int) -> Bars:
        """Return the last ``length`` bars of all pools under each other: name -> (rows, length)."""
        parts = [self.window(place, length) for place in range(len(self.days))]
        return {
            name: np.concatenate(
                [
                    np.broadcast_to(part[name], (len(pool), length))
                    for part, pool in zip(parts, self.pools, strict=True)
                ]
            )
            for name in self.bars
        }


def make_scene(name: str, bundle: Bundle, count: int, pool_size: int, seed: int) -> Scene:
    """Return ``count`` scoring days of the bundle's index, pools of at most ``pool_size`` in shuffled order."""
    rng = np.random.default_rng(seed)
    days = _troubled_days(bundle, count)
    pools = [rng.permutation(bundle.members(INDEX, bundle.days[day]))[:pool_size] for day in days]
    inside = {str(code) for pool in pools for code in pool}
    outside = sorted(set(bundle.securities.index[bundle.securities["type"] == "stock"]) - inside)
    extra = rng.permutation(outside)[:EXTRA_STOCKS]
    codes = tuple(sorted(inside | {str(code) for code in extra}))
    place = {code: row for row, code in enumerate(codes)}
    names = dict.fromkeys(field for feature in kernel.FEATURES for field in feature.inputs)
    bars = bars_between(bundle, codes, names, benchmark=INDEX)
    rows = tuple(np.array([place[str(code)] for code in pool]) for pool in pools)
    return Scene(name, codes, bundle.days, bars, tuple(days), rows)


def _troubled_days(bundle: Bundle, count: int) -> list[int]:
    """Return the positions of the scoring days, one a span, ascending."""
    panel = bundle.panel(None, None, None, ["volume"])
    volume = panel["volume"]
    halted = volume == 0
    new = np.cumsum(np.isfinite(volume), axis=1) <= NEW_DAYS
    member = bundle.members_mask(INDEX, panel.codes, bundle.days)
    trouble = [(member & halted).sum(axis=0), (member & new).sum(axis=0)]
    spans: Sequence[np.ndarray] = np.array_split(np.arange(RUN_IN, len(bundle.days)), count)
    return [int(span[np.argmax(trouble[number % 2][span])]) for number, span in enumerate(spans)]
