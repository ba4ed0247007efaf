"""Stop orders: when a StopMarketOrderStyle or StopLimitOrderStyle goes off.

    stop_loss    a sale goes off at or below the stop price, a buy at or above it
    take_profit  a sale goes off at or above the stop price, a buy at or below it

Until then nothing is frozen. An order whose condition holds already goes off at once; the others are tried against
each minute bar (its low and high), against the day's bar where there are no minutes
(rule ``stop_orders_without_minutes``), and are cancelled at the close. Source: JOINQUANT.md §3.6.
"""

from __future__ import annotations

from sdk.emulator.orders import StockOrder, StopLimitOrderStyle, StopMarketOrderStyle

_FALLS = {("stop_loss", False), ("take_profit", True)}


def goes_off(order: StockOrder, low: float, high: float) -> bool:
    """True when prices between ``low`` and ``high`` set the order off."""
    style = order.request.style
    assert isinstance(style, StopMarketOrderStyle | StopLimitOrderStyle)
    return low <= style.stop_price if (style.mode, order.is_buy) in _FALLS else high >= style.stop_price
