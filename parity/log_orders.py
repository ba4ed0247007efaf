"""Events of a log → orders and fills.

The platform says one order in up to five lines: rounding (before the order exists, without id), submitted, quantity
check, fill, entrusted; or failed, refused, cancelled. Lines with the same entrust id on the same day are one order.
Ids are used inside one log only, never compared: they are the clock of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from parity.log_reader import Log, LogEvent
from parity.order_text import OrderText
from parity.record_stream import MOST_A_DAY, Records
from parity.records import Coverage, Fill, Order, Told, Trading
from sdk.errors import ParityError
from sdk.report.audit_lines import AuditLine, parse_audit
from sdk.report.numbers import Reading, full_float
from sdk.report.plain_text import plain

# Later lines of one order outrank earlier ones: kind → (rank, status).
_STATUS = {
    "submitted": (0, "open"),
    "quantity_check": (0, "open"),
    "entrusted": (1, "open"),
    "zero_volume": (2, "cancelled"),
    "limit_cancel": (2, "cancelled"),
    "cancelled": (2, "cancelled"),
    "failed": (2, "failed"),
    "refused": (2, "refused"),
    "fill": (3, "filled"),
}
_KEPT_AUDIT_STOCKS = 30_000
_SHOWS = frozenset(("filled", "partial", "cancelled", "failed", "refused", "open"))


def trading_of_log(log: Log) -> Trading:
    """Return the orders and fills of a log, by day, in the order in which they were first mentioned."""
    return Trading.reading(lambda: _told(log), _SHOWS, lambda first, last: coverage_of(log))


def _told(log: Log) -> Iterator[Told]:
    coverage = coverage_of(log)
    for lines in _by_order(log):
        events, texts = [event for event, _ in lines], [text for _, text in lines]
        fills = (_fill(log, event, events, texts) for event in events if event.kind == "fill")
        order = _order(log, events, texts)
        cut = order.status == "open" and not coverage.covers(events[-1].moment)
        yield _unfinished(order) if cut else order, tuple(fills)


def _unfinished(order: Order) -> Order:
    """Return an order whose lines stop where the log does: what its later lines would say is not known."""
    return replace(order, status="", direction="", reason="")


def _by_order(log: Log) -> Iterator[list[tuple[LogEvent, OrderText]]]:
    """Yield the lines of one order after the other; lines of one entrust id on one day are one order."""
    said = (event for event in log.events if event.kind in _STATUS)
    for day, events in groupby(said, lambda event: event.moment[:10]):
        groups: dict[str, list[tuple[LogEvent, OrderText]]] = {}
        for count, event in enumerate(events):
            if count > MOST_A_DAY:
                raise ParityError(
                    f"{plain(log.name)}: more than {MOST_A_DAY} order lines on {day}; "
                    "the platform takes 10,000 orders a day, so this is not its log"
                )
            if (order := event.order) is not None:
                groups.setdefault(order.get("entrust_id") or f"line {event.line}", []).append((event, order))
        yield from groups.values()


def coverage_of(log: Log) -> Coverage:
    """A log tells nothing of what came before its first line, nor of what would have come after a last error."""
    ended = not log.end_known or (bool(log.errors) and log.errors[-1][0] == log.last)
    return Coverage(log.first, log.last if ended else None, log.end_known, log.gaps)


def audits_of_log(log: Log, see: Callable[[AuditLine], None] | None = None) -> Records[AuditLine]:
    """Return the audit lines; the log's moment stands beside the line's own date. ``see`` is shown each once."""

    if not log.lines.get("audit"):
        return Records.of(())

    def read() -> Iterator[AuditLine]:
        return (parse_audit(event.parts["audit"], event.moment) for event in log.events if event.kind == "audit")

    return Records(read, see, kept=_KEPT_AUDIT_STOCKS, weigh=_weight, day_of=lambda audit: audit.day)


def _weight(audit: AuditLine) -> int:
    return 1 + len(audit.stocks)


def _order(log: Log, events: list[LogEvent], texts: list[OrderText]) -> Order:
    """One order from its lines; direction and error text from the last line that shows them."""
    _, status = max(_STATUS[event.kind] for event in events)
    if status == "filled" and any(event.kind in ("cancelled", "limit_cancel", "zero_volume") for event in events):
        status = "partial"
    why = next((event.parts["why"] for event in events if "why" in event.parts), "")
    reason = next((text.get("error") for text in reversed(texts) if text.get("error")), "") or why
    moment = texts[0].get("entrust_time")
    return Order(
        moment=moment if len(moment) == 19 and moment[:10] == events[0].moment[:10] else events[0].moment,
        code=texts[0].get("security"),
        direction=_last(text.direction for text in _decided(events, texts)),
        status=status,
        mode=texts[0].mode,
        requested=texts[0].requested,
        limit_price=_limit(texts[0]),
        reason=reason,
        where=f"{plain(log.name, 40)}:{events[0].line}",
    )


def _decided(events: list[LogEvent], texts: list[OrderText]) -> list[OrderText]:
    """A submitted line may print an action that the next line corrects (2019 engine); prefer the others."""
    later = [text for event, text in zip(events, texts, strict=True) if event.kind != "submitted"]
    return later or texts


def _fill(log: Log, event: LogEvent, events: list[LogEvent], texts: list[OrderText]) -> Fill:
    parts = event.parts
    return Fill(
        moment=event.moment,
        code=texts[0].get("security"),
        direction=_last(text.direction for text in _decided(events, texts)),
        amount=full_float(parts["amount"]),
        price=full_float(parts["price"]),
        fee=full_float(parts["fee"]),
        where=f"{plain(log.name, 40)}:{event.line}",
    )


def _last(directions: Iterable[str]) -> str:
    return ([found for found in directions if found] or [""])[-1]


def _limit(text: OrderText) -> Reading | None:
    """Return the limit price of a limit order; a market order has none, whatever the engine prints."""
    return text.limit_price if text.get("style").startswith("Limit") else None
