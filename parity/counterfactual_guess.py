"""Parameters read off the files of the side that is to be explained: lag, slippage, fees, task, pool.

Nothing is known about that side but its files. A printed number is rounded, so a parameter is an interval; from it
the number with the fewest decimals is taken, because people write 0.00246 and not 0.0024601.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from parity.records import Fill, Order, Side
from sdk.emulator.instruments import kind_of_code
from sdk.market.bundle import Bundle
from sdk.report.numbers import Reading

MOST_DECIMALS = 7
_LOT = 100.0
_MOST_SELDOM = 4  # days with orders that tell the place of a task that seldom orders
_IN_PART = frozenset(("partial", "cancelled", "open"))
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def day_of(text: str) -> dt.date | None:
    """Return a day that a file tells, ``YYYY-MM-DD``; None for anything else: files may be damaged."""
    try:
        return dt.date.fromisoformat(text) if _ISO_DAY.fullmatch(text) else None
    except ValueError:
        return None


def simple_between(low: float, high: float, most: int = MOST_DECIMALS) -> float | None:
    """Return the number with the fewest decimals between two; None for an empty interval."""
    if not low <= high:
        return None
    middle = (low + high) / 2
    for decimals in range(most + 1):
        number = round(middle, decimals)
        if low <= number <= high:
            return number
    return None


def fills_of(side: Side) -> list[Fill]:
    """Return the fills of the side, those of the log where it has them: it prints full floats.

    Where only holdings are told, a stock that was all bought that day has its price as its cost, and no fee.
    """
    for channel in ("log", "transaction"):
        told = side.trading.get(channel)
        if told is not None and len(told.fills):
            return list(told.fills)
    return [
        Fill(row.day, row.code, "buy", row.amount, row.avg_cost, None)
        for row in side.positions or ()
        if row.amount and row.today_amount and row.amount.value == row.today_amount.value and _some(row.avg_cost)
    ]


def lag_of(side: Side, bundle: Bundle) -> int | None:
    """Return how many trading days before the rebalance the signal is taken: the most frequent; None if not told."""
    if not side.audits:
        return None
    pairs = [(day_of(line.day), day_of(line.get("lag"))) for line in side.audits]
    lags = Counter(
        int(np.searchsorted(bundle.days, np.datetime64(day)) - np.searchsorted(bundle.days, np.datetime64(told)))
        for day, told in pairs
        if day and told
    )
    return lags.most_common(1)[0][0] if lags else None


def rebalance_days(side: Side) -> list[str]:
    """Return the days with a rebalance: those of the audit lines, else those with orders, else with trading."""
    if side.audits:
        told = {line.day for line in side.audits}
    elif orders := orders_of(side):
        told = {order.moment[:10] for order in orders}
    else:
        told = {row.day for row in side.results or () if _some(row.bought) or _some(row.sold)}
        told |= {row.day for row in side.positions or () if _some(row.today_amount)}
    return sorted(filter(day_of, told))


def orders_of(side: Side) -> list[Order]:
    """Return the orders of the side with the time when they were given, as the table prints it.

    A log tells an order that stays open again when it trades, on a later day; that is not another one.
    """
    table = side.trading.get("transaction")
    if table is not None and len(table.orders):
        return list(table.orders)
    log, found, waiting = side.trading.get("log"), [], Counter[str]()
    for order in log.orders if log is not None else ():
        if order.status != "open" and waiting[order.code]:
            waiting[order.code] -= 1
            continue
        waiting[order.code] += order.status == "open"
        found.append(order)
    return found


def _some(told: Reading | None) -> bool:
    return told is not None and bool(told.value)


def ordering_times(mine: Side, theirs: Side) -> tuple[str, str] | None:
    """Return the time (HH:MM) at which each side gives most of its orders, where they differ and both tell it."""
    here, there = ordering_time(mine), ordering_time(theirs)
    return (here, there) if here and there and here != there else None


def ordering_time(side: Side) -> str:
    """Return the time (HH:MM) of most of the side's orders; empty where the files tell none."""
    times = Counter(order.moment[11:16] for order in orders_of(side) if len(order.moment) > 10)
    return times.most_common(1)[0][0] if times else ""


