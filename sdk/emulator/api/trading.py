"""The order calls of a strategy: order, order_target, order_value, order_target_value, cancel_order and lists.

Arguments are checked here; what happens to an order is the broker's (``broker.py``). Source: JOINQUANT.md §3.1,
§3.10: a short side, another pindex or an unknown code give None, not an error.
"""

from __future__ import annotations

import math
from typing import Any

from sdk.emulator.bars import BarStore
from sdk.emulator.broker import Broker
from sdk.emulator.logbook import Logbook
from sdk.emulator.orders import STYLES, MarketOrderStyle, OrderRequest, UserOrder, UserTrade
from sdk.errors import StrategyError

MAX_ORDERS_A_DAY = 10_000


class Trading:
    """The order calls of one run."""

    def __init__(self, broker: Broker, bars: BarStore, book: Logbook) -> None:
        self._broker, self._bars, self._book = broker, bars, book

    def order(
        self,
        security: str,
        amount: float,
        style: Any = None,
        side: str = "long",
        pindex: int = 0,
        close_today: bool = False,
    ) -> UserOrder | None:
        """Buy (amount > 0) or sell shares."""
        return self._place("OrderAmount", security, amount, style, side, pindex)

    def order_target(
        self,
        security: str,
        amount: float,
        style: Any = None,
        side: str = "long",
        pindex: int = 0,
        close_today: bool = False,
    ) -> UserOrder | None:
        """Trade until ``amount`` shares are held."""
        return self._place("OrderTargetAmount", security, amount, style, side, pindex)

    def order_value(
        self,
        security: str,
        value: float,
        style: Any = None,
        side: str = "long",
        pindex: int = 0,
        close_today: bool = False,
    ) -> UserOrder | None:
        """Buy (value > 0) or sell for an amount of CNY."""
        return self._place("OrderValue", security, value, style, side, pindex)

    def order_target_value(
        self,
        security: str,
        value: float,
        style: Any = None,
        side: str = "long",
        pindex: int = 0,
        close_today: bool = False,
    ) -> UserOrder | None:
        """Trade until the position is worth ``value`` CNY."""
        return self._place("OrderTargetValue", security, value, style, side, pindex)

    def _place(
        self, mode: str, security: str, quantity: float, style: Any, side: str, pindex: int
    ) -> UserOrder | None:
        if style is None:
            style = MarketOrderStyle()
        if not isinstance(style, STYLES):
            known = ", ".join(kind.__name__ for kind in STYLES)
            raise StrategyError(f"{mode}: style must be one of {known}, got {style!r}")
        quantity = _number(quantity, mode, security)
        request = OrderRequest(str(security), mode, quantity, style)
        if side != "long" or pindex != 0 or (request.is_target and quantity < 0):
            self._book.write("order", "warning", f"下单失败，股票账户只能做多，且只有一个仓位: {request}")
            return None
        if not self._bars.known(security):
            self._book.write("order", "warning", f"下单失败，找不到标的: {request}")
            return None
        if len(self._broker.today) >= MAX_ORDERS_A_DAY:
            raise StrategyError(f"more than {MAX_ORDERS_A_DAY} orders on one day; the platform stops here as well")
        order = self._broker.place(request)
        return None if order is None else UserOrder(order)

    def cancel_order(self, order: Any) -> UserOrder | None:
        """Cancel by order or id; None when it is finished already."""
        number = order.order_id if isinstance(order, UserOrder) else order
        found = self._broker.cancel(number)
        return None if found is None else UserOrder(found)

    def get_open_orders(self) -> dict[int, UserOrder]:
        """Orders of today that may still trade, by id."""
        return {order.entrust_id: UserOrder(order) for order in self._broker.today if order.unfinished}

    def get_orders(
        self, order_id: int | None = None, security: str | None = None, status: Any = None
    ) -> dict[int, UserOrder]:
        """Orders of today, by id."""
        return {
            order.entrust_id: UserOrder(order)
            for order in self._broker.today
            if order_id in (None, order.entrust_id)
            and security in (None, order.request.security)
            and (status is None or str(order.status) == str(status))
        }

    def get_trades(self, order_id: int | None = None, security: str | None = None) -> dict[int, UserTrade]:
        """Fills of today, by trade id."""
        return {
            trade.trade_id: trade
            for order in self._broker.today
            for trade in order.trades
            if order_id in (None, order.entrust_id) and security in (None, trade.security)
        }


def _number(quantity: Any, mode: str, security: str) -> float:
    try:
        number = float(quantity)
    except (TypeError, ValueError) as error:
        raise StrategyError(f"{mode}({security}): {quantity!r} is not a number") from error
    if not math.isfinite(number):
        raise StrategyError(f"{mode}({security}): quantity is {number}; check the prices it was made from")
    return number
