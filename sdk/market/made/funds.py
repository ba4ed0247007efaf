"""Funds and further indices of a made market, under the codes that published strategies name.

An index of stocks is a value-weighted mean of made stocks, chosen by board or by rank of value. A fund that tracks
one follows its closes with a small gap of its own; the others (foreign, gold, bonds, money, sectors) have a drift, a
deviation and a slow swing, drawn from a seed of their own, so that the stocks of a market are the same with and
without funds. Funds trade in ticks of 0.001 CNY; their limits are 10 % from the close before; no dividends. The net
value of a fund is what its index is worth, else its close without a small premium.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from sdk.market.made.cast import Cast
from sdk.market.made.fund_list import listed_funds, listed_indices
from sdk.market.made.index import choose_members, index_bars, member_intervals
from sdk.market.made.trading import Bars

Choice = Callable[[Cast, Bars], np.ndarray]


class Index(NamedTuple):
    """A further index: its name, its first level in points, and who is in it."""

    name: str
    base: float
    members: Choice


class Fund(NamedTuple):
    """A fund: the index that it tracks (or none), drift and deviation a year, height and months of a swing."""

    name: str
    price: float
    tracks: str = ""
    drift: float = 0.0
    deviation: float = 0.0
    swing: float = 0.0
    months: float = 12.0


def _board(*starts: str) -> Choice:
    return lambda cast, bars: cast.alive & np.array([[code.startswith(starts)] for code in cast.codes])


def _exchange(suffix: str) -> Choice:
    return lambda cast, bars: cast.alive & np.array([[code.endswith(suffix)] for code in cast.codes])


def _ranks(first: float, last: float) -> Choice:
    """Choose the stocks whose rank of value is between two shares of all."""
    return lambda cast, bars: choose_members(cast, bars, last) & ~choose_members(cast, bars, first)


def _every(step: int) -> Choice:
    """Choose every ``step``-th stock, counted from a place of the step's own."""
    return lambda cast, bars: cast.alive & (np.arange(len(cast.codes)) % step == step // 2)[:, np.newaxis]


INDICES: dict[str, Index] = {
    "000001.XSHG": Index("上证指数", 3000.0, _exchange("XSHG")),
    "000016.XSHG": Index("上证50", 2500.0, lambda cast, bars: choose_members(cast, bars, 0.2)),
    "000852.XSHG": Index("中证1000", 6500.0, _ranks(0.6, 1.0)),
    "000905.XSHG": Index("中证500", 5500.0, _ranks(0.4, 0.8)),
    "000906.XSHG": Index("中证800", 4000.0, lambda cast, bars: choose_members(cast, bars, 0.8)),
    "000985.XSHG": Index("中证全指", 4500.0, lambda cast, bars: cast.alive),
    "399001.XSHE": Index("深证成指", 10000.0, _exchange("XSHE")),
    "399005.XSHE": Index("中小100", 6500.0, _board("002")),
    "399006.XSHE": Index("创业板指", 1800.0, _board("300")),
    "399101.XSHE": Index("中小综指", 10000.0, _board("002")),
    "399102.XSHE": Index("创业板综", 2200.0, _board("300")),
    "399106.XSHE": Index("深证综指", 1800.0, _exchange("XSHE")),
    "399300.XSHE": Index("沪深300", 3000.0, lambda cast, bars: choose_members(cast, bars)),
    "399303.XSHE": Index("国证2000", 6000.0, _ranks(0.6, 1.0)),
    "399905.XSHE": Index("中证500", 5500.0, _ranks(0.4, 0.8)),
    **{
        code: Index(name, base, _every(step) if step else _exchange(code[6:]))
        for code, (name, base, step) in listed_indices().items()
    },
}
FUNDS: dict[str, Fund] = {
    "510300.XSHG": Fund("沪深300ETF", 3.9, "000300.XSHG"),
    "159919.XSHE": Fund("沪深300ETF嘉实", 3.9, "000300.XSHG"),
    "510050.XSHG": Fund("上证50ETF", 2.8, "000016.XSHG"),
    "510500.XSHG": Fund("中证500ETF", 6.1, "000905.XSHG"),
    "512100.XSHG": Fund("中证1000ETF", 1.1, "000852.XSHG"),
    "159915.XSHE": Fund("创业板ETF", 1.7, "399006.XSHE"),
    "159949.XSHE": Fund("创业板50ETF", 0.7, "399006.XSHE"),
    "159902.XSHE": Fund("中小100ETF", 3.4, "399005.XSHE"),
    "159901.XSHE": Fund("深证100ETF", 4.5, "399001.XSHE"),
    "510880.XSHG": Fund("红利ETF", 2.9, "000016.XSHG"),
    "512890.XSHG": Fund("红利低波ETF", 1.0, "000016.XSHG"),
    "588000.XSHG": Fund("科创50ETF", 1.2, "", 0.00, 0.32, 0.45, 6),
    "513100.XSHG": Fund("纳指ETF", 1.9, "", 0.12, 0.18, 0.25, 8),
    "513500.XSHG": Fund("标普500ETF", 1.6, "", 0.09, 0.15, 0.20, 10),
    "513050.XSHG": Fund("中概互联网ETF", 1.4, "", 0.00, 0.30, 0.40, 9),
    "513030.XSHG": Fund("德国ETF", 1.1, "", 0.05, 0.17, 0.20, 7),
    "513520.XSHG": Fund("日经ETF", 1.0, "", 0.05, 0.16, 0.20, 13),
    "159920.XSHE": Fund("恒生ETF", 1.5, "", 0.01, 0.19, 0.30, 10),
    "518880.XSHG": Fund("黄金ETF", 2.7, "", 0.06, 0.12, 0.20, 11),
    "159985.XSHE": Fund("豆粕ETF", 1.0, "", 0.05, 0.15, 0.25, 7),
    "162411.XSHE": Fund("华宝油气LOF", 0.6, "", -0.02, 0.28, 0.40, 9),
    "511010.XSHG": Fund("国债ETF", 110.0, "", 0.03, 0.02, 0.01, 12),
    "511260.XSHG": Fund("十年国债ETF", 105.0, "", 0.03, 0.03, 0.02, 14),
    "511880.XSHG": Fund("银华日利", 100.0, "", 0.02, 0.0005, 0.0, 12),
    "511990.XSHG": Fund("华宝添益", 100.0, "", 0.0, 0.0002, 0.0, 12),
    "512880.XSHG": Fund("证券ETF", 0.9, "", 0.00, 0.32, 0.50, 6),
    "512800.XSHG": Fund("银行ETF", 1.0, "", 0.03, 0.18, 0.20, 9),
    "512010.XSHG": Fund("医药ETF", 1.5, "", 0.05, 0.24, 0.40, 11),
    "512690.XSHG": Fund("酒ETF", 1.2, "", 0.08, 0.28, 0.45, 12),
    "159928.XSHE": Fund("消费ETF", 1.9, "", 0.07, 0.22, 0.35, 12),
    "512660.XSHG": Fund("军工ETF", 0.8, "", 0.02, 0.28, 0.40, 8),
    "512480.XSHG": Fund("半导体ETF", 1.0, "", 0.06, 0.34, 0.50, 7),
    "515030.XSHG": Fund("新能源车ETF", 1.2, "", 0.08, 0.32, 0.50, 10),
    "512400.XSHG": Fund("有色金属ETF", 0.9, "", 0.03, 0.28, 0.40, 8),
}
_SEED = 510300
FUNDS |= {
    code: Fund(name, kind.price, kind.tracks, kind.drift, kind.deviation, kind.swing, 6.0 + int(code[3:6]) % 9)
    for code, (name, kind) in listed_funds().items()
}


class FundTables(NamedTuple):
    """Rows to add to a market's tables."""

    daily: pd.DataFrame
    index_daily: pd.DataFrame
    index_members: pd.DataFrame
    securities: pd.DataFrame
    net_values: pd.DataFrame


def fund_tables(cast: Cast, bars: Bars, main_index: pd.DataFrame, seed: int) -> FundTables:
    """Make all funds and further indices; ``main_index``: the bars of 000300.XSHG."""
    days = cast.days
    members = {code: index.members(cast, bars) for code, index in INDICES.items()}
    some = {code: member for code, member in members.items() if member.any(axis=0).all()}
    indices = {code: index_bars(cast, bars, member, code, INDICES[code].base) for code, member in some.items()}
    tracked = {**indices, "000300.XSHG": main_index}
    funds = [
        _fund_bars(code, fund, days, tracked, np.random.default_rng([_SEED, seed, place]))
        for place, (code, fund) in enumerate(FUNDS.items())
        if fund.tracks in ("", *tracked)
    ]
    there = pd.concat(funds, ignore_index=True)
    kinds = {code: ("fund", FUNDS[code].name) for code in dict.fromkeys(there["code"])}
    kinds.update({code: ("index", INDICES[code].name) for code in indices})
    return FundTables(
        there,
        pd.concat(list(indices.values()), ignore_index=True),
        pd.concat(
            [member_intervals(member, cast.codes, days, code) for code, member in some.items()], ignore_index=True
        ),
        _securities(kinds, days),
        _net_values(there, tracked, seed),
    )


def _fund_bars(
    code: str, fund: Fund, days: np.ndarray, tracked: dict[str, pd.DataFrame], rng: np.random.Generator
) -> pd.DataFrame:
    if fund.tracks:
        index = tracked[fund.tracks]
        level = fund.price / index["close"].iloc[0]
        close = index["close"].to_numpy() * level * np.exp(rng.normal(0.0, 0.0008, len(days)))
        opened = index["open"].to_numpy() * level * np.exp(rng.normal(0.0, 0.0008, len(days)))
    else:
        years = np.arange(len(days)) / 243
        steps = rng.normal(fund.drift / 243, fund.deviation / 243**0.5, len(days))
        swing = fund.swing * 0.5 * np.sin(years * 24 * np.pi / fund.months + rng.uniform(0, 2 * np.pi))
        close = fund.price * np.exp(np.clip(np.cumsum(steps) + swing - swing[0], -1.5, 2.5))
        before = np.r_[close[0], close[:-1]]
        opened = before * np.exp(rng.normal(0.0, fund.deviation / 243**0.5 / 2, len(days)))
    close = np.maximum(np.round(close, 3), 0.05)
    before = np.r_[close[0], close[:-1]]
    high_limit, low_limit = np.round(before * 1.1, 3), np.round(before * 0.9, 3)
    opened = np.clip(np.round(opened, 3), low_limit, high_limit)
    close = np.clip(close, low_limit, high_limit)
    reach = np.abs(rng.normal(0.0, 0.2 * fund.deviation / 243**0.5 + 0.0005, (2, len(days))))
    high = np.minimum(np.round(np.maximum(opened, close) * (1 + reach[0]), 3), high_limit)
    low = np.maximum(np.round(np.minimum(opened, close) * (1 - reach[1]), 3), low_limit)
    volume = np.round(rng.lognormal(18.0, 0.4, len(days)) / fund.price, -2)
    return pd.DataFrame(
        {
            "code": code,
            "date": days.astype("datetime64[ns]"),
            **{"open": opened, "high": np.maximum(high, np.maximum(opened, close))},
            **{"low": np.minimum(low, np.minimum(opened, close)), "close": close, "pre_close": before},
            **{"volume": volume, "money": np.round(volume * (opened + close) / 2, 2), "factor": 1.0},
            **{"high_limit": high_limit, "low_limit": low_limit, "paused": False, "is_st": False},
        }
    )


def _net_values(daily: pd.DataFrame, tracked: dict[str, pd.DataFrame], seed: int) -> pd.DataFrame:
    """The platform's table FUND_NET_VALUE: funds by number, unit and accumulated net value in CNY, four places."""
    tables = []
    for code, bars in daily.groupby("code", sort=True):
        fund = FUNDS[str(code)]
        if fund.tracks:
            index = tracked[fund.tracks]["close"].to_numpy()
            value = index * (fund.price / index[0])
        else:
            rng = np.random.default_rng([_SEED, seed, int(str(code)[:6])])
            value = bars["close"].to_numpy() / (1 + rng.normal(0.0, fund.deviation / 243**0.5 / 5, len(bars)))
        net = np.round(value, 4)
        columns = {"net_value": net, "sum_value": net, "refactor_net_value": net}
        tables.append(pd.DataFrame({"code": str(code)[:6], "day": bars["date"].to_numpy(), **columns}))
    return pd.concat(tables, ignore_index=True)


def _securities(kinds: dict[str, tuple[str, str]], days: np.ndarray) -> pd.DataFrame:
    names = [name for _, name in kinds.values()]
    return pd.DataFrame(
        {"code": list(kinds), "display_name": names, "name": names, "type": [kind for kind, _ in kinds.values()]}
    ).assign(
        start_date=days[:1].astype("datetime64[ns]").repeat(len(kinds)),
        end_date=np.array(["NaT"] * len(kinds), dtype="datetime64[ns]"),
    )
