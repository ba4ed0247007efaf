"""What was compared and what differed: scores bit for bit, and the ten best stocks of each scoring day."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.bits.scene import Scene
from exporter.verify import same_bits
from jq_strategy import formula as language
from jq_strategy.ranking import choose

TOP = 10
SHOWN = 20
Tree = tuple


@dataclass
class Tally:
    """Counts by the name of a back end or variant; ``words`` tell the first difference of a formula."""

    compared: Counter[str] = field(default_factory=Counter)
    bits: Counter[str] = field(default_factory=Counter)
    sets: Counter[str] = field(default_factory=Counter)
    formulas: Counter[str] = field(default_factory=Counter)
    existing: Counter[str] = field(default_factory=Counter)  # scores that are not NaN
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    words: list[str] = field(default_factory=list)

    @property
    def differences(self) -> int:
        """How many scores and top-10 sets differ."""
        return sum(self.bits.values()) + sum(self.sets.values())

    def judge(self, scene: Scene, name: str, trees: list[Tree], want: np.ndarray, got: np.ndarray) -> None:
        """Compare scores (formulas, rows of the stack) of one back end with the reference's."""
        self.formulas[name] += len(trees)
        self.compared[name] += want.size
        self.existing[name] += int(np.isfinite(want).sum())
        for tree, ours, theirs in zip(trees, want, got, strict=True):
            for place, block in enumerate(scene.blocks):
                self._judge_day(scene, name, tree, place, ours[block], theirs[block])

    def judge_order(self, scene: Scene, name: str, trees: list[Tree], scores: np.ndarray) -> None:
        """Rank each pool forwards and backwards: the ten best must be the same stocks in the same order."""
        self.formulas[name] += len(trees)
        for place, (block, pool) in enumerate(zip(scene.blocks, scene.pools, strict=True)):
            codes = [scene.codes[row] for row in pool]
            for tree, ours in zip(trees, scores[:, block].tolist(), strict=True):
                if choose(codes, ours, TOP) != choose(codes[::-1], ours[::-1], TOP):
                    self.sets[name] += 1
                    self.words.append(f"{scene.name}, {name}: {language.expression(tree)}: scoring day {place}")

    def judge_day(self, scene: Scene, name: str, tree: Tree, place: int, want: np.ndarray, got: np.ndarray) -> None:
        """Compare the scores (pool,) of one formula on one scoring day."""
        self.formulas[name] += 1
        self.compared[name] += want.size
        self.existing[name] += int(np.isfinite(want).sum())
        self._judge_day(scene, name, tree, place, want, got)

    def _judge_day(self, scene: Scene, name: str, tree: Tree, place: int, want: np.ndarray, got: np.ndarray) -> None:
        """Equal scores give equal sets, whatever the order of the pool; only others are ranked, by the one rule."""
        wrong = np.flatnonzero(~same_bits(want, got))
        if not len(wrong):
            return
        self.bits[name] += len(wrong)
        codes = [scene.codes[row] for row in scene.pools[place]]
        self.sets[name] += set(choose(codes, want, TOP)) != set(choose(codes, got, TOP))
        if len(self.words) < SHOWN:
            row, date = int(wrong[0]), scene.dates[scene.days[place]]
            self.words.append(
                f"{scene.name}, {name}: {language.expression(tree)}: {codes[row]} on {date}: "
                f"{want[row].hex()} became {got[row].hex()}; {len(wrong)} of {len(want)} differ"
            )

    def stored(self) -> dict[str, Any]:
        """Return the tally as plain values for JSON."""
        return {name: value if name == "words" else dict(value) for name, value in vars(self).items()}

    def add(self, stored: dict[str, Any]) -> None:
        """Add what ``stored`` returned."""
        for name, value in vars(self).items():
            if name == "words":
                value.extend(stored[name][: SHOWN - len(value)])
                continue
            for key, count in stored[name].items():
                value[key] += count
