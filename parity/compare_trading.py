"""Layers order, size, fill price and fee: orders and fills of both sides, channel by channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from parity.align import pair_records
from parity.layers import FILL_RULES, ORDER_RULES, Comparison, absent, judge, uncovered
from parity.records import Coverage, Fill, Order, Side, Trading

DIRECTIONS = {"buy": "买 buy", "sell": "卖 sell", "": "?"}
_UNCOVERED = "文件未覆盖 {side} files do not cover that moment"
_NOT_SHOWN = "{side} 的文件不列出未成交的订单 lists no orders of that status"


@dataclass(frozen=True)
class _Told:
    """One side's trading, with the days that its other files cover."""

    side: str
    trading: Trading
    days: Coverage

    def covers(self, moment: str) -> bool:
        return self.trading.coverage.covers(moment) and self.days.covers(moment[:10])


def compare_trading(
    local: Side, platform: Side, local_days: Coverage, platform_days: Coverage
) -> Iterator[Comparison]:
    """Compare every channel that both sides have; without a common one, the log with the table."""
    mine, theirs = _speaking(local), _speaking(platform)
    common = [channel for channel in mine if channel in theirs]
    pairs = [(channel, channel) for channel in common]
    if not pairs:
        pairs = [(one, other) for one in mine for other in theirs][:1]
    for one, other in pairs:
        yield from _channel(
            _Told("本地 local", mine[one], local_days), _Told("平台 platform", theirs[other], platform_days)
        )


def _speaking(side: Side) -> dict[str, Trading]:
    """Leave out a log whose order lines were silenced: it shows no fill while the side's table does."""
    table = side.trading.get("transaction")
    silent = table is not None and table.fills and not getattr(side.trading.get("log"), "fills", True)
    return {name: told for name, told in side.trading.items() if not (silent and name == "log")}


def _channel(local: _Told, platform: _Told) -> Iterator[Comparison]:
    for one, other in pair_records(local.trading.orders, platform.trading.orders):
        yield from _order(one, other, local, platform)
    for mine, theirs in pair_records(local.trading.fills, platform.trading.fills):
        yield from _fill(mine, theirs, local, platform)


def _order(one: Order | None, other: Order | None, local: _Told, platform: _Told) -> Iterator[Comparison]:
    present = one or other
    assert present is not None
    if one is not None and other is not None:
        moment = min(one.moment, other.moment, key=lambda moment: (moment[:10], -len(moment), moment))
        yield from judge(ORDER_RULES, moment, present.code, one, other, (one.where, other.where))
        return
    lacking = platform if other is None else local
    shown = _describe(one), _describe(other)
    if present.status not in lacking.trading.shows:
        why = _NOT_SHOWN.format(side=lacking.side)
        yield uncovered("order", "订单 order", present.moment, present.code, *shown, why)
    else:
        yield _lone("order", "订单 order", present, shown, lacking)


def _fill(one: Fill | None, other: Fill | None, local: _Told, platform: _Told) -> Iterator[Comparison]:
    present = one or other
    assert present is not None
    if one is not None and other is not None:
        moment = min(one.moment, other.moment, key=lambda moment: (moment[:10], -len(moment), moment))
        yield from judge(FILL_RULES, moment, present.code, one, other, (one.where, other.where))
        return
    lacking = platform if other is None else local
    yield _lone("size", "成交 fill", present, (_describe_fill(one), _describe_fill(other)), lacking)


def _lone(layer: str, name: str, present: Order | Fill, shown: tuple[str, str], lacking: _Told) -> Comparison:
    if lacking.covers(present.moment):
        where = ("", present.where) if lacking.side.startswith("本地") else (present.where, "")
        return absent(layer, name, present.moment, present.code, *shown, where)
    why = _UNCOVERED.format(side=lacking.side)
    return uncovered(layer, name, present.moment, present.code, *shown, why)


def _describe(order: Order | None) -> str:
    if order is None:
        return ""
    asked = order.requested or order.ordered
    return " ".join(
        filter(None, (DIRECTIONS.get(order.direction), order.mode, asked.text if asked else "", order.status))
    )


def _describe_fill(fill: Fill | None) -> str:
    if fill is None:
        return ""
    amount, price = fill.amount.text if fill.amount else "?", fill.price.text if fill.price else "?"
    return f"{DIRECTIONS.get(fill.direction)} {amount} @ {price}"
