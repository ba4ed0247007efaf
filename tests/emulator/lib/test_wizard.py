"""kuanke.wizard: indicators, judgements, stops, sizes and filters of the platform's form-written strategies."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.emulator.lib import wizard_lines
from sdk.emulator.lib.wizard import COMPARED, CROSSED, VALUES
from sdk.emulator.runner import run_backtest
from sdk.market.bundle import Bundle
from tests.bundles import small_market
from tests.emulator.markets import made_bundle

A, B = "600000.XSHG", "600001.XSHG"
CLOSE = np.array([10.0, 11.0, 12.0, 11.0, 13.0, 14.0, 13.0, 15.0])
OUT: list = []


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    """Thirty days: A climbs by 0.1 a day, B falls by 0.1."""
    steps = np.arange(30) / 10
    bars = {A: {"open": 10 + steps, "close": 10 + steps}, B: {"open": 10 - steps, "close": 10 - steps}}
    return made_bundle(tmp_path_factory.mktemp("wizard") / "market", bars)


def test_averages_begin_with_the_plain_one():
    assert wizard_lines.average(CLOSE, 4)[3:].tolist() == [11.0, 11.75, 12.5, 12.75, 13.75]
    line = wizard_lines.exponential(CLOSE, 3)
    assert np.isnan(line[:2]).all()
    assert line[2:].tolist() == [11.0, 11.0, 12.0, 13.0, 13.0, 14.0]
    assert wizard_lines.exponential(CLOSE, 2, start=3)[3] == 11.5


def test_indicators_are_those_of_talib():
    talib = pytest.importorskip("talib")
    rng = np.random.default_rng(1)
    close = np.cumsum(rng.normal(0, 1, 60)) + 50
    high, low = close + rng.random(60), close - rng.random(60)
    pairs = (
        (wizard_lines._macd(close, 12, 26, 9)[:2], talib.MACDEXT(close, 12, 1, 26, 1, 9, 1)[:2]),
        (wizard_lines._rsi(close, 14), talib.RSI(close, 14)[-1:]),
        (wizard_lines._cci(close, high, low, 14), talib.CCI(high, low, close, 14)),
        (wizard_lines._atr(close, high, low, 14), talib.ATR(high, low, close, 14)),
        (wizard_lines._bands(close, 5, 2, 2), talib.BBANDS(close, 5, 2, 2)),
        (wizard_lines._trix(close, 9), talib.TRIX(close, 9)),
    )
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected)


def test_indicators_by_hand():
    line = np.arange(1.0, 11.0)
    dif, dea, bar = wizard_lines._macd(line, 2, 4, 2)
    assert np.isnan(dif[:4]).all()
    assert (dif[4:] == 1.0).all()  # two averages of a straight line keep their distance
    assert (dea[4:] == 1.0).all()
    assert (bar[4:] == 0.0).all()
    assert wizard_lines._rsi(CLOSE, 4).tolist() == [pytest.approx(100 * 1.0625 / (1.0625 + 0.29296875))]
    k, d, j = wizard_lines._kdj(line + 1, line - 1, line, 3, 3, 1)
    assert k[1:5].tolist() == pytest.approx([0.0, 25.0, 125 / 3, 475 / 9])
    assert d.tolist() == k.tolist()
    assert (j == 3 * k - 2 * d).all()
    upper, middle, lower = wizard_lines._bands(CLOSE, 4, 2, 1)
    assert (upper[-1], middle[-1], lower[-1]) == pytest.approx((13.75 + 2 * 0.829156, 13.75, 13.75 - 0.829156))


def run(market, body, day="2024-02-09", head=""):
    """Run ``body`` at 09:30 after a star import of the wizard; return what it appended to ``out``."""
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    text = f"""
from kuanke.wizard import *
from jqdata import *
from tests.emulator.lib.test_wizard import OUT
A, B = {A!r}, {B!r}
def initialize(context):
    set_option('use_real_price', True)
{head}
    run_daily(task, '9:30')
def task(context):
    out = OUT
{lines}
"""
    OUT.clear()
    result = run_backtest(text, market, "2024-02-05", day, cash=100_000)
    if result.error is not None:
        raise result.error
    return list(OUT), result


def test_judgements_of_one_line_and_of_two(market):
    out, result = run(
        market,
        """
