"""Orders as data: what was asked for, what became of it, and how both print.

``OrderRequest`` is what the strategy asked (frozen); ``StockOrder`` is the platform's entrust, the one mutable
object of an order's life; ``UserOrder`` and ``UserTrade`` are what the strategy holds (read-only views).
# platform: texts of the 2026 engine (ma_crossover_2026, small_cap_2021 and JOINQUANT.md §3.11, §7.2).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import Enum


class OrderStatus(Enum):
    """``str(order.status) == 'held'`` and ``order.status == OrderStatus.held`` both work."""

    open = 0
    filled = 1
    canceled = 2
    rejected = 3
    held = 4
    new = 8

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class MarketOrderStyle:
    """Market order; ``limit_price`` is the protect price that STAR stocks need (0 = none)."""

    limit_price: float | None = None

    def __str__(self) -> str:
        return f"MarketOrderStyle: _limit_price={float(self.limit_price or 0.0)}"

    __repr__ = __str__


@dataclass(frozen=True)
class LimitOrderStyle:
    """Limit order."""

    limit_price: float

    def __str__(self) -> str:
        return f"LimitOrderStyle: _limit_price={self.limit_price}"

    __repr__ = __str__


Style = MarketOrderStyle | LimitOrderStyle


@dataclass(frozen=True)
class OrderRequest:
    """One call of order, order_target, order_value or order_target_value."""

    security: str
    mode: str
    quantity: float
    style: Style
    pindex: int = 0

    @property
    def is_target(self) -> bool:
        """True when ``quantity`` is where the position should end."""
        return "Target" in self.mode

    @property
    def is_value(self) -> bool:
        """True when ``quantity`` is in CNY."""
        return self.mode.endswith("Value")

    @property
    def text(self) -> str:
        """Security, mode and style as every order line starts."""
        what = f"_value={float(self.quantity)}" if self.is_value else f"_amount={int(self.quantity)}"
        return f"security={self.security} mode={self.mode}: {what} style={self.style} side=long"

    def __str__(self) -> str:
        return f"Order({self.text} margin=False entrust_time=None finish_time=None)"


@dataclass
class StockOrder:
    """An entrust: created by the broker, changed by it alone; ``amount`` and ``filled`` are positive shares."""

    entrust_id: int
    request: OrderRequest
    is_buy: bool
    entrust_time: dt.datetime
    entrust_text: str
    amount: int = 0
    filled: int = 0
    price: float = 0.0
    traded_value: float = 0.0
    commission: float = 0.0
    cost_before: float = 0.0
    gains: float = 0.0
    status: OrderStatus = OrderStatus.new
    error: str = ""
    cancel_text: str | None = None
    finish_text: str | None = None
    locked_shares: int = 0
    trades: list[UserTrade] = field(default_factory=list)

    @property
    def action(self) -> str:
        """'open' for buys, 'close' for sells."""
        return "open" if self.is_buy else "close"

    @property
    def left(self) -> int:
        """Shares that still wait."""
        return self.amount - self.filled

    @property
    def unfinished(self) -> bool:
        """True while the order may still trade."""
        return self.status in (OrderStatus.new, OrderStatus.open, OrderStatus.filled)

    def __str__(self) -> str:
        return (
            f"StockOrder(entrust_id={self.entrust_id} {self.request.text} action={self.action} margin=False "
            f"entrust_time={self.entrust_text} cancel_time={self.cancel_text} finish_time={self.finish_text} "
            f"comment= error={self.error})"
        )


class UserOrder:
    """What an order function returns; shows the order as it is now. Not valid on another day."""

    __slots__ = ("_order",)

    def __init__(self, order: StockOrder) -> None:
        self._order = order

    status = property(lambda self: self._order.status)
    add_time = property(lambda self: self._order.entrust_time)
    is_buy = property(lambda self: self._order.is_buy)
    amount = property(lambda self: self._order.amount)
    filled = property(lambda self: self._order.filled)
    security = property(lambda self: self._order.request.security)
    order_id = property(lambda self: self._order.entrust_id)
    price = property(lambda self: self._order.price)
    action = property(lambda self: self._order.action)
    commission = property(lambda self: self._order.commission)
    style = property(lambda self: self._order.request.style)
    side = property(lambda self: "long")
    pindex = property(lambda self: self._order.request.pindex)

    @property
    def avg_cost(self) -> float:
        """Cost of the position before a sale; the price of a buy."""
        return self._order.price if self._order.is_buy else self._order.cost_before

    def __repr__(self) -> str:
        names = ("status", "style", "order_id", "price", "pindex", "amount", "action", "security", "side")
        shown = {name: getattr(self, name) for name in (*names, "filled", "add_time")}
        return f"UserOrder({shown})"


@dataclass(frozen=True)
class UserTrade:
    """One fill; ``amount`` in shares, ``price`` in CNY."""

    trade_id: int
    order_id: int
    time: dt.datetime
    security: str
    amount: int
    price: float

    def __repr__(self) -> str:
        shown = {name: getattr(self, name) for name in ("trade_id", "order_id", "time", "amount", "price")}
        return f"UserTrade({shown})"
