"""R17: slippage is half a spread each side and the price is rounded afterwards, for cheap stocks too."""

from __future__ import annotations

import pytest

from sdk.emulator.instruments import instrument_of
from sdk.emulator.rules import RuleBook
from sdk.emulator.slippage import FixedSlippage, PriceRelatedSlippage, SlippageTable

RULES = RuleBook()
STOCK = instrument_of("600000.XSHG", "名", "stock", RULES)


@pytest.mark.parametrize(
    ("last", "buy", "sell"),
    [
        (9.25, 9.26, 9.24),
        (9.84, 9.85, 9.83),
        (3.0, 3.0, 3.0),
        (4.07, 4.08, 4.06),
        (16.66, 16.68, 16.64),
        (2000.0, 2002.46, 1997.54),
    ],
)
def test_the_default_is_0_00246_of_the_price_in_all(last, buy, sell):
    table = SlippageTable(RULES)
    assert table.price(STOCK, last, +1)[1] == buy
    assert table.price(STOCK, last, -1)[1] == sell


def test_a_cheap_stock_pays_a_fixed_spread_in_full():
    table = SlippageTable(RULES)
    table.set_slippage(FixedSlippage(0.02))
    assert (table.price(STOCK, 2.0, +1)[1], table.price(STOCK, 2.0, -1)[1]) == (2.01, 1.99)


def test_rounding_comes_after_the_slippage():
    table = SlippageTable(RULES)
    table.set_slippage(PriceRelatedSlippage(0.01))
    exact, rounded = table.price(STOCK, 3.33, +1)
    assert exact == pytest.approx(3.34665)
    assert rounded == 3.35
