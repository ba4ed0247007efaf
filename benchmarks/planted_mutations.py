"""Faults to plant, one at a time, in a copy of an exported strategy's run: does the search name them?

A *stage* is an exported strategy with its market and dates; its run is the platform's download. A *mutation* changes
one thing in the other side. What the search sees of that side are its files; the true first day and code are taken
from the texts of both runs by ``planted_truth.first_difference``, which shares no code with the comparison.

``noise`` marks faults that differ from run to run; there the faulty side is the one that can be run again, and the
platform is the one known by its files alone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.planted_truth import first_difference, payer
from parity import counterfactual_market as market
from parity import counterfactual_text as rewrite
from parity import counterfactual_values as values
from parity.attribute import Walk, attributed_share, walk
from parity.counterfactual import Bench, FigureRule, Recipe, run_into, standing
from parity.counterfactual_figures import convention
from parity.counterfactual_text import NotApplicable
from parity.records import Side
from sdk.errors import JqalphaError

Plant = Callable[[Recipe], Recipe]
FUTURE = {"future_rows_without_guard": "give"}


@dataclass(frozen=True)
class Mutation:
    """One fault: the cause it belongs to, its words, how it is planted, and what the stage must be made of first."""

    cause: str
    words: str
    plant: Plant
    stage: Plant = lambda recipe: recipe
    noise: bool = False


@dataclass(frozen=True)
class Outcome:
    """One case judged: what was planted and named, the true and the found first day and code, the share explained.

    ``noise``: the fault differs from run to run, so its first day and code are not known and are not judged.
    """

    planted: tuple[str, ...]
    words: str
    stage: str
    named: tuple[str, ...]
    true_first: tuple[str, str]
    found_first: tuple[str, str]
    share: float
    runs: int
    how: tuple[str, ...]
    noise: bool = False

    @property
    def first_named(self) -> bool:
        return bool(self.named) and self.named[0] == self.planted[0]

    @property
    def exact(self) -> bool:
        return bool(self.named) and self.true_first == self.found_first

    @property
    def all_named(self) -> bool:
        return set(self.planted) <= set(self.named)


def _text(function: Callable[..., str], *arguments: object) -> Plant:
    return lambda recipe: recipe.with_text(function, *arguments)


def _rules(**rules: str) -> Plant:
    return lambda recipe: recipe.with_rules(**rules)


def _setting(call: str) -> Plant:
    return _text(rewrite.with_setting, call)


def _cost(tax: float, rate: float, least: float) -> Plant:
    words = f"open_commission={rate!r}, close_commission={rate!r}, close_today_commission=0, min_commission={least!r}"
    return _setting(f"set_order_cost(OrderCost(open_tax=0, close_tax={tax!r}, {words}), type='stock')")


def _market(make: Callable[[Recipe], market.MarketChange]) -> Plant:
    return lambda recipe: recipe.with_market(make(recipe))


def _future(plant: Plant) -> Plant:
    return lambda recipe: plant(recipe).with_rules(**FUTURE)


def _whole(days_before: int) -> Plant:
    def plant(recipe: Recipe) -> Recipe:
        days = recipe.bundle.days
        place = int(np.searchsorted(days, np.datetime64(recipe.start)))
        first = str(days[0] if days_before < 0 else days[max(place - days_before, 0)])
        last = str(days[int(np.searchsorted(days, np.datetime64(recipe.end), side="right")) - 1])
        return recipe.with_text(rewrite.with_whole_history, first, last).with_rules(**FUTURE)

    return plant


def _lenient(number: int, silent: bool = False) -> Plant:
    """Execute the raw list without repair, by the n-th reading; ``silent``: the log is unchanged."""

    def plant(recipe: Recipe) -> Recipe:
        text = recipe.strategy
        raw, told = rewrite.raw_tokens(text), rewrite.formula_of(text).tokens_repaired
        vocabulary = rewrite.constant(text, "VOCABULARY").strip("\"'")
        readings = list(rewrite.lenient_readings(raw, vocabulary, "postfix").values())
        if number >= len(readings) or list(readings[number]) == list(told):
            raise NotApplicable("no such reading")
        return recipe.with_text(rewrite.with_formula, readings[number], told if silent else None)

    return plant


def _bars(field: str, change: Callable[[float], float], place: int) -> Plant:
    """Change one bar: of the ``place``-th stock bought, on the day of its order (open) or two days later (close)."""

    def plant(recipe: Recipe) -> Recipe:
        day, code = bought(recipe)[place]
        days = recipe.bundle.days
        at = int(np.searchsorted(days, np.datetime64(day))) + (2 if field == "close" else 0)
        panel = recipe.bundle.panel([code], days[at], days[at], [field])
        value = change(float(panel[field][0, 0]))
        return recipe.with_market(market.given_bars({(field, code, str(days[at])): value}, "one bar"))

    return plant


def bought(recipe: Recipe) -> list[tuple[str, str]]:
    """Return (day, code) of every filled buy of a recipe, in order."""
    with tempfile.TemporaryDirectory() as folder:
        side = run_into(recipe, recipe.end, Path(folder) / "run")
    return [(fill.moment[:10], fill.code) for fill in side.trading["log"].fills if fill.direction == "buy"]


def limit_up_stage(place: int) -> Plant:
    """Let the ``place``-th stock bought open at its upper limit on the day of its order."""
    return _at_limit(place, "high_limit")


def _at_limit(place: int, limit: str) -> Plant:
    def stage(recipe: Recipe) -> Recipe:
        day, code = bought(recipe)[place]
        panel = recipe.bundle.panel([code], day, day, [limit])
        value = float(panel[limit][0, 0])
        bars = {(field, code, day): value for field in ("open", "high", "low")}
        return recipe.with_market(market.given_bars(bars, "opens at the limit"))

    return stage


def halted_stage(place: int) -> Plant:
    """Halt the ``place``-th stock bought on the day of its order."""

    def stage(recipe: Recipe) -> Recipe:
        day, code = bought(recipe)[place]
        return recipe.with_market(market.given_bars({("paused", code, day): 1.0}, "halted that day"))

    return stage


_SHUFFLED = """
KEY_RULES["shuffled"] = lambda stock: hashlib.sha256(stock.code.encode("ascii")).hexdigest()
RANK_KEYS = ("shuffled",)
"""
_NOISY = '''
def noisy_scores(bars, size):
    """Add noise without a seed."""
    return score_stocks(bars) + np.random.RandomState().rand(len(list(bars.values())[0])) * size
'''


def _noisy(size: float) -> Plant:
    def plant(recipe: Recipe) -> Recipe:
        text = rewrite.line(
            recipe.strategy, r"^        scores = .*$", f"        scores = noisy_scores(bars, {size!r})"
        )
        return replace(recipe, strategy=rewrite.block(text, _NOISY))

    return plant


def _edited(name: str, before: str, after: str) -> Plant:
    """Write a definition differently: a second implementation that no table of the search knows."""

    def plant(recipe: Recipe) -> Recipe:
        if not rewrite.defines(recipe.strategy, name):
            raise NotApplicable(f"no {name}")
        made = values.altered(values.LogicChange(name, before, after))
        return replace(recipe, strategy=rewrite.block(recipe.strategy, made, rewrite.RESEAL))

    return plant


def _pool(expression: str) -> Plant:
    return _text(rewrite.with_pool, f"sorted({expression})")


def _members_of(date: Callable[[Recipe], str]) -> Plant:
    return lambda recipe: recipe.with_text(rewrite.with_members_of, date(recipe))


def _figures(rule: FigureRule) -> Plant:
    return lambda recipe: replace(recipe, figures=rule)


def _capital(factor: float) -> Plant:
    return lambda recipe: replace(recipe, cash=round(recipe.cash * factor, 2))


def _base_day(field: str, shift: int) -> Plant:
    def plant(recipe: Recipe) -> Recipe:
        bundle = recipe.bundle
        code = rewrite.constant(recipe.strategy, "BENCHMARK").strip("\"'")
        first = int(np.searchsorted(bundle.days, np.datetime64(recipe.start)))
        panel = bundle.index_panel([code])
        level = float(panel[field][0, first + shift])
        return recipe.with_market(market.other_base_day(code, bundle.days[first - 1], level))

    return plant


_GROWTH = "(since(price, days) / ago(price, days))"
_POWER = (_GROWTH, f"{_GROWTH} ** 1.01")
_ALL = "get_index_stocks(POOL_INDEX)"
MUTATIONS: tuple[Mutation, ...] = (
    Mutation("ADJ", "dividends off", _market(lambda recipe: market.without_dividends())),
    Mutation("ADJ", "dividends untaxed", _rules(dividend_tax="0")),
    Mutation("ADJ", "dividend tax 10 %", _rules(dividend_tax="0.1")),
    Mutation("ADJ", "paid three days late", _market(lambda recipe: market.later_actions(recipe.bundle.days, 3))),
    Mutation("ADJ", "factor 1", _text(rewrite.with_inputs, "factor 1")),
    Mutation("ADJ", "factor to 2 decimals", _text(rewrite.with_inputs, "factor to 2 decimals")),
    Mutation("ADJ", "pre-adjusted to the cent", _text(rewrite.with_inputs, "pre-adjusted prices to the cent")),
    Mutation("TIME", "lag 0", _future(_text(rewrite.with_lag, 0))),
    Mutation("TIME", "lag 2", _text(rewrite.with_lag, 2)),
    Mutation("TIME", "lag 3", _text(rewrite.with_lag, 3)),
    Mutation("TIME", "lag 5", _text(rewrite.with_lag, 5)),
    Mutation("TIME", "lag 21", _text(rewrite.with_lag, 21)),
    Mutation("NORM", "whole history", _whole(-1)),
    Mutation("NORM", "whole run and a year before", _whole(250)),
    Mutation("NORM", "60 days", _text(rewrite.with_window, 60)),
    Mutation("NORM", "119 days", _text(rewrite.with_window, 119)),
    Mutation("NORM", "75 days", _text(rewrite.with_window, 75)),
    Mutation("REPAIR", "raw, top of the stack", _lenient(0)),
    Mutation("REPAIR", "raw, bottom of the stack", _lenient(1)),
    Mutation("REPAIR", "raw, top, log unchanged", _lenient(0, silent=True)),
    Mutation("REPAIR", "read as prefix", _lenient(2)),
    Mutation("REPAIR", "raw, bottom, log unchanged", _lenient(1, silent=True)),
    Mutation("TIES", "code descending", _text(rewrite.with_rank_keys, ("reverse",))),
    Mutation("TIES", "Shenzhen first", _text(rewrite.with_rank_keys, ("exchange",))),
    Mutation("TIES", "held first", _text(rewrite.with_rank_keys, ("held",))),
    Mutation("TIES", "traded value", _text(rewrite.with_rank_keys, ("money",))),
    Mutation("TIES", "an order of its own", _text(rewrite.block, _SHUFFLED)),
    Mutation("FILL", "no slippage", _setting("set_slippage(FixedSlippage(0))")),
    Mutation("FILL", "slippage 0.002", _setting("set_slippage(PriceRelatedSlippage(0.002))")),
    Mutation("FILL", "slippage 2 cents", _setting("set_slippage(FixedSlippage(0.02))")),
    Mutation("FILL", "slippage of four steps", _setting("set_slippage(StepRelatedSlippage(4))")),
    Mutation("FILL", "slippage 0.01", _setting("set_slippage(PriceRelatedSlippage(0.01))")),
    Mutation("FILL", "prices cut to the cent", _rules(stock_price_rounding="floor")),
    Mutation("FEE", "half the stamp tax", _cost(0.0005, 0.0003, 5)),
    Mutation("FEE", "commission 0.00025", _cost(0.001, 0.00025, 5)),
    Mutation("FEE", "no minimum", _cost(0.001, 0.00005, 0)),
    Mutation("FEE", "no fees", _cost(0, 0, 0)),
    Mutation("FEE", "fees to the cent", _rules(commission_rounding="cent")),
    Mutation(
        "LIMIT", "no limits", lambda recipe: recipe.with_market(market.without_limits()), limit_up_stage(3)
    ),
    Mutation("LIMIT", "limit-up is ordered", _text(rewrite.without_limit_check), limit_up_stage(1)),
    Mutation(
        "LIMIT",
        "no limits, no check",
        lambda recipe: recipe.with_market(market.without_limits()).with_text(rewrite.without_limit_check),
        limit_up_stage(5),
    ),
    Mutation("LIMIT", "halts ignored", _market(lambda recipe: market.without_halts()), halted_stage(2)),
    Mutation("LIMIT", "halts ignored later", _market(lambda recipe: market.without_halts()), halted_stage(12)),
    Mutation("SIZE", "95 % invested", _text(rewrite.with_weight, "context.portfolio.total_value / TOP_K * 0.95")),
    Mutation("SIZE", "one stock fewer", lambda recipe: recipe.with_text(rewrite.with_top_k, _k(recipe) - 1)),
    Mutation("SIZE", "one stock more", lambda recipe: recipe.with_text(rewrite.with_top_k, _k(recipe) + 1)),
    Mutation("SIZE", "by initial capital", _text(rewrite.with_weight, "context.portfolio.starting_cash / TOP_K")),
    Mutation("SIZE", "98 % invested", _text(rewrite.with_weight, "context.portfolio.total_value / TOP_K * 0.98")),
    Mutation("SIZE", "difference rounded first", _rules(value_order_shares="delta_first")),
    Mutation("DATA", "volume in lots", _text(rewrite.with_inputs, "volume in lots")),
    Mutation("DATA", "closes in float32", _text(rewrite.with_inputs, "prices in float32")),
    Mutation("DATA", "one open a cent higher", _bars("open", lambda value: round(value + 0.05, 2), 2)),
    Mutation("DATA", "one close 1 % higher", _bars("close", lambda value: round(value * 1.01, 2), 4)),
    Mutation("DATA", "closes to 0.1", _text(rewrite.with_inputs, "closes to 0.1")),
    Mutation("UNIV", "members of the last day of data", _members_of(lambda recipe: str(recipe.bundle.days[-1]))),
    Mutation("UNIV", "without ChiNext and STAR", _pool(f'[code for code in {_ALL} if code[:2] not in ("30", "68")]')),
    Mutation("UNIV", "Shanghai only", _pool(f'[code for code in {_ALL} if code.endswith("XSHG")]')),
    Mutation("UNIV", "one stock missing", _pool(f"{_ALL}[1:]")),
    Mutation("UNIV", "every third missing", _pool(f"[code for place, code in enumerate({_ALL}) if place % 3]")),
    Mutation("FREQ", "at the close", _text(rewrite.with_task, 'run_monthly(rebalance, 1, time="close")')),
    Mutation("FREQ", "at 14:50", _text(rewrite.with_task, 'run_monthly(rebalance, 1, time="14:50")')),
    Mutation("FREQ", "second day of the month", _text(rewrite.with_task, 'run_monthly(rebalance, 2, time="open")')),
    Mutation("FREQ", "last day of the month", _text(rewrite.with_task, 'run_monthly(rebalance, -1, time="open")')),
    Mutation("FREQ", "weekly", _text(rewrite.with_task, 'run_weekly(rebalance, 1, time="open")')),
    *(
        Mutation("METRIC", words, _figures(rule))
        for words, rule in (
            ("risk-free 0", convention(0.0, 250)),
            ("252 days", convention(0.04, 252)),
            ("risk-free 3 %, 252 days", convention(0.03, 252)),
            ("arithmetic excess", convention(0.04, 250, True)),
            ("risk-free 0, 365 days", convention(0.0, 365)),
        )
    ),
    Mutation("BENCH", "counts from the first close", _base_day("close", 0)),
    Mutation("BENCH", "counts from the first open", _base_day("open", 0)),
    Mutation("BENCH", "counts from a day earlier", _base_day("close", -2)),
    Mutation("BENCH", "another index", _text(rewrite.with_benchmark, "000905.XSHG")),
    Mutation("BENCH", "another index, 000001", _text(rewrite.with_benchmark, "000001.XSHG")),
    Mutation("ENV", "half the capital", _capital(0.5)),
    Mutation("ENV", "money left over", _capital(1.0123)),
    Mutation("ENV", "twice the capital", _capital(2.0)),
    Mutation("ENV", "noise without a seed", _noisy(1e-3), noise=True),
    Mutation("ENV", "much noise without a seed", _noisy(1.0), noise=True),
    Mutation("LOGIC", "MAD × 1.4826", _edited("robust_score", "(spread + floor)", "(1.4826 * spread + floor)")),
    Mutation("LOGIC", "clip 4", _edited("CLIP", "CLIP = 5.0", "CLIP = 4.0")),
    Mutation("LOGIC", "larger floor", _edited("ROUNDING_FLOOR", "1e-9", "1e-3")),
    Mutation("LOGIC", "JUMP ddof 0", _edited("JUMP", "/ 119.0", "/ 120.0")),
    Mutation("LOGIC", "returns to the power 1.01", _edited("growth", *_POWER)),
)  # fmt: skip


def _k(recipe: Recipe) -> int:
    return int(rewrite.constant(recipe.strategy, "TOP_K"))


# ---------------------------------------------------------------------------------------------------------- one case
def judge(mutations: Sequence[Mutation], stage_name: str, base: Recipe) -> Outcome | None:
    """Plant faults in a copy of the stage, search, and judge; None where they have no place or no effect there.

    Only planting and the runs of both sides may fail; what the search raises is raised here.
    """
    with tempfile.TemporaryDirectory() as folder:
        right, wrong = Path(folder) / "right", Path(folder) / "wrong"
        planted = _planted(mutations, base, right, wrong)
        if planted is None:
            return None
        if mutations[0].noise:
            found, target = walk(planted.faulty, planted.platform), planted.platform
            return _outcome(mutations, stage_name, ("", ""), found, target)
        found, target = walk(planted.base, planted.local), planted.local
        first = ("", "")
        if found.steps and mutations[0].cause != "METRIC":
            first = first_difference(right, wrong, found.steps[0].first.layer)
            if not first[1] and mutations[0].cause == "ADJ":
                first = first[0], payer(right, planted.base, first[0])
    return _outcome(mutations, stage_name, first, found, target)


class _Planted(NamedTuple):
    """Both recipes of a case and what their runs wrote."""

    base: Recipe
    faulty: Recipe
    platform: Side
    local: Side


def _planted(mutations: Sequence[Mutation], base: Recipe, right: Path, wrong: Path) -> _Planted | None:
    """Run the stage into ``right`` and the faulty copy into ``wrong``; None without a place or an effect.

    Of several faults each has to show on this stage without the others.
    """
    try:
        for mutation in mutations:
            base = mutation.stage(base)
        faulty = base
        for mutation in mutations:
            faulty = mutation.plant(faulty)
        platform, local = run_into(base, base.end, right), run_into(faulty, faulty.end, wrong)
        if len(mutations) == 1:
            shown = mutations[0].noise or visible(platform, local)
        else:
            runs = (Bench(platform).run(mutation.plant(base), base.end) for mutation in mutations)
            shown = all(visible(platform, side) for side in runs)
    except (NotApplicable, JqalphaError, IndexError):
        return None
    return _Planted(base, faulty, platform, local) if shown else None


def visible(platform: Side, local: Side) -> bool:
    """Tell whether the faulty side differs at all."""
    from parity.compare import compare_sides

    return not standing(compare_sides(platform, local).differences).equal


def _outcome(mutations: Sequence[Mutation], stage: str, first: tuple[str, str], found: Walk, target: Side) -> Outcome:
    step = found.steps[0] if found.steps else None
    mine = (step.day, step.security) if step else ("", "")
    return Outcome(
        tuple(mutation.cause for mutation in mutations),
        " + ".join(mutation.words for mutation in mutations),
        stage,
        found.codes,
        first,
        mine,
        attributed_share(found, target),
        found.runs,
        tuple(step.change.words for step in found.steps),
        any(mutation.noise for mutation in mutations),
    )


def equal_to_itself(base: Recipe) -> Walk:
    """Search with nothing planted."""
    side = Bench(Side("", ())).run(base, base.end)
    return walk(base, side)
