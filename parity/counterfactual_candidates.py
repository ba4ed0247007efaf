"""For each cause the recipes that would reproduce it: what is changed, read off the files where they tell it.

Each function yields changes, the most plausible first. A change that the strategy cannot take raises NotApplicable
when it is applied; the search leaves it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from jq_strategy import formula as language
from jq_strategy.kernel import NORMAL_DAYS
from parity import counterfactual_market as market
from parity import counterfactual_text as rewrite
from parity import counterfactual_values as values
from parity.compare import Verdict
from parity.counterfactual import Change, FigureRule, Recipe
from parity.counterfactual_figures import CONVENTIONS
from parity.counterfactual_guess import (
    CostCall,
    chosen_count,
    fills_of,
    lag_of,
    order_costs,
    slippages,
    task_calls,
    weight_factor,
)
from parity.curves import starting_cash
from parity.layers import INPUTS_FIELD, Comparison
from parity.records import Side
from sdk.errors import JqalphaError

_INDICES = ("000001.XSHG", "000905.XSHG", "000016.XSHG", "000852.XSHG", "399001.XSHE", "399006.XSHE")
_WINDOWS = (60, 119, 100, 90, 30, 20)


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

    @property
    def reads_differ(self) -> bool:
        """Whether what the formula reads may differ: the digests do, or nobody logs them."""
        return INPUTS_FIELD in self.fields or not self.audited

    @property
    def audited(self) -> bool:
        return bool(self.side.audits) and bool(self.target.audits)

    @property
    def on_first_day(self) -> bool:
        days = sorted({*self.side.cash, *self.side.total_value})
        return bool(days) and self.first.moment[:10] == days[0]

    @property
    def exported(self) -> bool:
        return rewrite.is_exported(self.recipe.strategy)


def _text(cause: str, words: str, function: Callable[..., str], *arguments: object) -> Change:
    return Change(cause, words, lambda recipe: recipe.with_text(function, *arguments))


def _rule(cause: str, **rules: str) -> Change:
    words = ", ".join(f"{name} = {value}" for name, value in rules.items())
    return Change(cause, words, lambda recipe: recipe.with_rules(**rules))


def _market(cause: str, change: market.MarketChange) -> Change:
    return Change(cause, change.name, lambda recipe: recipe.with_market(change))


def _with_figures(rule: FigureRule, recipe: Recipe) -> Recipe:
    return replace(recipe, figures=rule)


def _with_market(change: market.MarketChange, recipe: Recipe) -> Recipe:
    return recipe.with_market(change)


def _with_whole_history(first: str, last: str, recipe: Recipe) -> Recipe:
    return recipe.with_text(rewrite.with_whole_history, first, last).with_rules(**_FUTURE)


def _with_setting(call: str, rules: dict[str, str], recipe: Recipe) -> Recipe:
    return recipe.with_text(rewrite.with_setting, call).with_rules(**rules)


def _with_costs(cost: CostCall, rules: dict[str, str], recipe: Recipe) -> Recipe:
    changed = rewrite.with_daily_setting if cost.daily else rewrite.with_setting
    return recipe.with_text(changed, cost.call).with_rules(**rules)


def capital(scene: Scene) -> Iterator[Change]:
    """Another capital at the start."""
    cash = starting_cash(scene.target)
    if cash is not None and abs(cash - scene.recipe.cash) > 0.005:
        yield Change("ENV", f"初始资金 capital {cash:,.2f}", lambda recipe: replace(recipe, cash=cash))


def conventions(scene: Scene) -> Iterator[Change]:
    """Other conventions of the figures."""
    for words, rule in CONVENTIONS.items():
        yield Change("METRIC", words, partial(_with_figures, rule))


def benchmarks(scene: Scene) -> Iterator[Change]:
    """Other indices, other base days."""
    bundle = scene.recipe.bundle
    panel = bundle.index_panel()
    try:
        used = rewrite.constant(scene.recipe.strategy, "BENCHMARK").strip("\"'")
    except rewrite.NotApplicable:
        return
    for code in dict.fromkeys((*panel.codes, *_INDICES)):
        if code != used:
            yield _text("BENCH", f"基准指数 {code}", rewrite.with_benchmark, code)
    days = scene.side.cash or scene.side.total_value
    first = int(np.searchsorted(bundle.days, np.datetime64(min(days)))) if days else 0
    if used in panel.codes and first > 1:
        row = panel.codes.index(used)
        for words, field, day in (
            ("自首日收盘起算 counts from the close of the first day", "close", first),
            ("自首日开盘起算 counts from the open of the first day", "open", first),
            ("早一日起算 counts from one day earlier", "close", first - 2),
        ):
            change = market.other_base_day(used, bundle.days[first - 1], float(panel[field][row, day]))
            yield Change("BENCH", words, partial(_with_market, change))


def schedules(scene: Scene) -> Iterator[Change]:
    """Other times of the task, as the other side's orders tell them."""
    mine = task_calls(scene.side, scene.recipe.bundle, scene.recipe.start, scene.recipe.end)[:1]
    for call in task_calls(scene.target, scene.recipe.bundle, scene.recipe.start, scene.recipe.end):
        if call not in mine:
            yield _text("FREQ", call, rewrite.with_task, call)


