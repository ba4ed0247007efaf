"""The made index 000300.XSHG: who is in it, and its bars.

Members are the largest stocks by circulating value, about two thirds of all and at least 50 (all, if there
are fewer), chosen anew twice a year from what is known before the change; small changes of rank change
nothing. The index moves as the value-weighted mean of close ÷ pre_close of its members, weights from the day
before.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sdk.market.made.cast import Cast
from sdk.market.made.trading import Bars

CODE = "000300.XSHG"
BASE = 3000.0
CHANGE_MONTHS = (6, 12)
STAYS_UNTIL_RANK = 1.15
MEMBER_SHARE, FEWEST_MEMBERS, DAYS_LISTED = 2 / 3, 50, 60


def choose_members(cast: Cast, bars: Bars, share: float | None = None) -> np.ndarray:
    """Return membership of the largest stocks as bool (stocks, days); ``share`` of all (None: as 000300.XSHG)."""
    stocks, total = cast.paused.shape
    wanted = min(stocks, max(FEWEST_MEMBERS, round(stocks * MEMBER_SHARE)))
    wanted = wanted if share is None else max(1, round(stocks * share))
    value = bars.close * bars.shares
    member, current = np.zeros((stocks, total), dtype=bool), np.zeros(stocks, dtype=bool)
    changes = _change_days(cast.days)
    alive = cast.alive
    for begin, stop in zip(changes, [*changes[1:], total], strict=True):
        known = max(0, begin - 1)
        seasoned = (known - cast.first >= DAYS_LISTED) | (cast.first == 0)
        eligible = alive[:, begin] & alive[:, known] & seasoned & ~cast.is_st[:, known]
        current = _largest(value[:, max(0, known - 120) : known + 1].mean(axis=1), eligible, current, wanted)
        member[:, begin:stop] = current[:, np.newaxis]
    return member & alive


def member_intervals(
    member: np.ndarray, codes: tuple[str, ...], days: np.ndarray, index_code: str = CODE
) -> pd.DataFrame:
    """Return membership as intervals: index_code, code, in_date, out_date (NaT = in on the last day)."""
    padded = np.pad(member.astype(np.int8), ((0, 0), (1, 1)))
    change = np.diff(padded, axis=1)
    rows, begins = np.nonzero(change == 1)
    _, stops = np.nonzero(change == -1)
    out = np.where(stops == len(days), np.datetime64("NaT"), days[np.minimum(stops, len(days)) - 1])
    return pd.DataFrame(
        {
            "index_code": index_code,
            "code": [codes[row] for row in rows],
            "in_date": days[begins].astype("datetime64[ns]"),
            "out_date": out.astype("datetime64[ns]"),
        }
    )


def index_bars(cast: Cast, bars: Bars, member: np.ndarray, code: str = CODE, base: float = BASE) -> pd.DataFrame:
    """Return the bars of the index in points, rounded to 4 decimals; volume in shares, money in CNY."""
    value = np.where(cast.alive, bars.close * bars.shares, 0.0)
    weight = np.empty_like(value)
    weight[:, 1:], weight[:, 0] = value[:, :-1], value[:, 0]
    weight = np.where(member, weight, 0.0)
    pre = np.where(bars.pre_close > 0, bars.pre_close, 1)
    moves = {name: (weight * (getattr(bars, name) / pre)).sum(0) / weight.sum(0) for name in ("open", "high", "low")}
    close = np.round(base * np.cumprod((weight * (bars.close / pre)).sum(0) / weight.sum(0)), 4)
    pre_close = np.concatenate([[base], close[:-1]])
    opened = np.round(pre_close * moves["open"], 4)
    top, bottom = np.maximum(opened, close), np.minimum(opened, close)
    # Members do not reach their highs together: the index goes a third of that way.
    high = top + np.maximum(np.round((pre_close * moves["high"] - top) / 3, 4), 0)
    low = bottom - np.maximum(np.round((bottom - pre_close * moves["low"]) / 3, 4), 0)
    return pd.DataFrame(
        {
            "code": code,
            "date": cast.days.astype("datetime64[ns]"),
            "open": opened,
            "high": np.round(high, 4),
            "low": np.round(low, 4),
            "close": close,
            "pre_close": pre_close,
            "volume": np.where(member, bars.volume, 0).sum(0).astype(np.float64),
            "money": np.round(np.where(member, bars.money, 0).sum(0), 2),
        }
    )


def _change_days(days: np.ndarray) -> list[int]:
    """Return the columns of the first day and of each change: the trading day from 11 June or December on."""
    months = days.astype("datetime64[M]")
    month, day_of_month = months.astype(int) % 12 + 1, (days - months).astype(int) + 1
    due = np.isin(month, CHANGE_MONTHS) & (day_of_month >= 11)
    first_due = due & ~np.concatenate([[False], due[:-1]])
    return sorted({0, *np.flatnonzero(first_due).tolist()})


def _largest(value: np.ndarray, eligible: np.ndarray, current: np.ndarray, wanted: int) -> np.ndarray:
    """Return the ``wanted`` largest eligible stocks; a member within 115 % of that rank keeps its place."""
    order = np.argsort(-np.where(eligible, value, -1.0), kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    keeps = current & eligible & (rank < wanted * STAYS_UNTIL_RANK)
    preference = np.argsort(np.where(eligible, rank - keeps * len(order), 10 * len(order)), kind="stable")
    chosen = np.zeros(len(order), dtype=bool)
    chosen[preference[: min(wanted, int(eligible.sum()))]] = True
    return chosen
