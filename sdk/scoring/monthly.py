"""What a formula earns: the monthly top-K portfolio, from the scores of the day before to the opens in between.

Time. Rebalances happen at the open of the first trading day of each month. The scores used there are those of the
trading day before (``signal_lag`` = 1); members, halts and limits are those of the rebalance day at its open. The
return of a month runs from open to open, adjusted, so a holding is priced where it can be traded.

Rules, the same as in the exported strategy: the K best scores of the day's members, equal scores by the rank keys,
1/K of the value each; a chosen stock that is halted or opens at its upper limit is not bought and its share stays in
cash; a stock that left the choice is sold unless it is halted or opens at its lower limit. A missing score is never
bought.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from sdk.errors import MarketError
from sdk.market.bundle import Bundle
from sdk.scoring.portfolio import trade
from sdk.scoring.ties import tie_order


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
    """The market at R rebalances: (stocks, R) arrays, rows in ascending order of codes.

    ``tie_order`` (stocks, R): the place of each row among equal scores (None: by code); ``held_first``: held stocks
    come before it. ``signal_days`` and ``trade_days`` are positions in the bundle's calendar. ``growth``
    (stocks, R - 1) is the adjusted open-to-open return to the next rebalance; a stock whose bars end is carried at
    its last close.
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

    @property
    def places(self) -> np.ndarray:
        """The tie order, (stocks, R)."""
        if self.tie_order is not None:
            return self.tie_order
        return np.repeat(np.arange(len(self.codes))[:, None], len(self.signal_days), axis=1)

    @property
    def pool_return(self) -> np.ndarray:
        """The mean return of the day's members a month: (R - 1,)."""
        inside = self.members[:, :-1]
        return np.where(inside, self.growth, 0.0).sum(axis=0) / np.maximum(inside.sum(axis=0), 1)


def monthly_market(
    bundle: Bundle, pool_index: str, start: str, end: str, rank_keys: Sequence[str] = ("code",)
) -> MonthlyMarket:
    """Read what is needed for monthly rebalances between two dates; a month that begins before ``start`` is left out.

    ``rank_keys`` order equal scores; held only as the first of them.
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
    more = ["money"] if "money" in rank_keys else []
    panel = bundle.panel(fields=["open", "close", "factor", "paused", "high_limit", "low_limit", *more])
    money = panel["money"][:, trade_days - 1] if more else np.zeros((len(panel.codes), len(trade_days)))
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
        tie_order=tie_order(panel.codes, money, rank_keys),
        held_first=rank_keys[0] == "held",
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
    """What formulas earned, (..., R - 1) each: net return a month, turnover (sum of buys ÷ value), whether the cut
    fell into a tie, how many members had a score, whether two different scores existed."""

    returns: np.ndarray
    turnover: np.ndarray
    cut_in_tie: np.ndarray
    scored: np.ndarray
    distinct: np.ndarray

    def __getitem__(self, formula: int) -> MonthlyResult:
        return MonthlyResult(*(getattr(self, field.name)[formula] for field in fields(self)))


def top_k_portfolios(market: MonthlyMarket, scores: np.ndarray, k: int, costs: Costs) -> MonthlyResult:
    """Trade the scores of many formulas (formulas, stocks, R) and return what each month earned after costs."""
    shape = (len(scores), market.growth.shape[1])
    kinds = (np.float64, np.float64, np.bool_, np.int64, np.bool_)
    result = MonthlyResult(*(np.zeros(shape, kind) for kind in kinds))
    tradable = tuple(
        np.ascontiguousarray(x.T) for x in (market.places, market.buyable, market.sellable, market.growth)
    )
    trade(
        scores,
        market.members,
        tradable,
        (k, market.held_first, costs.buy, costs.sell),
        *(getattr(result, field.name) for field in fields(result)),
    )
    return result


def top_k_portfolio(market: MonthlyMarket, scores: np.ndarray, k: int, costs: Costs) -> MonthlyResult:
    """Trade the scores of one formula (stocks, R)."""
    return top_k_portfolios(market, scores[None], k, costs)[0]
