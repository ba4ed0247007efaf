"""Tables of a side → records: orders, fills, holdings, cash and daily values.

The three tables themselves are read in ``sdk.report.run_tables`` (the report page reads the same files). Here also
``orders.csv``, a log's orders as a table (``entrust_id,time,security,target_value,action,status,error,amount,
price,commission``; small_cap_2021), which tells what a log tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from parity.record_stream import Records
from parity.records import Coverage, Fill, Order, Told, Trading
from sdk.errors import ParityError
from sdk.report.numbers import Reading, full_float
from sdk.report.plain_text import plain
from sdk.report.run_tables import (
    MAX_PROBLEMS,
    DayResult,
    Position,
    TableReading,
    Transaction,
    clock,
    csv_records,
    day,
    table_rows,
)
from sdk.report.text_files import Decoding, TextSource

CASH = "Cash"
MAX_CELL_CHARS = 2_000
MOST_DAYS = 20_000
EXPORT_ROWS = 1_000  # the web tables hold at most so many rows: a table of exactly this length may be cut
STATUSES = {
    "全部成交": "filled",
    "已成交": "filled",
    "部分成交": "partial",
    "部成部撤": "partial",
    "已撤单": "cancelled",
    "全部撤单": "cancelled",
    "废单": "failed",
    "已拒绝": "failed",
    "未成交": "open",
}
_FILLED = frozenset(("filled", "partial"))
_ORDER_STATUSES = {"filled": "filled", "rejected": "failed", "canceled": "cancelled", "cancelled": "cancelled"}


def unsigned(reading: Reading | None) -> Reading | None:
    """Return the reading without its sign (tables print sells negative, the log does not)."""
    if reading is None or reading.value is None or reading.value > 0:
        return reading
    return Reading(reading.text, abs(reading.value), reading.half_unit)


@dataclass
class TableFile:
    """One of the three tables as a file that can be read again; ``seen`` is complete after the first reading."""

    source: TextSource
    decoding: Decoding
    seen: TableReading = field(default_factory=TableReading)
    read_once: bool = False

    def rows(self) -> Iterator[Any]:
        """Start a fresh reading."""
        seen = TableReading() if self.read_once else self.seen
        self.read_once = True
        return table_rows(self.source, self.decoding, seen)


def trading_of_table(table: TableFile) -> Trading:
    """Return orders and fills of a transaction table. Without a status column only fills are shown."""
    name, rows = plain(table.source.name, 40), 0

    def read() -> Iterator[Told]:
        nonlocal rows
        for rows, row in enumerate(table.rows(), 1):
            where = f"{name} row {rows}"
            yield _order_of(row, where), (_fill_of(row, where),) if _filled(row) else ()

    def coverage(first: str, last: str) -> Coverage:
        whole = table.seen.whole and rows != EXPORT_ROWS
        return Coverage(None, None if whole or not last else last, whole)

    told = Trading.reading(read, _FILLED, coverage)
    has_status = any("状态" in header for header in table.seen.headers)
    return replace(told, shows=_FILLED | {"cancelled"}) if has_status else told


def _filled(row: Transaction) -> bool:
    return row.filled is not None and bool(row.filled.value)


def _moment(row: Transaction) -> str:
    return f"{row.day} {row.time}" if row.time else row.day


def _order_of(row: Transaction, where: str) -> Order:
    status = STATUSES.get(row.status, row.status) or ("filled" if _filled(row) else "cancelled")
    ordered = unsigned(row.ordered)
    return Order(_moment(row), row.code, row.direction, status, "", None, row.limit_price, ordered, where=where)


def _fill_of(row: Transaction, where: str) -> Fill:
    amount, value = unsigned(row.filled), unsigned(row.value)
    return Fill(_moment(row), row.code, row.direction, amount, row.price, row.fee, value, row.gain, where)


def trading_of_orders(source: TextSource, decoding: Decoding) -> tuple[Trading, tuple[str, ...]]:
    """Read ``orders.csv``; returns what it tells and the rows that could not be read."""
    problems: list[str] = []
    first = [problems]

    def read() -> Iterator[Told]:
        return _order_rows(source, decoding, first.pop() if first else [])

    shows = ("filled", "partial", "cancelled", "failed")
    told = Trading.reading(read, shows, lambda first, last: Coverage(first, last, True))
    if not told.orders:
        raise ParityError("; ".join((f"{plain(source.name)}: no order could be read", *problems[:2])))
    return told, tuple(problems)


def _order_rows(source: TextSource, decoding: Decoding, problems: list[str]) -> Iterator[Told]:
    records = csv_records(source, decoding)
    _, headers, _ = next(records, (0, [], True))
    names, bad = [header.strip() for header in headers], 0
    for line, cells, whole in records:
        where = f"{plain(source.name, 40)}:{line}"
        try:
            if max(map(len, cells)) > MAX_CELL_CHARS:
                raise ValueError(f"a cell of more than {MAX_CELL_CHARS} characters")
            if len(cells) != len(headers) or not whole:
                raise ValueError(f"{len(cells)} cells under {len(headers)} headers, or no line end")
            order, fill = _order_row(dict(zip(names, cells, strict=True)), where)
        except (ValueError, KeyError) as error:
            bad += 1
            if bad <= MAX_PROBLEMS:
                problems.append(f"{where}: {plain(str(error), 100)}")
            continue
        yield order, (fill,) if fill else ()
    if bad > MAX_PROBLEMS:
        problems.append(f"{plain(source.name, 40)}: … {bad} rows could not be read")


def _order_row(row: Mapping[str, str], where: str) -> tuple[Order, Fill | None]:
    date, _, time = row["time"].strip().partition(" ")
    moment, code = f"{day(date)} {clock(time)}".strip(), row["security"].strip()
    direction = {"open": "buy", "close": "sell"}.get(row.get("action", ""), "")
    status = _ORDER_STATUSES.get(row.get("status", ""), row.get("status", ""))
    requested = full_float(row.get("target_value", ""))
    mode = "OrderTargetValue" if requested else ""
    order = Order(moment, code, direction, status, mode, requested, reason=row.get("error", ""), where=where)
    amount = full_float(row["amount"])
    if amount is None or not amount.value:
        return order, None
    price, fee = full_float(row["price"]), full_float(row["commission"])
    return order, Fill(moment, code, direction, amount, price, fee, where=where)


@dataclass
class DailyTotals:
    """Cash and total value of each day, gathered while a position table is read."""

    name: str
    cash: dict[str, Reading] = field(default_factory=dict)
    total: dict[str, Reading] = field(default_factory=dict)
    cash_rows: bool = False

    def see(self, row: Position) -> None:
        """Take ``Cash`` rows (or the cash column of a web table) and 组合总值; a day without holdings is its cash."""
        is_cash = row.code == CASH
        cash = row.value if is_cash else row.cash
        if cash is not None:
            self.cash[row.day] = cash
        if is_cash:
            self.cash_rows = True
            if row.value is not None:
                self.total.setdefault(row.day, row.value)
        elif row.total_value is not None:
            self.total[row.day] = row.total_value
        bounded_days(self.name, self.cash, self.total)


def holdings(table: TableFile, totals: DailyTotals) -> Records[Position]:
    """Return the rows that are holdings; ``totals`` sees all rows."""
    first = [totals.see]

    def read() -> Iterator[Position]:
        see = first.pop() if first else None
        for row in table.rows():
            if see is not None:
                see(row)
            if row.code != CASH:
                yield row

    return Records(read, day_of=lambda row: row.day)


def daily_results(table: TableFile) -> tuple[DayResult, ...]:
    """Return the rows of a result table, days ascending."""
    rows: dict[str, DayResult] = {}
    for row in table.rows():
        rows[row.day] = row
        bounded_days(table.source.name, rows)
    return tuple(rows[day] for day in sorted(rows))


def bounded_days(name: str, *tables: Mapping[str, object]) -> None:
    """Refuse a table of more days than a stock exchange ever had; so what is kept by day stays small."""
    if max(map(len, tables)) > MOST_DAYS:
        raise ParityError(f"{plain(name)}: more than {MOST_DAYS} different days; this is no table of the platform")
