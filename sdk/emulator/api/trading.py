"""The order calls of a strategy: order, order_target, order_value, order_target_value, cancel_order, batches, lists.

Arguments are checked here; what happens to an order is the broker's (``broker.py``). Source: JOINQUANT.md §3.1,
§3.10: a short side, a pindex that does not exist or an unknown code give None, not an error.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from sdk.emulator.bars import BarStore
from sdk.emulator.basket import Basket
from sdk.emulator.broker import Broker
from sdk.emulator.lib.old_scalars import float_of
from sdk.emulator.logbook import Logbook
from sdk.emulator.orders import STYLES, MarketOrderStyle, OrderRequest, UserOrder, UserTrade
from sdk.errors import StrategyError, nearest

_MARKET = MarketOrderStyle()
_CALLS = {
    **{"OrderAmount": "order", "OrderTargetAmount": "order_target"},
    **{"OrderValue": "order_value", "OrderTargetValue": "order_target_value"},
}
_BATCH_KEYS = ("security", "amount", "style", "side", "pindex", "close_today")


class Trading:
    """The order calls of one run."""

    def __init__(
        self, broker: Broker, basket: Basket, bars: BarStore, book: Logbook, rules: Mapping[str, str]
    ) -> None:
        self._broker, self._basket, self._bars, self._book = broker, basket, bars, book
        self._refuse_close_today = rules["close_today_on_stocks"] == "refuse"
        self._most = int(rules["orders_a_day"])
        self._says_refused = rules["refused_request_line"] == "warning"
        self._says_basket = rules["basket_refused_line"] == "error"

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
        return self._place("OrderAmount", security, amount, style, side, pindex, close_today)

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
        return self._place("OrderTargetAmount", security, amount, style, side, pindex, close_today)

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
        return self._place("OrderValue", security, value, style, side, pindex, close_today)

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
        return self._place("OrderTargetValue", security, value, style, side, pindex, close_today)

    def _place(self, mode: str, *arguments: Any) -> UserOrder | None:
        request = self._request(mode, *arguments)
        if request is None:
            return None
        if self._broker.placed >= self._most:
            self._book.write("order", "error", f"下单失败，当日下单数量超过 {self._most} 笔: {request}")
            return None
        order = self._broker.place(request)
        return None if order is None else UserOrder(order)

    def _request(
        self, mode: str, security: str, quantity: Any, style: Any, side: str, pindex: int, close_today: bool
    ) -> OrderRequest | None:
        """Return the request; None, with a line in the log, for what a stock account cannot do."""
        if style is None:
            style = _MARKET
        if not isinstance(style, STYLES):
            known = ", ".join(kind.__name__ for kind in STYLES)
            raise StrategyError(f"{_CALLS[mode]}: style must be one of {known}, got {style!r}")
        quantity = _number(quantity, mode, security)
        number = pindex if isinstance(pindex, int) else -1
        request = OrderRequest(str(security), mode, quantity, style, number)
        problem = ""
        if side != "long" or (request.is_target and quantity < 0):
            problem = "股票、基金只能做多"
        elif not self._broker.has_account(number):
            problem = f"没有仓位 pindex={pindex}"
        elif not self._bars.known(security):
            problem = "找不到标的"
        elif self._bars.instrument(security).type == "futures":
            problem = "期货账户未提供"
        elif close_today and self._refuse_close_today:
            problem = "该标的没有平今 close_today"
        if problem and self._says_refused:
            self._book.write("order", "warning", f"下单失败，{problem}: {request}")
        return None if problem else request

    # ------------------------------------------------------------------------------------------------- baskets
    def batch_submit_orders(self, orders: Iterable[Mapping[str, Any]]) -> list[UserOrder]:
        """Place several orders; cash and shares are checked for all of them first, and one failure stops all."""
        requests = []
        for number, item in enumerate(orders):
            requests.append(self._batch_request(number, item))
        sound = [request for request in requests if request is not None]
        problem = "其中有不可委托的订单" if len(sound) < len(requests) else self._basket.problem(sound)
        if not problem and self._broker.placed + len(sound) > self._most:
            problem = f"当日下单数量超过 {self._most} 笔"
        if problem and self._says_basket:
            self._book.write("order", "error", f"篮子下单失败，全部未委托：{problem}")
        if problem:
            return []
        placed = [self._broker.place(request) for request in sound]
        return [UserOrder(order) for order in placed if order is not None]

    def _batch_request(self, number: int, item: Mapping[str, Any]) -> OrderRequest | None:
        where = f"batch_submit_orders, order {number}"
        if not isinstance(item, Mapping):
            raise StrategyError(f"{where}: expected a dict with {', '.join(_BATCH_KEYS)}, got {item!r}")
        for key in item:
            if key not in _BATCH_KEYS:
                raise StrategyError(f"{where}: no key {key!r}{nearest(str(key), _BATCH_KEYS)}")
        if "security" not in item or "amount" not in item:
            raise StrategyError(f"{where}: security and amount are needed, got {sorted(item)}")
        rest = (item.get("side", "long"), item.get("pindex", 0), item.get("close_today", False))
        return self._request("OrderAmount", item["security"], item["amount"], item.get("style"), *rest)

    def batch_cancel_orders(self, orders: Iterable[Any]) -> list[UserOrder]:
        """Cancel several orders, given as orders or ids; return those that were cancelled."""
        found = [self.cancel_order(order) for order in orders]
        return [order for order in found if order is not None]

    # ------------------------------------------------------------------------------------------------ one order
    def cancel_order(self, order: Any) -> UserOrder | None:
        """Cancel by order or id; None when it is finished already."""
        number = order.order_id if isinstance(order, UserOrder) else _id(order)
        found = self._broker.cancel(number)
        return None if found is None else UserOrder(found)

    def get_open_orders(self) -> dict[int, UserOrder]:
        """Orders of today that may still trade, by id."""
        return {order.entrust_id: UserOrder(order) for order in self._broker.today if order.unfinished}

    def get_orders(
        self, order_id: int | str | None = None, security: str | None = None, status: Any = None
    ) -> dict[int, UserOrder]:
        """Orders of today, by id; the filters add up."""
        order_id = _id(order_id)
        return {
            order.entrust_id: UserOrder(order)
            for order in self._broker.today
            if order_id in (None, order.entrust_id)
            and security in (None, order.request.security)
            and (status is None or str(order.status) == str(status))
        }

    def get_trades(self, order_id: int | str | None = None, security: str | None = None) -> dict[int, UserTrade]:
        """Fills of today, by trade id."""
        order_id = _id(order_id)
        return {
            trade.trade_id: trade
            for order in self._broker.today
            for trade in order.trades
            if order_id in (None, order.entrust_id) and security in (None, trade.security)
        }


def _id(order_id: Any) -> Any:
    """An order id as a number; the platform's own examples write it as text."""
    return int(order_id) if isinstance(order_id, str) and order_id.isdecimal() else order_id


def _number(quantity: Any, mode: str, security: str) -> float:
    try:
        number = float_of(quantity)
    except (TypeError, ValueError) as error:
        raise StrategyError(f"{_CALLS[mode]}({security}): {quantity!r} is not a number") from error
    if not math.isfinite(number):
        raise StrategyError(f"{_CALLS[mode]}({security}): quantity is {number}; check the prices it was made from")
    return number
