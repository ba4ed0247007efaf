"""沪深港通 of a made market: what Hong Kong holds, and how much it buys, as two tables of the finance database.

    finance/STK_HK_HOLD_INFO   the holding of each stock of the main index, from the start on, at each day's close
    finance/STK_ML_QUOTA       purchases, sales and quota of the two northbound links, day by day, in 1e8 CNY

A holding wanders slowly around the stock's own level; a link buys more after the members' good weeks. The dice are
their own, so nothing else of the market depends on them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sdk.market.made.cast import Cast
from sdk.market.made.draws import Draws
from sdk.market.made.trading import Bars

LINKS = ((310001, "沪股通", "XSHG"), (310002, "深股通", "XSHE"))
QUOTA = 520.0  # 1e8 CNY a day and link


def northbound_tables(
    cast: Cast, draws: Draws, bars: Bars, member: np.ndarray, rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """Return the two tables; ``member``: (stocks, days) of the main index."""
    return {
        "finance/STK_HK_HOLD_INFO": _holdings(cast, draws, bars, member, rng),
        "finance/STK_ML_QUOTA": _quota(cast, bars, member, rng),
    }


def _holdings(cast: Cast, draws: Draws, bars: Bars, member: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    stocks, days = member.shape
    walk = np.cumsum(rng.normal(0.0, 0.01, (stocks, days)), axis=1)
    level = np.exp(rng.normal(0.6, 0.9, (stocks, 1)))
    ratio = np.round((level * np.exp(walk - walk.mean(axis=1, keepdims=True))).clip(0.01, 24.0), 2)
    day, row = np.nonzero((member & cast.alive).T)
    codes = np.array(cast.codes, dtype=object)[row]
    number, name = _link(cast)
    total = bars.shares[row, day] / draws.float_share[row]
    return pd.DataFrame(
        {
            "id": np.arange(1, len(row) + 1),
            "day": pd.Series(cast.days[day].astype("datetime64[ns]")).dt.date,
            "link_id": number[row],
            "link_name": name[row],
            "code": codes,
            "name": np.array([f"造市{code[:6]}" for code in cast.codes], dtype=object)[row],
            "share_number": np.rint(ratio[row, day] / 100 * total),
            "share_ratio": ratio[row, day],
        }
    )


def _quota(cast: Cast, bars: Bars, member: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    days = len(cast.days)
    gains = np.where(member & cast.alive, bars.close / bars.pre_close - 1, np.nan)
    gain = np.nan_to_num(np.nanmean(gains, axis=0))
    week = np.convolve(gain, np.ones(5), mode="full")[:days]
    frames = []
    for number, name, _ in LINKS:
        net = np.round(400 * week + rng.normal(3.0, 14.0, days), 2).clip(-150.0, 150.0)
        turnover = np.round(rng.lognormal(4.8, 0.35, days) + np.abs(net), 2)
        bought = np.round((turnover + net) / 2, 2)
        sold = np.round(turnover - bought, 2)
        frames.append(
            pd.DataFrame(
                {
                    "day": pd.Series(cast.days.astype("datetime64[ns]")).dt.date,
                    "link_id": number,
                    "link_name": name,
                    "buy_amount": bought,
                    "buy_volume": np.rint(bought * 1e3),
                    "sell_amount": sold,
                    "sell_volume": np.rint(sold * 1e3),
                    "sum_amount": np.round(bought + sold, 2),
                    "sum_volume": np.rint(bought * 1e3) + np.rint(sold * 1e3),
                    "quota": np.nan,
                    "quota_balance": np.nan,
                    "quota_daily": QUOTA,
                    "quota_daily_balance": np.round(QUOTA - (bought - sold), 2),
                }
            )
        )
    found = pd.concat(frames).sort_values(["day", "link_id"], ignore_index=True)
    return found.assign(id=np.arange(1, len(found) + 1))


def _link(cast: Cast) -> tuple[np.ndarray, np.ndarray]:
    by_exchange = {exchange: (number, name) for number, name, exchange in LINKS}
    pairs = [by_exchange.get(code[-4:], LINKS[1][:2]) for code in cast.codes]
    return np.array([number for number, _ in pairs]), np.array([name for _, name in pairs], object)
