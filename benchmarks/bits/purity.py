"""What must not change a score: more history, the order of the pool, other stocks, the day a factor was anchored.

Each variant scores the same formulas with the batch evaluator on changed bars and gives (formulas, rows of the
stack), to be compared with the unchanged scores.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.bits.backends import pool_rows
from benchmarks.bits.scene import Bars, Scene
from jq_strategy import formula as language
from sdk.formula.panel_scores import PanelScores

Tree = tuple
LARGEST_POWER = 12


class ShuffledStocks:
    """The rows of the whole panel in another order."""

    name = "pool order"

    def __init__(self, scene: Scene, stack: Bars) -> None:
        self._scene = scene
        self._order = np.random.default_rng(7).permutation(len(scene.codes))
        self._panel = PanelScores(_rows(scene.bars, self._order))

    def scores(self, trees: Sequence[Tree]) -> np.ndarray:
        back = np.argsort(self._order)
        members = self._scene.members[self._order]
        return pool_rows(self._scene, (x[back] for x in self._panel.scores_of(trees, self._scene.days, members)))


class PoolsAlone:
    """Each pool without any other stock; the unchanged panel has stocks outside the pools."""

    name = "extra stocks"

    def __init__(self, scene: Scene, stack: Bars) -> None:
        self._days = scene.days
        self._panels = [PanelScores(_rows(scene.bars, pool)) for pool in scene.pools]

    def scores(self, trees: Sequence[Tree]) -> np.ndarray:
        parts = [
            np.array([x[:, 0] for x in panel.scores_of(trees, [day])])
            for day, panel in zip(self._days, self._panels, strict=True)
        ]
        return np.concatenate(parts, axis=1)


class ScaledFactors:
    """The factors of each stock times a power of two of its own: anchored on another day."""

    name = "factors x 2^k"

    def __init__(self, scene: Scene, stack: Bars) -> None:
        self._scene = scene
        powers = np.random.default_rng(8).integers(-LARGEST_POWER, LARGEST_POWER + 1, (len(scene.codes), 1))
        self._panel = PanelScores({**scene.bars, "factor": scene.bars["factor"] * 2.0**powers})

    def scores(self, trees: Sequence[Tree]) -> np.ndarray:
        return pool_rows(self._scene, self._panel.scores_of(trees, self._scene.days, self._scene.members))


class ExactWindow:
    """Exactly ``lookback_days`` bars instead of the whole history; fast for formulas sorted by their lookback."""

    name = "exact window"

    def __init__(self, scene: Scene, stack: Bars) -> None:
        self._stack, self._blocks = stack, scene.blocks
        self._panels: dict[tuple[int, int], PanelScores] = {}
        self._lookback = 0

    def scores(self, trees: Sequence[Tree]) -> np.ndarray:
        whole = [slice(0, self._blocks[-1].stop)]
        result = np.empty((len(trees), whole[0].stop))
        for place, tree in enumerate(trees):
            for rows in self._blocks if language.compares_stocks(tree) else whole:
                result[place, rows] = self._score(tree, rows)
        return result

    def _score(self, tree: Tree, rows: slice) -> np.ndarray:
        if language.lookback_days(tree) != self._lookback:
            self._lookback, self._panels = language.lookback_days(tree), {}
        key = (rows.start, rows.stop)
        if key not in self._panels:
            window = {name: array[rows, -self._lookback :] for name, array in self._stack.items()}
            self._panels[key] = PanelScores(window)
        return self._panels[key].scores(tree, [self._lookback - 1])[:, 0]


VARIANTS = (ExactWindow, ShuffledStocks, PoolsAlone, ScaledFactors)


def _rows(bars: Bars, rows: np.ndarray) -> Bars:
    return {name: array if name == "benchmark" else array[rows] for name, array in bars.items()}
