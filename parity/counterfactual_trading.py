"""For each cause of trading the recipes that would reproduce it: capital, schedule, orders, prices, fees, figures.

Nearly all of them are portable: any strategy can take them, for rules, market, capital, or a setting at the end of
``initialize`` change, not the strategy's own lines. Each function yields changes, the most plausible first; what the
other side's files do not tell is tried with the values that people use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from parity import counterfactual_market as market
from parity import counterfactual_text as rewrite
from parity.counterfactual import Change, FigureRule, Recipe
from parity.counterfactual_fees import CostCall, order_costs, usual_costs
from parity.counterfactual_figures import CONVENTIONS
from parity.counterfactual_guess import (
    chosen_count,
    ordering_time,
    ordering_times,
    slippages,
    task_calls,
    usual_slippages,
    volume_ratio,
    weight_factor,
)
from parity.counterfactual_refusal import with_refusals
from parity.counterfactual_text import NotApplicable
from parity.curves import days_of, starting_cash
from parity.scene import Scene, market_change, rule_change, text_change
from parity.text_edits import time_words, with_task_at, with_time
from sdk.errors import JqalphaError
from sdk.report.plain_text import plain

_INDICES = ("000001.XSHG", "000905.XSHG", "000016.XSHG", "000852.XSHG", "399001.XSHE", "399006.XSHE")


def _with_figures(rule: FigureRule, recipe: Recipe) -> Recipe:
    return replace(recipe, figures=rule)


def _with_market(change: market.MarketChange, recipe: Recipe) -> Recipe:
    return recipe.with_market(change)


def _with_frequency(frequency: str, recipe: Recipe) -> Recipe:
    return replace(recipe, frequency=frequency)


def _with_setting(call: str, rules: dict[str, str], recipe: Recipe) -> Recipe:
    return recipe.with_text(rewrite.with_setting, call).with_rules(**rules)


def _with_costs(cost: CostCall, rules: dict[str, str], recipe: Recipe) -> Recipe:
    changed = rewrite.with_daily_setting if cost.daily else rewrite.with_setting
    return recipe.with_text(changed, cost.call).with_rules(**rules)


def _with_time(mine: str, theirs: str, recipe: Recipe) -> Recipe:
    return recipe.with_text(with_time, mine, theirs)


def _with_task(call: str, mine: str, recipe: Recipe) -> Recipe:
    """Schedule the only task anew; of several the one that orders, which is the one at the time of the orders."""
    try:
        return recipe.with_text(rewrite.with_task, call)
    except NotApplicable:
        return recipe.with_text(with_task_at, mine, call)


def _typed(call: str, recipe: Recipe) -> list[str]:
    """Return the call of ``set_slippage``; for each kind too where the strategy sets it by kind, for that wins."""
    if not _SET_BY_KIND.search(recipe.strategy):
        return [call]
    return [f"{call}; " + "; ".join(f"{call[:-1]}, type='{kind}')" for kind in ("stock", "fund"))]


_SET_BY_KIND = re.compile(r"set_slippage\(.*\btype\s*=")


_BEGAN_APART = "两侧起点不同：{whose}"


def beginnings(scene: Scene) -> Iterator[Change]:
    """Another capital at the start, another first day; what made the strategy trade nothing on some days."""
    yield from _refusals(scene)
    recipe = scene.recipe
    cash, first = starting_cash(scene.target), days_of(scene.target)[0]
    other_cash = cash is not None and abs(cash - recipe.cash) > 0.005
    other_day = bool(first) and first != days_of(scene.side)[0]
    made: list[tuple[str, dict[str, object]]] = []
    if other_cash:
        made.append((f"初始资金 {cash:,.2f}，另一侧 {recipe.cash:,.2f} (capital)", {"cash": cash}))
    if other_day:
        made.append((f"自 {first} 起运行，另一侧自 {days_of(scene.side)[0]} 起 (first day)", {"start": first}))
    if other_cash and other_day:
        made.append((f"自 {first} 起、以 {cash:,.2f} 元运行 (first day, capital)", {"cash": cash, "start": first}))
    for words, values in made:
        yield Change(
            *("ENV", words, partial(_begun, values)),
            sentence=f"{_BEGAN_APART} {words}",
            advice="用同样的首日与初始资金重新运行一侧再比（jqalpha parity 给策略文件时按平台的来）",
        )


def _begun(values: dict[str, object], recipe: Recipe) -> Recipe:
    return replace(recipe, **values)  # type: ignore[arg-type]


def _refusals(scene: Scene) -> Iterator[Change]:
    """The errors for which an exported strategy kept its holdings, where the log of the other side tells them."""
    known = {moment for moment, _ in scene.side.errors}
    told = {moment: text for moment, text in scene.target.errors if moment not in known}
    if told and scene.exported:
        moment, text = next(iter(told.items()))
        shown = f"{len(told)} 次报错，首次 {moment}：{plain(text, 120)}"
        yield Change(
            *("ENV", shown, lambda recipe: recipe.with_text(with_refusals, told)),
            portable=False,
            sentence=f"{{whose}}的策略{shown}；因此没有调仓 (the strategy refused to trade)",
            advice=_ADVICE_OF_REFUSAL[text.startswith("内核自检")],
        )


_ADVICE_OF_REFUSAL = {
    True: "内核自检不一致：策略正文被改过，或该侧 numpy / pandas 的结果不同。重新导出，整份粘贴，不改任何一行",
    False: "先排除日志里的这个错误（多为该侧缺数据，或粘贴后改过一行），再比较",
}


def conventions(scene: Scene) -> Iterator[Change]:
    """Other conventions of the figures."""
    for words, rule in CONVENTIONS.items():
        yield Change("METRIC", words, partial(_with_figures, rule))


def benchmarks(scene: Scene) -> Iterator[Change]:
    """Other indices, other base days."""
    bundle = scene.recipe.bundle
    panel = bundle.index_panel()
    used = rewrite.benchmark_of(scene.recipe.strategy)
    for code in dict.fromkeys((*panel.codes, *_INDICES)):
        if code != used:
            yield Change("BENCH", f"基准指数 {code}", partial(_with_setting, f'set_benchmark("{code}")', {}))
    days = scene.side.cash or scene.side.total_value
    first = int(np.searchsorted(bundle.days, np.datetime64(min(days)))) if days else 0
    if used in panel.codes and 1 < first < len(panel.days):
        row = panel.codes.index(used)
        for words, field, day in (
            ("自首日收盘起算 counts from the close of the first day", "close", first),
            ("自首日开盘起算 counts from the open of the first day", "open", first),
            ("早一日起算 counts from one day earlier", "close", first - 2),
        ):
            change = market.other_base_day(used, bundle.days[first - 1], float(panel[field][row, day]))
            yield Change("BENCH", words, partial(_with_market, change))


def schedules(scene: Scene) -> Iterator[Change]:
    """Other times of the task, as the other side's orders tell them; the other frequency of the run."""
    recipe = scene.recipe
    if (times := ordering_times(scene.side, scene.target)) is not None:
        here, there = map(time_words, times)
        yield Change("FREQ", f'time="{there}"，另一侧 "{here}"', partial(_with_time, *times))
    mine = task_calls(scene.side, recipe.bundle, recipe.start, recipe.end)[:1]
    for call in task_calls(scene.target, recipe.bundle, recipe.start, recipe.end):
        if call not in mine:
            yield Change("FREQ", call, partial(_with_task, call, ordering_time(scene.side)))
    if recipe.bundle.minutes is not None:
        other = "minute" if recipe.frequency == "day" else "day"
        yield Change("FREQ", f"回测频率 frequency = {other}", partial(_with_frequency, other))


