"""jqlib.technical_analysis: the platform's printed results on real bars, signatures, and what is visible when."""

from __future__ import annotations

import inspect
import json

import numpy as np
import pytest

from sdk.emulator.lib import indicators, series
from sdk.emulator.lib.technical import ALIASES, NOT_OFFERED, OFFERED, RECURSIVE, signature
from sdk.emulator.runner import run_backtest
from sdk.market.bundle import Bundle
from tests.bundles import small_market
from tests.emulator.markets import made_bundle, real_bundle

# The page 技术分析指标 prints results of 000001.XSHE and 000002.XSHE; these are from 2017-01-26, 2017-02-15 and
# 2017-02-28, before any later dividend changed the adjusted prices. (call, day, code, values, relative error)
PAGE = [
    ("MA(c, d, timeperiod=5)", "2017-01-26", (9.26,), (20.68,), 1e-12),
    ("BBI(c, d)", "2017-01-26", (9.223020833333333,), (20.7265625,), 1e-12),
    ("CCI(c, d, N=14)", "2017-01-26", (176.62274280137152,), (-30.935837245695815,), 1e-12),
    ("ATR(c, d, timeperiod=14)", "2017-01-26", (0.08, 0.06), (0.16, 0.51142857142857168), 1e-12),
    (
        *("BIAS(c, d)", "2017-01-26", (0.9012256669069999, 1.4222302744813846, 1.8605285902742783)),
        *((0.06451612903225096, -0.5410604785379377, -0.515143618833821), 1e-12),
    ),
    (
        *("Bollinger_Bands(c, d)", "2017-01-26", (9.289994588616974, 9.1745, 9.059005411383033)),
        *((21.378028110909778, 20.7955, 20.21297188909023), 1e-12),
    ),
    (
        *("KDJ(c, d)", "2017-01-26", (89.1451878061276, 82.91534628834047, 101.60487084170185)),
        *((20.523907534762358, 21.246652224886216, 19.078418154514644), 1e-11),
    ),
    ("RSI(c, d, N1=6)", "2017-01-26", (86.69778494155213,), (45.66983935308403,), 1e-8),
    ("KD(c, d)", "2017-02-15", (76.63490955844084, 77.29097665087863), (31.205826728484286, 32.55224243038341), 1e-7),
    (
        *("OSC(c, d)", "2017-02-28", (7.350000000000101, 10.992588074732661)),
        *((-17.449999999998766, -6.611085340988981), 1e-9),
    ),
]
STRATEGY = """
from jqlib.technical_analysis import *
import json

def initialize(context):
    set_option('use_real_price', True)

def after_trading_end(context):
    c, d = ['000001.XSHE', '000002.XSHE'], context.current_dt.date()
    if str(d) == '%s':
        got = %s
        got = got if isinstance(got, tuple) else (got,)
        print(json.dumps([[part[code] for part in got] for code in c]))
"""


@pytest.fixture(scope="module")
def two_real_stocks(tmp_path_factory):
    path = tmp_path_factory.mktemp("market") / "bundle"
    return real_bundle(path, ["000001.XSHE", "000002.XSHE"], ["000300.XSHG"], "2015-01-05", "2017-03-10")


@pytest.mark.parametrize(("call", "day", "first", "second", "error"), PAGE, ids=[row[0] for row in PAGE])
def test_the_results_that_the_platform_prints(two_real_stocks, call, day, first, second, error):
    result = run_backtest(STRATEGY % (day, call), two_real_stocks, day, day)
    assert result.status == "done", result.error
    found = json.loads(result.log[-1].split("INFO  - ")[1])
    assert found[0] == pytest.approx(first, rel=error)
    assert found[1] == pytest.approx(second, rel=error)


def test_signatures_are_the_documented_ones():
    assert str(signature("MACD")) == (
        "(security_list, check_date, SHORT=12, LONG=26, MID=9, unit='1d', include_now=True, fq_ref_date=None)"
    )
    assert str(signature("ATR")).startswith("(security_list, check_date, timeperiod=14, unit='1d'")
    assert len(OFFERED) >= 30
    assert not set(OFFERED) & set(NOT_OFFERED)
    assert set(OFFERED) >= RECURSIVE | set(ALIASES.values())


@pytest.mark.parametrize("name", OFFERED)
def test_every_indicator_gives_a_number_and_needs_no_more_bars_than_it_asks_for(name):
    """The last value is the same from the bars a call fetches as from twice as many (recursions: to 1e-7)."""
    from sdk.emulator.lib.technical import _count

    class Session:
        rules = {"indicator_history": "250"}  # noqa: RUF012

    formula = getattr(indicators, name)
    parameters = {key: value.default for key, value in list(inspect.signature(formula).parameters.items())[1:]}
    count = _count(Session, name, parameters)
    long, short = _bars(2 * count), _bars(2 * count, last=count)
    whole, part = formula(long, **parameters), formula(short, **parameters)
    pairs = zip(whole, part, strict=True) if isinstance(whole, tuple) else [(whole, part)]
    for left, right in pairs:
        assert left.shape == (3, 2 * count)
        assert np.isfinite(left[:, -1]).all()
        np.testing.assert_allclose(right[:, -1], left[:, -1], rtol=1e-5 if name in RECURSIVE else 1e-9)