def task_calls(side: Side, bundle: Bundle, start: str, end: str) -> list[str]:
    """Return the calls that would give the side's rebalances, most plausible first."""
    days = rebalance_days(side)
    if not days:
        return []
    times = [order.moment[11:16] for order in orders_of(side) if len(order.moment) > 10]
    times += [line.moment[11:16] for line in side.audits or () if len(line.moment) > 10]
    common = [(time, days) for time, _ in Counter(times).most_common(2)]
    if not common:  # what is ordered at the close trades at the next open
        common = [("09:30", days), ("15:00", _days_before(days, bundle)), ("15:00", days)]
    names = {"09:30": "open", "15:00": "close"}
    calendar = [str(day) for day in bundle.days if start <= str(day) <= end]
    found = []
    for time, ordered in common:
        told = f'time="{names.get(time, time)}"'
        found += [f"run_monthly(rebalance, {place}, {told})" for place in _places(ordered, calendar, 7)]
        weekly = _places(ordered, calendar, 10)
        found += [f"run_weekly(rebalance, {place}, {told})" for place in weekly]
        if len(days) > 0.8 * len(calendar):
            found.append(f"run_daily(rebalance, {told})")
    return found


def _days_before(days: Sequence[str], bundle: Bundle) -> list[str]:
    """Return the trading day before each day."""
    places = np.searchsorted(bundle.days, np.array(days, dtype="datetime64[D]")) - 1
    return [str(bundle.days[place]) for place in places if place >= 0]


def _places(days: Sequence[str], calendar: Sequence[str], width: int) -> list[int]:
    """Return the place of the days in their months (width 7) or weeks (10), from the front and from the end."""
    period = (lambda day: day[:7]) if width == 7 else (lambda day: str(dt.date.fromisoformat(day).isocalendar()[:2]))
    groups: dict[str, list[str]] = {}
    for day in calendar:
        groups.setdefault(period(day), []).append(day)
    known = [day for day in days if day in groups.get(period(day), ())]
    front = Counter(groups[period(day)].index(day) + 1 for day in known[1:] or known)
    back = Counter(groups[period(day)].index(day) - len(groups[period(day)]) for day in known[1:] or known)
    ranked = sorted((front, back), key=lambda counts: -max(counts.values(), default=0))
    if len(known) < 0.7 * len(groups):  # it need not order each time, but then nearly always on that place
        ranked = [counts for counts in ranked if _MOST_SELDOM <= sum(counts.values()) * 0.8 <= max(counts.values())]
    return [counts.most_common(1)[0][0] for counts in ranked]


def _opens(fills: Iterable[Fill], bundle: Bundle, field: str) -> list[tuple[int, float, float, float]]:
    """Return (side, printed price, half unit, raw price of the day) of each fill that has a bar."""
    rows = [fill for fill in fills if fill.price is not None and fill.price.value and day_of(fill.moment[:10])]
    codes = sorted({fill.code for fill in rows} & set(bundle.panel().codes))
    if not codes:
        return []
    panel = bundle.panel(codes)
    array, place = panel[field], {code: row for row, code in enumerate(codes)}
    found = []
    for fill in rows:
        at = int(np.searchsorted(panel.days, np.datetime64(fill.moment[:10])))
        if fill.code in place and at < len(panel.days) and fill.price is not None and fill.price.value is not None:
            raw = float(array[place[fill.code], at])
            if raw == raw:
                half = 0.0005 if kind_of_code(fill.code) == "fund" else 0.005
                found.append((1 if fill.direction == "buy" else -1, fill.price.value, half, raw))
    return found


def slippages(side: Side, bundle: Bundle) -> list[str]:
    """Return the slippage settings under which every fill of the side is its open, moved and rounded to its tick."""
    rows = _opens(fills_of(side), bundle, "open")
    found = []
    for name, lows, highs in (
        (
            "PriceRelatedSlippage",
            [2 * sign * (price - sign * half - raw) / raw for sign, price, half, raw in rows],
            [2 * sign * (price + sign * half - raw) / raw for sign, price, half, raw in rows],
        ),
        (
            "FixedSlippage",
            [2 * sign * (price - sign * half - raw) for sign, price, half, raw in rows],
            [2 * sign * (price + sign * half - raw) for sign, price, half, raw in rows],
        ),
    ):
        if lows:
            low, high = float(np.quantile(lows, 0.98)), float(np.quantile(highs, 0.02))
            exact = simple_between(max(lows), min(highs))
            number = exact if exact is not None else simple_between(min(low, high), max(low, high))
            if number is not None and number >= -1e-9:
                found.append(f"set_slippage({name}({abs(number)!r}))" if abs(number) > 0 else _NO_SLIPPAGE)
    return list(dict.fromkeys(found))


