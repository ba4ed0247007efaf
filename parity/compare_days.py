"""Layers cash, position, close valuation and NAV: the daily tables of both sides, after the close."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from parity.align import pair_rows
from parity.layers import HOLDING_RULES, RESULT_RULES, Comparison, absent, compare, judge, uncovered
from parity.record_stream import Records, by_day, merge_days
from parity.records import Coverage, Side
from sdk.report.numbers import Reading
from sdk.report.run_tables import Position

CLOSE = "15:15:00"  # the platform stamps its position rows so
_Daily = Mapping[str, Reading]
_OUTSIDE = "不在两侧共同的日期内 outside the days that both sides cover"


def span(side: Side) -> Coverage:
    """Return the days that the side's daily tables cover; without any, no bound."""
    days = sorted({*side.cash, *side.total_value, *(row.day for row in side.results or ())})
    return Coverage(days[0], days[-1]) if days else Coverage()


def compare_days(local: Side, platform: Side) -> Iterator[Comparison]:
    """Compare holdings, cash, total value and returns, day by day."""
    if local.positions is not None and platform.positions is not None:
        yield from _holdings(local, platform)
    else:
        yield from _by_day("NAV", "组合总值 total value", local, platform, lambda side: side.total_value)
    yield from _by_day("cash", "现金 cash", local, platform, lambda side: side.cash)
    if local.results is not None and platform.results is not None:
        yield from _results(local, platform)


def _holdings(local: Side, platform: Side) -> Iterator[Comparison]:
    mine, theirs = local.positions or Records.of(()), platform.positions or Records.of(())
    known, other_known = _days_told(local, mine), _days_told(platform, theirs)
    left = by_day(mine, _day, "本地 local position.csv")
    right = by_day(theirs, _day, "平台 platform position.csv")
    for day, here, there in merge_days(left, right):
        judged = day in known and day in other_known
        for one, other in pair_rows(here, there, key=lambda row: row.code):
            yield from _holding(day, one, other, judged)


def _holding(day: str, one: Position | None, other: Position | None, judged: bool) -> Iterator[Comparison]:
    present = one or other
    assert present is not None
    moment = f"{day} {CLOSE}"
    shown = _amount(one), _amount(other)
    if one is not None and other is not None:
        yield from judge(HOLDING_RULES, moment, present.code, one, other)
    elif judged:
        yield absent("position", "持仓 holding", moment, present.code, *shown, ("", ""))
    else:
        yield uncovered("position", "持仓 holding", moment, present.code, *shown, _OUTSIDE)


def _days_told(side: Side, rows: Iterable[Position]) -> Collection[str]:
    """Days on which the absence of a holding means that it was not held."""
    return side.cash if side.positions_daily else {row.day for row in rows}


def _day(row: Position) -> str:
    return row.day


def _amount(row: Position | None) -> str:
    if row is None:
        return ""
    told = row.amount or row.value
    return told.text if told else row.code


def _by_day(
    layer: str, name: str, local: Side, platform: Side, what: Callable[[Side], _Daily]
) -> Iterator[Comparison]:
    """Compare one value a day. A day missing inside a daily table is a difference, outside it is not judged."""
    mine, theirs = what(local), what(platform)
    if not mine or not theirs:
        return
    for day in sorted({*mine, *theirs}):
        one, other = mine.get(day), theirs.get(day)
        moment = f"{day} {CLOSE}"
        if one is not None and other is not None:
            yield compare(layer, name, moment, "", one, other)
            continue
        lacking, table = (platform, theirs) if other is None else (local, mine)
        shown = one.text if one else "", other.text if other else ""
        if lacking.positions_daily and min(table) < day < max(table):
            yield absent(layer, name, moment, "", *shown, ("", ""))
        else:
            yield uncovered(layer, name, moment, "", *shown, _OUTSIDE)


def _results(local: Side, platform: Side) -> Iterator[Comparison]:
    mine, theirs = local.results or (), platform.results or ()
    for one, other in pair_rows(mine, theirs, key=lambda row: row.day):
        present = one or other
        assert present is not None
        moment = f"{present.day} {CLOSE}"
        if one is not None and other is not None:
            yield from judge(RESULT_RULES, moment, "", one, other)
            continue
        others = theirs if other is None else mine
        shown = one.day if one else "", other.day if other else ""
        if others and others[0].day < present.day < others[-1].day:
            yield absent("NAV", "交易日 trading day", moment, "", *shown, ("", ""))
        else:
            yield uncovered("NAV", "交易日 trading day", moment, "", *shown, _OUTSIDE)
