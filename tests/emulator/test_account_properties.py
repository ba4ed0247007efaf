"""Whatever a strategy orders, the books balance: cash, shares, T+1, limits, lots."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdk.emulator.runner import run_backtest
from tests.emulator.markets import made_bundle

CODES = ("600000.XSHG", "688001.XSHG", "510300.XSHG", "511880.XSHG")
DAYS = 12

ORDERS = st.lists(
    st.tuples(
        st.integers(0, DAYS - 2),
        st.sampled_from(("order", "order_target", "order_value", "order_target_value")),
        st.sampled_from(CODES),
        st.integers(-30_000, 60_000),
        st.sampled_from(("None", "LimitOrderStyle(10.0)", "LimitOrderStyle(9.5)", "MarketOrderStyle(10.6)")),
    ),
    max_size=20,
)

STRATEGY = """
ORDERS = {orders!r}
def initialize(context):
    set_option('use_real_price', True)
    g.day = -1
def before_trading_start(context):
    g.day += 1
    place(0)
def handle_data(context, data):
    place(1)
    for p in context.portfolio.positions.values():
        assert p.closeable_amount >= 0 and p.total_amount >= 0 and p.locked_amount >= 0
    assert context.portfolio.locked_cash >= 0
def place(part):
    for number, (day, call, code, amount, style) in enumerate(ORDERS):
        if day == g.day and number % 2 == part:
            globals()[call](code, amount, eval(style))
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    rng = np.random.default_rng(7)
    bars = {}
    for code in CODES:
        close = np.round(10 * np.exp(np.cumsum(rng.normal(0, 0.03, DAYS))), 2)
        before = np.r_[close[0], close[:-1]]
        bars[code] = {
            "open": np.round(np.clip(close * (1 + rng.normal(0, 0.03, DAYS)), before * 0.9, before * 1.1), 2),
            "close": close,
            "high_limit": np.round(before * 1.1, 2),
            "low_limit": np.round(before * 0.9, 2),
            "volume": np.round(rng.uniform(0, 5000, DAYS)),
            "paused": (rng.random(DAYS) < 0.1).astype(float),
        }
    kinds = {"510300.XSHG": "fund", "511880.XSHG": "fund"}
    return made_bundle(tmp_path_factory.mktemp("properties") / "market", bars, kinds=kinds)


@settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(orders=ORDERS)
def test_the_books_balance(bundle, orders):
    result = run_backtest(STRATEGY.format(orders=orders), bundle, str(bundle.days[0]), str(bundle.days[-1]), 100_000)
    assert result.status == "done", result.error
    cash, held, bought_on = 100_000.0, dict.fromkeys(CODES, 0), {}
    for order in sorted(result.trades, key=lambda order: (order.finish_text or order.cancel_text, order.entrust_id)):
        code, day = order.request.security, order.trades[0].time.date()
        cash += (-1 if order.is_buy else 1) * order.traded_value - order.commission
        held[code] += order.filled if order.is_buy else -order.filled
        assert held[code] >= 0
        if order.is_buy:
            bought_on[code, day] = bought_on.get((code, day), 0) + order.filled
        elif code != "511880.XSHG":
            assert held[code] >= bought_on.get((code, day), 0), "sold what was bought today"
        panel_day = int(np.searchsorted(bundle.days, np.datetime64(day)))
        panel = bundle.panel([code])
        assert panel["paused"][0, panel_day] == 0
        assert order.filled <= panel["volume"][0, panel_day]
        assert order.filled == order.amount or order.status.name == "canceled"
    assert result.cash[-1] == pytest.approx(cash, abs=1e-6)
    rows = [
        line.split(",") for line in result.texts["position.csv"].splitlines() if line.startswith(str(result.days[-1]))
    ]
    shares = {row[2][-12:-1]: int(row[4].strip("股")) for row in rows if row[2] != "Cash"}
    assert shares == {code: amount for code, amount in held.items() if amount}
    assert (result.total_value > 90_000 * 0.5).all()