def pools(scene: Scene) -> Iterator[Change]:
    """Members of other days, and filters."""
    recipe = scene.recipe
    fixed = [recipe.start, recipe.end, str(recipe.bundle.days[-1])]
    for day in dict.fromkeys(fixed):
        yield _text("UNIV", f"成分股名单取自 {day} members of that day", rewrite.with_members_of, day)
    wanted: dict[str, str] = {}
    wanted["前一交易日的成分股"] = "get_index_stocks(POOL_INDEX, date=context.previous_date)"
    wanted["上月末的成分股"] = (
        "get_index_stocks(POOL_INDEX, date=get_trade_days(end_date=context.previous_date, count=21)[0])"
    )
    wanted["调仓当日的成分股"] = "get_index_stocks(POOL_INDEX)"
    pool = "get_index_stocks(POOL_INDEX)"
    wanted["剔除 ST"] = f"[code for code in {pool} if not get_current_data()[code].is_st]"
    wanted["剔除停牌"] = f"[code for code in {pool} if not get_current_data()[code].paused]"
    wanted["剔除创业板与科创板"] = f'[code for code in {pool} if code[:2] not in ("30", "68")]'
    wanted["只含上海"] = f'[code for code in {pool} if code.endswith("XSHG")]'
    wanted["只含深圳"] = f'[code for code in {pool} if code.endswith("XSHE")]'
    live = "set(get_all_securities(['stock'], date=\"{}\").index)"
    for day in (recipe.end, str(recipe.bundle.days[-1])):
        wanted[f"剔除 {day} 已退市"] = f"(lambda live: [code for code in {pool} if code in live])({live.format(day)})"
    for days in (60, 120, 250, 365):
        wanted[f"剔除上市不足 {days} 天"] = (
            f"[code for code in {pool} if "
            f"(context.current_dt.date() - get_security_info(code).start_date).days >= {days}]"
        )
    for words, expression in wanted.items():
        yield _text("UNIV", words, rewrite.with_pool, f"sorted({expression})")


def lags(scene: Scene) -> Iterator[Change]:
    """Other signal days."""
    told = lag_of(scene.target, scene.recipe.bundle)
    for lag in dict.fromkeys((told,) if told is not None else (0, 1, 2, 3, 4, 5)):
        words = {0: "信号日为调仓当日，用到了未来 (today's close)"}.get(lag, f"信号日滞后 {lag} 个交易日 lag = {lag}")
        change = _text("TIME", words, rewrite.with_lag, lag)
        if lag == 0:
            yield replace(change, apply=lambda recipe: recipe.with_text(rewrite.with_lag, 0).with_rules(**_FUTURE))
        else:
            yield change


_FUTURE = {"future_rows_without_guard": "give"}


def formulas(scene: Scene) -> Iterator[Change]:
    """The raw list executed as it stands, another reading, or the list that the other side names."""
    if not scene.exported:
        return
    text = scene.recipe.strategy
    raw, vocabulary = rewrite.raw_tokens(text), rewrite.word(rewrite.constant(text, "VOCABULARY"))
    mode = rewrite.word(rewrite.constant(text, "TOKEN_MODE"))
    told = _told_tokens(scene.target)
    repaired = list(language.repair(raw, vocabulary, mode).repaired)
    wanted = {"修复后的 tokens repaired": repaired, **rewrite.lenient_readings(raw, vocabulary, mode)}
    if told:
        wanted["该侧日志所写的 tokens as logged"] = told
        wanted |= {f"logged {words}": tokens for words, tokens in _readings(told, vocabulary, mode).items()}
    for words, tokens in wanted.items():
        shown = told or None
        yield _text("REPAIR", f"{words} {tokens}", rewrite.with_formula, tokens, shown)


