"""For each cause of the signal the recipes that would reproduce it: pool, signal day, formula, inputs, ranks.

What is changed is read off the files where they tell it. Each function yields changes, the most plausible first. A
change that the strategy cannot take raises NotApplicable when it is applied; the search leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from jq_strategy import formula as language
from jq_strategy.kernel import NORMAL_DAYS
from parity import counterfactual_market as market
from parity import counterfactual_text as rewrite
from parity import counterfactual_values as values
from parity.counterfactual import Change, Recipe
from parity.counterfactual_guess import fills_of, lag_of
from parity.records import Side
from parity.scene import Scene, market_change, rule_change, text_change

_WINDOWS = (60, 119, 100, 90, 30, 20)


def _with_whole_history(first: str, last: str, recipe: Recipe) -> Recipe:
    return recipe.with_text(rewrite.with_whole_history, first, last).with_rules(**_FUTURE)


def pools(scene: Scene) -> Iterator[Change]:
    """Members of other days, and filters."""
    recipe = scene.recipe
    fixed = [recipe.start, recipe.end, str(recipe.bundle.days[-1])]
    for day in dict.fromkeys(fixed):
        yield text_change("UNIV", f"成分股名单取自 {day} members of that day", rewrite.with_members_of, day)
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
        yield text_change("UNIV", words, rewrite.with_pool, f"sorted({expression})")


def lags(scene: Scene) -> Iterator[Change]:
    """Other signal days."""
    told = lag_of(scene.target, scene.recipe.bundle)
    for lag in dict.fromkeys((told,) if told is not None else (0, 1, 2, 3, 4, 5)):
        words = {0: "信号日为调仓当日，用到了未来 (today's close)"}.get(lag, f"信号日滞后 {lag} 个交易日 lag = {lag}")
        change = text_change("TIME", words, rewrite.with_lag, lag)
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
    other = any("raw" in field for field in scene.fields)
    repaired = list(language.repair(raw, vocabulary, mode).repaired)
    wanted = {"修复后的 tokens repaired": repaired, **rewrite.lenient_readings(raw, vocabulary, mode)}
    if told:
        wanted["该侧日志所写的 tokens as logged"] = told
        wanted |= {f"logged {words}": tokens for words, tokens in _readings(told, vocabulary, mode).items()}
    for words, tokens in wanted.items():
        shown = told or None
        change = text_change("REPAIR", f"{words} {tokens}", rewrite.with_formula, tokens, shown)
        if other:  # its own raw list is told too
            apply = partial(_with_other_formula, tokens, shown, _told_tokens(scene.target, "raw"))
            change = replace(change, apply=apply, sentence=_OTHER_FORMULA, advice=_SAME_FORMULA)
        yield change


def _with_other_formula(tokens: list[int], told: list[int] | None, raw: list[int], recipe: Recipe) -> Recipe:
    made = recipe.with_text(rewrite.with_formula, tokens, told)
    return made.with_text(rewrite.block, f"TOKENS_RAW = {raw}") if raw else made


_OTHER_FORMULA = "两侧不是同一条公式：raw tokens 不同；{words} (another formula on each side)"
_SAME_FORMULA = "两侧用同一份导出的 strategy.py：从同一个 formula.json 重新导出，整份粘贴，再运行一次"


def _readings(told: list[int], vocabulary: str, mode: str) -> dict[str, list[int]]:
    try:
        return rewrite.lenient_readings(language.check_tokens(told, vocabulary), vocabulary, mode)
    except ValueError:
        return {}


def _told_tokens(side: Side, name: str = "repaired") -> list[int]:
    for line in side.audits or ():
        return rewrite.numbers(line.get(name))
    return []


_ADJUSTED = (
    *("factor 1", "factor to 4 decimals", "factor to 3 decimals", "factor to 2 decimals"),
    *("factor of the signal day 1", "factor of the first day 1", "pre-adjusted prices to the cent"),
)
_OTHER_DATA = tuple(name for name in rewrite.INPUT_CHANGES if name not in _ADJUSTED)


def adjustments(scene: Scene) -> Iterator[Change]:
    """Dividends, bonus shares, their tax and day; factors."""
    shown = scene.layers.intersection(("cash", "position"))
    if shown or not scene.audited or scene.hidden.issuperset(("cash", "position")):
        days = scene.recipe.bundle.days
        yield market_change("ADJ", market.without_dividends())
        for tax in ("0", "0.1", "0.2", "0.05"):
            yield rule_change("ADJ", dividend_tax=tax)
        yield market_change("ADJ", market.without_actions())
        yield market_change("ADJ", market.without_bonus_shares())
        for later in (1, 2, 3, 5):
            yield market_change("ADJ", market.later_actions(days, later))
    if not scene.exported:
        for real in (True, False):
            call = f'set_option("use_real_price", {real})'
            yield replace(text_change("ADJ", call, rewrite.with_setting, call), portable=True)
    if scene.reads_differ:
        for name in _ADJUSTED:
            yield text_change("ADJ", name, rewrite.with_inputs, name)


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
                portable=False,
            )
    yield text_change("NORM", f"{NORMAL_DAYS} 日滚动 rolling as exported", rewrite.with_window, NORMAL_DAYS)
    for days in _WINDOWS:
        yield _window(days)


def _window(days: int) -> Change:
    return text_change("NORM", f"{days} 日窗口 a window of {days} days", rewrite.with_window, days)


def all_windows(scene: Scene) -> Iterator[Change]:
    """Every other window: asked last, because there are many."""
    for days in range(NORMAL_DAYS - 1, 9, -1):
        if days not in _WINDOWS:
            yield _window(days)


def logic(scene: Scene) -> Iterator[Change]:
    """The usual ways in which a second implementation differs."""
    for words in values.LOGIC_CHANGES:
        yield text_change("LOGIC", words, values.with_logic, words)


def data(scene: Scene) -> Iterator[Change]:
    """Other bars: those that the formula reads, single opens and closes that the other side prints."""
    if scene.reads_differ:
        for name in _OTHER_DATA:
            yield text_change("DATA", name, rewrite.with_inputs, name)
    closes = _other_closes(scene)
    if closes:
        yield market_change("DATA", market.given_bars(closes, "closes of the other side"))
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
        yield market_change("DATA", market.given_bars(put, f"opens of the other side {cents:+.2f}"))


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
        yield text_change("TIES", f"同分先后 {','.join(keys)}", rewrite.with_rank_keys, keys)
