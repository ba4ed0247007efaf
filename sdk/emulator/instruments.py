"""What kind of security a code is, and what follows: lot, price step, settlement, cost classes.

Sources: JOINQUANT.md §3.9 (quantities), §2.3 (cost classes), §2.4 (decimals), §14.7 (T+0); the lots that the
platform's documentation does not name are rules (``bse_lot``, ``bond_lot``) after the exchanges' trading rules.
A bundle knows stocks, funds, indices and futures; convertible bonds and classes of funds are told by code and name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

MONEY_FUND_PREFIXES = ("5116", "5117", "5118", "5119", "15900")
T0_FUND_PREFIXES = ("511", "513", "518", "1595", "1596", "1598", "1599")
BOND_PREFIXES = ("110", "111", "113", "118", "123", "127", "128")
CHINESE_KIND = {"stock": "股票", "index": "指数", "fund": "基金", "bond": "债券", "futures": "期货"}


# numbers that the exchanges give: stocks, funds, indices, convertible bonds
LOOKS_LISTED = re.compile(
    r"(?:6\d{5}|5\d{5}|000\d{3}|11\d{4}|900\d{3})\.XSHG"
    r"|(?:00[0-4]\d{3}|30\d{4}|1[2568]\d{4}|200\d{3}|399\d{3})\.XSHE|(?:43|8[378]|92)\d{4}\.BJ"
)
LOF_PREFIXES = ("16", "501", "502", "503", "506")


class FundClass(NamedTuple):
    """One class of funds of ``set_order_cost``: known by the beginning of the code or a word of the name."""

    type: str
    prefixes: tuple[str, ...]
    words: tuple[str, ...]


# the first that fits; money funds are decided before
FUND_CLASSES = (
    FundClass("fjm", (), ("分级",)),
    FundClass("fja", ("150",), ("A",)),
    FundClass("fjb", ("150",), ("B",)),
    FundClass("bond_fund", ("511",), ("债",)),
    FundClass("QDII_fund", ("513",), ("QDII", "纳指", "纳斯达克", "标普", "恒生", "港股", "日经", "德国", "法国")),
    FundClass("mixture_fund", (), ("混合",)),
)


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


def kind_of_code(code: str) -> str:
    """Return the kind that a code's number says, for one that no list knows: index, fund or stock."""
    if (code.startswith("000") and code.endswith(".XSHG")) or code.startswith("399"):
        return "index"
    return "fund" if code.startswith(("5", "15", "16", "18")) else "stock"


def instrument_of(code: str, name: str, kind: str, rules: Mapping[str, str]) -> Instrument:
    """Return the trading traits of a code; ``kind`` is the bundle's type: stock, index, fund or futures."""
    if kind == "index":
        return Instrument(code, name, kind, 1, 1, 2, False, ("index",))
    if kind == "futures":  # can be looked at, not traded
        return Instrument(code, name, kind, 1, 1, 4, True, ("futures",))
    if code.startswith(BOND_PREFIXES):
        return Instrument(code, name, "bond", *_lots(rules["bond_lot"]), 3, True, ("bond",))
    if kind == "fund":
        return _fund(code, name, rules)
    if code.startswith("688"):
        return Instrument(code, name, kind, 200, 1, 2, False, ("stock",), is_star=True)
    if code.endswith(".BJ"):
        return Instrument(code, name, kind, *_lots(rules["bse_lot"]), 2, False, ("stock",))
    return Instrument(code, name, kind, 100, 100, 2, False, ("stock",))


def _fund(code: str, name: str, rules: Mapping[str, str]) -> Instrument:
    money = code.startswith(MONEY_FUND_PREFIXES)
    quick = money or (rules["t0_funds"] == "exchange" and code.startswith(T0_FUND_PREFIXES))
    if money:
        types: tuple[str, ...] = ("mmf", "money_market_fund")
        types += ("fund",) if rules["money_fund_takes_fund_settings"] == "yes" else ()
    else:
        types = (_fund_class(code, name), "fund")
    return Instrument(code, name, "fund", 100, 100, 3, quick, types, is_money_fund=money)


def _fund_class(code: str, name: str) -> str:
    for found in FUND_CLASSES:
        by_code = code.startswith(found.prefixes) if found.prefixes else False
        by_word = any(word in name for word in found.words)
        if (by_code and by_word) if found.type in ("fja", "fjb") else (by_code or by_word):
            return found.type
    return "stock_fund"


def security_type(code: str, name: str, kind: str) -> str:
    """Return ``type`` as the platform shows it: stock, index, etf, lof, mmf, fja, fjb, fjm or conbond.

    ``kind`` is the bundle's type, which knows all funds as fund; the rest is told by code and name.
    """
    if kind != "index" and code.startswith(BOND_PREFIXES):
        return "conbond"
    if kind != "fund":
        return kind
    if code.startswith(MONEY_FUND_PREFIXES):
        return "mmf"
    found = _fund_class(code, name)
    if found in ("fja", "fjb", "fjm"):
        return found
    return "lof" if code.startswith(LOF_PREFIXES) or "LOF" in name.upper() else "etf"


def _lots(rule: str) -> tuple[int, int]:
    """(least buy, step) of a rule like ``100/1``."""
    first, step = rule.split("/")
    return int(first), int(step)