def _readings(told: list[int], vocabulary: str, mode: str) -> dict[str, list[int]]:
    try:
        return rewrite.lenient_readings(language.check_tokens(told, vocabulary), vocabulary, mode)
    except ValueError:
        return {}


def _told_tokens(side: Side) -> list[int]:
    for line in side.audits or ():
        return rewrite.numbers(line.get("repaired"))
    return []


_ADJUSTED = (
    *("factor 1", "factor to 4 decimals", "factor to 3 decimals", "factor to 2 decimals"),
    *("factor of the signal day 1", "factor of the first day 1", "pre-adjusted prices to the cent"),
)
_OTHER_DATA = tuple(name for name in rewrite.INPUT_CHANGES if name not in _ADJUSTED)


def adjustments(scene: Scene) -> Iterator[Change]:
    """Dividends, bonus shares, their tax and day; factors."""
    if scene.layers.intersection(("cash", "position")) or not scene.audited:
        days = scene.recipe.bundle.days
        yield _market("ADJ", market.without_dividends())
        for tax in ("0", "0.1", "0.2", "0.05"):
            yield _rule("ADJ", dividend_tax=tax)
        yield _market("ADJ", market.without_actions())
        yield _market("ADJ", market.without_bonus_shares())
        for later in (1, 2, 3, 5):
            yield _market("ADJ", market.later_actions(days, later))
    if scene.reads_differ:
        for name in _ADJUSTED:
            yield _text("ADJ", name, rewrite.with_inputs, name)


def normalisers(scene: Scene) -> Iterator[Change]:
    """The whole history, shorter windows, and what is exported."""
    bundle, recipe = scene.recipe.bundle, scene.recipe
    begin = int(np.searchsorted(bundle.days, np.datetime64(recipe.start)))
    end = str(bundle.days[np.searchsorted(bundle.days, np.datetime64(recipe.end), side="right") - 1])
    firsts = {
        "全部数据": bundle.days[0],
        "回测首日前一年": bundle.days[max(begin - 250, 0)],
        "回测期": bundle.days[begin],
    }
    for words, first in firsts.items():
        for last in dict.fromkeys((end, str(bundle.days[-1]))):
            yield Change(
                "NORM",
                f"全期归一化 whole history {first} … {last} ({words})",
                partial(_with_whole_history, str(first), last),
            )
    yield _text("NORM", f"{NORMAL_DAYS} 日滚动 rolling as exported", rewrite.with_window, NORMAL_DAYS)
    for days in _WINDOWS:
        yield _window(days)


def _window(days: int) -> Change:
    return _text("NORM", f"{days} 日窗口 a window of {days} days", rewrite.with_window, days)


def all_windows(scene: Scene) -> Iterator[Change]:
    """Every other window: asked last, because there are many."""
    for days in range(NORMAL_DAYS - 1, 9, -1):
        if days not in _WINDOWS:
            yield _window(days)


def logic(scene: Scene) -> Iterator[Change]:
    """The usual ways in which a second implementation differs."""
    for words in values.LOGIC_CHANGES:
        yield _text("LOGIC", words, values.with_logic, words)


def data(scene: Scene) -> Iterator[Change]:
    """Other bars: those that the formula reads, single opens and closes that the other side prints."""
    if scene.reads_differ:
        for name in _OTHER_DATA:
            yield _text("DATA", name, rewrite.with_inputs, name)
    closes = _other_closes(scene)
    if closes:
        yield _market("DATA", market.given_bars(closes, "closes of the other side"))
    yield from _other_opens(scene)


def _other_closes(scene: Scene) -> dict[tuple[str, str, str], float]:
    """Closing prices of the other side's holdings that differ from the run's own."""
    mine = {(row.day, row.code): row.price for row in scene.side.positions or ()}
    found = {}
    for row in scene.target.positions or ():
        own = mine.get((row.day, row.code))
        here = None if own is None else own.value
        there = None if row.price is None else row.price.value
        if here is not None and there is not None and abs(here - there) > 0.0005:
            found["close", row.code, row.day] = there
    return found


