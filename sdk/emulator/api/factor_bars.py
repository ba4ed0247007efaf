"""Factors made of bars and valuation. One factor = one entry: category, words, fields, formula.

``x.last(field, n)`` gives the last n values up to each day, (codes, days, n); adjusted prices are raw × factor,
adjusted volume raw ÷ factor. Returns are close ÷ close of the day before − 1. A year is 250 days, Rf = 0.04.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from sdk.emulator.bars import BarStore
from sdk.errors import StrategyError

YEAR, FREE_RATE = 250, 0.04
PRICES = ("open", "high", "low", "close")
MARKET = "000300.XSHG"


class BarView:
    """Fields of some codes over the days ``first`` … ``stop`` − 1 and whatever lies before them."""

    def __init__(self, bars: BarStore, codes: list[str], first: int, stop: int) -> None:
        self._bars, self._codes, self._first, self._stop = bars, codes, first, stop

    def now(self, field: str) -> np.ndarray:
        """(codes, days)."""
        return self._read(field, self._first)

    def ago(self, field: str, days: int) -> np.ndarray:
        """The value ``days`` before each day; NaN before the first bar."""
        return self.last(field, days + 1)[..., 0]

    def last(self, field: str, days: int) -> np.ndarray:
        """(codes, days, ``days``), oldest first."""
        begin = max(self._first - days + 1, 0)
        block = self._read(field, begin)
        lacking = days - 1 - (self._first - begin)
        padded = np.concatenate([np.full((len(block), lacking), np.nan), block], axis=1)
        return np.lib.stride_tricks.sliding_window_view(padded, days, axis=1)

    def mean(self, field: str, days: int) -> np.ndarray:
        """Mean of the last days; NaN when one is missing."""
        return self.last(field, days).mean(axis=2)

    def market_returns(self, days: int) -> np.ndarray:
        """(1, days, ``days``): returns of the CSI 300."""
        if not self._bars.known(MARKET):
            raise StrategyError(f"get_factor_values('beta'): the bundle has no bars of {MARKET}")
        return BarView(self._bars, [MARKET], self._first, self._stop).last("return", days)

    def _read(self, field: str, begin: int) -> np.ndarray:
        bars, codes, stop = self._bars, self._codes, self._stop
        if field == "return":
            close = self._read("close", max(begin - 1, 0))
            gains = close[:, 1:] / close[:, :-1] - 1
            return gains if begin else np.concatenate([np.full((len(close), 1), np.nan), gains], axis=1)
        if field == "raw_close":
            return bars.block("close", codes, begin, stop)
        block = bars.block(field, codes, begin, stop)
        if field in PRICES:
            return block * bars.block("factor", codes, begin, stop)
        return block / bars.block("factor", codes, begin, stop) if field == "volume" else block


@dataclass(frozen=True)
class BarFactor:
    """``fields`` are those of valuation that it needs."""

    category: str
    words: str
    value: Callable[[BarView], np.ndarray]
    fields: tuple[str, ...] = ()


def _rate_of_change(field: str, days: int) -> Callable[[BarView], np.ndarray]:
    return lambda x: (x.now(field) / x.ago(field, days) - 1) * 100


def _moment(days: int, power: int) -> Callable[[BarView], np.ndarray]:
    """Skewness (power 3) or kurtosis (power 4) of the last returns, population moments."""

    def value(x: BarView) -> np.ndarray:
        gains = x.last("return", days)
        centred = gains - gains.mean(axis=2, keepdims=True)
        spread = (centred**2).mean(axis=2)
        return (centred**power).mean(axis=2) / np.where(spread > 0, spread, np.nan) ** (power / 2)

    return value


def _sharpe(days: int) -> Callable[[BarView], np.ndarray]:
    def value(x: BarView) -> np.ndarray:
        gains = x.last("return", days)
        yearly = (1 + gains.mean(axis=2)) ** YEAR - 1
        return (yearly - FREE_RATE) / (gains.std(axis=2, ddof=1) * np.sqrt(YEAR))

    return value


def _true_range(days: int) -> Callable[[BarView], np.ndarray]:
    def value(x: BarView) -> np.ndarray:
        high, low, close = (x.last(field, days + 1) for field in ("high", "low", "close"))
        before = close[..., :-1]
        spans = (high[..., 1:] - low[..., 1:], np.abs(high[..., 1:] - before), np.abs(low[..., 1:] - before))
        return np.maximum.reduce(spans).mean(axis=2)

    return value


def _beta(x: BarView) -> np.ndarray:
    """Slope of the last 252 returns on the market's, weights halving every 63 days."""
    gains, market = x.last("return", 252), x.market_returns(252)
    weight = 0.5 ** (np.arange(251, -1, -1) / 63)
    weight = weight / weight.sum()
    level = market - (weight * market).sum(axis=2, keepdims=True)
    own = gains - (weight * gains).sum(axis=2, keepdims=True)
    return (weight * own * level).sum(axis=2) / (weight * level**2).sum(axis=2)


def _momentum(x: BarView) -> np.ndarray:
    """Σ of log returns of the days 21 … 504 ago, weights halving every 126 days."""
    gains = np.log1p(x.last("return", 504))[..., :-21]
    weight = 0.5 ** (np.arange(482, -1, -1) / 126)
    return (weight * gains).sum(axis=2)


def _up_days(x: BarView) -> np.ndarray:
    gains = x.last("return", 12)
    return np.where(np.isnan(gains).any(axis=2), np.nan, (gains > 0).mean(axis=2) * 100)


