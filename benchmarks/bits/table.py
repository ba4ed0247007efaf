"""One market's comparison as a table for people, and as figures for the JSON line."""

from __future__ import annotations

from typing import Any

from benchmarks.bits.scene import Scene
from benchmarks.bits.tally import Tally
from jq_strategy import formula as language


def show(scene: Scene, trees: list[tuple], tally: Tally) -> dict[str, Any]:
    """Print one market's table and return its figures."""
    across = sum(map(language.compares_stocks, trees))
    print(f"{scene.name}: {len(trees)} formulas ({across} compare stocks), {len(scene.codes)} stocks in the panel")
    for place, (day, pool) in enumerate(zip(scene.days, scene.pools, strict=True)):
        halted, new = scene.trouble(place)
        print(f"  {scene.dates[day]}: pool of {len(pool)}, {halted} halted, {new} listed for less than a year")
    heads = ("formulas", "scores", "not NaN", "bits", "top 10", "s", "formulas/s")
    reference, seconds = next(iter(tally.seconds.items()))
    print(f"  reference: {reference}, {len(trees) / seconds:.1f} formulas/s")
    print(f"  {'compared with the reference':<36}" + "".join(f"{head:>12}" for head in heads))
    for name, count in tally.formulas.items():
        counts = (count, tally.compared[name], tally.existing[name], tally.bits[name], tally.sets[name])
        times = (tally.seconds[name], count / tally.seconds[name])
        cells = [*[f"{value:>12,}" for value in counts], *[f"{value:>12.1f}" for value in times]]
        print(f"  {name:<36}" + "".join(cells))
    print("\n".join(f"  DIFFER {word}" for word in tally.words), end="\n" if tally.words else "")
    names = list(tally.formulas)
    return {
        "formulas": len(trees),
        "compare_stocks": across,
        "scores_compared": tally.compared.total(),
        "not_nan": tally.existing.total(),
        "top10_sets": len(trees) * len(scene.days),
        "differing_bits": {name: tally.bits[name] for name in names},
        "differing_top10": {name: tally.sets[name] for name in names},
        "seconds": {name: round(seconds, 2) for name, seconds in tally.seconds.items()},
    }
