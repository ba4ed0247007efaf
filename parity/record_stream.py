"""Records of a file that may be larger than memory: kept while they are few, read again from the file when many.

``Records`` is made from a function that starts a fresh reading. The first reading counts; as long as the weight of
what came (one a record, unless a weigher says otherwise) stays below ``kept``, the records stay in memory and are
never read again. Beyond that nothing is kept and each iteration reads the file anew. So a side costs tens of
megabytes whatever its files hold, and an ordinary run is read once.

``by_day`` gives the records of one day at a time, days ascending; a file in another order is sorted in memory as long
as it is not absurdly long (tables that a user re-sorted in a spreadsheet). The platform takes at most 10,000 orders a
day, so a day with far more lines than such a day could have is no file of the platform.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from typing import Any, Generic, TypeVar

from sdk.errors import ParityError

KEPT = 18_000
MOST_UNORDERED = 60_000
MOST_A_DAY = 60_000

Record = TypeVar("Record")
Other = TypeVar("Other")


class Records(Generic[Record]):
    """A re-iterable sequence of records with a known length; see the module for what it costs."""

    def __init__(
        self,
        read: Callable[[], Iterable[Record]],
        see: Callable[[Record], None] | None = None,
        kept: int = KEPT,
        weigh: Callable[[Record], int] = lambda record: 1,
        day_of: Callable[[Record], str] | None = None,
    ) -> None:
        """Read once through ``read()``; ``see`` is shown every record of that first reading.

        With ``day_of`` that reading also finds out whether the records stand in the order of their days.
        """
        self._read = read
        self._count, weight, last = 0, 0, ""
        self.ascending: bool | None = None if day_of is None else True
        rows: list[Record] | None = []
        for record in read():
            self._count += 1
            weight += weigh(record)
            if see is not None:
                see(record)
            if day_of is not None:
                day = day_of(record)
                self.ascending, last = self.ascending and day >= last, day
            if rows is not None:
                rows.append(record)
                rows = None if weight > kept else rows
        self._rows = rows

    @classmethod
    def of(cls, records: Iterable[Record]) -> Records[Record]:
        """Return records that are in memory already."""
        rows = tuple(records)
        return cls(lambda: rows, kept=len(rows))

    def __iter__(self) -> Iterator[Record]:
        return iter(self._rows if self._rows is not None else self._read())

    def __getitem__(self, place: int | slice) -> Any:
        """Return one record by its place, or a tuple of some; what is not in memory is read for it."""
        if isinstance(place, slice):
            return tuple(self)[place]
        at = place + self._count if place < 0 else place
        if not 0 <= at < self._count:
            raise IndexError(f"record {place} of {self._count}")
        return next(islice(iter(self), at, None))

    def __len__(self) -> int:
        return self._count

    def __bool__(self) -> bool:
        return self._count > 0

    def part(self, pick: Callable[[Record], Iterable[Other]], count: int) -> Records[Other]:
        """Return what ``pick`` makes of each record, ``count`` in all, without another reading now."""
        made: Records[Other] = Records.__new__(Records)
        made._read = lambda: (other for record in self for other in pick(record))
        made._count, made._rows, made.ascending = count, None, self.ascending
        return made

    @property
    def in_memory(self) -> bool:
        """Whether the records were few enough to be kept."""
        return self._rows is not None


def by_day(
    records: Iterable[Record], day_of: Callable[[Record], str], what: str
) -> Iterator[tuple[str, list[Record]]]:
    """Yield (day, its records in file order), days ascending; ParityError for what no platform file can hold."""
    known = getattr(records, "ascending", None)
    if not (_ascending(records, day_of) if known is None else known):
        rows = []
        for record in records:
            rows.append(record)
            if len(rows) > MOST_UNORDERED:
                raise ParityError(
                    f"{what}: more than {MOST_UNORDERED} rows that do not stand in the order of their days; "
                    "sort the file by date and try again"
                )
        records = sorted(rows, key=day_of)
    for day, group in groupby(records, day_of):
        rows = []
        for record in group:
            rows.append(record)
            if len(rows) > MOST_A_DAY:
                raise ParityError(
                    f"{what}: more than {MOST_A_DAY} rows on {day[:10]!r}; the platform takes 10,000 orders a day, "
                    "so this is not its file"
                )
        yield day, rows


def merge_days(
    left: Iterator[tuple[str, list[Record]]], right: Iterator[tuple[str, list[Other]]]
) -> Iterator[tuple[str, list[Record], list[Other]]]:
    """Walk two ``by_day`` together: (day, left rows, right rows) for every day of either, days ascending."""
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        day = min(side[0] for side in (one, other) if side is not None)
        mine = one[1] if one is not None and one[0] == day else []
        theirs = other[1] if other is not None and other[0] == day else []
        yield day, mine, theirs
        one = next(left, None) if one is not None and one[0] == day else one
        other = next(right, None) if other is not None and other[0] == day else other


def _ascending(records: Iterable[Record], day_of: Callable[[Record], str]) -> bool:
    last = ""
    for record in records:
        day = day_of(record)
        if day < last:
            return False
        last = day
    return True