_NO_SLIPPAGE = "set_slippage(FixedSlippage(0))"
_USUAL_SLIPPAGE = (
    *("PriceRelatedSlippage(0.00246)", "FixedSlippage(0)", "FixedSlippage(0.02)", "PriceRelatedSlippage(0.002)"),
    *("PriceRelatedSlippage(0.001)", "PriceRelatedSlippage(0.003)", "FixedSlippage(0.01)", "FixedSlippage(0.04)"),
)


def usual_slippages(side: Side) -> list[str]:
    """Return the slippage that people set, for a side whose files tell no price of a fill; else nothing."""
    return [] if fills_of(side) else [f"set_slippage({name})" for name in _USUAL_SLIPPAGE]


def volume_ratio(side: Side, bundle: Bundle) -> float | None:
    """Return which share of the day's volume the side's orders were filled up to; None where all were filled.

    Read off the orders that were filled in part, whose amount is that share of the volume, cut to shares or lots.
    """
    for channel in side.trading.values():
        ends = {(order.moment[:10], order.code) for order in channel.orders if order.status in _IN_PART}
        fills = [fill for fill in channel.fills if (fill.moment[:10], fill.code) in ends and _amount(fill)]
        codes = sorted({fill.code for fill in fills} & set(bundle.panel().codes))
        if not codes:
            continue
        panel = bundle.panel(codes, fields=["volume"])
        spans = []
        for fill in fills:
            at = int(np.searchsorted(panel.days, np.datetime64(fill.moment[:10])))
            volume = float(panel["volume"][panel.row(fill.code), at]) if fill.code in codes else 0.0
            if volume > 0.0:
                spans.append((_amount(fill) / volume, (_amount(fill) + _LOT) / volume))
        if spans:
            return simple_between(max(low for low, _ in spans), min(high for _, high in spans), 4)
    return None


def weight_factor(mine: Side, theirs: Side) -> float | None:
    """Return by which factor the targets of the other side are larger; None where that is not told.

    From the first audit line, else from the shares or the value first bought, which lots round.
    """
    if not mine.audits or not theirs.audits:
        return _bought_factor(mine, theirs)
    lines = {line.day: line for line in theirs.audits or ()}
    for line in mine.audits or ():
        other = lines.get(line.day)
        if other is None:
            continue
        there = {stock.code: stock.target for stock in other.stocks}
        spans = [
            (
                number(there[stock.code]) / (number(stock.target) + 1),
                (number(there[stock.code]) + 1) / number(stock.target),
            )
            for stock in line.stocks
            if number(stock.target) > 10 and number(there.get(stock.code, "")) > 10
        ]  # fmt: skip
        if spans:
            return simple_between(max(low for low, _ in spans), min(high for _, high in spans), 4)
        return None
    return None


def _bought_factor(mine: Side, theirs: Side) -> float | None:
    first = _first_bought(mine)
    if first is None:
        return None
    day, here = first
    there = {fill.code: _amount(fill) for fill in fills_of(theirs) if fill.moment[:10] == day}
    spans = [
        (there[code] / (amount + _LOT), (there[code] + _LOT) / amount)
        for code, amount in here.items()
        if amount and there.get(code)
    ]
    if spans:
        return simple_between(max(low for low, _ in spans), min(high for _, high in spans), 4)
    bought = [
        next((row.bought.value for row in side.results or () if row.day == day and row.bought), None)
        for side in (mine, theirs)
    ]
    if not bought[0] or not bought[1]:
        return None
    return simple_between(bought[1] / bought[0] * 0.98, bought[1] / bought[0] * 1.02, 4)


def _first_bought(side: Side) -> tuple[str, dict[str, float]] | None:
    """Return the first day with purchases and the shares of each code; None for a side that tells none."""
    buys = [fill for fill in fills_of(side) if fill.direction == "buy" and _amount(fill)]
    if not buys:
        return None
    day = min(fill.moment[:10] for fill in buys)
    return day, {fill.code: _amount(fill) for fill in buys if fill.moment[:10] == day}


def _amount(fill: Fill) -> float:
    return 0.0 if fill.amount is None or fill.amount.value is None else fill.amount.value


def number(text: str) -> float:
    """Return a target as a number, 0 for none."""
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0


def chosen_count(side: Side) -> int | None:
    """Return how many stocks the side's rebalances choose: the most frequent; None if not told."""
    counts = Counter(len(line.chosen) for line in side.audits or ())
    return counts.most_common(1)[0][0] if counts else None
