"""Matching: whether an order trades now, at which price, how much, and what is written.

With P' = the slipped price (JOINQUANT.md §3.4): a market buy at P' ≥ high limit and a market sell at P' ≤ low
limit are cancelled; limit orders there, or on the wrong side of P', wait and are tried against each minute bar that
ends (§3.5), against the day's bar where there are no minutes, and fill at their limit, at most the volume of that
bar × ``order_volume_ratio``. At submission the quantity is capped by the volume
of the whole day × ``order_volume_ratio``, per order. # platform: the cap knows the day's volume before the day
is over, and so does this one; it never shows in anything that the strategy can read.
"""

from __future__ import annotations

from collections.abc import Mapping

from sdk.emulator.account import Account
from sdk.emulator.clock import Clock
from sdk.emulator.instruments import Instrument
from sdk.emulator.logbook import Logbook
from sdk.emulator.orders import LimitOrderStyle, MarketOrderStyle, OrderStatus, StockOrder, UserTrade
from sdk.emulator.quotes import Quotes
from sdk.emulator.settings import Settings


class Matcher:
    """Turns checked orders into fills, waiting orders or cancelled ones."""

    def __init__(
        self,
        account: Account,
        quotes: Quotes,
        clock: Clock,
        settings: Settings,
        book: Logbook,
        rules: Mapping[str, str],
    ) -> None:
        self._account, self._quotes, self._clock = account, quotes, clock
        self._settings, self._book = settings, book
        self._test_rounded = rules["limit_test_price"] == "rounded"
        self._signal_at_last = rules["signal_limit_price"] == "last"
        self._cap_to_lot = rules["volume_cap_rounding"] == "lot"
        self._keep_row = rules["closed_position_leaves"] == "after_close"

    def match_now(self, order: StockOrder, instrument: Instrument, last: float) -> None:
        """Match at the latest price; a market order is finished afterwards."""
        if self._settings.match_by_signal:
            self._fill_by_signal(order, instrument, last)
            return
        side = 1 if order.is_buy else -1
        exact, price = self._settings.slippage.price(instrument, last, side)
        tested = price if self._test_rounded else exact
        low, high = self._quotes.limits(instrument.code)
        at_limit = tested >= high if order.is_buy else tested <= low
        style = order.live_style
        if isinstance(style, MarketOrderStyle):
            beyond = style.limit_price and (price - style.limit_price) * side > 0
            if at_limit:
                words = "已经涨停，市价买单取消" if order.is_buy else "已经跌停，市价卖单取消"
                self._book.write("order", "warning", f"{words}：{order}")
            if at_limit or (beyond and instrument.is_star):
                self.cancel(order)
                return
        elif at_limit or (style.limit_price - price) * side < 0:
            self.freeze(order, style.limit_price)
            order.status = OrderStatus.open
            return
        volume = 0 if self._quotes.untraded(instrument.code) else self._cap(instrument)
        if volume == 0:
            self._book.write("order", "warning", f"该标的截至到目前成交量为0 ，暂时无法成交：{order}")
            self.cancel(order)
            return
        self._fill(order, instrument, min(order.left, volume), price)
        if order.left and isinstance(style, MarketOrderStyle):
            self.cancel(order)
        elif order.left:
            self.freeze(order, style.limit_price or price)

    def _fill_by_signal(self, order: StockOrder, instrument: Instrument, last: float) -> None:
        """Option match_by_signal: a limit order trades at its limit, a market order without slippage, in full."""
        limit = order.request.style.limit_price if isinstance(order.request.style, LimitOrderStyle) else None
        self._fill(order, instrument, order.left, last if limit is None or self._signal_at_last else limit)

    def match_day_bar(self, order: StockOrder, instrument: Instrument) -> None:
        """Fill a waiting limit order at its limit when the day's low (high) crossed it."""
        extreme = self._quotes.value("low" if order.is_buy else "high", instrument.code, self._clock.day)
        self._match_bar(order, instrument, extreme, self._cap(instrument) - order.filled)

    def match_minute_bar(self, order: StockOrder, instrument: Instrument, bar: int) -> None:
        """The same against one minute bar, up to its volume × ``order_volume_ratio``."""
        day, code = self._clock.day, instrument.code
        extreme = self._quotes.minute("low" if order.is_buy else "high", code, day, bar)
        volume = self._quotes.minute("volume", code, day, bar)
        if volume > 0:
            self._match_bar(order, instrument, extreme, self._capped(instrument, volume))

    def _match_bar(self, order: StockOrder, instrument: Instrument, extreme: float, most: int) -> None:
        style = order.live_style
        if not isinstance(style, LimitOrderStyle) or order.status is OrderStatus.new or order.asleep:
            return
        low, high = self._quotes.limits(instrument.code)
        # no trade is made beyond the day's limits, whatever limit the order names
        price = min(style.limit_price, high) if order.is_buy else max(style.limit_price, low)
        crossed = price > extreme if order.is_buy else price < extreme
        amount = min(order.left, most)
        if crossed and amount > 0:
            self.release(order)
            self._fill(order, instrument, amount, price)
            if order.left:
                self.freeze(order, style.limit_price)

    def _cap(self, instrument: Instrument) -> int:
        return self._capped(instrument, self._quotes.day_volume(instrument.code))

    def _capped(self, instrument: Instrument, traded: float) -> int:
        volume = int(traded * self._settings.order_volume_ratio)
        return volume - volume % instrument.lot if self._cap_to_lot else volume

    # ---------------------------------------------------------------------------------------------- bookings
    def _fill(self, order: StockOrder, instrument: Instrument, amount: int, price: float) -> None:
        clock, account, code = self._clock, self._account, instrument.code
        bought_today = account.holdings[code].today if not order.is_buy else 0
        held = account.holdings[code].amount if not order.is_buy else 0
        same_day = max(amount - (held - bought_today), 0)
        fee = self._settings.costs.fee(instrument, order.is_buy, price, amount, same_day)
        if self._book.shows("order", "info"):
            line = f"order {order} trade price: {price}, amount:{amount}, commission: {fee}"
            self._book.write("order", "info", line)
        if order.is_buy:
            account.buy(instrument, amount, price, fee, clock.now)
        else:
            order.gains += account.sell(code, amount, price, fee, clock.now, self._keep_row)
        order.filled += amount
        order.traded_value += price * amount
        order.price = order.traded_value / order.filled if order.left or order.trades else price
        order.commission += fee
        # platform: the first fill has the order's id (§3.11); those of further fills are only known to be different
        number = order.entrust_id * 1000 + len(order.trades) if order.trades else order.entrust_id
        order.trades.append(UserTrade(number, order.entrust_id, clock.now, code, amount, price))
        order.finish_text = None if order.left else clock.text
        order.status = OrderStatus.filled if order.left else OrderStatus.held

    def freeze(self, order: StockOrder, price: float) -> None:
        """Lock the cash (price × shares) or the shares of a waiting order."""
        if order.is_buy:
            self._account.locks[order.entrust_id] = price * order.left
        else:
            order.locked_shares = order.left
            self._account.holdings[order.request.security].locked += order.left

    def release(self, order: StockOrder) -> None:
        """Undo ``freeze``."""
        self._account.locks.pop(order.entrust_id, None)
        holding = self._account.holdings.get(order.request.security)
        if holding is not None:
            holding.locked = max(holding.locked - order.locked_shares, 0)
        order.locked_shares = 0

    def cancel(self, order: StockOrder) -> None:
        """End an order that has not (fully) traded."""
        self.release(order)
        order.status = OrderStatus.canceled
        order.cancel_text = order.finish_text = self._clock.text
        if self._book.shows("order", "info"):
            self._book.write("order", "info", f"订单取消完成：{order}")
