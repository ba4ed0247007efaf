"""Tables of a side → records: orders, fills, holdings, cash and daily values.

The three tables themselves are read in ``sdk.report.run_tables`` (the report page reads the same files). Here also
``orders.csv``, a log's orders as a table (``entrust_id,time,security,target_value,action,status,error,amount,
price,commission``; small_cap_2021), which tells what a log tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from parity.records import Coverage, Fill, Order, Trading
from sdk.errors import ParityError
from sdk.report.numbers import Reading, full_float
from sdk.report.plain_text import plain
from sdk.report.run_tables import Position, Table, Transaction, clock, csv_records, day
from sdk.report.text_files import Decoding, TextSource

CASH = "Cash"
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
_ORDER_STATUSES = {"filled": "filled", "rejected": "failed", "canceled": "cancelled", "cancelled": "cancelled"}


def unsigned(reading: Reading | None) -> Reading | None:
    """Return the reading without its sign (tables print sells negative, the log does not)."""
    if reading is None or reading.value is None:
        return reading
    return replace(reading, value=abs(reading.value))


def trading_of_table(table: Table) -> Trading:
    """Return orders and fills of a transaction table. Without a status column only fills are shown."""
    rows: tuple[Transaction, ...] = table.rows
    orders, fills = [], []
    for index, row in enumerate(rows):
        moment = f"{row.day} {row.time}" if row.time else row.day
        where = f"{plain(table.name, 40)} row {index + 1}"
        amount = unsigned(row.filled)
        filled = amount is not None and bool(amount.value)
        status = STATUSES.get(row.status, row.status) or ("filled" if filled else "cancelled")
        ordered = unsigned(row.ordered)
        orders.append(Order(moment, row.code, row.direction, status, "", None, row.limit_price, ordered, where=where))
        if filled:
            value = unsigned(row.value)
            fills.append(Fill(moment, row.code, row.direction, amount, row.price, row.fee, value, row.gain, where))
    has_status = any(row.status for row in rows) or any("状态" in header for header in table.headers)
    shows = ("filled", "partial", "cancelled") if has_status else ("filled", "partial")
    whole = table.whole and len(rows) != EXPORT_ROWS
    last = orders[-1].moment if orders and not whole else None
    return Trading(tuple(orders), tuple(fills), frozenset(shows), Coverage(None, last, whole))


def trading_of_orders(source: TextSource, decoding: Decoding) -> tuple[Trading, tuple[str, ...]]:
    """Read ``orders.csv``; returns what it tells and the rows that could not be read."""
    orders: list[Order] = []
    fills: list[Fill] = []
    problems: list[str] = []
    records = csv_records(source, decoding)
    _, headers, _ = next(records, (0, [], True))
    for line, cells, whole in records:
        where = f"{plain(source.name, 40)}:{line}"
        try:
            if len(cells) != len(headers) or not whole:
                raise ValueError(f"{len(cells)} cells under {len(headers)} headers, or no line end")
            row = dict(zip((header.strip() for header in headers), cells, strict=True))
            order, fill = _order_row(row, where)
        except (ValueError, KeyError) as error:
            problems.append(f"{where}: {plain(str(error), 100)}")
            continue
        orders.append(order)
        if fill:
            fills.append(fill)
    if not orders:
        raise ParityError("; ".join((f"{plain(source.name)}: no order could be read", *problems[:2])))
    last = orders[-1].moment
    shows = frozenset(("filled", "partial", "cancelled", "failed"))
    return Trading(tuple(orders), tuple(fills), shows, Coverage(orders[0].moment, last, True)), tuple(problems)


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


def holdings(table: Table) -> tuple[Position, ...]:
    """Return the rows that are holdings."""
    return tuple(row for row in table.rows if row.code != CASH)


def cash_by_day(table: Table) -> dict[str, Reading]:
    """Return day → cash after the close, from the ``Cash`` rows (or the cash column of a web table)."""
    found: dict[str, Reading] = {}
    for row in table.rows:
        cash = row.value if row.code == CASH else row.cash
        if cash is not None:
            found[row.day] = cash
    return found


def total_by_day(table: Table) -> dict[str, Reading]:
    """Return day → 组合总值; on a day without holdings it is the cash."""
    found: dict[str, Reading] = {}
    for row in table.rows:
        if row.code == CASH and row.value is not None:
            found.setdefault(row.day, row.value)
        elif row.code != CASH and row.total_value is not None:
            found[row.day] = row.total_value
    return found
