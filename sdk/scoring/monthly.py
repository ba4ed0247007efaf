"""What a formula earns: the monthly top-K portfolio, from the scores of the day before to the opens in between.

Time. Rebalances happen at the open of the first trading day of each month. The scores used there are those of the
trading day before (``signal_lag`` = 1); members, halts and limits are those of the rebalance day at its open. The
return of a month runs from open to open, adjusted, so a holding is priced where it can be traded.

Rules, the same as in the exported strategy: the K best scores of the day's members, equal scores by code, 1/K of the
value each; a chosen stock that is halted or opens at its upper limit is not bought and its share stays in cash; a
stock that left the choice is sold unless it is halted or opens at its lower limit. A missing score is never bought.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from sdk.errors import MarketError
from sdk.market.bundle import Bundle


@dataclass(frozen=True)
class Costs:
    """Rates on the traded value: the platform's defaults for stocks."""

    commission: float = 0.0003
    stamp_tax: float = 0.001
    half_spread: float = 0.00123

    @property
    def buy(self) -> float:
        return self.commission + self.half_spread

    @property
    def sell(self) -> float:
        return self.commission + self.stamp_tax + self.half_spread


@dataclass(frozen=True)
class MonthlyMarket:
    """The market at R rebalances: (stocks, R) arrays; rows are ascending codes, so a stable sort breaks ties by code.

    ``signal_days`` and ``trade_days`` are positions in the bundle's calendar. ``growth`` (stocks, R - 1) is the
    adjusted open-to-open return to the next rebalance; a stock whose bars end is carried at its last close.
    """

    codes: tuple[str, ...]
    signal_days: np.ndarray
    trade_days: np.ndarray
    members: np.ndarray
    buyable: np.ndarray
    sellable: np.ndarray
    growth: np.ndarray

    @property
    def pool_return(self) -> np.ndarray:
        """The mean return of the day's members a month: (R - 1,)."""
        inside = self.members[:, :-1]
        return np.where(inside, self.growth, 0.0).sum(axis=0) / np.maximum(inside.sum(axis=0), 1)


def monthly_market(bundle: Bundle, pool_index: str, start: str, end: str) -> MonthlyMarket:
    """Read what is needed for monthly rebalances between two dates; a month that begins before ``start`` is left out.

    Raises MarketError when fewer than three rebalances lie between the dates.
    """
    days = bundle.days
    months = days.astype("datetime64[M]")
    first = np.flatnonzero(np.r_[False, months[1:] != months[:-1]])
    inside = (days[first] >= np.datetime64(start)) & (days[first] <= np.datetime64(end))
    trade_days = first[inside]
    if len(trade_days) < 3:
        raise MarketError(
            f"{bundle.path}: {len(trade_days)} monthly rebalances between {start} and {end}, at least 3 are needed; "
            f"the bundle covers {days[0]} ... {days[-1]}"
        )
    panel = bundle.panel(fields=["open", "close", "factor", "paused", "high_limit", "low_limit"])
    at_open = {name: panel[name][:, trade_days] for name in ("open", "paused", "high_limit", "low_limit")}
    traded = np.isfinite(at_open["open"]) & (at_open["paused"] == 0)
    with np.errstate(invalid="ignore"):
        locked_up = at_open["open"] >= at_open["high_limit"]
        locked_down = at_open["open"] <= at_open["low_limit"]
    value = _adjusted_open(panel["open"], panel["close"], panel["factor"])[:, trade_days]
    with np.errstate(invalid="ignore"):
        growth = value[:, 1:] / value[:, :-1] - 1.0
    return MonthlyMarket(
        codes=panel.codes,
        signal_days=trade_days - 1,
        trade_days=trade_days,
        members=bundle.members_mask(pool_index, panel.codes, days[trade_days]),
        buyable=traded & ~locked_up,
        sellable=traded & ~locked_down,
        growth=np.where(np.isfinite(growth), growth, 0.0),
    )