def _bars(size: int, last: int | None = None) -> indicators.Bars:
    rng = np.random.default_rng(3)
    close = 10 * np.exp(np.cumsum(rng.normal(0, 0.02, (3, size)), axis=1))
    opening = close * (1 + rng.normal(0, 0.01, close.shape))
    high, low = np.maximum(opening, close) * 1.01, np.minimum(opening, close) * 0.99
    volume = rng.integers(1, 100, close.shape) * 1e5
    cut = slice(-last if last else None, None)
    return indicators.Bars(*(array[:, cut] for array in (opening, high, low, close, volume, volume * close)))


def test_one_code_and_many_codes_take_the_same_steps():
    values = np.random.default_rng(1).normal(size=(60, 90))
    values[:, :5] = np.nan
    many = series.SMA(values, 7, 2)
    few = np.concatenate([series.SMA(values[row : row + 1], 7, 2) for row in range(60)])
    np.testing.assert_array_equal(many, few)


@pytest.fixture(scope="module")
def rising(tmp_path_factory):
    """Closes 1, 2, 3 …; opens half a yuan higher than the close before."""
    bars = {
        "600000.XSHG": {"open": np.arange(40) + 0.5, "close": np.arange(40) + 1.0},
        "600001.XSHG": {"open": [np.nan] * 38 + [5.0, 6.0]},
    }
    return made_bundle(tmp_path_factory.mktemp("market") / "bundle", bars)


def said(bundle, body, start="2024-02-06", end="2024-02-06"):
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    text = f"from jqlib.technical_analysis import *\ndef handle_data(context, data):\n{lines}\n"
    result = run_backtest(text, bundle, start, end)
    assert result.status == "done", result.error
    return [line.split(" - ", 2)[2] for line in result.log]


def test_at_the_open_the_unfinished_bar_counts_unless_it_is_left_out(rising):
    """2024-02-06 is day 25: yesterday closed at 25, today opened at 25.5."""
    assert said(
        rising,
        """
c = '600000.XSHG'
print(MA(c, context.current_dt, 1)[c])
print(MA(c, context.current_dt, 1, include_now=False)[c])
print(MA([c], context.previous_date, timeperiod=2))
print(MA(c, str(context.previous_date), 1, include_now=False)[c])
print(MA(c, datetime.datetime(2024, 2, 5), 1)[c])
print(MA(c, context.current_dt.date(), 1, include_now=False)[c])
""",
    ) == ["25.5", "25.0", "{'600000.XSHG': 24.5}", "25.0", "24.0", "25.0"]


def test_avoid_future_data_refuses_todays_close(rising):
    text = """
from jqlib.technical_analysis import *
def initialize(context):
    set_option('avoid_future_data', True)
def handle_data(context, data):
    print(RSI('600000.XSHG', context.current_dt, 6))
    RSI('600000.XSHG', context.current_dt.date(), 6)
"""
    result = run_backtest(text, rising, "2024-02-06", "2024-02-06")
    assert result.log[0].endswith("{'600000.XSHG': 100.0}")
    assert "FutureDataError" in result.log[-1]


def test_a_code_without_enough_bars_is_nan(rising):
    assert said(
        rising, "print(MACD(['600001.XSHG'], context.previous_date))\nprint(MA('600001.XSHG', context.previous_date))"
    ) == ["({'600001.XSHG': nan}, {'600001.XSHG': nan}, {'600001.XSHG': nan})", "{'600001.XSHG': nan}"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("MA('600000.XSHG')", "missing a required argument: 'check_date'"),
        ("MA('600000.XSHG', context.current_dt, period=3)", "unexpected keyword argument 'period'"),
        ("MA('600000.XSHG', context.current_dt, 0)", "timeperiod=0 must be a positive number"),
        ("MA('600009.XSHE', context.current_dt)", "找不到标的"),
        ("MIKE('600000.XSHG', context.current_dt)", "jqlib.technical_analysis.MIKE() 本地回测不支持 (策略第 3 行)"),
    ],
)
def test_wrong_calls_are_named(rising, call, words):
    text = f"from jqlib.technical_analysis import *\ndef handle_data(context, data):\n    {call}\n"
    result = run_backtest(text, rising, "2024-02-06", "2024-02-06")
    assert result.status == "failed"
    assert words in result.log[-1]


def test_turnover_is_that_of_the_valuation():
    made = Bundle.open(small_market(), verify=False)
    text = """
from jqlib.technical_analysis import *
def handle_data(context, data):
    day, codes = context.previous_date, get_index_stocks('000300.XSHG')[:3]
    now, mean = HSL(codes, day, N=4)
    table = get_valuation(codes, end_date=day, fields=['turnover_ratio'], count=4).set_index('code')['turnover_ratio']
    volume = history(4, '1d', 'volume', codes)
    traded = [code for code in codes if not volume[code].eq(0).any()]
    print([abs(now[code] - table[code].iloc[-1]) + abs(mean[code] - table[code].mean()) < 1e-9 for code in traded])
    energy = CYF(codes, day)
    print([0 < energy[code] < 100 for code in codes])
    HSL(codes, day, unit='1w')
"""
    result = run_backtest(text, made, "2019-06-03", "2019-06-03")
    assert "True" in result.log[0]
    assert "False" not in result.log[0] + result.log[1]
    assert "HSL with unit='1w'" in result.log[-1]
