"""The formulas under test: random repaired lists of the three vocabularies, and those of a file of found formulas."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np

from jq_strategy import formula as language

LENGTH = 12
Tree = tuple


def random_trees(count: int, seed: int) -> list[Tree]:
    """Return ``count`` distinct formulas, a third of each vocabulary, of at most twelve tokens before repair."""
    rng = np.random.default_rng(seed)
    vocabularies = list(language.VOCABULARIES)
    found: dict[Tree, None] = {}
    turn = 0
    while len(found) < count:
        vocabulary = vocabularies[turn % len(vocabularies)]
        size = len(language.token_names(vocabulary))
        raw = rng.integers(0, size, int(rng.integers(LENGTH // 2, LENGTH + 1))).tolist()
        tree = language.parse(language.repair(raw, vocabulary).repaired, vocabulary)
        if tree not in found:
            found[tree] = None
            turn += 1
    return list(found)


def found_trees(path: Path) -> list[Tree]:
    """Return the distinct formulas of a table with the column ``repaired_tokens`` (ids of v2, as JSON)."""
    with path.open(encoding="utf-8", newline="") as table:
        lists = [json.loads(row["repaired_tokens"]) for row in csv.DictReader(table)]
    return list(dict.fromkeys(language.parse(tokens, "v2") for tokens in lists))
