"""What kind of security a code is, and what follows: lot, price step, settlement, cost class.

Sources: JOINQUANT.md §3.9 (quantities), §2.3 (cost classes), §2.4 (decimals), §14.7 (T+0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MONEY_FUND_PREFIXES = ("5116", "5117", "5118", "5119", "15900")
T0_FUND_PREFIXES = ("511", "513", "518", "1595", "1596", "1598", "1599")
CHINESE_KIND = {"stock": "股票", "index": "指数", "fund": "基金"}


@dataclass(frozen=True)
class Instrument:
    """One security as the broker sees it.

    ``first_lot`` is the least number of shares of a buy and ``lot`` the step; ``decimals`` the places of a
    price; ``cost_types`` the keys of ``set_order_cost`` that apply, the more specific first.
    """

    code: str
    name: str
    type: str
    first_lot: int
    lot: int
    decimals: int
    same_day_sale: bool
    cost_types: tuple[str, ...]
    is_star: bool = False
    is_money_fund: bool = False

    @property
    def chinese_kind(self) -> str:
        """品种 of the platform's tables."""
        return CHINESE_KIND[self.type]


def instrument_of(code: str, name: str, kind: str, rules: Mapping[str, str]) -> Instrument:
    """Return the trading traits of a code; ``kind`` is the bundle's type: stock, index or fund."""
    if kind == "index":
        return Instrument(code, name, kind, 1, 1, 2, False, ("index",))
    if kind == "fund":
        money = code.startswith(MONEY_FUND_PREFIXES)
        quick = money or (rules["t0_funds"] == "exchange" and code.startswith(T0_FUND_PREFIXES))
        types = ("mmf", "money_market_fund") if money else ("fund", "stock_fund")
        return Instrument(code, name, kind, 100, 100, 3, quick, types, is_money_fund=money)
    if code.startswith("688"):
        return Instrument(code, name, kind, 200, 1, 2, False, ("stock",), is_star=True)
    return Instrument(code, name, kind, 100, 100, 2, False, ("stock",))
