"""Costs read off the fees that a side prints: commission to open and to close, minimum, tax; stocks and funds apart.

A fee is max(commission × value, minimum) + tax × value. Where only the sum of closing commission and tax can be told,
the tax is taken to be one that has been in force.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from parity.counterfactual_guess import fills_of, simple_between
from parity.records import Fill, Side
from sdk.emulator.instruments import kind_of_code

_HALVED = "2023-08-28"  # stamp tax from 0.1 % to 0.05 %
_TAXES = (0.001, 0.0005, 0.0)
_USUAL_RATES = ((0.0003, 5.0), (0.0, 0.0), (0.00025, 5.0), (0.0002, 5.0), (0.0001, 5.0), (0.0003, 0.0), (0.0001, 0.0))

Row = tuple[str, str, float, float, float]  # day, direction, value in CNY, fee, its half unit


class CostCall(NamedTuple):
    """A call of ``set_order_cost``; ``daily``: it has to be made each morning, because it asks for the date."""

    call: str
    words: str
    daily: bool = False


def order_costs(side: Side) -> list[CostCall]:
    """Return OrderCost settings under which the fees of the side are what it prints; the simplest numbers.

    A side that trades stocks and funds has costs for both: first set together, then each alone.
    """
    kinds = {
        kind: [
            made for fill in fills_of(side) if kind_of_code(fill.code) == kind and (made := _row(fill)) is not None
        ]
        for kind in ("stock", "fund")
    }
    found = [calls for kind, rows in kinds.items() if (calls := _order_costs(rows, kind))]
    if len(found) < 2:
        return found[0] if found else []
    one, other = (calls[0] for calls in found)
    both = CostCall(f"{one.call}; {other.call}", f"{one.words}；{other.words}", one.daily or other.daily)
    return [both, *found[0], *found[1]]


def _row(fill: Fill) -> Row | None:
    if not (fill.price and fill.amount and fill.fee and fill.price.value and fill.amount.value):
        return None
    if fill.fee.value is None:
        return None
    value = fill.price.value * fill.amount.value
    return fill.moment[:10], fill.direction, value, fill.fee.value, fill.fee.half_unit


def _order_costs(rows: Sequence[Row], kind: str) -> list[CostCall]:
    buys = [row for row in rows if row[1] == "buy" and row[2] > 0]
    sells = [row for row in rows if row[1] == "sell" and row[2] > 0]
    if not buys:
        return []
    repeated = [fee for fee, count in Counter(row[3] for row in buys).most_common(1) if count > 1]
    calls: list[CostCall] = []
    for least in dict.fromkeys((*repeated, 5.0, 0.0)):
        commission = _rate([row for row in buys if row[3] > least + 1e-9])
        if commission is None and any(row[3] > least + 1e-9 for row in buys):
            continue
        rate = (0.0003 if least else 0.0) if commission is None else commission
        late = [row for row in sells if row[0] >= _HALVED]
        early = [row for row in sells if row[0] < _HALVED]
        whole, before, after = (_tax(part, rate, least) for part in (sells, early, late))
        if whole is not None or not sells:
            usual = 0.001 if kind == "stock" else 0.0
            calls.append(_cost(usual if whole is None else whole, rate, least, kind))
        elif before is not None and after is not None:
            calls.append(_cost((before, after), rate, least, kind))
        else:
            calls += [_cost(tax, rate, least, kind, closing) for tax, closing in _closing(sells, least)]
    return calls


def _closing(sells: Sequence[Row], least: float) -> Iterator[tuple[float, float]]:
    """Yield (tax, commission to close) under which every sell costs what it did, for the taxes known."""
    for tax in _TAXES:
        rows = [(day, way, value, fee - tax * value, half) for day, way, value, fee, half in sells]
        rate = _rate([row for row in rows if row[3] > least + row[4] + 1e-9])
        if rate is not None and all(
            abs(max(rate * row[2], least) - row[3]) <= row[4] + 1e-9 * row[2] for row in rows
        ):
            yield tax, rate


def usual_costs(side: Side) -> list[CostCall]:
    """Return the costs that people set, for a side whose files tell no fee; else nothing."""
    if any(fill.fee is not None for fill in fills_of(side)):
        return []
    return [
        _cost(tax, rate, least)
        for rate, least in _USUAL_RATES
        for tax in ((0.001, 0.0005, (0.001, 0.0005)) if rate else (0.0,))
    ]


def _cost(
    tax: float | tuple[float, float], rate: float, least: float, kind: str = "stock", closing: float | None = None
) -> CostCall:
    """Return the call for a stamp tax, or for one before the day of its halving and one from that day on."""
    text, shown = repr(tax), f"{tax:g}" if isinstance(tax, float) else ""
    if isinstance(tax, tuple):
        text = f"{tax[0]!r} if str(context.current_dt.date()) < '{_HALVED}' else {tax[1]!r}"
        shown = f"{tax[0]:g}，{_HALVED} 起 {tax[1]:g}"
    call = (
        f"set_order_cost(OrderCost(open_tax=0, close_tax={text}, open_commission={rate!r}, "
        f"close_commission={rate if closing is None else closing!r}, close_today_commission=0, "
        f"min_commission={least!r}), type='{kind}')"
    )
    rates = f"佣金 {_shown(rate)}" if closing is None else f"买入佣金 {_shown(rate)}，卖出佣金 {_shown(closing)}"
    of_funds = "基金 " if kind == "fund" else ""
    return CostCall(call, f"{of_funds}{rates}，最低 {least:g} 元，卖出税 {shown}", isinstance(tax, tuple))


def _shown(rate: float) -> str:
    return f"{rate:.7f}".rstrip("0").rstrip(".")


def _rate(rows: Sequence[Row]) -> float | None:
    """Return the simplest rate with fee = rate × value in every row, within what is printed."""
    if not rows:
        return None
    slack = [half + 1e-9 * max(fee, 1.0) for _, _, _, fee, half in rows]
    lows = [(fee - more) / value for (_, _, value, fee, _), more in zip(rows, slack, strict=True)]
    highs = [(fee + more) / value for (_, _, value, fee, _), more in zip(rows, slack, strict=True)]
    return simple_between(max(lows), min(highs))


def _tax(rows: Sequence[Row], rate: float, least: float) -> float | None:
    """Return the simplest tax with fee = max(rate × value, least) + tax × value in every row."""
    if not rows:
        return None
    spans = [
        ((fee - max(rate * value, least) - half - 1e-9 * max(fee, 1.0)) / value,
         (fee - max(rate * value, least) + half + 1e-9 * max(fee, 1.0)) / value)
        for _, _, value, fee, half in rows
    ]  # fmt: skip
    number = simple_between(max(low for low, _ in spans), min(high for _, high in spans))
    return None if number is None or number < -1e-9 else abs(number)
