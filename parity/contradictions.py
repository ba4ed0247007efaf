"""Files of one folder that cannot be of one run: tables of different days, or whose sums do not agree.

Two downloads are easily mixed up. Each table is compared with another that tells the same sum: the money bought and
sold of a day in result.csv with the fills of transaction.csv, the change of the total value in position.csv with the
gains of result.csv. Only what both print is judged, within the printed precision.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise

from parity.records import Side, Trading
from sdk.report.numbers import Reading
from sdk.report.run_tables import DayResult

MOST_FILLS = 50_000  # of a table that is read again for this
_PAIRS = (
    ("position.csv", "result.csv"),
    ("transaction.csv", "position.csv"),
    ("transaction.csv", "result.csv"),
)
_SLACK = 0.011  # CNY; a sum of printed amounts and a printed sum are rounded apart
_WORDS = "{one} 与 {other} 不像同一次回测的下载 not of one run: {what}；重新下载同一次回测的全部文件"


def contradictions(side: Side) -> tuple[str, ...]:
    """Return the first contradiction between each two tables of a side, in words."""
    found = (next(check(side), None) for check in (_days_apart, _money_apart, _gains_apart))
    return tuple(words for words in found if words)


def _days_apart(side: Side) -> Iterator[str]:
    """Yield tables of which no day is common."""
    spans = {
        "position.csv": {*side.cash, *side.total_value},
        "result.csv": {row.day for row in side.results or ()},
        "transaction.csv": _trading_days(side.trading.get("transaction")),
    }
    for one, other in _PAIRS:
        here, there = spans[one], spans[other]
        if here and there and (max(here) < min(there) or max(there) < min(here)):
            what = f"{min(here)} … {max(here)} / {min(there)} … {max(there)}"
            yield _WORDS.format(one=one, other=other, what=what)


def _trading_days(told: Trading | None) -> set[str]:
    if told is None or len(told.fills) > MOST_FILLS:
        return set()
    return {fill.moment[:10] for fill in told.fills}


def _money_apart(side: Side) -> Iterator[str]:
    """Yield days on which the fills sum to other money than result.csv says; a table that may be cut is left out."""
    told = side.trading.get("transaction")
    if told is None or not side.results or len(told.fills) > MOST_FILLS or not told.coverage.last_whole:
        return
    sums: dict[tuple[str, str], list[Reading]] = defaultdict(list)
    for fill in told.fills:
        if fill.value is None:
            return
        sums[fill.moment[:10], fill.direction].append(fill.value)
    for row in side.results:
        for name, direction, printed in (("当日买入", "buy", row.bought), ("当日卖出", "sell", row.sold)):
            parts = sums.get((row.day, direction), [])
            if printed is None or printed.value is None:
                continue
            summed = sum(part.value or 0.0 for part in parts)
            slack = _SLACK + printed.half_unit + sum(part.half_unit for part in parts)
            if abs(abs(printed.value) - summed) > slack:
                what = f"{row.day} {name} {printed.text} / {summed:,.2f}"
                yield _WORDS.format(one="result.csv", other="transaction.csv", what=what)


def _gains_apart(side: Side) -> Iterator[str]:
    """Yield days on which the total value changes by other money than result.csv says was earned or lost."""
    rows = {row.day: row for row in side.results or ()}
    days = sorted(rows)
    for before, day in pairwise(days):
        change, gained = _change(side.total_value, before, day), _gained(rows[day])
        if change is not None and gained is not None and abs(change - gained) > 3 * _SLACK:
            what = f"{day} 总值变动 {change:,.2f} / 当日盈亏 {gained:,.2f}"
            yield _WORDS.format(one="position.csv", other="result.csv", what=what)


def _change(values: Mapping[str, Reading], before: str, day: str) -> float | None:
    here, there = values.get(before), values.get(day)
    if here is None or there is None or here.value is None or there.value is None:
        return None
    return there.value - here.value


def _gained(row: DayResult) -> float | None:
    parts = [part.value for part in (row.earned, row.lost) if part is not None and part.value is not None]
    return sum(parts) if parts else None
