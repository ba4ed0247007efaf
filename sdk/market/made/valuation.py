"""The platform's valuation columns of the made market, from its bars and from what its companies had published.

market_cap in 1e8 CNY, share counts in 1e4 shares, turnover_ratio and dividend_ratio in percent. TTM = the last four
quarters public on that day; a loss gives a negative ratio. NaN where nothing was public yet.
"""

from __future__ import annotations

import numpy as np

from sdk.market.exchange_rules import to_yuan
from sdk.market.made.books import Books
from sdk.market.made.cast import Cast
from sdk.market.made.draws import Draws
from sdk.market.made.trading import Bars

YEAR = 243  # made trading days
FREE_SHARE = 0.7  # of the circulating shares


def valuation_columns(cast: Cast, draws: Draws, bars: Bars, books: Books) -> dict[str, np.ndarray]:
    """Return column -> (stocks, days)."""
    circulating, total = bars.shares, bars.shares / draws.float_share[:, np.newaxis]
    price = to_yuan(bars.close)
    value = price * total
    quarter = _newest(books, cast.days, np.arange(len(books.stat)))
    annual = _newest(books, cast.days, np.arange(3, len(books.stat), 4))
    profit = books.income["np_parent_company_owners"]
    return {
        "circulating_market_cap": price * circulating / 1e8,
        "market_cap": value / 1e8,
        "circulating_cap": circulating / 1e4,
        "capitalization": total / 1e4,
        "turnover_ratio": bars.volume / circulating * 100,
        "pe_ratio": _ratio(value, _four(profit), quarter),
        "pb_ratio": _ratio(value, books.balance["equities_parent_company_owners"], quarter),
        "ps_ratio": _ratio(value, _four(books.income["total_operating_revenue"]), quarter),
        "pcf_ratio": _ratio(value, _four(books.cash_flow["cash_equivalent_increase"]), quarter),
        "pe_ratio_lyr": _ratio(value, _four(profit), annual),
        "pcf_ratio2": _ratio(value, _four(books.cash_flow["net_operate_cash_flow"]), quarter),
        "dividend_ratio": _year_of_dividends(bars) / np.where(price > 0, price, np.nan) * 100,
        "free_cap": FREE_SHARE * circulating / 1e4,
        "free_market_cap": FREE_SHARE * price * circulating / 1e8,
        "a_cap": total / 1e4,
        "a_market_cap": value / 1e8,
    }


def _newest(books: Books, days: np.ndarray, quarters: np.ndarray) -> np.ndarray:
    """Return (stocks, days): the latest of ``quarters`` that was public by that day, −1 for none."""
    newest = np.full((len(books.public), len(days)), -1)
    for quarter in quarters:
        known = books.exists[:, quarter]
        column = np.searchsorted(days, books.public[:, quarter])
        rows = np.flatnonzero(known & (column < len(days)))
        newest[rows, column[rows]] = np.maximum(newest[rows, column[rows]], quarter)
    return np.maximum.accumulate(newest, axis=1)


def _four(quarterly: np.ndarray) -> np.ndarray:
    """Return sums of four quarters, NaN before the fourth."""
    total = np.cumsum(quarterly, axis=1)
    total[:, 4:] -= total[:, :-4].copy()
    total[:, :3] = np.nan
    return total


def _ratio(value: np.ndarray, base: np.ndarray, quarter: np.ndarray) -> np.ndarray:
    known = np.take_along_axis(base, np.maximum(quarter, 0), axis=1)
    return value / np.where((quarter < 0) | (np.abs(known) < 1), np.nan, known)


def _year_of_dividends(bars: Bars) -> np.ndarray:
    """Return the cash before tax of the last year for one of today's shares, CNY."""
    paid = bars.cash_mills / 1000.0 * bars.shares / np.where(bars.shares > 0, bars.shares, 1)
    total = np.cumsum(paid, axis=1)
    total[:, YEAR:] -= total[:, :-YEAR].copy()
    return total
