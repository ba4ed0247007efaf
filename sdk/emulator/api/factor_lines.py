"""Further factors made of bars: moods of buyers and sellers, bands, averages of price and volume, size and liquidity.

An exponential average runs over the last 4 n bars and starts with the first of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from sdk.emulator.api.factor_bars import BarFactor, BarView

Value = Callable[[BarView], np.ndarray]
_TURN, _CAP = ("turnover_ratio",), ("market_cap",)


def _some(bottom: np.ndarray) -> np.ndarray:
    return np.where(bottom == 0, np.nan, bottom)


def _mood(days: int = 26) -> Value:
    """AR: Σ(high − open) ÷ Σ(open − low), in percent."""

    def value(x: BarView) -> np.ndarray:
        opened, high, low = (x.last(field, days) for field in ("open", "high", "low"))
        return (high - opened).sum(axis=2) / _some((opened - low).sum(axis=2)) * 100

    return value


def _will(days: int = 26) -> Value:
    """BR: Σ max(high − close before, 0) ÷ Σ max(close before − low, 0), in percent."""

    def value(x: BarView) -> np.ndarray:
        before = x.last("close", days + 1)[..., :-1]
        high, low = x.last("high", days), x.last("low", days)
        return np.maximum(high - before, 0).sum(axis=2) / _some(np.maximum(before - low, 0).sum(axis=2)) * 100

    return value


def _smoothed(field: str, days: int) -> Value:
    """Exponential average with the weight 2 ÷ (n + 1)."""
    keep = 1 - 2 / (days + 1)
    weight = keep ** np.arange(4 * days - 1, -1, -1)
    weight[1:] *= 1 - keep

    def value(x: BarView) -> np.ndarray:
        return (x.last(field, 4 * days) * weight).sum(axis=2)

    return value


def _difference(field: str) -> Value:
    fast, slow = _smoothed(field, 12), _smoothed(field, 26)
    return lambda x: fast(x) - slow(x)


def _over_close(value: Value) -> Value:
    return lambda x: value(x) / x.now("close")


def _band(side: int) -> Value:
    return lambda x: x.mean("close", 20) + side * 2 * x.last("close", 20).std(axis=2, ddof=0)


def _typical(x: BarView, days: int) -> tuple[np.ndarray, np.ndarray]:
    price = sum(x.last(field, days) for field in ("high", "low", "close")) / 3
    return np.asarray(price), x.last("volume", days)


def _money_flow_index(x: BarView) -> np.ndarray:
    price, volume = _typical(x, 15)
    rises, flow = np.diff(price, axis=2) > 0, (price * volume)[..., 1:]
    up, whole = np.where(rises, flow, 0.0).sum(axis=2), flow.sum(axis=2)
    return up / _some(whole) * 100


def _accumulated(x: BarView) -> np.ndarray:
    opened, high, low, close, volume = (x.last(field, 6) for field in ("open", "high", "low", "close", "volume"))
    return np.where(high > low, (close - opened) / _some(high - low) * volume, 0.0 * volume).sum(axis=2)


def _since(extreme: Callable[..., np.ndarray], field: str) -> Value:
    """Aroon: (25 − days since the extreme) ÷ 25, in percent."""

    def value(x: BarView) -> np.ndarray:
        last = x.last(field, 26)[..., ::-1]
        return np.where(np.isnan(last).any(axis=2), np.nan, (25 - extreme(last, axis=2)) / 25 * 100)

    return value


def _log_turnover(days: int) -> Value:
    def value(x: BarView) -> np.ndarray:
        whole = x.last("turnover_ratio", days).sum(axis=2) / (days / 21)
        return np.log(np.where(whole > 0, whole, np.nan))

    return value


def _liquidity(x: BarView) -> np.ndarray:
    month, quarter, year = (_log_turnover(days)(x) for days in (21, 63, 252))
    return 0.35 * month + 0.35 * quarter + 0.3 * year


def _middle_size(x: BarView) -> np.ndarray:
    """What of the cube of size its size does not explain, day by day over the stocks asked for."""
    size = np.log(x.now("market_cap") * 1e8)
    level = (size - np.nanmean(size, axis=0)) / _some(np.nanstd(size, axis=0))
    cube = level**3
    slope = np.nansum(level * cube, axis=0) / _some(np.nansum(level**2, axis=0))
    return cube - slope * level


def _peg(x: BarView) -> np.ndarray:
    price = x.now("pe_ratio")
    before = 1 / x.ago("pe_ratio", 243) * x.ago("market_cap", 243)
    growth = (x.now("market_cap") / _some(price)) / _some(before) - 1
    return np.where((price > 0) & (before > 0) & (growth > 0), price / _some(growth * 100), np.nan)


LINE_FACTORS: Final[dict[str, BarFactor]] = {
    "AR": BarFactor("emotion", "人气指标", _mood()),
    "BR": BarFactor("emotion", "意愿指标", _will()),
    "ARBR": BarFactor("emotion", "人气与意愿之差", lambda x: _mood()(x) - _will()(x)),
    "WVAD": BarFactor("emotion", "威廉变异离散量", _accumulated),
    "money_flow_20": BarFactor("emotion", "20日资金流量", lambda x: np.prod(_typical(x, 20), axis=0).sum(axis=2)),
    **{f"VEMA{n}": BarFactor("emotion", f"{n}日成交量指数平均", _smoothed("volume", n)) for n in (5, 10, 12, 26)},
    "VDIFF": BarFactor("emotion", "成交量快慢线之差", _difference("volume")),
    "boll_up": BarFactor("technical", "上轨线与收盘价之比", _over_close(_band(1))),
    "boll_down": BarFactor("technical", "下轨线与收盘价之比", _over_close(_band(-1))),
    "EMA5": BarFactor("technical", "5日指数平均与收盘价之比", _over_close(_smoothed("close", 5))),
    **{
        f"EMAC{n}": BarFactor("technical", f"{n}日指数平均与收盘价之比", _over_close(_smoothed("close", n)))
        for n in (10, 12, 20, 26, 120)
    },
    "MACDC": BarFactor("technical", "快慢线之差与收盘价之比", _over_close(_difference("close"))),
    "MFI14": BarFactor("technical", "资金流量指标", _money_flow_index),
    "arron_up_25": BarFactor("momentum", "Aroon 上轨", _since(np.argmax, "high")),
    "arron_down_25": BarFactor("momentum", "Aroon 下轨", _since(np.argmin, "low")),
    "share_turnover_monthly": BarFactor("style", "月换手率", _log_turnover(21), _TURN),
    "liquidity": BarFactor("style", "流动性", _liquidity, _TURN),
    "non_linear_size": BarFactor("style", "非线性市值", _middle_size, _CAP),
    "PEG": BarFactor("growth", "市盈率与利润增长率之比", _peg, ("pe_ratio", "market_cap")),
}
