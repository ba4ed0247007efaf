"""What the search for causes sees at one step, and how the tables of counterfactuals write a change.

A change is *portable* where any strategy can take it: rules, market, capital, dates, a setting at the end of
``initialize``. One that rewrites what an exported file holds (pool, signal day, formula, ranks) is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from parity import counterfactual_text as rewrite
from parity.compare import Verdict
from parity.compare_errors import ERROR_FIELD
from parity.counterfactual import Change, Recipe
from parity.counterfactual_market import MarketChange
from parity.curves import days_of
from parity.layers import INPUTS_FIELD, Comparison
from parity.records import Side

_BEGINS = frozenset(("cash", "NAV", "position", "target", "order", "size"))


@dataclass(frozen=True)
class Scene:
    """What a signature sees: the recipe as it now is, its side, the other side, and how they differ."""

    recipe: Recipe
    side: Side
    target: Side
    verdict: Verdict
    seen: tuple[Comparison, ...]

    @property
    def first(self) -> Comparison:
        return self.seen[0]

    @property
    def first_layer(self) -> str:
        return self.first.layer

    @cached_property
    def of_the_day(self) -> tuple[Comparison, ...]:
        """The differences of the day of the first one."""
        return tuple(one for one in self.seen if one.moment[:10] == self.first.moment[:10])

    @cached_property
    def layers(self) -> frozenset[str]:
        return frozenset(one.layer for one in self.of_the_day)

    @cached_property
    def run_layers(self) -> frozenset[str]:
        return frozenset(one.layer for one in self.seen)

    @cached_property
    def fields(self) -> frozenset[str]:
        return frozenset(one.field for one in self.of_the_day)

    @cached_property
    def hidden(self) -> frozenset[str]:
        """Layers that the files of both sides do not tell: what is born there shows in a later layer."""
        return frozenset(layer.layer for layer in self.verdict.layers if not layer.compared)

    @property
    def reads_differ(self) -> bool:
        """Whether what the formula reads may differ: the digests do, or nobody logs them."""
        return INPUTS_FIELD in self.fields or not self.audited

    @property
    def audited(self) -> bool:
        return bool(self.side.audits) and bool(self.target.audits)

    @property
    def began_apart(self) -> bool:
        """Whether the first difference is on the first day that both tell, or the runs began on other days."""
        days = sorted({*self.side.cash, *self.side.total_value})
        begun = days_of(self.target)[0]
        at_once = bool(days) and self.first.moment[:10] == days[0] and self.first_layer in _BEGINS
        return at_once or (bool(days) and bool(begun) and begun != days[0])

    @property
    def refused(self) -> bool:
        """Whether an error that one side alone tells stands on the day of the first difference."""
        return ERROR_FIELD in self.fields

    @property
    def died(self) -> bool:
        """Whether the first difference is an error that ended a run: nothing that is changed here brings it about."""
        return self.first.field == ERROR_FIELD and not self.exported

    @property
    def exported(self) -> bool:
        return rewrite.is_exported(self.recipe.strategy)


def text_change(cause: str, words: str, function: Callable[..., str], *arguments: object) -> Change:
    """Return a change of the text of an exported strategy."""
    return Change(cause, words, lambda recipe: recipe.with_text(function, *arguments), portable=False)


def rule_change(cause: str, **rules: str) -> Change:
    """Return a change of the emulator's rules."""
    words = ", ".join(f"{name} = {value}" for name, value in rules.items())
    return Change(cause, words, lambda recipe: recipe.with_rules(**rules))


def market_change(cause: str, change: MarketChange) -> Change:
    """Return a change of the bars, limits or corporate actions."""
    return Change(cause, change.name, lambda recipe: recipe.with_market(change))
