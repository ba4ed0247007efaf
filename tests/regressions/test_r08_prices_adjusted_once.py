"""R8: a series whose total return is flat has RET = 0 over any corporate action, however it is asked for."""

from __future__ import annotations

import pytest

from sdk.emulator.runner import run_backtest
from tests.emulator.markets import made_bundle

CODE = "600000.XSHG"
ASK = """
def initialize(context):
    set_option('use_real_price', {real})
def handle_data(context, data):
    a = attribute_history('{code}', 6, '1d', ['close'], df=False)['close']
    b = history(6, '1d', 'close', ['{code}'], df=False)['{code}']
    c = get_price('{code}', count=6, end_date=context.previous_date, fields=['close'])['close'].values
    d = get_bars('{code}', 6, fields=['close'])['close']
    print(max(abs(x / y - 1) for s in (a, b, c, d) for x, y in zip(s[1:], s[:-1])))
"""


@pytest.mark.parametrize("real", [True, False])
@pytest.mark.parametrize(("price", "factor"), [(10.0, 2.0), (10.0, 1.0 / 0.96), (9.0, 3.0)])
def test_a_split_or_dividend_of_a_flat_stock_is_no_return(tmp_path, real, price, factor):
    after = price / factor
    prices = [price] * 4 + [after] * 4
    bars = {"open": prices, "pre_close": [price] * 4 + [after] * 4, "factor": [1.0] * 4 + [factor] * 4}
    bundle = made_bundle(tmp_path / "market", {CODE: bars})
    days = [str(day) for day in bundle.days]
    result = run_backtest(ASK.format(code=CODE, real=real), bundle, days[7], days[7])
    assert result.status == "done", result.error
    assert float(result.log[0].split(" - ")[-1]) < 1e-12
