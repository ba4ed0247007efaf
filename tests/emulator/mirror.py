"""A second set of books, kept beside the emulator's by the documented order of operations, and compared bit by bit.

A strategy made of random actions owns one ``Mirror``. Before and after each action it books what traded since –
value first, then fee – by its own arithmetic, checks each fill against the day's bar, and compares cash, shares
and values with what the account shows.
"""

from __future__ import annotations

import math

import numpy as np

CODES = ("600000.XSHG", "688001.XSHG", "510300.XSHG", "511880.XSHG", "300001.XSHE")
FUNDS = ("510300.XSHG", "511880.XSHG")
MARKETS: dict = {}


class Mirror:
    """``actions``: (day, instant, call, arguments); ``api`` are the names of the strategy."""

    def __init__(self, context, market, actions, api, cashes, t0=False, signal=False):
        self.context, self.actions, self.api, self.t0, self.signal = context, actions, api, t0, signal
        bundle = MARKETS[market]
        self.days, self.bars = bundle.days, bundle.panel(CODES)
        self.events = {(row.code, str(row.ex_date)[:10]): row for row in bundle.corporate_actions.itertuples()}
        self.cash, self.paid_in = list(map(float, cashes)), list(map(float, cashes))
        self.shares = [{} for _ in cashes]
        self.bought = [{} for _ in cashes]
        self.sold_value = [0.0 for _ in cashes]
        self.orders, self.booked, self.day, self.trades = [], {}, None, 0

    # ------------------------------------------------------------------------------------------------ the run
    def play(self, instant):
        """Do the actions of this instant, comparing the books around each."""
        self.new_day()
        self.book()
        self.compare()
        for day, when, call, arguments in self.actions:
            if day == self.place and when == instant:
                getattr(self, f"do_{call}")(*arguments)
                self.book()
                self.compare()

    def new_day(self):
        today = self.context.current_dt.date()
        if today != self.day:
            self.day = today
            self.place = int(np.searchsorted(self.days, np.datetime64(today)))
            self.bought = [{} for _ in self.cash]
            self.sold_value = [0.0 for _ in self.cash]

    def bar(self, field, code):
        return float(self.bars[field][self.bars.row(code), self.place])

    # ------------------------------------------------------------------------------------------------ actions
    def do_order(self, call, code, quantity, style, pindex):
        self.keep([self.api[call](code, quantity, self.style(style), pindex=pindex)])

    def do_basket(self, items):
        asked = [{"security": code, "amount": amount, "pindex": pindex} for code, amount, pindex in items]
        self.keep(self.api["batch_submit_orders"](asked))

    def do_cancel(self, which):
        waiting = list(self.api["get_open_orders"]().values())
        for order in waiting[which::2]:
            assert self.api["cancel_order"](order).status == self.api["OrderStatus"].canceled

    def do_transfer(self, source, target, amount):
        may_go = self.may_go(source)
        self.api["transfer_cash"](source, target, amount)
        if amount <= may_go:
            self.move(source, -amount)
            self.move(target, amount)

    def do_inout(self, amount, pindex):
        if -amount <= self.may_go(pindex):
            self.api["inout_cash"](amount, pindex=pindex)
            self.move(pindex, amount)

    def may_go(self, pindex):
        account = self.context.subportfolios[pindex]
        return max(account.available_cash - self.sold_value[pindex], 0.0)

    def move(self, pindex, amount):
        self.cash[pindex] += amount
        self.paid_in[pindex] += amount

    def keep(self, orders):
        self.orders += [order._order for order in orders if order is not None]

    def style(self, text):
        return eval(text, {name: self.api[name] for name in ("LimitOrderStyle", "MarketOrderStyle")})

    # --------------------------------------------------------------------------------------------- own booking
    def event(self, event):
        """A dividend or split, by the documented formula."""
        self.new_day()
        row, held = self.events[event.security, str(self.day)], self.shares[event.pindex]
        before = held[event.security]
        tax = 0.0 if event.security in FUNDS else 0.2
        exact = before * row.share_ratio
        whole = math.floor(exact + 1e-9)
        assert 0 <= whole <= exact + 1e-9 < whole + 1
        self.cash[event.pindex] += before * row.cash_pre_tax * (1.0 - tax)
        self.cash[event.pindex] += max(exact - whole, 0.0) * self.bar("pre_close", event.security)
        held[event.security] = whole
        if not whole:
            del held[event.security]

    def book(self):
        fresh = []
        for order in self.orders:
            known = self.booked.get(order.entrust_id, 0)
            fresh += [(trade.time, trade.order_id, trade, order) for trade in order.trades[known:]]
            self.booked[order.entrust_id] = len(order.trades)
        for *_, trade, order in sorted(fresh, key=lambda item: item[:2]):
            self.take(trade, order)
            self.trades += 1

    def take(self, trade, order):
        self.check_fill(trade, order)
        pindex, code = order.request.pindex, trade.security
        held, value = self.shares[pindex], trade.price * trade.amount
        fee = self.fee(code, order.is_buy, value)
        if order.is_buy:
            held[code] = held.get(code, 0) + trade.amount
            self.bought[pindex][code] = self.bought[pindex].get(code, 0) + trade.amount
            self.cash[pindex] -= value
        else:
            free = held[code] - (0 if self.t0 or code == "511880.XSHG" else self.bought[pindex].get(code, 0))
            assert trade.amount <= free, "sold what was bought today"
            held[code] -= trade.amount
            self.bought[pindex][code] = min(self.bought[pindex].get(code, 0), held[code])
            if not held[code]:
                del held[code]
            self.cash[pindex] += value
            self.sold_value[pindex] += value
        self.cash[pindex] -= fee

    @staticmethod
    def fee(code, is_buy, value):
        if code == "511880.XSHG":
            return 0.0
        return max(value * 0.0003, 5) + value * (0.0 if is_buy or code in FUNDS else 0.001)

    def check_fill(self, trade, order):
        code, style = trade.security, order.request.style
        assert trade.amount > 0
        assert order.filled <= order.amount
        assert self.bar("paused", code) == 0, "a fill on a halt"
        if self.signal:
            return
        assert order.filled <= self.bar("volume", code), "more than the day's volume"
        if type(style).__name__ == "LimitOrderStyle":
            better = trade.price <= style.limit_price if order.is_buy else trade.price >= style.limit_price
            assert better, "a fill beyond the limit of the order"
        low, high = self.bar("low_limit", code), self.bar("high_limit", code)
        assert not trade.price > high, "a fill above the upper limit"
        assert not trade.price < low, "a fill below the lower limit"
        if type(style).__name__ == "MarketOrderStyle":
            assert not (trade.price >= high if order.is_buy else trade.price <= low), "a market fill at the limit"
        if type(style).__name__ == "LimitOrderStyle" and order.is_buy:
            assert not self.bar("low", code) >= high, "bought at a one-price upper limit"

    # ---------------------------------------------------------------------------------------------- comparing
    def compare(self):
        context = self.context
        assert len(context.subportfolios) == len(self.cash)
        worth = 0.0
        for pindex, part in enumerate(context.subportfolios):
            account = part._account
            assert account.cash == self.cash[pindex], "cash differs"
            assert part.inout_cash == self.paid_in[pindex]
            shown = {code: p.total_amount + p.locked_amount for code, p in part.positions.items()}
            assert {code: amount for code, amount in shown.items() if amount} == self.shares[pindex]
            held = 0.0
            for p in part.positions.values():
                assert p.total_amount >= 0
                assert p.locked_amount >= 0
                assert 0 <= p.closeable_amount <= p.total_amount
                assert 0 <= p.today_amount <= p.total_amount + p.locked_amount
                held += p.price * (p.total_amount + p.locked_amount)
                worth += p.price * (p.total_amount + p.locked_amount)
            assert part.positions_value == held
            assert part.total_value == account.cash + held
            assert part.locked_cash >= 0
        total = self.cash[0]
        for cash in self.cash[1:]:
            total += cash
        assert context.portfolio.total_value == total + worth
