"""Run one side again with one thing changed, and say how far the two sides then agree.

A ``Recipe`` is all that a run is made from: the strategy's text, a market, dates, capital, rules. A ``Change`` makes
another recipe of it. ``Bench`` runs recipes, reads what they wrote with the readers of every download, and compares
it with the side that is to be explained. A *probe* runs only through the day of the first difference, which is what
makes many of them affordable; the whole run is made for a change that survives its probe.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from parity.compare import Verdict, compare_sides
from parity.counterfactual_market import ChangedBundle, MarketChange
from parity.counterfactual_text import NotApplicable
from parity.layers import LAYERS, Comparison
from parity.record_stream import Records
from parity.records import Side, Trading
from parity.side import read_side
from sdk.emulator.runner import run_backtest
from sdk.errors import JqalphaError, ParityError
from sdk.market.bundle import Bundle
from sdk.report.numbers import Reading

END = "99999"  # after every moment, and after what has none
FigureRule = Callable[[Mapping[str, Reading]], Mapping[str, Reading]]


@dataclass(frozen=True)
class Recipe:
    """What a run is made from. ``figures`` recomputes the printed figures by another convention."""

    strategy: str
    bundle: Bundle
    start: str
    end: str
    cash: float
    frequency: str = "day"
    rules: Mapping[str, str] = field(default_factory=dict)
    market: tuple[MarketChange, ...] = ()
    figures: FigureRule | None = None

    def with_text(self, change: Callable[..., str], *arguments: object) -> Recipe:
        """Return the recipe with its strategy rewritten."""
        return replace(self, strategy=change(self.strategy, *arguments))

    def with_rules(self, **rules: str) -> Recipe:
        """Return the recipe with other rules of the emulator."""
        return replace(self, rules={**self.rules, **rules})

    def with_market(self, change: MarketChange) -> Recipe:
        """Return the recipe on a changed market; a change of the same name is replaced."""
        kept = tuple(one for one in self.market if one.name != change.name)
        return replace(self, market=(*kept, change))


@dataclass(frozen=True)
class Change:
    """One thing changed: the cause that it stands for, its words, and the recipe that it makes (or NotApplicable).

    ``portable``: any strategy can take it; otherwise it rewrites what only an exported file holds. ``sentence`` and
    ``advice`` replace those of the cause where they are not to the point; ``{whose}`` is the side that is like it.
    """

    cause: str
    words: str
    apply: Callable[[Recipe], Recipe]
    portable: bool = True
    sentence: str = ""
    advice: str = ""


@dataclass(frozen=True)
class Standing:
    """How far two sides agree: moment and layer of the first difference, and the fields that differ there."""

    moment: str
    layer: int
    fields: frozenset[str] = frozenset()

    @property
    def equal(self) -> bool:
        return self.moment == END

    @property
    def key(self) -> tuple[str, int, int]:
        """Sort key; larger is better."""
        return (self.moment, self.layer, -len(self.fields))

    def beyond(self, other: Standing) -> bool:
        """Tell whether this agrees further: a later first difference, or fewer fields at the same place."""
        if (self.moment, self.layer) != (other.moment, other.layer):
            return (self.moment, self.layer) > (other.moment, other.layer)
        return self.fields < other.fields


@dataclass(frozen=True)
class Trial:
    """A recipe that was run: its side, the comparison with the target, how far they agree, and the NAV at the end."""

    recipe: Recipe
    side: Side
    verdict: Verdict
    standing: Standing


class Bench:
    """Runs recipes and compares them with one target; counts what it cost."""

    def __init__(self, target: Side, ignore: Callable[[Comparison], bool] | None = None) -> None:
        self.target = replace(target, premises={})
        self.runs = 0
        self._ignore = ignore
        self._cut: dict[str, Side] = {}
        self._last: tuple[Recipe, Side] | None = None
        self._errors = set(target.errors)

    def take(self, recipe: Recipe, side: Side) -> None:
        """Take over the whole run of a recipe that was made elsewhere; it counts as one of this bench's runs."""
        self.runs += 1
        self._last = replace(recipe, figures=None), side
        self.knows(side)

    def knows(self, side: Side) -> None:
        """Take the errors of a side for its own: a run that shows them too is not broken by what was changed."""
        self._errors.update(side.errors)

    def full(self, recipe: Recipe) -> Trial:
        """Run to the end and compare everything."""
        return self._trial(recipe, self.target, recipe.end)

    def attempt(self, recipe: Recipe) -> Trial | None:
        """Run to the end; None where the recipe cannot run, or where what was changed makes the strategy refuse."""
        try:
            return self._sound(self.full(recipe))
        except (JqalphaError, NotApplicable):
            return None

    def probe(self, recipe: Recipe, day: str) -> Trial | None:
        """Run past ``day`` and compare what lies before its end; None where the recipe cannot run."""
        if day not in self._cut:
            self._cut[day] = until(self.target, day)
        try:
            return self._sound(self._trial(recipe, self._cut[day], _day_after(recipe, day), day))
        except (JqalphaError, NotApplicable):
            return None

    def _sound(self, trial: Trial) -> Trial | None:
        """A change that breaks the strategy explains nothing, though the other side may not have traded either."""
        return trial if self._errors.issuperset(trial.side.errors) else None

    def _trial(self, recipe: Recipe, target: Side, end: str, day: str = "") -> Trial:
        side = self.run(recipe, end)
        side = until(side, day) if day else side
        if side.audits is None and target.audits is not None:
            side = replace(
                side, audits=Records.of(())
            )  # a run that never came to a rebalance has none, and is judged
        verdict = compare_sides(side, target)
        return Trial(recipe, side, verdict, standing(self.seen(verdict)))

    def seen(self, verdict: Verdict) -> tuple[Comparison, ...]:
        """Return the differences that are to be explained, in the order of time."""
        return tuple(one for one in verdict.differences if not (self._ignore and self._ignore(one)))

    def run(self, recipe: Recipe, end: str) -> Side:
        """Run a recipe and read its files."""
        plain = replace(recipe, figures=None, end=end)
        if self._last is None or self._last[0] != plain:
            self.runs += 1
            with tempfile.TemporaryDirectory(prefix="jqalpha-counterfactual-") as folder:
                self._last = plain, run_into(plain, end, Path(folder) / "run")
        return _refigured(recipe, self._last[1])


