"""Orders as data: what was asked for, what became of it, and how both print.

``OrderRequest`` is what the strategy asked (frozen); ``StockOrder`` is the platform's entrust, the one mutable
object of an order's life; ``UserOrder`` and ``UserTrade`` are what the strategy holds (read-only views).
# platform: texts of the 2026 engine (ma_crossover_2026, small_cap_2021 and JOINQUANT.md §3.11, §7.2).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import Enum

from sdk.errors import StrategyError


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
    sizing_price = None

    def __str__(self) -> str:
        return f"MarketOrderStyle: _limit_price={float(self.limit_price or 0.0)}"

    __repr__ = __str__


@dataclass(frozen=True)
class LimitOrderStyle:
    """Limit order."""

    limit_price: float
    sizing_price = None

    def __str__(self) -> str:
        return f"LimitOrderStyle: _limit_price={self.limit_price}"

    __repr__ = __str__


@dataclass(frozen=True)
class StopMarketOrderStyle:
    """A market order once the stop price is reached; ``mode`` 'stop_loss' or 'take_profit'."""

    mode: str
    stop_price: float
    limit_price = None

    def __post_init__(self) -> None:
        _check_mode(self.mode)

    @property
    def sizing_price(self) -> float:
        """What value orders are sized by."""
        return self.stop_price

    def __str__(self) -> str:
        return f"StopMarketOrderStyle: _mode={self.mode} _stop_price={self.stop_price}"

    __repr__ = __str__


@dataclass(frozen=True)
class StopLimitOrderStyle:
    """A limit order once the stop price is reached; ``mode`` 'stop_loss' or 'take_profit'."""

    mode: str
    stop_price: float
    limit_price: float

    def __post_init__(self) -> None:
        _check_mode(self.mode)

    @property
    def sizing_price(self) -> float:
        """What value orders are sized by."""
        return self.limit_price

    def __str__(self) -> str:
        return f"StopLimitOrderStyle: _mode={self.mode} _stop_price={self.stop_price} _limit_price={self.limit_price}"

    __repr__ = __str__


def _check_mode(mode: str) -> None:
    if mode not in ("stop_loss", "take_profit"):
        raise StrategyError(f"stop order: mode={mode!r}; choose 'stop_loss' or 'take_profit'")


Style = MarketOrderStyle | LimitOrderStyle | StopMarketOrderStyle | StopLimitOrderStyle
STOPS = (StopMarketOrderStyle, StopLimitOrderStyle)
STYLES = (MarketOrderStyle, LimitOrderStyle, *STOPS)


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


_UNFINISHED = (OrderStatus.new, OrderStatus.open, OrderStatus.filled)


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
    is_stop: bool = False
    fired: bool = False
    trades: list[UserTrade] = field(default_factory=list)

    @property
    def live_style(self) -> MarketOrderStyle | LimitOrderStyle:
        """How the order trades: a stop order that has gone off trades as a market or limit order."""
        style = self.request.style
        if isinstance(style, StopLimitOrderStyle):
            return LimitOrderStyle(style.limit_price)
        return MarketOrderStyle() if isinstance(style, StopMarketOrderStyle) else style

    @property
    def asleep(self) -> bool:
        """True for a stop order that has not gone off."""
        return self.is_stop and not self.fired

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
        return self.status in _UNFINISHED

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
