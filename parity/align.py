"""Put the records of two sides beside each other: by day and code, then by time and direction, never by id.

Inside one day and code the records are paired in three passes: same moment and direction, same direction, then those
whose direction a file does not print (2016 engine). What is left over stands alone: a record that the other side
lacks. Order inside the file decides between equals. One day is in memory at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from parity.record_stream import by_day, merge_days


class Dated(Protocol):
    """A record that can be aligned: orders and fills."""

    @property
    def moment(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def direction(self) -> str: ...


Record = TypeVar("Record", bound=Dated)
Row = TypeVar("Row")
Pair = tuple[Record | None, Record | None]


def pair_records(local: Iterable[Record], platform: Iterable[Record]) -> Iterator[Pair[Record]]:
    """Yield (local, platform) pairs, None for the side that lacks the record, ordered by day, then as filed."""
    left = by_day(local, _day, "本地 local")
    right = by_day(platform, _day, "平台 platform")
    for _, mine, theirs in merge_days(left, right):
        one, other = _by_code(mine), _by_code(theirs)
        for code in dict.fromkeys((*one, *other)):
            yield from _pair_group(one.get(code, []), other.get(code, []))


def pair_rows(
    local: Sequence[Row], platform: Sequence[Row], key: Callable[[Row], Hashable]
) -> Iterator[tuple[Row | None, Row | None]]:
    """Yield pairs of rows with equal ``key``; rows of one side alone come with None. Repeated keys: the last row."""
    left = {key(row): row for row in local}
    right = {key(row): row for row in platform}
    for name in dict.fromkeys((*left, *right)):
        yield left.get(name), right.get(name)


def _day(record: Dated) -> str:
    return record.moment[:10]


def _by_code(records: Iterable[Record]) -> dict[str, list[Record]]:
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record.code, []).append(record)
    return groups


def _pair_group(local: list[Record], platform: list[Record]) -> Iterator[Pair[Record]]:
    """Pair the records of one day and code; linear in their number."""
    if len(local) == len(platform) == 1 and local[0].direction == platform[0].direction:
        yield local[0], platform[0]  # the usual case; whatever their times, nothing else is there to pair with
        return
    shown = min((len(record.moment) for record in (*local, *platform)), default=0)
    passes: tuple[Callable[[Dated], tuple[str, str]], ...] = (
        lambda record: (record.moment[:shown], record.direction),
        lambda record: ("", record.direction),
    )
    partner: dict[int, Record] = {}
    left, right = local, platform
    for key in passes:
        left, right = _match(left, right, key, partner)
    left, right = _match_unsaid(left, right, partner)
    for record in local:
        yield record, partner.get(id(record))
    for record in right:
        yield None, record


def _match(
    left: list[Record], right: list[Record], key: Callable[[Dated], tuple[str, str]], partner: dict[int, Record]
) -> tuple[list[Record], list[Record]]:
    """Pair records of equal ``key`` in file order; return what is left on both sides."""
    free: dict[tuple[str, str], deque[Record]] = {}
    for record in right:
        free.setdefault(key(record), deque()).append(record)
    alone = []
    for record in left:
        waiting = free.get(key(record))
        if waiting:
            partner[id(record)] = waiting.popleft()
        else:
            alone.append(record)
    return alone, _rest(right, partner)


def _match_unsaid(
    left: list[Record], right: list[Record], partner: dict[int, Record]
) -> tuple[list[Record], list[Record]]:
    """Pair records of which at least one side prints no direction."""
    unsaid, said = deque(r for r in right if not r.direction), deque(r for r in right if r.direction)
    alone = []
    for record in left:
        waiting = unsaid or (deque() if record.direction else said)
        if waiting:
            partner[id(record)] = waiting.popleft()
        else:
            alone.append(record)
    return alone, _rest(right, partner)


def _rest(right: list[Record], partner: dict[int, Record]) -> list[Record]:
    """Return the records of the right side that are nobody's partner yet."""
    taken = {id(record) for record in partner.values()}
    return [record for record in right if id(record) not in taken]