def _other_opens(scene: Scene) -> Iterator[Change]:
    """Opens that would explain the differing fill prices of a day, while most fills of that day agree."""
    prices = [one for one in scene.of_the_day if one.layer == "fill price" and "price" in one.field]
    day = scene.first.moment[:10]
    here = [fill for fill in fills_of(scene.side) if fill.moment[:10] == day]
    if not prices or len(prices) * 2 > max(len(here), 2):
        return
    panel = scene.recipe.bundle.panel(sorted({one.code for one in prices}), day, day, ["open"])
    shift = {fill.code: fill.price.value for fill in here if fill.price and fill.price.value}
    moved: dict[tuple[str, str, str], float] = {}
    for one in prices:
        own, theirs, raw = shift.get(one.code), _price(one.platform), float(panel["open"][panel.row(one.code), 0])
        if own and theirs and raw:
            moved["open", one.code, day] = round(theirs * raw / own, 2)
    for cents in (0.0, 0.01, -0.01):
        put = {key: round(value + cents, 2) for key, value in moved.items()}
        yield _market("DATA", market.given_bars(put, f"opens of the other side {cents:+.2f}"))


def _price(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def ties(scene: Scene) -> Iterator[Change]:
    """Other orders of equal scores."""
    told = next((line.rank_keys for line in scene.target.audits or () if line.get("keys")), None)
    wanted = ("code",), ("reverse",), ("exchange",), ("held",), ("money",), ("held", "money")
    for keys in (told,) if told else wanted:
        yield _text("TIES", f"同分先后 {','.join(keys)}", rewrite.with_rank_keys, keys)


def sizes(scene: Scene) -> Iterator[Change]:
    """Other quantities: weights, number of stocks, rules of rounding and of the cash cap."""
    count = chosen_count(scene.target)
    if count is not None and count != chosen_count(scene.side) and scene.exported:
        yield _text("SIZE", f"TOP_K = {count}", rewrite.with_top_k, count)
    factor = weight_factor(scene.side, scene.target)
    if factor is not None and abs(factor - 1.0) > 1e-6:
        words = f"每只 {factor:g} × 总资产 / TOP_K"
        yield _text("SIZE", words, rewrite.with_weight, f"context.portfolio.total_value / TOP_K * {factor!r}")
    yield _text("SIZE", "按可用现金分配", rewrite.with_weight, "context.portfolio.available_cash / TOP_K")
    yield _text("SIZE", "按初始资金分配", rewrite.with_weight, "context.portfolio.starting_cash / TOP_K")
    for name, value in (
        ("value_order_shares", "delta_first"),
        ("cash_cap_price", "fill"),
        ("zero_lot_change", "error"),
        ("star_partial_sell", "first_lot"),
        ("closed_position_leaves", "after_close"),
    ):
        yield _rule("SIZE", **{name: value})


def limits(scene: Scene) -> Iterator[Change]:
    """No limits, other limits, halts ignored."""
    yield _text("LIMIT", "涨停仍下单 no check of the upper limit", rewrite.without_limit_check)
    yield _market("LIMIT", market.without_limits())
    yield Change(
        "LIMIT",
        "不检查涨跌停 no limits at all",
        lambda recipe: recipe.with_market(market.without_limits()).with_text(rewrite.without_limit_check),
    )
    yield _market("LIMIT", market.without_halts())
    for percent in (10, 5, 20):
        yield _market("LIMIT", market.other_limits(percent))
    yield _rule("LIMIT", limit_test_price="exact")


def fills(scene: Scene) -> Iterator[Change]:
    """Other slippage, read off the fills; other prices of the day; other rounding."""
    for call in slippages(scene.target, scene.recipe.bundle):
        yield _text("FILL", call, rewrite.with_setting, call)
    for price in ("close", "average"):
        yield _rule("FILL", intraday_price_without_minutes=price)
    for rounding in ("floor", "none"):
        yield _rule("FILL", stock_price_rounding=rounding)
        yield _rule("FILL", stock_price_rounding=rounding, limit_test_price="exact")
    for call in slippages(scene.target, scene.recipe.bundle):
        for rounding in ("floor", "none"):
            yield Change(
                "FILL",
                f"{call}, {rounding}",
                partial(_with_setting, call, {"stock_price_rounding": rounding}),
            )


def fees(scene: Scene) -> Iterator[Change]:
    """Other costs, read off the fills."""
    try:
        costs = order_costs(scene.target)
    except JqalphaError:
        return
    for cost in costs:
        yield Change("FEE", cost.call, partial(_with_costs, cost, {}))
    yield _rule("FEE", commission_rounding="cent")
    for cost in costs:
        yield Change("FEE", f"{cost.call}, cents", partial(_with_costs, cost, {"commission_rounding": "cent"}))
