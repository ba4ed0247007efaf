"""Ten made markets with a planted formula, and ten without: the questions to which the answer is known.

Formulas are drawn at random (depth at most four, vocabulary v2). The strength of each is turned until the formula's
own monthly RankIC over the training months of the finished market lies in the band; draws that cannot reach it are
left out. Markets are kept in a directory, because ten of them take minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from jq_strategy import formula as language
from sdk.formula.canonical import canonical
from sdk.formula.trees import Tree
from sdk.market.bundle import Bundle
from sdk.market.made.market import make_market
from sdk.market.made.spec import MarketSpec
from sdk.training.config import TrainConfig
from sdk.training.reward import Judge

BAND = (0.03, 0.05)
DEPTH = 4
TRAIN, VALID = ("", "2021-12-31"), ("2022-01-01", "")
YEARS, START = 13.0, "2012-01-01"


@dataclass(frozen=True)
class Planted:
    """A market, what was planted there, and its RankIC over the training and the validation months."""

    bundle: Bundle
    tokens: tuple[int, ...] | None
    expression: str
    rank_ic: float
    valid_rank_ic: float


def planted_market(place: Path, seed: int, stocks: int, config: TrainConfig) -> Planted:
    """Return the market of a seed with a formula whose training RankIC lies in the band, making it at need."""
    for draw, tokens in enumerate(drawn_formulas(seed)):
        expression = language.expression(language.parse(tokens, "v2"))
        strength = 0.2
        for _ in range(4):
            target = place / f"planted-{seed}-{draw}-{stocks}-{round(strength * 1000)}"
            spec = MarketSpec(stocks=stocks, years=YEARS, seed=seed, start=START, signal=strength, formula=expression)
            bundle = Bundle.open(target) if (target / "manifest.json").exists() else make_market(target, spec)
            found = rank_ic(bundle, config, tokens, TRAIN)
            if BAND[0] <= found <= BAND[1]:
                return Planted(bundle, tokens, expression, found, rank_ic(bundle, config, tokens, VALID))
            if not found > 0.01:
                break
            strength = round(strength * min(2.5, 0.04 / found), 3)
    raise AssertionError("drawn_formulas never ends")


def empty_market(place: Path, seed: int, stocks: int) -> Bundle:
    """Return the market of a seed without a signal."""
    target = place / f"empty-{seed}-{stocks}"
    if (target / "manifest.json").exists():
        return Bundle.open(target)
    return make_market(target, MarketSpec(stocks=stocks, years=YEARS, seed=seed, start=START, signal=0.0))


def rank_ic(bundle: Bundle, config: TrainConfig, tokens: tuple[int, ...], period: tuple[str, str]) -> float:
    """Return a formula's mean monthly RankIC among the members of a period."""
    return float(np.mean(Judge.on(bundle, config, period).series(tokens).rank_ic))


def drawn_formulas(seed: int) -> Iterator[tuple[int, ...]]:
    """Yield random postfix lists of depth two to four, each of at least two features or operators beyond one."""
    rng = np.random.default_rng([seed, DEPTH])
    names = language.token_names("v2")
    features = [name for name in names if language.arity_of(name) == 0 and name != "LIQ_SCORE"]
    operators = [name for name in names if language.arity_of(name) > 0 and name not in ("GATE", "JUMP", "SIGN")]
    while True:
        tree = _draw(rng, features, operators, int(rng.integers(2, DEPTH + 1)))
        tokens = tuple(names.index(name) for name in _postfix(tree))
        if 3 <= len(tokens) <= 12 and len(canonical(tree).expression) > 12:
            yield tokens


def _draw(rng: np.random.Generator, features: list[str], operators: list[str], depth: int) -> Tree:
    if depth == 1 or rng.random() < 0.15:
        return (str(rng.choice(features)),)
    name = str(rng.choice(operators))
    return (name, *[_draw(rng, features, operators, depth - 1) for _ in range(language.arity_of(name))])


def _postfix(tree: Tree) -> list[str]:
    return [word for operand in tree[1:] for word in _postfix(operand)] + [tree[0]]


def is_found(market: Planted, config: TrainConfig, tokens: tuple[int, ...]) -> dict[str, float | bool]:
    """Say whether a formula is the planted one: rank correlation of the scores >= 0.9, or its validation RankIC.

    ``correlation``: mean over the validation months of the rank correlation of both formulas' scores.
    """
    assert market.tokens is not None
    judge = Judge.on(market.bundle, config, VALID)
    mine, planted = judge.scores(tokens), judge.scores(market.tokens)
    valid = float(np.mean(judge.series(tokens).rank_ic))
    together = [_rank_correlation(mine[:, day], planted[:, day]) for day in range(mine.shape[1])]
    correlation = float(np.mean(together))
    return {
        "correlation": correlation,
        "valid_rank_ic": valid,
        "found": correlation >= 0.9 or valid >= market.valid_rank_ic,
    }


def _rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    known = np.isfinite(one) & np.isfinite(other)
    ranks = [pd.Series(values[known]).rank().to_numpy() for values in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1]) if known.sum() > 2 and all(np.ptp(r) > 0 for r in ranks) else 0.0