def _rank_in_year(x: BarView) -> np.ndarray:
    closes = x.last("close", YEAR)
    place = (closes > closes[..., -1:]).sum(axis=2) + 1.0
    return np.where(np.isnan(closes).any(axis=2), np.nan, place)


def _over(days: int) -> Callable[[BarView], np.ndarray]:
    return lambda x: x.now("close") / x.mean("close", days) - 1


def _one_over(field: str) -> Callable[[BarView], np.ndarray]:
    return lambda x: 1 / x.now(field)


def _std(field: str, days: int) -> Callable[[BarView], np.ndarray]:
    return lambda x: x.last(field, days).std(axis=2, ddof=1)


def _mean(field: str, days: int) -> Callable[[BarView], np.ndarray]:
    return lambda x: x.mean(field, days)


def _variance(days: int) -> Callable[[BarView], np.ndarray]:
    return lambda x: x.last("return", days).var(axis=2, ddof=1) * YEAR


def _bias(days: int) -> Callable[[BarView], np.ndarray]:
    return lambda x: (x.now("close") / x.mean("close", days) - 1) * 100


def _relative_mean(days: int) -> Callable[[BarView], np.ndarray]:
    return lambda x: x.mean("close", days) / x.now("close")


def _relative_turnover(days: int) -> Callable[[BarView], np.ndarray]:
    return lambda x: x.mean("turnover_ratio", days) / x.mean("turnover_ratio", 120)


_TURN, _CAP = ("turnover_ratio",), ("market_cap",)
BAR_FACTORS: Final[dict[str, BarFactor]] = {
    "natural_log_of_market_cap": BarFactor("style", "对数总市值", lambda x: np.log(x.now("market_cap") * 1e8), _CAP),
    "size": BarFactor("style", "市值", lambda x: np.log(x.now("market_cap") * 1e8), _CAP),
    "beta": BarFactor("style", "贝塔", _beta),
    "momentum": BarFactor("style", "动量", _momentum),
    "book_to_price_ratio": BarFactor("style", "账面市值比", _one_over("pb_ratio"), ("pb_ratio",)),
    "earnings_to_price_ratio": BarFactor("style", "利润市值比", _one_over("pe_ratio"), ("pe_ratio",)),
    "sales_to_price_ratio": BarFactor("style", "营收市值比", _one_over("ps_ratio"), ("ps_ratio",)),
    "cash_flow_to_price_ratio": BarFactor("style", "现金流市值比", _one_over("pcf_ratio"), ("pcf_ratio",)),
    "market_cap": BarFactor("basics", "市值(元)", lambda x: x.now("market_cap") * 1e8, _CAP),
    "circulating_market_cap": BarFactor(
        *("basics", "流通市值(元)", lambda x: x.now("circulating_market_cap") * 1e8, ("circulating_market_cap",))
    ),
    "price_no_fq": BarFactor("technical", "不复权价格", lambda x: x.now("raw_close")),
    **{f"ROC{n}": BarFactor("momentum", f"{n}日变动率", _rate_of_change("close", n)) for n in (6, 12, 20, 60, 120)},
    **{f"BIAS{n}": BarFactor("momentum", f"{n}日乖离率", _bias(n)) for n in (5, 10, 20, 60)},
    **{f"MAC{n}": BarFactor("technical", f"{n}日移动均线", _relative_mean(n)) for n in (5, 10, 20, 60, 120)},
    "Price1M": BarFactor("momentum", "当前价与一月均价", _over(21)),
    "Price3M": BarFactor("momentum", "当前价与三月均价", _over(61)),
    "Price1Y": BarFactor("momentum", "当前价与一年均价", _over(YEAR)),
    "fifty_two_week_close_rank": BarFactor("momentum", "当前价格处于过去1年股价的位置", _rank_in_year),
    **{
        f"VOL{n}": BarFactor("emotion", f"{n}日平均换手率", _mean("turnover_ratio", n), _TURN)
        for n in (5, 10, 20, 60, 120, 240)
    },
    **{
        f"DAVOL{n}": BarFactor("emotion", f"{n}日与120日平均换手率之比", _relative_turnover(n), _TURN)
        for n in (5, 10, 20)
    },
    "turnover_volatility": BarFactor("emotion", "换手率相对波动率", _std("turnover_ratio", 20), _TURN),
    **{f"TVMA{n}": BarFactor("emotion", f"{n}日成交金额均值", _mean("money", n)) for n in (6, 20)},
    **{f"TVSTD{n}": BarFactor("emotion", f"{n}日成交金额标准差", _std("money", n)) for n in (6, 20)},
    **{f"VSTD{n}": BarFactor("emotion", f"{n}日成交量标准差", _std("volume", n)) for n in (10, 20)},
    **{f"VROC{n}": BarFactor("emotion", f"{n}日量变动速率", _rate_of_change("volume", n)) for n in (6, 12)},
    **{f"ATR{n}": BarFactor("emotion", f"{n}日均幅指标", _true_range(n)) for n in (6, 14)},
    "PSY": BarFactor("emotion", "心理线指标", _up_days),
    **{f"Variance{n}": BarFactor("risk", f"{n}日年化收益方差", _variance(n)) for n in (20, 60, 120)},
    **{f"Skewness{n}": BarFactor("risk", f"{n}日收益偏度", _moment(n, 3)) for n in (20, 60, 120)},
    **{f"Kurtosis{n}": BarFactor("risk", f"{n}日收益峰度", _moment(n, 4)) for n in (20, 60, 120)},
    **{f"sharpe_ratio_{n}": BarFactor("risk", f"{n}日夏普比率", _sharpe(n)) for n in (20, 60, 120)},
}
STYLES: Final = frozenset(("size", "beta", "momentum", "book_to_price_ratio"))