def run_into(recipe: Recipe, end: str, out: Path) -> Side:
    """Run a recipe through ``end``, write the files of the run to ``out``, and read them."""
    bundle = ChangedBundle(recipe.bundle, recipe.market) if recipe.market else recipe.bundle
    result = run_backtest(
        *(recipe.strategy, bundle, recipe.start, end, recipe.cash, out, recipe.frequency, recipe.rules),
        name="counterfactual",
    )
    if result.error is not None:
        raise ParityError(f"the run failed: {type(result.error).__name__}: {result.error}")
    return _refigured(recipe, _loaded(read_side(out)))


def _refigured(recipe: Recipe, side: Side) -> Side:
    figures = side.figures if recipe.figures is None or side.figures is None else recipe.figures(side.figures)
    return replace(side, premises={}, figures=figures)


def _day_after(recipe: Recipe, day: str) -> str:
    """Return the trading day after ``day``: what is still open at the end of a run is told otherwise than in it."""
    days = recipe.bundle.days
    place = int(np.searchsorted(days, np.datetime64(day), side="right"))
    return min(str(days[place]), recipe.end) if place < len(days) else recipe.end


def standing(differences: tuple[Comparison, ...]) -> Standing:
    """Return how far two sides agree, from their differences in the order of time."""
    if not differences:
        return Standing(END, len(LAYERS))
    moment, layer = differences[0].order()
    return Standing(moment, layer, frozenset(one.field for one in differences if one.order() == (moment, layer)))


def until(side: Side, day: str) -> Side:
    """Return what a side says through the end of ``day``; without figures, which are of the whole run."""

    def kept(moment: str) -> bool:
        return moment[:10] <= day

    trading = {
        name: Trading(
            Records.of(order for order in told.orders if kept(order.moment)),
            Records.of(fill for fill in told.fills if kept(fill.moment)),
            told.shows,
            told.coverage,
        )
        for name, told in side.trading.items()
    }
    return replace(
        side,
        trading=trading,
        audits=None if side.audits is None else Records.of(line for line in side.audits if kept(line.moment)),
        positions=None if side.positions is None else Records.of(row for row in side.positions if kept(row.day)),
        cash={key: value for key, value in side.cash.items() if kept(key)},
        total_value={key: value for key, value in side.total_value.items() if kept(key)},
        results=None if side.results is None else tuple(row for row in side.results if kept(row.day)),
        errors=tuple(error for error in side.errors if kept(error[0])),
        figures=None,
        premises={},
    )


def _loaded(side: Side) -> Side:
    """Return the side with everything in memory, so that its files may go."""
    trading = {
        name: Trading(Records.of(told.orders), Records.of(told.fills), told.shows, told.coverage)
        for name, told in side.trading.items()
    }
    audits = None if side.audits is None else Records.of(side.audits)
    positions = None if side.positions is None else Records.of(side.positions)
    return replace(side, trading=trading, audits=audits, positions=positions)


def values_of(side: Side) -> dict[str, float]:
    """Return day → total value in CNY, as far as the files tell it."""
    return {day: told.value for day, told in sorted(side.total_value.items()) if told.value is not None}


def last_common_day(one: Side, other: Side) -> str:
    """Return the last day of which both sides tell the total value; empty where there is none."""
    return max(values_of(one).keys() & values_of(other).keys(), default="")


def path_gap(one: Side, other: Side) -> float:
    """Return the mean distance of two NAV paths over their common days, in CNY; NaN without a common day."""
    here, there = values_of(one), values_of(other)
    gaps = [abs(here[day] - there[day]) for day in here if day in there]
    return sum(gaps) / len(gaps) if gaps else math.nan


def holdings_gap(one: Side, other: Side) -> float:
    """Return the share of holdings (code and amount, day by day) that only one has; NaN where one has none."""
    if not one.positions or not other.positions:
        return math.nan
    held = [
        {(row.day, row.code, row.amount.text if row.amount else "") for row in positions}
        for positions in (one.positions, other.positions)
    ]
    return len(held[0] ^ held[1]) / len(held[0] | held[1])
