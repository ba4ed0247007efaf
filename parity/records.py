"""What one side of a comparison says, in one form whatever files it came from.

A *channel* is a kind of file that tells the same thing: orders and fills are told by the ``log`` and by the
``transaction`` table. Records of one channel are compared with the same channel of the other side where both have
it, since they print alike; across channels only where nothing is in common. Orders, fills, audit lines and holdings
may be more than memory holds, so they are ``Records``; what there is one of a day stands in mappings and tuples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from parity.record_stream import Records
from sdk.report.audit_lines import AuditLine
from sdk.report.numbers import Reading
from sdk.report.run_tables import DayResult, Position


@dataclass(frozen=True, slots=True)
class Order:
    """One order of one side.

    ``moment`` is ``YYYY-MM-DD HH:MM:SS`` or only the day where the file prints no time. ``status`` is filled,
    partial, cancelled, failed, refused (never entrusted), open, the platform's word, or empty where the file ends
    within the lines of the order; then direction and reason are not known either. ``requested`` is what the
    strategy asked for (shares or CNY by ``mode``), ``ordered`` the shares entrusted, without sign.
    """

    moment: str
    code: str
    direction: str
    status: str
    mode: str = ""
    requested: Reading | None = None
    limit_price: Reading | None = None
    ordered: Reading | None = None
    reason: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Fill:
    """One fill: shares and value without sign, price in CNY, fee (commission and tax) and closed gain in CNY."""

    moment: str
    code: str
    direction: str
    amount: Reading | None
    price: Reading | None
    fee: Reading | None
    value: Reading | None = None
    gain: Reading | None = None
    where: str = ""


@dataclass(frozen=True)
class Coverage:
    """Which moments a channel tells about. Outside it, absence proves nothing.

    ``first`` and ``last`` are moments or days, None for no bound. At ``last`` itself the file may be cut, so a
    moment is covered only before it, unless ``last_whole``. ``gaps`` are stretches left out inside.
    """

    first: str | None = None
    last: str | None = None
    last_whole: bool = True
    gaps: tuple[tuple[str, str], ...] = ()

    def covers(self, moment: str) -> bool:
        if self.first is not None and moment < self.first[: len(moment)]:
            return False
        if self.last is not None:
            end = self.last[: len(moment)]
            if moment > end or (moment == end and not self.last_whole):
                return False
        return not any(after[: len(moment)] <= moment <= before[: len(moment)] for after, before in self.gaps)


def _weight(told: Told) -> int:
    """Return how much memory an order takes, an ordinary one being 1."""
    order = told[0]
    return 1 + sum(map(len, (order.code, order.status, order.mode, order.reason))) // 500


Told = tuple[Order, tuple[Fill, ...]]  # an order and its fills


@dataclass(frozen=True)
class Trading:
    """Orders and fills of one channel. ``shows`` are the statuses of order that it would print at all."""

    orders: Records[Order]
    fills: Records[Fill]
    shows: frozenset[str]
    coverage: Coverage = Coverage()

    @staticmethod
    def reading(
        read: Callable[[], Iterable[Told]],
        shows: Iterable[str],
        coverage: Callable[[str, str], Coverage],
    ) -> Trading:
        """Read a channel once; ``coverage`` is asked with the earliest and the latest moment of its orders."""
        moments, fills = ["", ""], 0

        def see(told: Told) -> None:
            nonlocal fills
            fills += len(told[1])
            moment = told[0].moment
            moments[:] = min(moments[0] or moment, moment), max(moments[1], moment)

        rows = Records(read, see, weigh=_weight, day_of=lambda told: told[0].moment[:10])
        return Trading(
            rows.part(lambda told: told[:1], len(rows)),
            rows.part(lambda told: told[1], fills),
            frozenset(shows),
            coverage(moments[0], moments[1]),
        )


@dataclass(frozen=True)
class Side:
    """Everything that one side's files say, and what is doubtful about them.

    ``errors``: (moment, text) of what made the strategy die or not trade, as its log tells, ascending.
    ``contradictions``: what shows that its files are not of one run.
    """

    name: str
    files: tuple[tuple[str, str], ...]
    trading: Mapping[str, Trading] = field(default_factory=dict)
    audits: Records[AuditLine] | None = None
    audit_coverage: Coverage = Coverage()
    positions: Records[Position] | None = None
    positions_daily: bool = True
    cash: Mapping[str, Reading] = field(default_factory=dict)
    total_value: Mapping[str, Reading] = field(default_factory=dict)
    results: tuple[DayResult, ...] | None = None
    figures: Mapping[str, Reading] | None = None
    premises: Mapping[str, str] = field(default_factory=dict)
    log_span: tuple[str, str] = ("", "")
    lines: Mapping[str, int] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    errors: tuple[tuple[str, str], ...] = ()
    contradictions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
