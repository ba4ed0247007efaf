"""Baskets: several orders that are checked together before the first is placed.

The platform's page on batch_submit_orders: money and shares are checked for each order, and if one fails none is
placed. Orders are checked in their order, each against what the earlier ones leave: cash at the latest price (at
the limit for limit orders), before fees; shares that may be sold today. Afterwards each goes its own way.
"""

from __future__ import annotations

from collections.abc import Sequence

from sdk.emulator.account import Account
from sdk.emulator.broker import Broker
from sdk.emulator.instruments import Instrument
from sdk.emulator.orders import LimitOrderStyle, OrderRequest
from sdk.emulator.quotes import Quotes
from sdk.emulator.sizing import NO_PROTECT_PRICE, cut_to_lot


class Basket:
    """The checks of one run's baskets."""

    def __init__(self, broker: Broker, quotes: Quotes) -> None:
        self._broker, self._quotes = broker, quotes

    def problem(self, requests: Sequence[OrderRequest]) -> str:
        """Return why these orders cannot all be placed; empty when they can."""
        spent: dict[int, float] = {}
        sold: dict[tuple[int, str], int] = {}
        for request in requests:
            code, amount = request.security, int(request.quantity)
            instrument, account = self._broker.instrument(code), self._broker.account(request)
            last = self._quotes.last_price(code)
            if self._quotes.paused(code) or not last > 0:
                found = "标的停牌或不可交易"
            elif self._broker.lacks_protect_price(request, instrument, amount > 0):
                found = NO_PROTECT_PRICE
            elif amount > 0:
                found = self._buy(request, instrument, account, last, spent)
            else:
                found = self._sell(request, instrument, account, sold)
            if found:
                return f"{found} {request}"
        return ""

    @staticmethod
    def _buy(
        request: OrderRequest, instrument: Instrument, account: Account, last: float, spent: dict[int, float]
    ) -> str:
        lots = cut_to_lot(int(request.quantity), instrument)
        price = request.style.limit_price if isinstance(request.style, LimitOrderStyle) else last
        total = spent[request.pindex] = spent.get(request.pindex, 0.0) + lots * price
        if lots == 0:
            return f"开仓数量不能小于 {instrument.first_lot}"
        return "资金不足" if total > account.available else ""

    def _sell(
        self, request: OrderRequest, instrument: Instrument, account: Account, sold: dict[tuple[int, str], int]
    ) -> str:
        key, holding = (request.pindex, request.security), account.holdings.get(request.security)
        if holding is None or int(request.quantity) == 0:
            return "可平仓数量不足"
        gone = sold.get(key, 0)
        checked = self._broker.check_sale(instrument, holding, int(request.quantity), gone)
        too_many = -int(request.quantity) > holding.amount - holding.locked - gone
        if checked.refused or too_many or "可平仓" in checked.note:
            return checked.note or "可平仓数量不足"
        sold[key] = gone + checked.amount
        return ""
