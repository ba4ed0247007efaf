"""The broker: takes a request, checks it, and matches it now, at the next open, or not at all.

    create → size → check → (queue) → match → book        all inside the call, JOINQUANT.md §3.2

In the session a market order is finished when the call returns. Before the open and after the close an order is
queued for the next open (rule ``lunch_orders`` between the sessions). Limit orders that do not cross and stop orders
that have not gone off wait for the next minute bars, or the day's bar (rule ``queued_limit_orders``) where there are
none, and are cancelled at the end of the day. Lines are written in the order in which the 2026 engine prints them:

    开仓数量必须是100的整数倍 …: Order(…)      only buys that need rounding, before an id is given
    下单检查标的数量：StockOrder(…)            only when error= is not empty
    order StockOrder(…) trade price: …         a fill
    订单已委托：StockOrder(…)                  the order is finished or waits
    订单委托失败：StockOrder(…)                refused; the call returns None

Matching itself is in ``matching.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sdk.emulator.account import Account, Holding
from sdk.emulator.accounts import Accounts
from sdk.emulator.clock import Clock
from sdk.emulator.instruments import Instrument
from sdk.emulator.logbook import Logbook
from sdk.emulator.matching import Matcher
from sdk.emulator.orders import (
    STOPS,
    LimitOrderStyle,
    MarketOrderStyle,
    OrderRequest,
    OrderStatus,
    StockOrder,
)
from sdk.emulator.quotes import Quotes
from sdk.emulator.settings import Settings
from sdk.emulator.sizing import (
    NO_PROTECT_PRICE,
    Checked,
    check_buy,
    check_sell,
    cut_to_lot,
    needs_protect_price,
    wanted_delta,
)
from sdk.emulator.stops import goes_off

_WAITING = (OrderStatus.open, OrderStatus.filled)


class Broker:
    """All orders of one run; ``today`` holds those of the day (and those queued for its open), ``placed`` is the
    number of order ids given today."""

    def __init__(
        self,
        accounts: Accounts,
        quotes: Quotes,
        clock: Clock,
        settings: Settings,
        book: Logbook,
        rules: Mapping[str, str],
        instrument: Callable[[str], Instrument],
    ) -> None:
        self._accounts, self._quotes, self._clock = accounts, quotes, clock
        self._settings, self._book, self._rules = settings, book, dict(rules)  # plain: asked often
        self.instrument = instrument
        self._next_id = int(rules["first_entrust_id"])
        self._target_first = rules["value_order_shares"] == "target_first"
        self._matchers: dict[Account, Matcher] = {}
        self.placed = 0
        self.today: list[StockOrder] = []
        self.finished: list[StockOrder] = []

    def has_account(self, pindex: int) -> bool:
        """True for a subportfolio that exists."""
        return self._accounts.part(pindex) is not None

    def account(self, request: OrderRequest) -> Account:
        """The account of a request."""
        return self._accounts.parts[request.pindex]

    def matcher(self, order: StockOrder) -> Matcher:
        """The matcher of the order's account."""
        account = self.account(order.request)
        found = self._matchers.get(account)
        if found is None:
            shared = (self._quotes, self._clock, self._settings, self._book, self._rules)
            found = self._matchers[account] = Matcher(account, *shared)
        return found

    # --------------------------------------------------------------------------------------------- placing
    def place(self, request: OrderRequest) -> StockOrder | None:
        """Place an order; None as on the platform (§3.10): halted, nothing to do, refused."""
        if request.is_target:
            self._cancel_unfinished(request)
        instrument = self.instrument(request.security)
        if self._quotes.paused(instrument.code):
            return self._halted(request)
        last = self._quotes.last_price(instrument.code)
        if not last > 0:
            return self._halted(request)
        holding = self.account(request).holdings.get(instrument.code)
        held = holding.amount - holding.locked if holding else 0
        size_by = request.style.sizing_price or last
        delta = wanted_delta(request, held, size_by, self._target_first)
        if delta == 0 or (delta < 0 and held == 0):
            return self._nothing(request)
        if delta > 0:
            return self._buy(request, instrument, delta, last, held)
        assert holding is not None
        return self._sell(request, instrument, delta, last, holding)

    def _buy(
        self, request: OrderRequest, instrument: Instrument, delta: int, last: float, held: int
    ) -> StockOrder | None:
        lots = cut_to_lot(delta, instrument)
        small_change = request.is_target and held > 0
        if lots == 0 and self._rules["zero_lot_change" if small_change else "zero_lot_buy"] == "silent":
            return None
        if self.lacks_protect_price(request, instrument, is_buy=True):
            return self._refuse(self._new(request, True), NO_PROTECT_PRICE)
        if lots != delta and instrument.lot > 1 and self._book.shows("order", "info"):
            self._book.write("order", "info", f"开仓数量必须是{instrument.lot}的整数倍，调整为 {lots}: {request}")
        order = self._new(request, True)
        cash_price = last
        if self._rules["cash_cap_price"] == "fill":
            cash_price = self._settings.slippage.price(instrument, last, +1)[1]
        if isinstance(request.style, LimitOrderStyle):
            cash_price = request.style.limit_price
        cash_price = request.style.sizing_price or cash_price
        cash = self.account(request).available
        return self._send(order, instrument, check_buy(delta, cash, cash_price, instrument), last)

    def _sell(
        self, request: OrderRequest, instrument: Instrument, delta: int, last: float, holding: Holding
    ) -> StockOrder | None:
        checked = self.check_sale(instrument, holding, delta)
        rule = "nothing_closeable" if "可平仓" in checked.note else "zero_lot_change"
        if checked.refused and self._rules[rule] == "silent":
            return None
        if self.lacks_protect_price(request, instrument, is_buy=False):
            return self._refuse(self._new(request, False), NO_PROTECT_PRICE)
        order = self._new(request, False)
        order.cost_before = holding.avg_cost
        return self._send(order, instrument, checked, last)

    def check_sale(self, instrument: Instrument, holding: Holding, delta: int, gone: int = 0) -> Checked:
        """Return how many of ``−delta`` shares can be sold when ``gone`` more are spoken for."""
        same_day = instrument.same_day_sale or self._settings.t0_mode
        held, closeable = holding.amount - holding.locked - gone, holding.closeable(same_day) - gone
        strict = instrument.is_star and self._rules["star_partial_sell"] == "first_lot"
        return check_sell(delta, held, max(closeable, 0), instrument, instrument.first_lot if strict else 0)

    def lacks_protect_price(self, request: OrderRequest, instrument: Instrument, is_buy: bool) -> bool:
        """True for an order of a STAR stock that the platform refuses for want of a protect price."""
        exempt = not is_buy and self._rules["star_sell_needs_protect_price"] == "no"
        return not exempt and needs_protect_price(instrument, request.style.limit_price)

    def _send(self, order: StockOrder, instrument: Instrument, checked: Checked, last: float) -> StockOrder | None:
        if checked.refused:
            return self._refuse(order, checked.note)
        order.amount, order.error = checked.amount, checked.note
        if checked.note and self._book.shows("order", "info"):
            self._book.write("order", "info", f"下单检查标的数量：{order}")
        self.today.append(order)
        at_once = self._settings.always_match_market_order and isinstance(order.request.style, MarketOrderStyle)
        queued = self._clock.at_lunch and self._rules["lunch_orders"] == "queue"
        if at_once or (self._clock.in_session and not queued):
            self._try(order, instrument, last)
        elif not order.asleep:
            self.matcher(order).freeze(order, last)
        if order.status is not OrderStatus.canceled or self._rules["confirm_line_after_cancel"] == "yes":
            self._confirm(order)
        return order

    def _try(self, order: StockOrder, instrument: Instrument, last: float) -> None:
        """Match at the latest price; a stop order only when it goes off."""
        if not order.asleep:
            self.matcher(order).match_now(order, instrument, last)
        elif goes_off(order, last, last):
            self._fire(order, instrument, last)
        else:
            order.status = OrderStatus.open

    def _fire(self, order: StockOrder, instrument: Instrument, price: float) -> None:
        """Let a stop order trade now, as far as today's cash or shares allow: nothing was frozen for it."""
        order.fired = True
        account = self.account(order.request)
        if order.is_buy:
            most = cut_to_lot(max(int(account.available / price), 0), instrument)
        else:
            holding = account.holdings.get(instrument.code)
            same_day = instrument.same_day_sale or self._settings.t0_mode
            most = holding.closeable(same_day) if holding else 0
        order.amount = min(order.amount, most)
        if order.amount > 0:
            self.matcher(order).match_now(order, instrument, price)
        else:
            self.matcher(order).cancel(order)

    # -------------------------------------------------------------------------------------- what ends an order
    def _confirm(self, order: StockOrder) -> None:
        if self._book.shows("order", "info"):
            self._book.write("order", "info", f"订单已委托：{order}")

    def _refuse(self, order: StockOrder, note: str) -> StockOrder | None:
        order.error, order.status = note, OrderStatus.rejected
        self._book.write("order", "error", f"订单委托失败：{order}")
        return None

    def _halted(self, request: OrderRequest) -> StockOrder | None:
        if self._rules["paused_order_line"] == "warning":
            self._book.write("order", "warning", f"下单失败，标的停牌或不可交易: {request}")
        return None

    def _nothing(self, request: OrderRequest) -> StockOrder | None:
        if not request.is_target and self._rules["zero_quantity_line"] == "warning":
            self._book.write("order", "warning", f"下单失败，初步检查下单数量为0: {request}")
        return None

    def _new(self, request: OrderRequest, is_buy: bool) -> StockOrder:
        number, self._next_id = self._next_id, self._next_id + 1
        self.placed += 1
        stop = isinstance(request.style, STOPS)
        return StockOrder(number, request, is_buy, self._clock.now, self._clock.text, is_stop=stop)

    # ------------------------------------------------------------------------------------------------ the day
    def open_market(self) -> None:
        """Match what was queued before the open, in the order it was placed."""
        for order in self.today:
            if order.status is OrderStatus.new:
                self._open(order, self.instrument(order.request.security))

    def _open(self, order: StockOrder, instrument: Instrument) -> None:
        matcher, account = self.matcher(order), self.account(order.request)
        if self._quotes.paused(instrument.code):
            matcher.cancel(order)
            return
        matcher.release(order)
        last = self._quotes.last_price(instrument.code)
        if order.is_buy and not order.asleep and order.amount * last > account.available:
            order.amount = cut_to_lot(max(int(account.available / last), 0), instrument)
        if not order.is_buy and not order.asleep:
            # a merger of shares overnight may leave fewer than were ordered
            holding = account.holdings.get(instrument.code)
            order.amount = min(order.amount, holding.amount - holding.locked) if holding else 0
        if order.amount == 0:
            matcher.cancel(order)
        else:
            self._try(order, instrument, last)

    def waits(self) -> bool:
        """True while an order waits for a bar."""
        return any(order.status in _WAITING for order in self.today)

    def match_minute(self, bar: int) -> None:
        """Try what waits against a minute bar that has just ended."""
        for order in self.today:
            code = order.request.security
            if order.status not in _WAITING or not self._quotes.minutes.has(code, self._clock.day):
                continue
            if not order.asleep:
                self.matcher(order).match_minute_bar(order, self.instrument(code), bar)
                continue
            low, high, close = (
                self._quotes.minute(field, code, self._clock.day, bar) for field in ("low", "high", "close")
            )
            if goes_off(order, low, high):
                at_stop = self._rules["stop_order_price"] == "stop"
                price = min(max(order.request.style.stop_price, low), high) if at_stop else close  # type: ignore[union-attr]
                self._fire(order, self.instrument(code), price)

    def close_market(self) -> None:
        """Try what waits against the day's bar where there are no minutes, then cancel what is left."""
        for order in self.today:
            if order.unfinished:
                code = order.request.security
                if not self._quotes.minutes.has(code, self._clock.day):
                    self._match_day(order, self.instrument(code))
                if order.unfinished:
                    self.matcher(order).cancel(order)

    def _match_day(self, order: StockOrder, instrument: Instrument) -> None:
        if not order.asleep:
            if self._rules["queued_limit_orders"] == "day_bar":
                self.matcher(order).match_day_bar(order, instrument)
            return
        low, high, close = (
            self._quotes.value(field, instrument.code, self._clock.day) for field in ("low", "high", "close")
        )
        rule = self._rules["stop_orders_without_minutes"]
        if rule != "never" and order.status is OrderStatus.open and goes_off(order, low, high):
            stop = order.request.style.stop_price  # type: ignore[union-attr]
            self._fire(order, instrument, close if rule == "close" else min(max(stop, low), high))

    def end_day(self) -> None:
        """Put today's orders away; those placed after the close stay queued for the next open."""
        waiting = [order for order in self.today if order.unfinished]
        self.finished += [order for order in self.today if not order.unfinished] if waiting else self.today
        self.today = waiting
        self.placed = len(self.today)

    # ------------------------------------------------------------------------------------------------ queries
    def cancel(self, order_id: int) -> StockOrder | None:
        """Cancel an unfinished order of today; None when there is none of that id."""
        for order in self.today:
            if order.entrust_id == order_id and order.unfinished:
                self.matcher(order).cancel(order)
                return order
        return None

    def _cancel_unfinished(self, request: OrderRequest) -> None:
        for order in self.today:
            other = order.request
            if other.security == request.security and other.pindex == request.pindex and order.unfinished:
                self.matcher(order).cancel(order)