def sizes(scene: Scene) -> Iterator[Change]:
    """Other quantities: weights, number of stocks, rules of rounding and of the cash cap."""
    count = chosen_count(scene.target)
    if count is not None and count != chosen_count(scene.side) and scene.exported:
        yield text_change("SIZE", f"TOP_K = {count}", rewrite.with_top_k, count)
    factor = weight_factor(scene.side, scene.target)
    if factor is not None and abs(factor - 1.0) > 1e-6:
        words = f"每只 {factor:g} × 总资产 / TOP_K"
        yield text_change("SIZE", words, rewrite.with_weight, f"context.portfolio.total_value / TOP_K * {factor!r}")
    yield text_change("SIZE", "按可用现金分配", rewrite.with_weight, "context.portfolio.available_cash / TOP_K")
    yield text_change("SIZE", "按初始资金分配", rewrite.with_weight, "context.portfolio.starting_cash / TOP_K")
    bundle = scene.recipe.bundle
    told = volume_ratio(scene.target, bundle) or (volume_ratio(scene.side, bundle) and 1.0)
    for share in (told,) if told else ():
        call = f'set_option("order_volume_ratio", {share!r})'
        yield Change("SIZE", f"成交量上限为当日成交量的 {share:g} 倍 {call}", partial(_with_setting, call, {}))
    for name, value in (
        ("value_order_shares", "delta_first"),
        ("cash_cap_price", "fill"),
        ("zero_lot_change", "error"),
        ("star_partial_sell", "first_lot"),
        ("closed_position_leaves", "after_close"),
    ):
        yield rule_change("SIZE", **{name: value})


def limits(scene: Scene) -> Iterator[Change]:
    """No limits, other limits, halts ignored."""
    yield text_change("LIMIT", "涨停仍下单 no check of the upper limit", rewrite.without_limit_check)
    yield market_change("LIMIT", market.without_limits())
    yield Change(
        "LIMIT",
        "不检查涨跌停 no limits at all",
        lambda recipe: recipe.with_market(market.without_limits()).with_text(rewrite.without_limit_check),
        portable=False,
    )
    yield market_change("LIMIT", market.without_halts())
    for percent in (10, 5, 20):
        yield market_change("LIMIT", market.other_limits(percent))
    yield rule_change("LIMIT", limit_test_price="exact")


def fills(scene: Scene) -> Iterator[Change]:
    """Other slippage, read off the fills, else the usual ones; other prices of the day; other rounding."""
    told = slippages(scene.target, scene.recipe.bundle) or usual_slippages(scene.target)
    calls = [made for call in told for made in _typed(call, scene.recipe)]
    for call in calls:
        yield Change("FILL", call, partial(_with_setting, call, {}))
    for price in ("close", "average"):
        yield rule_change("FILL", intraday_price_without_minutes=price)
    for rounding in ("floor", "none"):
        yield rule_change("FILL", stock_price_rounding=rounding)
        yield rule_change("FILL", stock_price_rounding=rounding, limit_test_price="exact")
    for call in calls[:2]:
        for rounding in ("floor", "none"):
            rules = {"stock_price_rounding": rounding}
            yield Change("FILL", f"{call}, {rounding}", partial(_with_setting, call, rules))


def fees(scene: Scene) -> Iterator[Change]:
    """Other costs, read off the fills, else the usual ones."""
    try:
        costs = order_costs(scene.target) or usual_costs(scene.target)
    except JqalphaError:
        return
    for cost in costs:
        yield Change("FEE", cost.words, partial(_with_costs, cost, {}))
    yield rule_change("FEE", commission_rounding="cent")
    for cost in costs[:3]:
        yield Change("FEE", f"{cost.words}，取整到分", partial(_with_costs, cost, {"commission_rounding": "cent"}))
