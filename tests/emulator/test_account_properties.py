"""Whatever a strategy does, the books balance to the last bit: cash, shares, T+1, limits, halts, splits, transfers.

Random sequences of every order call, baskets, cancellations, transfers and payments at five instants of a day run
on small markets with halts, limits, thin volume, dividends, splits and mergers; ``mirror.py`` keeps a second set
of books beside the emulator's and compares after each step. 2,100 sequences in the slow run, 240 every day.
"""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdk.emulator.account import Account
from sdk.emulator.runner import run_backtest
from tests.emulator import mirror
from tests.emulator.markets import made_bundle
from tests.emulator.mirror import CODES, FUNDS

DAYS = 10
INSTANTS = ("before", "open", "morning", "afternoon", "after")
CASHES = ((100_000.0,), (70_000.0, 30_000.0), (40_000.5, 40_000.25, 19_999.25))

STRATEGY = """
from tests.emulator.mirror import Mirror
def initialize(context):
    set_option('use_real_price', True)
    set_option('t0_mode', {t0})
    set_option('match_by_signal', {signal})
    set_option('order_volume_ratio', {ratio})
    set_subportfolios([SubPortfolioConfig(cash, 'stock') for cash in {cashes}])
    run_daily(morning, '10:30')
    run_daily(afternoon, '14:00')
    log.set_level('system', 'error')
    g.mirror = Mirror(context, {market!r}, {actions!r}, globals(), {cashes}, {t0}, {signal})
def before_trading_start(context): g.mirror.play('before')
def handle_data(context, data): g.mirror.play('open')
def morning(context): g.mirror.play('morning')
def afternoon(context): g.mirror.play('afternoon')
def after_trading_end(context): g.mirror.play('after')
def on_event(context, event): g.mirror.event(event)
def on_strategy_end(context): record_trades(g.mirror.trades)
def record_trades(number): write_file('trades', str(number))
"""

SHARES = st.one_of(st.integers(-3_000, 6_000), st.sampled_from((0, 100, -100, 200, 333, 10**9, -(10**9))))
STYLES = st.sampled_from(
    ("None", "LimitOrderStyle(10.0)", "LimitOrderStyle(9.3)", "LimitOrderStyle(30.0)", "LimitOrderStyle(2.0)")
    + ("MarketOrderStyle(30.0)", "MarketOrderStyle(10.2)", "MarketOrderStyle(1.0)")
)


def order(parts):
    calls = st.one_of(
        st.tuples(st.sampled_from(("order", "order_target")), st.sampled_from(CODES), SHARES),
        st.tuples(
            *(st.sampled_from(("order_value", "order_target_value")), st.sampled_from(CODES)),
            st.floats(-60_000, 90_000, allow_nan=False),
        ),
    )
    whole = st.tuples(calls, STYLES, st.integers(0, parts - 1))
    return whole.map(lambda item: ("order", (*item[0], *item[1:])))


def action(parts):
    pindex, money = st.integers(0, parts - 1), st.floats(0, 60_000, allow_nan=False)
    item = st.tuples(st.sampled_from(CODES), st.integers(-2_000, 2_000), pindex)
    others = st.one_of(
        st.tuples(st.just("basket"), st.tuples(st.lists(item, min_size=1, max_size=3))),
        st.tuples(st.just("cancel"), st.tuples(st.integers(0, 1))),
        st.tuples(st.just("transfer"), st.tuples(pindex, pindex, money)),
        st.tuples(st.just("inout"), st.tuples(st.floats(-5_000, 20_000, allow_nan=False), pindex)),
    )
    what = st.one_of(order(parts), order(parts), order(parts), others)
    return st.tuples(st.integers(0, DAYS - 1), st.sampled_from(INSTANTS), what)


@st.composite
def runs(draw):
    """One run: market, accounts, options, actions."""
    cashes = draw(st.sampled_from(CASHES))
    actions = draw(st.lists(action(len(cashes)), min_size=1, max_size=25))
    return {
        "market": draw(st.sampled_from(("calm", "wild", "thin"))),
        "cashes": cashes,
        "t0": draw(st.integers(0, 3)) == 0,
        "signal": draw(st.integers(0, 5)) == 0,
        "ratio": draw(st.sampled_from((1.0, 1.0, 0.25))),
        "actions": [(day, when, *what) for day, when, what in actions],
    }


def bundle_of(path, seed, spread, volume):
    """Five securities of ten days with halts, limits, events; the reference price on an ex-date is exact."""
    rng = np.random.default_rng(seed)
    days = np.busday_offset(np.datetime64("2024-01-02"), np.arange(DAYS), roll="forward")
    bars, events = {}, []
    for code in CODES:
        ex_days = set(rng.choice(np.arange(2, DAYS), 2, replace=False).tolist())
        rows, last = [], 10.0
        for day in range(DAYS):
            before = last
            if day in ex_days:
                cash, ratio = float(rng.choice([0.0, 0.15, 0.3])), float(rng.choice([1.0, 1.3, 2.0, 0.5]))
                events.append((code, str(days[day]), cash, ratio))
                before = (last - cash) / ratio
            rows.append(day_of(rng, before, spread, volume))
            last = rows[-1]["close"]
        bars[code] = {field: [row[field] for row in rows] for field in rows[0]}
    return made_bundle(path / "market", bars, actions=events, kinds=dict.fromkeys(FUNDS, "fund"))


