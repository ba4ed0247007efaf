"""The market at monthly rebalances, read from a bundle: who may be bought, sold, chosen, and what a holding becomes.

Pool of a rebalance: the members of the day that have been listed for at least ``min_listed_days`` trading days before
it; without an index, every stock with a bar so far (the pressure set). A stock listed on or before the calendar's
first day, or whose listing day is not known, counts as old.

What a holding becomes from open to open (``growth``): with a corporate action in between, shares change by its ratio,
its cash comes in after the tax on it, and prices are as traded, as on the account of the platform
(sdk/emulator/corporate_actions.py); otherwise it is the change of open x factor. A stock whose bars end, or that is
halted, is carried at its last close.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from sdk.errors import MarketError
from sdk.market.bundle import Bundle
from sdk.market.panel import Panel
from sdk.scoring.ties import tie_order

DIVIDEND_TAX = 0.2  # platform: of stocks, whatever the holding time
MONEY_DAYS = 20


@dataclass(frozen=True)
class MonthlyMarket:
    """The market at R rebalances: (stocks, R) arrays, rows in ascending order of codes.

    ``tie_order`` (stocks, R): the place of each row among equal scores (None: by code); ``held_first``: held stocks
    come before it. ``signal_days`` and ``trade_days`` are positions in the calendar of the scores, that is the
    bundle's unless ``shifted``. ``growth`` (stocks, R - 1) is what a yuan held becomes at the next rebalance, less 1;
    ``paid`` is the part of it that is cash by then (None: nothing). ``money`` is the mean traded value of the 20 days
    before, CNY (None: unknown); ``volatile`` (R - 1,) the realised volatility of the pool's daily returns in the
    month, a day (None: unknown).
    """

    codes: tuple[str, ...]
    signal_days: np.ndarray
    trade_days: np.ndarray
    members: np.ndarray
    buyable: np.ndarray
    sellable: np.ndarray
    growth: np.ndarray
    tie_order: np.ndarray | None = None
    held_first: bool = False
    paid: np.ndarray | None = None
    money: np.ndarray | None = None
    volatile: np.ndarray | None = None

    @property
    def places(self) -> np.ndarray:
        """The tie order, (stocks, R)."""
        if self.tie_order is not None:
            return self.tie_order
        return np.repeat(np.arange(len(self.codes))[:, None], len(self.signal_days), axis=1)

    @property
    def payout(self) -> np.ndarray:
        """The part of ``growth`` that is cash by the next rebalance, (stocks, R - 1); 0 where unknown."""
        return np.zeros(self.growth.shape) if self.paid is None else self.paid

    @property
    def mean_money(self) -> np.ndarray:
        """The mean traded value of the 20 days before each rebalance, CNY, (stocks, R); NaN where unknown."""
        return np.full(self.members.shape, np.nan) if self.money is None else self.money

    @property
    def pool_return(self) -> np.ndarray:
        """The mean return of the day's members a month: (R - 1,)."""
        inside = self.members[:, :-1]
        return np.where(inside, self.growth, 0.0).sum(axis=0) / np.maximum(inside.sum(axis=0), 1)

    @property
    def calm(self) -> np.ndarray:
        """The half of the months with the lower realised volatility, (R - 1,) bool; all where it is unknown.

        Of an odd number the larger half; of equal months the earlier one.
        """
        months = self.growth.shape[1]
        if self.volatile is None:
            return np.ones(months, dtype=bool)
        calm = np.zeros(months, dtype=bool)
        calm[np.argsort(self.volatile, kind="stable")[: (months + 1) // 2]] = True
        return calm

    def shifted(self, days: int) -> MonthlyMarket:
        """Return the same market with positions in a calendar that begins ``days`` later."""
        return replace(self, signal_days=self.signal_days - days, trade_days=self.trade_days - days)


def monthly_market(
    bundle: Bundle,
    pool_index: str | None,
    start: str,
    end: str,
    rank_keys: Sequence[str] = ("code",),
    min_listed_days: int = 0,
) -> MonthlyMarket:
    """Read what is needed for monthly rebalances between two dates; a month that begins before ``start`` is left out.

    ``rank_keys`` order equal scores; held only as the first of them. ``pool_index`` None: every stock with a bar.
    Nothing later than ``end`` is read. Raises MarketError when fewer than three rebalances lie between the dates.
    """
    days = bundle.days
    trade_days = _first_of_month(days, start, end)
    if len(trade_days) < 3:
        raise MarketError(
            f"{bundle.path}: {len(trade_days)} monthly rebalances between {start} and {end}, at least 3 are needed; "
            f"the bundle covers {days[0]} ... {days[-1]}"
        )
    needed = ["open", "close", "factor", "paused", "high_limit", "low_limit", "money"]
    codes = _codes(bundle, pool_index, days[trade_days])
    panel = bundle.panel(codes, end=days[trade_days[-1]], fields=needed)
    members = _pool(bundle, panel, pool_index, trade_days, min_listed_days)
    money = panel["money"][:, trade_days - 1]
    at_open = {name: panel[name][:, trade_days] for name in ("open", "paused", "high_limit", "low_limit")}
    traded = np.isfinite(at_open["open"]) & (at_open["paused"] == 0)
    with np.errstate(invalid="ignore"):
        locked_up = at_open["open"] >= at_open["high_limit"]
        locked_down = at_open["open"] <= at_open["low_limit"]
    growth, paid = _growth(bundle, panel, trade_days)
    return MonthlyMarket(
        codes=panel.codes,
        signal_days=trade_days - 1,
        trade_days=trade_days,
        members=members,
        buyable=traded & ~locked_up,
        sellable=traded & ~locked_down,
        growth=growth,
        tie_order=tie_order(panel.codes, money, rank_keys),
        held_first=rank_keys[0] == "held",
        paid=paid,
        money=_mean_money(panel["money"], trade_days),
        volatile=_volatility(panel, trade_days, members),
    )


def _first_of_month(days: np.ndarray, start: str, end: str) -> np.ndarray:
    months = days.astype("datetime64[M]")
    first = np.flatnonzero(np.r_[False, months[1:] != months[:-1]])
    return first[(days[first] >= np.datetime64(start)) & (days[first] <= np.datetime64(end))]


def _codes(bundle: Bundle, pool_index: str | None, days: np.ndarray) -> list[str]:
    """Return the stocks with bars that may be held: members on one of ``days``, or all; MarketError for nobody."""
    codes = bundle.panel(end=days[-1], fields=["close"]).codes
    if pool_index is None:
        wanted = np.asarray(bundle.securities["type"].reindex(list(codes)) == "stock")
    else:
        wanted = np.asarray(bundle.members_mask(pool_index, codes, days).any(axis=1))
    if not wanted.any():
        raise MarketError(f"{bundle.path}: no stock with bars is in the pool from {days[0]} to {days[-1]}")
    return [codes[row] for row in np.flatnonzero(wanted)]


def _pool(
    bundle: Bundle, panel: Panel, pool_index: str | None, trade_days: np.ndarray, min_listed_days: int
) -> np.ndarray:
    """Return who may be chosen at each rebalance, (stocks, R)."""
    days = bundle.days
    if pool_index is None:
        seen = np.logical_or.accumulate(np.isfinite(panel["close"]), axis=1)
        return seen[:, trade_days - 1]
    start = bundle.securities["start_date"].reindex(list(panel.codes)).to_numpy().astype("datetime64[D]")
    unknown = np.isnat(start) | (start <= days[0])
    listed = np.where(unknown, -min_listed_days, np.searchsorted(days, start))
    old = trade_days - listed[:, None] >= min_listed_days
    return bundle.members_mask(pool_index, panel.codes, days[trade_days]) & old


def _growth(bundle: Bundle, panel: Panel, trade_days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what a holding gains from each rebalance to the next, and the part of it that is cash.

    (stocks, R - 1) each; 0 where no price is known.
    """
    factor, close = panel["factor"], panel["close"]
    value = _carried(panel["open"] * factor, close * factor)[:, trade_days]
    price = _carried(panel["open"], close)[:, trade_days]
    shares, cash, acted = _paid_out(bundle, panel.codes, trade_days)
    with np.errstate(invalid="ignore"):
        adjusted = value[:, 1:] / value[:, :-1] - 1.0
        held = (price[:, 1:] * shares + cash) / price[:, :-1] - 1.0
        paid = cash / price[:, :-1]
    growth = np.where(acted, held, adjusted)
    known = np.isfinite(growth)
    return np.where(known, growth, 0.0), np.where(known, paid, 0.0)


def _paid_out(
    bundle: Bundle, codes: Sequence[str], trade_days: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what one share bought at each rebalance has become at the next: shares, CNY after tax, whether anything.

    (stocks, R - 1) each. An ex-date counts from the day after the rebalance to the next one: who buys on the ex-date
    gets nothing.
    """
    shape = (len(codes), len(trade_days) - 1)
    shares, cash, acted = np.ones(shape), np.zeros(shape), np.zeros(shape, dtype=bool)
    row_of = {code: row for row, code in enumerate(codes)}
    table = bundle.corporate_actions
    days = np.searchsorted(bundle.days, table["ex_date"].to_numpy().astype("datetime64[D]"))
    months = np.searchsorted(trade_days, days) - 1
    columns = (table["code"], months, table["cash_pre_tax"].fillna(0.0), table["share_ratio"])
    for code, month, paid, ratio in zip(*columns, strict=True):
        if code in row_of and 0 <= month < shape[1]:
            place = row_of[code], month
            cash[place] += shares[place] * paid * (1.0 - DIVIDEND_TAX)
            shares[place] *= ratio if np.isfinite(ratio) and ratio > 0 else 1.0
            acted[place] = True
    return shares, cash, acted


def _carried(at_open: np.ndarray, at_close: np.ndarray) -> np.ndarray:
    """Return the value at the open, carrying the last close where the bars have ended."""
    place = np.where(np.isfinite(at_close), np.arange(at_close.shape[1]), 0)
    last = np.maximum.accumulate(place, axis=1)
    return np.where(np.isfinite(at_open), at_open, np.take_along_axis(at_close, last, axis=1))


def _mean_money(money: np.ndarray, trade_days: np.ndarray) -> np.ndarray:
    """Return the mean of the days with a bar among the 20 before each trade day, (stocks, R); NaN without any."""
    windows = [money[:, max(0, day - MONEY_DAYS) : day] for day in trade_days]
    known = [np.isfinite(window) for window in windows]
    sums = np.stack([np.where(k, w, 0.0).sum(axis=1) for k, w in zip(known, windows, strict=True)], axis=1)
    numbers = np.stack([k.sum(axis=1) for k in known], axis=1)
    return np.where(numbers > 0, sums / np.maximum(numbers, 1), np.nan)


def _volatility(panel: Panel, trade_days: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Return the root mean square of the pool's daily close-to-close returns in each month, (R - 1,)."""
    close = panel["close"] * panel["factor"]
    found = np.zeros(len(trade_days) - 1)
    for month, (first, stop) in enumerate(pairwise(trade_days)):
        inside = close[members[:, month], first - 1 : stop]
        with np.errstate(invalid="ignore"):
            daily = inside[:, 1:] / inside[:, :-1] - 1.0
        known = np.isfinite(daily)
        pool = np.where(known, daily, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        found[month] = np.sqrt(np.mean(pool * pool))
    return found
