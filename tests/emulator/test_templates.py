"""Platform runs template_000001_2019 and _2016: older engines, so orders, amounts, prices and fees are compared.

The lines that the strategy itself writes, and the missing-position WARNING, are the same in all generations of
the engine; its order texts are not, and of those only the last one is emulated.
"""

from __future__ import annotations

import re

import pytest

from sdk.emulator.runner import run_backtest
from tests.conftest import ROOT, shared
from tests.emulator.markets import real_bundle

FILL = re.compile(
    r"^(\S+ \S+) - INFO  - order StockOrder\(.* mode=(\S+ \S+) .*trade price: (\S+), amount:(\d+), commission: (\S+)"
)
ENGINE = re.compile(r" - (order |订单|下单|开仓|平仓)")

TEMPLATE_2016 = """
def initialize(context):
    g.security = '000001.XSHE'
    set_option('use_real_price', True)

def handle_data(context, data):
    security = g.security
    average = data[security].mavg(5, 'close')
    price = data[security].close
    cash = context.portfolio.cash
    if price > 1.01 * average:
        order_value(security, cash)
        log.info("Buying %s" % (security))
    elif price < average and context.portfolio.positions[security].closeable_amount > 0:
        order_target(security, 0)
        log.info("Selling %s" % (security))
"""


def fills(lines):
    return [match.groups() for line in lines if (match := FILL.match(line))]


def own(lines):
    kept = [line for line in lines if not ENGINE.search(line)]
    return [re.sub(r"'(trade|order)_id': \d+", r"'\1_id': #", line) for line in kept]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("template")
    return real_bundle(folder / "market", ["000001.XSHE"], ["000300.XSHG"], "2016-01-04", "2019-01-31")


def test_the_2019_template_buys_once_and_is_refused_each_day_after(bundle):
    expected = shared("platform_runs/template_000001_2019/log.txt").read_text(encoding="utf-8").splitlines()
    result = run_backtest(ROOT / "examples/strategies/ma_template.py", bundle, "2019-01-01", "2019-01-17", 100_000)
    assert result.status == "done"
    assert fills(result.log) == fills(expected)
    assert fills(result.log)[0][2:] == ("9.85", "10100", "29.845499999999998")
    mine = own(result.log)
    assert mine[: len(own(expected))] == own(expected)
    refusals = [line for line in expected if "订单委托失败" in line]
    mine_refused = [line for line in result.log if "订单委托失败" in line]
    assert [line[:19] for line in mine_refused] == [line[:19] for line in refusals]
    assert all("开仓数量不能小于 100)" in line and "_value=485.1545 " in line for line in mine_refused)


def test_the_2016_template_makes_the_same_six_fills(bundle):
    expected = shared("platform_runs/template_000001_2016/log.txt").read_text(encoding="utf-8").splitlines()
    rules = {"commission_rounding": "cent"}
    result = run_backtest(TEMPLATE_2016, bundle, "2016-06-01", "2016-12-30", 100_000, rules=rules)
    assert result.status == "done"
    first = next(number for number, line in enumerate(result.log) if line[:10] >= "2016-09-07")
    mine, theirs = fills(result.log[first:]), fills(expected)
    assert len(theirs) == 6
    assert [fill[0] for fill in mine] == [fill[0] for fill in theirs]
    assert [fill[2:] for fill in mine] == [fill[2:] for fill in theirs]
    assert own(result.log[first:])[: len(own(expected))] == own(expected)
