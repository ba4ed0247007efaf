"""Put the records of two sides beside each other: by day and code, then by time and direction, never by id.

Inside one day and code the records are paired in three passes: same moment and direction, same direction, then those
whose direction a file does not print (2016 engine). What is left over stands alone: a record that the other side
lacks. Order inside the file decides between equals.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar


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
    left, right = _by_day_and_code(local), _by_day_and_code(platform)
    keys = dict.fromkeys((*left, *right))
    for key in sorted(keys, key=lambda key: key[0]):
        yield from _pair_group(left.get(key, []), right.get(key, []))


def pair_rows(
    local: Sequence[Row], platform: Sequence[Row], key: Callable[[Row], Hashable]
) -> Iterator[tuple[Row | None, Row | None]]:
    """Yield pairs of rows with equal ``key``; rows of one side alone come with None. Repeated keys: the last row."""
    left = {key(row): row for row in local}
    right = {key(row): row for row in platform}
    for name in dict.fromkeys((*left, *right)):
        yield left.get(name), right.get(name)


def _by_day_and_code(records: Iterable[Record]) -> dict[tuple[str, str], list[Record]]:
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.moment[:10], record.code), []).append(record)
    return groups


def _pair_group(local: list[Record], platform: list[Record]) -> Iterator[Pair[Record]]:
    left, right = list(local), list(platform)
    partner: dict[int, Record] = {}
    for agree in _PASSES:
        _match(left, right, agree, partner)
    for record in local:
        yield record, partner.get(id(record))
    for record in right:
        yield None, record


def _match(
    left: list[Record], right: list[Record], agree: Callable[[Dated, Dated], bool], partner: dict[int, Record]
) -> None:
    """Move pairs that agree from both lists into ``partner``."""
    for record in list(left):
        found = next((other for other in right if agree(record, other)), None)
        if found is not None:
            partner[id(record)] = found
            left.remove(record)
            right.remove(found)


def _same_moment(one: Dated, other: Dated) -> bool:
    length = min(len(one.moment), len(other.moment))
    return one.moment[:length] == other.moment[:length]


_PASSES: tuple[Callable[[Dated, Dated], bool], ...] = (
    lambda one, other: _same_moment(one, other) and one.direction == other.direction,
    lambda one, other: one.direction == other.direction,
    lambda one, other: not one.direction or not other.direction,
)
