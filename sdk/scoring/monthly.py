"""What a formula earns: the monthly top-K portfolio, from the scores of the day before to the opens in between.

Time. Rebalances happen at the open of the first trading day of each month. The scores used there are those of the
trading day before (``signal_lag`` = 1); members, halts and limits are those of the rebalance day at its open. The
return of a month runs from open to open, so a holding is priced where it can be traded.

Rules, the same as in the exported strategy: the K best scores of the day's members, equal scores by the rank keys,
1/K of the value each; a chosen stock that is halted or opens at its upper limit is not bought and its share stays in
cash; a stock that left the choice is sold unless it is halted or opens at its lower limit. Sales come first, then
purchases in rank order until the cash is spent; their costs are not reserved, as on the platform, so cash may end
slightly below zero. A missing score is never bought. With these rules a month earns what the exported strategy earns
in the emulator at equal costs, but for lots and the volume of the day (tests/regressions/test_r19…).

Cost of impact: the rate of a trade of x yuan in a stock rises in a straight line from ``impact_low`` at nothing to
``impact_high`` at 20 % of the stock's mean traded money of the 20 days before the trade day, and on beyond; each side
pays it. A stock without such a mean pays ``impact_high``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from sdk.scoring.portfolio import trade
from sdk.scoring.rank_ic import rank_ic
from sdk.scoring.rebalances import MonthlyMarket, monthly_market

__all__ = ["Costs", "MonthlyMarket", "MonthlyResult", "information", "monthly_market", "top_k_portfolio"]

_RATES = ("commission", "stamp_tax", "half_spread", "impact_low", "impact_high")
FULL_PARTICIPATION = 0.2  # of the mean traded money: where impact_high is reached


@dataclass(frozen=True)
class Costs:
    """Rates on the traded value: the platform's defaults for stocks, and no impact.

    ``capital``: what the portfolio is worth at the start, CNY; it matters for the impact alone.
    """

    commission: float = 0.0003
    stamp_tax: float = 0.001
    half_spread: float = 0.00123
    impact_low: float = 0.0
    impact_high: float = 0.0
    capital: float = 1_000_000.0

    @property
    def buy(self) -> float:
        return self.commission + self.half_spread + self.impact_low

    @property
    def sell(self) -> float:
        return self.commission + self.stamp_tax + self.half_spread + self.impact_low

    def scaled(self, factor: float) -> Costs:
        """Return the costs with all rates times ``factor``."""
        return replace(self, **{name: getattr(self, name) * factor for name in _RATES})

    def impact(self, money: np.ndarray) -> np.ndarray:
        """Return how much the rate rises for a trade of the starting value: same shape as ``money`` (CNY a day)."""
        known = np.isfinite(money) & (money > 0)
        full = np.where(known, FULL_PARTICIPATION * money, self.capital)
        return (self.impact_high - self.impact_low) * self.capital / full


@dataclass(frozen=True)
class MonthlyResult:
    """What formulas earned, (..., R - 1) each: net return a month, turnover (sum of buys ÷ value), whether the cut
    fell into a tie, how many members had a score, whether two different scores existed, 64 bits of who was chosen."""

    returns: np.ndarray
    turnover: np.ndarray
    cut_in_tie: np.ndarray
    scored: np.ndarray
    distinct: np.ndarray
    choice: np.ndarray

    def __getitem__(self, formula: int) -> MonthlyResult:
        return MonthlyResult(*(getattr(self, field.name)[formula] for field in fields(self)))


def top_k_portfolios(market: MonthlyMarket, scores: np.ndarray, k: int, costs: Costs) -> MonthlyResult:
    """Trade the scores of many formulas (formulas, stocks, R) and return what each month earned after costs."""
    shape = (len(scores), market.growth.shape[1])
    kinds = (np.float64, np.float64, np.bool_, np.int64, np.bool_, np.uint64)
    result = MonthlyResult(*(np.zeros(shape, kind) for kind in kinds))
    moves = (market.growth, market.payout)
    at_open = (market.places, market.buyable, market.sellable)
    tradable = tuple(np.ascontiguousarray(x.T) for x in (*at_open, *moves, costs.impact(market.mean_money)))
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


def information(market: MonthlyMarket, scores: np.ndarray) -> np.ndarray:
    """Return the RankIC of each month for many formulas (formulas, stocks, R): (formulas, R - 1), never NaN.

    Rule and ties: rank_ic.py. The other ranking is by ``growth``.
    """
    order = np.argsort(market.growth.T, axis=1, kind="stable")
    ordered = np.take_along_axis(market.growth.T, order, axis=1)
    new_value = np.ones(order.shape, dtype=bool)
    new_value[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    result = np.zeros((len(scores), len(order)))
    scores = np.ascontiguousarray(scores)
    rank_ic(scores, scores.view(np.int64), market.members, order, new_value, result)
    return result