def day_of(rng, before, spread, volume):
    """One bar inside limits of ten percent; one day in seven is halted."""
    low, high = round(before * 0.9, 2), round(before * 1.1, 2)
    move = before * np.exp(rng.normal(0, spread, 4))
    open_, close, one, other = (float(price) for price in np.round(np.clip(move, low, high), 2))
    halted = rng.random() < 0.15
    return {
        "open": before if halted else open_,
        "close": before if halted else close,
        "high": before if halted else max(open_, close, one, other),
        "low": before if halted else min(open_, close, one, other),
        "pre_close": before,
        "high_limit": high,
        "low_limit": low,
        # a vendor may leave a volume on a halted day; nothing may trade on it all the same
        "volume": 0.0 if halted and spread < 0.05 else round(rng.uniform(0, volume)),
        "paused": float(halted),
    }


@pytest.fixture(scope="module", autouse=True)
def markets(tmp_path_factory):
    for name, seed, spread, volume in (("calm", 1, 0.01, 2e4), ("wild", 2, 0.08, 2e4), ("thin", 3, 0.03, 900)):
        mirror.MARKETS[name] = bundle_of(tmp_path_factory.mktemp(name), seed, spread, volume)
    yield
    mirror.MARKETS.clear()


def check(run):
    bundle = mirror.MARKETS[run["market"]]
    strategy, first, last = STRATEGY.format(**run), str(bundle.days[0]), str(bundle.days[-1])
    result = run_backtest(strategy, bundle, first, last, sum(run["cashes"]))
    assert result.status == "done", result.log[-1]
    value = result.total_value
    assert np.isfinite(value).all()
    assert (value > 0).all()


EVERYDAY = {"deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=240, **EVERYDAY)
@given(run=runs())
def test_the_books_balance(run):
    check(run)


@pytest.mark.slow
@settings(max_examples=2_100, **EVERYDAY)
@given(run=runs())
def test_the_books_balance_over_thousands_of_runs(run):
    check(run)


def busy_runs():
    """Yield (strategy, bundle): one run a market that buys and sells every security at every instant."""
    for market, bundle in mirror.MARKETS.items():
        actions = [
            (day, when, "order", ("order", code, -300 if when == "afternoon" and day % 2 else 200, style, day % 2))
            for day in range(DAYS)
            for when in INSTANTS
            for code in CODES
            for style in ("MarketOrderStyle(%s)" % (1 if when == "afternoon" else 30), "LimitOrderStyle(9.3)")
        ]
        run = {"market": market, "cashes": CASHES[1], "t0": False, "signal": False, "ratio": 1.0, "actions": actions}
        yield STRATEGY.format(**run).replace("g.mirror.event(event)", "print('EVENT'); g.mirror.event(event)"), bundle


def run_busy():
    for text, bundle in busy_runs():
        yield run_backtest(text, bundle, str(bundle.days[0]), str(bundle.days[-1]), 100_000)


def test_a_busy_run_trades_every_security_and_meets_events():
    """The property is not empty."""
    traded, met = set(), 0
    for result in run_busy():
        assert result.status == "done", result.log[-1]
        assert {order.status.name for order in result.orders} >= {"held", "canceled"}
        assert any(not order.is_buy for order in result.trades)
        traded |= {order.request.security for order in result.trades}
        met += sum(line.endswith("EVENT") for line in result.log)
    assert traded == set(CODES)
    assert met >= 5


def a_nano_yuan_too_much(account, instrument, amount, price, fee, now):
    RIGHT_BUY(account, instrument, amount, price, fee, now)
    account.cash += 1e-9


RIGHT_BUY = Account.buy


@pytest.mark.parametrize(
    ("where", "wrong"),
    [
        ("sdk.emulator.account.Account.buy", a_nano_yuan_too_much),
        ("sdk.emulator.costs.CostTable.fee", lambda *_, **__: 5.000000001),
        ("sdk.emulator.account.Holding.closeable", lambda holding, same_day: holding.amount - holding.locked),
        ("sdk.emulator.quotes.Quotes.paused", lambda quotes, code: False),
        ("sdk.emulator.quotes.Quotes.limits", lambda quotes, code: (-np.inf, np.inf)),
        ("sdk.emulator.corporate_actions.math", SimpleNamespace(floor=math.ceil)),
    ],
    ids=["cash", "fee", "T+1", "halts", "limits", "whole shares"],
)
def test_the_mirror_sees_a_wrong_engine(monkeypatch, where, wrong):
    """Every invariant can fail: an engine wrong by a nano-yuan, a day, a halt, a limit or a share is caught."""
    monkeypatch.setattr(where, wrong)
    assert any(isinstance(result.error, AssertionError) for result in run_busy())


def test_over_a_split_nothing_is_lost_but_the_tax():
    """Value at 09:00 of the ex-date = value at the close before, less 20 % of the dividend of stocks."""
    strategy = """
def initialize(context):
    set_option('use_real_price', True)
    g.last = None
def before_trading_start(context):
    if g.last is not None:
        print('JUMP %r' % (context.portfolio.total_value - g.last))
def handle_data(context, data):
    if not context.portfolio.positions:
        for code in CODES:
            order(code, 1001, MarketOrderStyle(30.0))
def after_trading_end(context):
    g.last = context.portfolio.total_value
"""
    for bundle in mirror.MARKETS.values():
        days = [str(day) for day in bundle.days]
        text = f"CODES = {CODES!r}\n{strategy}"
        result = run_backtest(text, bundle, days[0], days[-1], 100_000, rules={"dividend_tax": 0})
        jumps = [float(line.split("JUMP ")[1]) for line in result.log if "JUMP" in line]
        assert len(jumps) == DAYS - 1
        assert max(map(abs, jumps)) < 1e-8
