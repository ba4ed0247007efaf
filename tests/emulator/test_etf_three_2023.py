"""All 436 fills of platform run etf_three_2023_2026 through the account: closed gains and the headline counts."""

from __future__ import annotations

import csv
import datetime as dt
import json

import pytest

from sdk.emulator.account import Account
from sdk.emulator.costs import CostTable, OrderCost
from sdk.emulator.instruments import instrument_of
from sdk.emulator.rules import RuleBook
from sdk.emulator.sizing import check_buy, check_sell
from sdk.scoring.figures import Sale, sale_figures
from tests.conftest import shared

RULES = RuleBook()


def replayed():
    """Return each fill: its row, the fee, the sale (None for a purchase) and what the rules permit."""
    rows = list(csv.DictReader(shared("platform_runs/etf_three_2023_2026/trades.csv").open(encoding="utf-8-sig")))
    account, costs, now = Account(500_000), CostTable(RULES), dt.datetime(2023, 1, 3, 9, 30)
    costs.set_order_cost(OrderCost(0, 0, 0.0001, 0.0001, 0, 0), "fund")
    done, day = [], ""
    for row in rows:
        if row["日期"] != day:
            day = row["日期"]
            account.start_day(dict.fromkeys(account.holdings, 0.0))
        item = instrument_of(row["代码"], row["标的"], "fund", RULES)
        amount, price, is_buy = abs(int(row["数量"].strip("股"))), float(row["成交价"]), row["方向"] == "买"
        fee = costs.fee(item, is_buy, price, amount)
        allowed = permitted(account, item, amount, price, is_buy)
        if is_buy:
            account.buy(item, amount, price, fee, now)
            done.append((row, fee, None, allowed))
        else:
            cost = account.holdings[item.code].avg_cost * amount
            gain = account.sell(item.code, amount, price, fee, now, False)
            done.append((row, fee, Sale(gain, cost), allowed))
    return done


@pytest.fixture(scope="module")
def replay():
    return replayed()


def permitted(account, item, amount, price, is_buy):
    """What the emulator's rules of lots, cash and T+1 make of an order of exactly this size."""
    if is_buy:
        return check_buy(amount, account.available, price, item)
    holding = account.holdings[item.code]
    return check_sell(-amount, holding.amount, holding.closeable(item.same_day_sale), item)


def test_every_closed_gain_is_the_platforms(replay):
    for row, _, sale, _ in replay:
        if sale is not None:
            assert sale.gain == pytest.approx(float(row["平仓盈亏"]), abs=0.0051), row
    assert len(replay) == 436
    assert sum(sale is not None for _, _, sale, _ in replay) == 213


def test_every_fill_obeys_the_rules_of_lots_cash_and_settlement(replay):
    for row, _, _, allowed in replay:
        assert (allowed.amount, allowed.refused, allowed.note) == (abs(int(row["数量"].strip("股"))), False, ""), row


def test_fees_have_no_minimum_and_no_tax(replay):
    for row, fee, _, _ in replay:
        assert fee == pytest.approx(float(row["手续费"]), abs=0.0051), row


def test_win_counts_and_ratios_are_the_platforms(replay):
    summary = json.loads(shared("platform_runs/etf_three_2023_2026/summary.json").read_text(encoding="utf-8"))
    figures = sale_figures([sale for _, _, sale, _ in replay if sale is not None])
    assert figures["win_count"] == summary["盈利次数"]
    assert figures["lose_count"] == summary["亏损次数"]
    assert f"{figures['win_ratio']:.1%}" == summary["胜率"]
    assert round(figures["profit_loss_ratio"], 3) == summary["盈亏比"]
