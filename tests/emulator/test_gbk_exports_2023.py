"""Book-keeping replay of gbk_exports_2023: its fills through the account give its three files again, cell by cell.

Prices and amounts are the platform's own rows (there are no bars of these securities beside the project); fees,
cash, costs, gains, daily rows and every number form are computed here. The money fund pays 1.783 a share on
2023-12-29, untaxed.
"""

from __future__ import annotations

import csv
import datetime as dt
from types import SimpleNamespace

import numpy as np
import pytest

from sdk.emulator import exports
from sdk.emulator.accounts import Accounts
from sdk.emulator.costs import CostTable, OrderCost
from sdk.emulator.instruments import instrument_of
from sdk.emulator.orders import MarketOrderStyle, OrderRequest, OrderStatus, StockOrder
from sdk.emulator.recorder import Recorder
from sdk.emulator.rules import RuleBook
from tests.conftest import shared

DIVIDENDS = {("2023-12-29", "511880.XSHG"): 1.783}
RULES = RuleBook()


def table(name):
    text = shared(f"platform_runs/gbk_exports_2023/{name}.csv").read_bytes().decode("gbk")
    return text, list(csv.reader(text.splitlines()))[1:]


def item(row):
    name, code = row[3].rstrip(")").split("(")
    return instrument_of(code, name, {"基金": "fund", "股票": "stock"}[row[2]], RULES)


def replayed():
    """Return orders, recorder, days and the instruments by code of the replay."""
    _, fills = table("transaction")
    _, rows = table("position")
    dates = sorted({row[0] for row in rows})
    closes = {(row[0], row[2][-12:-1]): float(row[6]) for row in rows if row[2] != "Cash"}
    accounts, recorder = Accounts(200_000), Recorder(len(dates))
    account = accounts.parts[0]
    costs = CostTable(RULES)
    costs.set_order_cost(OrderCost(0, 0.001, 0.00025, 0.00025, 0, 5), "stock")
    orders, known, last = [], {}, {}
    for date in dates:
        known |= {code: last[code] - DIVIDENDS.get((date, code), 0.0) for code in last}
        for code, holding in account.holdings.items():
            cash = DIVIDENDS.get((date, code), 0.0)
            account.cash += cash * holding.amount
            holding.avg_cost -= cash
        account.start_day({code: known[code] for code in account.holdings})
        orders += [book(account, costs, row) for row in fills if row[0] == date]
        quotes = SimpleNamespace(
            last_price=lambda code, date=date: closes[date, code],
            previous_close=lambda code, known=known: known[code],
        )
        recorder.close_day(accounts, quotes, False)
        last = {code: closes[date, code] for code in account.holdings}
    items = {item(row).code: item(row) for row in fills}
    return orders, recorder, np.array(dates, dtype="datetime64[D]"), items.__getitem__


@pytest.fixture(scope="module")
def books():
    return replayed()


def book(account, costs, row):
    traits, amount = item(row), int(row[6].strip("-股"))
    stamp = f"{row[0]} {row[1]}"
    order = StockOrder(
        0,
        OrderRequest(traits.code, "OrderAmount", 0, MarketOrderStyle()),
        row[4] == "买",
        dt.datetime.fromisoformat(stamp),
        stamp,
    )
    order.amount = int(row[9].strip("-股"))
    order.finish_text, order.status = stamp, OrderStatus.held if amount else OrderStatus.canceled
    if amount:
        price = float(row[7])
        order.filled, order.price, order.traded_value = amount, price, price * amount
        order.commission = costs.fee(traits, order.is_buy, price, amount)
        if order.is_buy:
            account.buy(traits, amount, price, order.commission, order.entrust_time)
        else:
            order.gains = account.sell(traits.code, amount, price, order.commission, order.entrust_time, False)
    return order


def test_transaction_rows_are_the_platforms(books):
    orders, _, _, instrument = books
    text, _ = table("transaction")
    assert exports.transactions(orders, instrument).splitlines() == text.splitlines()


def test_position_and_cash_rows_are_the_platforms(books):
    _, recorder, days, instrument = books
    text, _ = table("position")
    assert exports.positions(recorder, days, instrument).splitlines() == text.splitlines()


def test_result_rows_are_the_platforms_except_for_the_benchmark(books):
    _, recorder, days, _ = books
    text, rows = table("result")
    benchmark = np.array([1 + float(row[1]) / 100 for row in rows])
    value = recorder.total_value
    gain = np.diff(value, prepend=200_000.0)
    text_of_mine = exports.results(recorder, days, value / 200_000.0, gain, benchmark)
    mine = [line.split(",") for line in text_of_mine.splitlines()]
    assert mine[0] == text.splitlines()[0].split(",")
    for line, row in zip(mine[1:], rows, strict=True):
        assert line[:7] == row[:7]
        assert float(line[7]) == pytest.approx(float(row[7]), abs=0.0151)