out.append([MA_judge_duotou(A, 3, 6), MA_judge_kongtou(B, 3, 6), MA_judge_jincha(A, 3, 6)])
out.append([MA_judge_dayu(A, 12, 5), MA_judge_xiaoyu(A, 12, 5), MA_judge_qujian(B, (7, 8), 5)])
out.append([MACD_judge_duotou(A, 3, 6, 4), MACD_DIF_judge_xiaoyu(B, 0, 3, 6, 4), KDJ_J_judge_dayu(A, 50)])
out.append([situation_filter_dayu(A, 'close', 12), n_day_chg_xiaoyu(B, 5, 0), ipo_days_dayu(context, A, 10)])
out.append(RSI_judge_dayu('600999.XSHG' if False else A, 'x'))
""",
        day="2024-02-05",
    )
    assert out[0] == [True, True, False]
    assert out[1] == [True, False, True]
    assert out[2] == [True, True, True]
    assert out[3][:2] == [True, True]
    assert out[4] is False, "a judgement that fails is False"
    assert any("ERROR" in line and "Traceback" in line for line in result.log)


def test_every_indicator_has_its_judgements(market):
    out, _ = run(market, "out.append(sorted(name for name in globals() if '_judge' in name))", day="2024-02-05")
    words = {f"{name}_judge_{word}" for name in VALUES for word in COMPARED}
    pairs = ("MACD", "KDJ", "MA", "MA_MONEY", "MA_VOLUME", "EMA", "TRIX", "DMA", "BBI")
    assert words | {f"{name}_judge_{word}" for name in pairs for word in CROSSED} <= set(out[0])
    assert "CDL3BLACKCROWS_judge" in out[0]


def test_sizes_and_parts(market):
    out, result = run(
        market,
        """
if len(out) == 0:
    result = order_style(context, [A, B], 4, 'by_cap_mean', 100)
    value = judge_security_max_proportion(context, A, result[A], 0.2)
    amount = max_buy_value_or_amount(A, value, None, None)
    out.append([result, value, amount, max_buy_value_or_amount(A, value, None, 300)])
    out.append(order_style(context, [B], 4, 'by_amount', 200)[B])
    order(A, amount)
    out.append(round(judge_security_max_proportion(context, A, 0, 0.2)))
else:
    sell_by_amount_or_percent_or_none(context, A, None, 0.5, [])
""",
    )
    price = 10 + 2.4  # of 2024-02-05, the 25th day
    assert out[0] == [{A: 25_000.0, B: 25_000.0}, 20_000.0, int(20_000 / price / 100) * 100, 300]
    assert out[1] == pytest.approx(200 * (10 - 2.4))
    assert 0 < out[2] < 20_000
    sold = [order.filled for order in result.trades if not order.is_buy]
    assert sold[:2] == [800, 400]


def test_stops_sell_and_mark_what_did_not_sell(market):
    out, result = run(
        market,
        """
if len(out) == 0:
    order(B, 1000)
    unsold = []
    security_stoploss(context, 0.0, unsold)
    out.append(unsold)
else:
    portfolio_stopprofit(context, 0.5, [])
    out.append(len(context.portfolio.positions))
    portfolio_stoploss(context, 0.01, [])
    out.append([len(context.portfolio.positions), getattr(g, 'daily_risk_management', None)])
""",
        day="2024-02-06",
    )
    assert out == [[B], 1, [0, False]]
    assert any("持仓价值总亏损达止损线，清仓止损！" in line for line in result.log)
    assert sum("未卖出成功" in line for line in result.log) == 1


def test_filters_and_ranks_by_fundamentals():
    made = Bundle.open(small_market(), verify=False)
    text = """
from kuanke.wizard import *
from tests.emulator.lib.test_wizard import OUT
def initialize(context):
    pool = get_index_stocks('000300.XSHG')
    few = financial_data_filter_qujian(pool, valuation.pb_ratio, (1, 3))
    few = financial_data_filter_xiaoyu(few, valuation.pe_ratio, 40)
    few = financial_data_filter_dayu(few, indicator.roe, 1)
    rank = get_sort_dataframe(few, valuation.market_cap, ('desc', 2))
    OUT.extend([pool, few, rank, order_style(context, few, 5, 'by_market_cap_percent')])
"""
    OUT.clear()
    result = run_backtest(text, made, "2019-06-03", "2019-06-03")
    assert result.error is None, result.error
    pool, few, rank, money = OUT
    assert set(few) < set(pool)
    assert rank.shape == (len(few), 1)
    assert rank.iloc[:, 0].max() == 2.0
    assert rank.iloc[:, 0].idxmax() == max(money, key=money.get)
    assert sum(money.values()) == pytest.approx(1_000_000)
