"""Operator x back end x awkward input: how many back ends give the kernel's very bits.

python -m tests.conformance.matrix            every operator and feature on every awkward input
python -m tests.conformance.matrix --long     more seeds, and thousands of random formulas of v1, v2 and v3
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from jq_strategy import formula as language
from jq_strategy import kernel
from tests.conformance import awkward
from tests.conformance.backends import Numpy, Request, backends
from tests.panels import awkward_bars, random_lists

TOKENS = language.token_names("v3")
OPERANDS = ("PRESSURE", "LIQ_SCORE", "FOMO")
RANDOM_DAYS = 420


@dataclass
class Matrix:
    """The verdicts: (token, input) -> names of the back ends that agree, and of those that do not."""

    agree: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    differ: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def judge(self, token: str, case: str, backend: str, want: np.ndarray, got: np.ndarray) -> None:
        place = self.agree if same_bits(want, got) else self.differ
        place.setdefault((token, case), []).append(backend)

    def lines(self) -> Iterator[str]:
        """Return the matrix as text: agreeing of all back ends, and the names of those that differ."""
        cases = list(dict.fromkeys(case for _, case in [*self.agree, *self.differ]))
        yield " " * 11 + " ".join(f"{case:>9.9}" for case in cases)
        for token in TOKENS:
            cells = []
            for case in cases:
                good, bad = self.agree.get((token, case), []), self.differ.get((token, case), [])
                cells.append(f"{len(good)}/{len(good) + len(bad)}" if good or bad else "-")
            if any(cell != "-" for cell in cells):
                yield f"{token:<11}" + " ".join(f"{cell:>9}" for cell in cells)
        yield from (f"DIFFER {token} on {case}: {', '.join(names)}" for (token, case), names in self.differ.items())


def same_bits(want: np.ndarray, got: np.ndarray) -> bool:
    """Tell whether two arrays have the same shape and bits; NaN equals NaN, -0 is 0."""
    if want.shape != got.shape:
        return False
    want, got = np.ascontiguousarray(want) + 0.0, np.ascontiguousarray(got) + 0.0
    return bool(np.all((want.view(np.int64) == got.view(np.int64)) | (np.isnan(want) & np.isnan(got))))


def operator_requests(seed: int) -> Iterator[tuple[str, Request]]:
    """Return (input name, request) for every operator and awkward series that concerns it."""
    for operator in kernel.OPERATORS:
        for name in awkward.SERIES:
            if name not in ("NaN", "nobody") or operator.across:
                operands, known = awkward.series(name, operator.arity, operator.depth, seed)
                yield name, Request(operator.name, operands, known)


def formula_requests(seed: int) -> Iterator[tuple[str, str, tuple[int, ...], dict[str, np.ndarray]]]:
    """Return (token, input name, formula, bars) for every token of v3 and awkward bars."""
    for token in TOKENS:
        operands = [TOKENS.index(name) for name in OPERANDS[: language.arity_of(token)]]
        tokens = (*operands, TOKENS.index(token))
        days = language.lookback_days(language.parse(tokens, "v3"))
        for name in awkward.BARS:
            yield token, name, tokens, awkward.bars(name, days, seed)


def fill(matrix: Matrix, seed: int) -> None:
    """Run every operator and every token on every awkward input in every back end."""
    series = list(operator_requests(seed))
    wanted = Numpy().operators([request for _, request in series])
    formulas = list(formula_requests(seed))
    scores = Numpy().scores([(tokens, bars) for *_, tokens, bars in formulas])
    for backend in backends():
        got = backend.operators([request for _, request in series])
        for (name, request), want, value in zip(series, wanted, got or [], strict=got is not None):
            matrix.judge(request.name, name, backend.name, want, value)
        for (token, name, *_), want, value in zip(
            formulas, scores, backend.scores([(tokens, bars) for *_, tokens, bars in formulas]), strict=True
        ):
            matrix.judge(token, name, backend.name, want, value)


def random_formulas(count: int, vocabulary: str, seed: int) -> tuple[int, dict[str, int], list[str]]:
    """Return how many random formulas ran, how many of them differ a back end, and which."""
    bars = awkward_bars(19, RANDOM_DAYS, seed)
    lists = random_lists(count, seed, vocabulary)  # ids of v1 and v2 mean the same in v3
    trees = [language.parse(tokens, "v3") for tokens in lists]
    formulas = [
        (tokens, bars)
        for tokens, tree in zip(lists, trees, strict=True)
        if language.lookback_days(tree) <= RANDOM_DAYS
    ]
    wanted = Numpy().scores(formulas)
    wrong: dict[str, int] = {}
    words = []
    for backend in backends():
        wrong[backend.name] = 0
        for start in range(0, len(formulas), 250):
            part = formulas[start : start + 250]
            for (tokens, _), want, got in zip(part, wanted[start:], backend.scores(part), strict=False):
                if not same_bits(want, got):
                    wrong[backend.name] += 1
                    words.append(f"{backend.name}: {language.expression(language.parse(tokens, 'v3'))}")
    return len(formulas), wrong, words


def main(long: bool) -> int:
    """Print the matrix; return 1 if anything differs."""
    matrix = Matrix()
    for seed in range(5 if long else 1):
        fill(matrix, seed)
    names = ", ".join(backend.name for backend in backends())
    print(f"逐位一致的后端数 / 全部后端 ({names}); 基准 numpy {np.__version__}")
    for line in matrix.lines():
        print(line, flush=True)
    differing = len(matrix.differ)
    for vocabulary in ("v1", "v2", "v3") if long else ():
        ran, wrong, words = random_formulas(1000, vocabulary, seed=17)
        print(f"随机公式 {vocabulary}: {ran} 条, 不一致 {wrong}", flush=True)
        for word in words[:20]:
            print(word)
        differing += len(words)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main("--long" in sys.argv[1:]))
