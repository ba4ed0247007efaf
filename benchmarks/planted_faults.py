"""The stages on which faults are planted, the cases of the suite, and what the search found, as rows of a table."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.planted_mutations import MUTATIONS, Mutation, Outcome, equal_to_itself, judge
from exporter.strategy_file import Settings, render
from parity.counterfactual import Recipe
from parity.counterfactual_market import ChangedBundle, fewer_members
from sdk.formula.formula_file import from_tokens
from sdk.market.bundle import Bundle


@dataclass(frozen=True)
class StageSet:
    """Three formulas, each with a starved operator and values left over, and four months of a market for each.

    ``fewer``: keep every n-th member, so that pools have about 25 stocks.
    """

    vocabulary: str
    formulas: tuple[list[int], ...]
    spans: dict[str, tuple[tuple[str, str], ...]]
    fewer: dict[str, int]
    top_k: int
    cash: float


SETS = {
    "mending": StageSet(
        "v1",
        ([4, 9, 0, 14, 5], [0, 12, 9, 4, 12], [2, 16, 9, 1, 3]),
        {
            "made": (("2019-04-01", "2019-07-31"), ("2018-07-02", "2018-10-31"), ("2019-06-03", "2019-09-30")),
            "real": (("2024-05-06", "2024-08-30"), ("2022-05-05", "2022-08-31"), ("2023-06-01", "2023-10-31")),
        },
        {"made": 2, "real": 32},
        6,
        1_000_000.0,
    ),
    "fresh": StageSet(
        "v2",
        ([20, 12, 0, 9, 5, 14, 3], [3, 10, 16, 5, 8, 9, 19], [0, 18, 2, 7, 13, 4, 11]),
        {
            "made": (("2018-10-08", "2019-01-31"), ("2019-08-01", "2019-11-29"), ("2018-08-01", "2018-11-30")),
            "real": (("2019-03-01", "2019-06-28"), ("2021-02-01", "2021-05-31"), ("2025-01-02", "2025-04-30")),
        },
        {"made": 2, "real": 29},
        5,
        2_000_000.0,
    ),
}
"""``mending``: the search for causes was mended on these. ``fresh``: tried when it was done."""

ONE_OF_EACH = (
    *("dividends untaxed", "lag 2", "60 days", "raw, top of the stack", "code descending", "no slippage"),
    *("half the stamp tax", "limit-up is ordered", "95 % invested", "one close 1 % higher", "Shanghai only"),
    *("at the close", "252 days", "counts from the first close", "twice the capital", "MAD × 1.4826"),
)
QUICK = ONE_OF_EACH[:2] + (
    "raw, top of the stack",
    "code descending",
    "half the stamp tax",
    "252 days",
    "at the close",
)
TWO = (
    ("lag 2", "no slippage"),
    ("raw, top of the stack", "half the stamp tax"),
    ("60 days", "dividends untaxed"),
    ("code descending", "95 % invested"),
    ("Shanghai only", "lag 3"),
    ("factor 1", "60 days"),
    ("at the close", "commission 0.00025"),
    ("MAD × 1.4826", "slippage 0.002"),
    ("252 days", "no fees"),
    ("whole history", "lag 2"),
)


def stages(kind: str, path: Path, chosen: StageSet = SETS["mending"]) -> list[tuple[str, Recipe]]:
    """Return three exported strategies on a market of about 25 stocks, four months each."""
    bundle = ChangedBundle(Bundle.open(path), [fewer_members(chosen.fewer[kind])])
    found = []
    for number, (tokens, (start, end)) in enumerate(zip(chosen.formulas, chosen.spans[kind], strict=True)):
        text = render(from_tokens(tokens, chosen.vocabulary), Settings(top_k=chosen.top_k))
        found.append((f"{kind} {number}", Recipe(text, bundle, start, end, chosen.cash)))
    return found


def judged(mutations: Sequence[Mutation], places: Sequence[tuple[str, Recipe]], first: int) -> Outcome | None:
    """Judge on the first stage, from ``first`` on, where the faults have a place and an effect; None for nowhere."""
    for number in range(len(places)):
        name, base = places[(first + number) % len(places)]
        found = judge(mutations, name, base)
        if found is not None:
            return found
    return None


def single(places: Sequence[tuple[str, Recipe]], words: Sequence[str] | None = None) -> Iterator[Outcome | Mutation]:
    """Plant one fault at a time; a mutation without effect anywhere is returned as it is."""
    for number, mutation in enumerate(MUTATIONS):
        if words is None or mutation.words in words:
            yield judged([mutation], places, number) or mutation


def double(places: Sequence[tuple[str, Recipe]], pairs: Sequence[tuple[str, str]] = TWO) -> Iterator[Outcome]:
    """Plant two faults at once; pairs without effect are left out."""
    known = {mutation.words: mutation for mutation in MUTATIONS}
    for number, pair in enumerate(pairs):
        found = judged([known[words] for words in pair], places, number)
        if found is not None:
            yield found


def false_causes(places: Sequence[tuple[str, Recipe]]) -> int:
    """Return how many causes are named where nothing was planted."""
    return sum(len(equal_to_itself(base).steps) for _, base in places)


def suite(
    kinds: Sequence[tuple[str, Path]],
    words: Sequence[str] | None,
    pairs: Sequence[tuple[str, str]],
    chosen: StageSet = SETS["mending"],
) -> dict:
    """Run the suite, print a row a case, and return the figures of the bars."""
    started = time.process_time()
    singles: list[Outcome] = []
    doubles: list[Outcome] = []
    without: list[str] = []
    named = 0
    print(
        f"{'cause':<8} {'planted':<34} {'stage':<7} {'named':<14} {'first day and code':<24} {'share':>8} {'runs':>5}"
    )
    for kind, path in kinds:
        places = stages(kind, path, chosen)
        for found in single(places, words):
            if isinstance(found, Mutation):
                without.append(f"{kind}: {found.cause} {found.words}")
                continue
            singles.append(found)
            _print(found)
        for found in double(places, pairs):
            doubles.append(found)
            _print(found)
        named += false_causes(places)
    for text in without:
        print(f"no effect, not counted: {text}")
    dated = [one for one in singles if not one.noise]
    return {
        "cases": len(singles),
        "causes": len({one.planted[0] for one in singles}),
        "first_cause_named": sum(one.first_named for one in singles) / max(len(singles), 1),
        "first_day_exact": sum(one.exact for one in dated) / max(len(dated), 1),
        "attributed_share": sum(one.share for one in singles) / max(len(singles), 1),
        "attributed_share_least": min((one.share for one in singles), default=0.0),
        "two_cases": len(doubles),
        "two_named": sum(one.all_named for one in doubles) / max(len(doubles), 1),
        "false_causes": named,
        "without_effect": len(without),
        "cpu_seconds": round(time.process_time() - started, 1),
    }


def _print(one: Outcome) -> None:
    placed = one.exact or one.noise
    good = one.all_named if len(one.planted) > 1 else one.first_named and placed and one.share >= 0.99
    where = " ".join(one.found_first) + (
        "" if placed or len(one.planted) > 1 else f" (true: {' '.join(one.true_first)})"
    )
    print(
        f"{'+'.join(one.planted):<8} {one.words:<34} {one.stage:<7} {','.join(one.named):<14} {where:<24} "
        f"{one.share:>8.4f} {one.runs:>5}{'' if good else '  << missed: ' + '; '.join(one.how)[:60]}",
        flush=True,
    )
