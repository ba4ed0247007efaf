"""The search among edited texts: what one place of a hand-written strategy would have to be for the sides to agree.

Nearly any edit changes what is bought, and some bring the sides nearer by chance. So an edit is believed only where
the whole run then agrees, or where all that is traded (day, code, direction) does although it did not before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from parity.counterfactual import Bench, Change, Recipe, Trial
from parity.counterfactual_guess import fills_of
from parity.counterfactual_text import NotApplicable, block
from parity.records import Side
from parity.scene import Scene
from parity.text_edits import edits

MOST_EDITS, MOST_WHOLE, LEAST_TRADES = 400, 12, 6
_CODES = {"index": "UNIV", "pool": "UNIV", "day": "TIME", "condition": "UNIV", "count": "SIZE", "value": "LOGIC"}
_SENTENCE = "两侧运行的不是同一份策略：{words} (one line of the text)"
_ADVICE = "核对两侧策略的第 {line} 行；以一份为准，整份复制后重新运行另一侧"
_FILTERS = {
    "剔除 ST": "not get_current_data()[code].is_st",
    "剔除停牌": "not get_current_data()[code].paused",
    "剔除科创板": 'not code.startswith("68")',
    "剔除创业板与科创板": 'code[:2] not in ("30", "68")',
    "剔除创业板": 'not code.startswith("30")',
    "只含上海": 'code.endswith("XSHG")',
    "只含深圳": 'code.endswith("XSHE")',
}
_FILTERED = '''
_index_stocks_{number}, _all_securities_{number} = get_index_stocks, get_all_securities


def get_index_stocks(*arguments, **named):
    """Leave out some members."""
    return [code for code in _index_stocks_{number}(*arguments, **named) if {condition}]


def get_all_securities(*arguments, **named):
    """Leave out some securities."""
    frame = _all_securities_{number}(*arguments, **named)
    return frame[[bool({condition}) for code in frame.index]]
'''


def with_filter(text: str, condition: str) -> str:
    """Leave out the securities that fail a condition on ``code`` from what the platform lists; for any strategy."""
    return block(text, _FILTERED.format(number=text.count("_index_stocks_"), condition=condition))


def edited(bench: Bench, scene: Scene, now: Trial) -> list[tuple[Change, Trial]] | None:
    """Return the edit of a hand-written strategy under which the sides agree over the whole run, or None."""
    day = scene.first.moment[:10]
    before = traded(now.side), traded(bench.target)
    shown = {"order", "size"} if before[0] == before[1] else {"order", "size", "position"}
    if not day or not all(before) or scene.exported or scene.audited or not scene.layers & shown:
        return None
    tried = 0
    for change in _changes(scene):
        made = change.apply(now.recipe)
        trial = bench.probe(made, day)
        if trial is None or not trial.standing.beyond(now.standing) or not _alike(trial, bench.target, day):
            continue
        tried += 1
        whole = bench.attempt(made)
        if whole is not None and (whole.standing.equal or (before[0] != before[1] and _alike(whole, bench.target))):
            return [(change, whole)]
        if tried == MOST_WHOLE:
            break
    return None


def _alike(trial: Trial, target: Side, day: str = "") -> bool:
    """Tell whether both trade the same, through ``day`` or in all; few trades over a whole run prove nothing."""
    here, there = traded(trial.side), traded(target)
    if not day:
        return here == there and len(here) >= LEAST_TRADES
    return {one for one in here if one[0] <= day} == {one for one in there if one[0] <= day}


def traded(side: Side) -> frozenset[tuple[str, str, str]]:
    """Return (day, code, direction) of all fills."""
    return frozenset((fill.moment[:10], fill.code, fill.direction) for fill in fills_of(side))


def _changes(scene: Scene) -> Iterator[Change]:
    recipe = scene.recipe
    indices = sorted(set(recipe.bundle.index_members["index_code"]))
    mine, theirs = held_count(scene.side), held_count(scene.target)
    try:
        codes = sorted({code for _, code, _ in traded(scene.target)})
        made = edits(recipe.strategy, indices, (mine, theirs) if mine and theirs else None, codes)
    except NotApplicable:
        made = []
    for words, condition in _FILTERS.items():
        change = Change("UNIV", f"股票池{words}", partial(_filtered, condition))
        yield replace(change, sentence="一侧的股票池多一道过滤：{words} (a filter)", advice="两侧用同一道过滤再比较")
    for edit in made[:MOST_EDITS]:
        yield Change(
            *(_CODES[edit.kind], edit.words, partial(_replaced, edit.text)),
            sentence=_SENTENCE,
            advice=_ADVICE.format(line=edit.line),
        )


def _replaced(text: str, recipe: Recipe) -> Recipe:
    return replace(recipe, strategy=text)


def _filtered(condition: str, recipe: Recipe) -> Recipe:
    return recipe.with_text(with_filter, condition)


def held_count(side: Side) -> int | None:
    """Return how many securities the side holds on most days; None where the files do not tell."""
    days = Counter(row.day for row in side.positions or ())
    counts = Counter(days.values())
    return counts.most_common(1)[0][0] if counts else None