def _adjusted_open(open_: np.ndarray, close: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Return open x factor, carrying the last close x factor where the bars have ended."""
    adjusted_close = close * factor
    place = np.where(np.isfinite(adjusted_close), np.arange(close.shape[1]), 0)
    last = np.maximum.accumulate(place, axis=1)
    carried = np.take_along_axis(adjusted_close, last, axis=1)
    adjusted = open_ * factor
    return np.where(np.isfinite(adjusted), adjusted, carried)


@dataclass(frozen=True)
class MonthlyResult:
    """Net return a month (R - 1,), turnover a month (sum of buys ÷ value), and whether the cut fell into a tie."""

    returns: np.ndarray
    turnover: np.ndarray
    cut_in_tie: np.ndarray


def top_k_portfolio(market: MonthlyMarket, scores: np.ndarray, k: int, costs: Costs) -> MonthlyResult:
    """Trade the scores (stocks, R) and return what each month earned after costs."""
    eligible = np.where(market.members, scores, np.nan)
    months = market.growth.shape[1]
    result = MonthlyResult(np.zeros(months), np.zeros(months), np.zeros(months, dtype=np.bool_))
    _trade(
        eligible, market.buyable, market.sellable, market.growth, k, costs.buy, costs.sell,
        result.returns, result.turnover, result.cut_in_tie,
    )  # fmt: skip
    return result


@njit(cache=True, nogil=True)
def _best(scores: np.ndarray, month: int, k: int, chosen: np.ndarray) -> tuple[int, bool]:
    """Fill ``chosen`` with the k best rows, equal scores by row; return how many, and whether the cut ties."""
    found = 0
    for row in range(scores.shape[0]):
        score = scores[row, month]
        if math.isnan(score) or (found > k and score <= scores[chosen[k], month]):
            continue
        place = min(found, k)
        while place > 0 and score > scores[chosen[place - 1], month]:
            chosen[place] = chosen[place - 1]
            place -= 1
        chosen[place] = row
        found = min(found + 1, k + 1)
    return min(found, k), found > k and scores[chosen[k], month] == scores[chosen[k - 1], month]


@njit(cache=True, nogil=True)
def _trade(
    scores: np.ndarray,
    buyable: np.ndarray,
    sellable: np.ndarray,
    growth: np.ndarray,
    k: int,
    buy_cost: float,
    sell_cost: float,
    returns: np.ndarray,
    turnover: np.ndarray,
    cut_in_tie: np.ndarray,
) -> None:
    """Month by month: sell what left the choice, trim, buy the rest with what is there, let it grow."""
    stocks, months = growth.shape
    held, wanted = np.zeros(stocks), np.zeros(stocks)
    chosen = np.zeros(k + 1, dtype=np.int64)
    cash = 1.0
    for month in range(months):
        count, cut_in_tie[month] = _best(scores, month, k, chosen)
        value = cash
        for row in range(stocks):
            value += held[row]
            wanted[row] = 0.0
        for place in range(count):
            wanted[chosen[place]] = value / k
        proceeds, buys = cash, 0.0
        for row in range(stocks):
            if not buyable[row, month]:
                wanted[row] = min(wanted[row], held[row])
            if not sellable[row, month]:
                wanted[row] = max(wanted[row], held[row])
            if wanted[row] < held[row]:
                proceeds += (held[row] - wanted[row]) * (1.0 - sell_cost)
                held[row] = wanted[row]
            buys += wanted[row] - held[row]
        share = min(1.0, proceeds / (buys * (1.0 + buy_cost))) if buys > 0.0 else 1.0
        cash = proceeds - share * buys * (1.0 + buy_cost)
        after = cash
        for row in range(stocks):
            held[row] = (held[row] + share * (wanted[row] - held[row])) * (1.0 + growth[row, month])
            after += held[row]
        returns[month] = after / value - 1.0
        turnover[month] = share * buys / value
