"""Fees: OrderCost, PerTrade, which one applies to a security, and the fee of a fill.

    fee = max(v × commission rate, minimum) + v × tax rate,   v = price × amount      (all in float64, CNY)

The minimum is on the commission only. # platform: neither a transfer fee nor a change of the stamp tax by date;
fees are not rounded (224 of 224 fees of small_cap_2021 bit for bit). Which cost applies: the one set for the code
(``ref``), else for the class of fund (``bond_fund`` …), else for the type, else the default. Taxes are for stocks;
a fund pays none even where one was set (rule ``fund_tax``). Source: JOINQUANT.md §2.3, §14.16.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from sdk.emulator.instruments import Instrument
from sdk.errors import StrategyError, nearest

TYPES = (
    *("stock", "fund", "mmf", "fja", "fjb", "fjm", "index_futures", "futures", "bond_fund", "stock_fund"),
    *("QDII_fund", "mixture_fund", "money_market_fund", "open_fund", "index", "bond"),
)

# what strategies write for a type of the list above
MEANT = {"etf": "fund", "lof": "fund", "ETF": "fund", "LOF": "fund", "future": "futures"}


def cost_type(name: object, call: str) -> str:
    """Return the type that a setting is for; StrategyError names the nearest for one that does not exist."""
    found = MEANT.get(str(name), name)
    if not isinstance(found, str) or found not in TYPES:
        raise StrategyError(f"{call}: no type {name!r}{nearest(str(name), TYPES)}")
    return found


@dataclasses.dataclass(frozen=True)
class OrderCost:
    """``OrderCost`` of the platform: rates of the traded value, ``min_commission`` in CNY."""

    open_tax: float = 0
    close_tax: float = 0
    open_commission: float = 0
    close_commission: float = 0
    close_today_commission: float = 0
    min_commission: float = 0


@dataclasses.dataclass(frozen=True)
class PerTrade:
    """``PerTrade`` of the legacy ``set_commission``: the tax is inside ``sell_cost``."""

    buy_cost: float = 0.0003
    sell_cost: float = 0.0013
    min_cost: float = 5

    def as_order_cost(self) -> OrderCost:
        """The same fees in today's form."""
        return OrderCost(0, 0, self.buy_cost, self.sell_cost, 0, self.min_cost)


STOCK_DEFAULT = OrderCost(0, 0.001, 0.0003, 0.0003, 0, 5)
INDEX_DEFAULT = OrderCost(0, 0, 0.0003, 0.0003, 0, 5)


class CostTable:
    """Costs set so far; by code before by type before the default of the class."""

    def __init__(self, rules: Mapping[str, str]) -> None:
        self._by_code: dict[str, OrderCost] = {}
        self._by_type: dict[str, OrderCost] = {}
        self._to_cents = rules["commission_rounding"] == "cent"
        self._defaults = {
            "stock": STOCK_DEFAULT,
            "index": INDEX_DEFAULT,
            "fund": _from_rule(rules["fund_default_cost"]),
            "money": _from_rule(rules["money_fund_default_cost"]),
            "bond": _from_rule(rules["bond_default_cost"]),
        }
        self._untaxed = ("fund", "bond") if rules["fund_tax"] == "never" else ()

    def set_order_cost(self, cost: OrderCost, type: str, ref: str | None = None) -> None:
        """``set_order_cost``: for a class, or for one code with ``ref``."""
        if not isinstance(cost, OrderCost):
            raise StrategyError(f"set_order_cost: cost must be an OrderCost, got {cost!r}")
        kind = cost_type(type, "set_order_cost")
        if ref is None:
            self._by_type[kind] = cost
        else:
            self._by_code[ref] = cost

    def set_commission(self, cost: object) -> None:
        """Legacy ``set_commission(PerTrade(…))``: stocks and funds alike.

        Of it and ``set_order_cost(…, type='stock')`` the later call counts; a cost set for a code still wins.
        """
        if not isinstance(cost, PerTrade):
            raise StrategyError(f"set_commission: expected PerTrade(buy_cost, sell_cost, min_cost), got {cost!r}")
        self._by_type["stock"] = self._by_type["fund"] = cost.as_order_cost()

    def described(self) -> dict[str, str]:
        """Return type or code -> what was set for it."""
        return {key: str(cost) for key, cost in sorted({**self._by_type, **self._by_code}.items())}

    def of(self, instrument: Instrument) -> OrderCost:
        """Return the cost in force for a security."""
        if instrument.code in self._by_code:
            return self._by_code[instrument.code]
        for kind in instrument.cost_types:
            if kind in self._by_type:
                return self._by_type[kind]
        return self._defaults["money" if instrument.is_money_fund else instrument.type]

    def fee(self, instrument: Instrument, is_buy: bool, price: float, amount: int, same_day: int = 0) -> float:
        """Return the fee of a fill in CNY; ``same_day`` = shares of a sale that were bought today."""
        cost = self.of(instrument)
        value = price * amount
        rate = cost.open_commission if is_buy else cost.close_commission
        if not is_buy and same_day == amount and cost.close_today_commission:
            rate = cost.close_today_commission
        tax = 0.0 if instrument.type in self._untaxed else (cost.open_tax if is_buy else cost.close_tax)
        fee = max(value * rate, cost.min_commission) + value * tax
        return round(fee, 2) if self._to_cents else fee


def _from_rule(text: str) -> OrderCost:
    buy, sell, tax, least = (float(part) for part in text.split("/"))
    return OrderCost(0, tax, buy, sell, 0, least)
