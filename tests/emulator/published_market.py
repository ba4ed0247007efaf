"""A market for strategies as users publish them: the made stocks, seven funds and four indices of 2018 and 2019.

The funds are made here from a fixed seed: a broad, a small-cap, a growth, a foreign, a gold, a bond and a money
fund, with the trends and swings that rotation and timing strategies look for.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from sdk.market.bundle import Bundle
from sdk.market.writer import write_bundle
from tests.bundles import small_market

# code -> (name, yearly drift, yearly deviation, yearly swing, months of a swing)
FUNDS = {
    "510300.XSHG": ("沪深300ETF", 0.02, 0.20, 0.30, 9),
    "510500.XSHG": ("中证500ETF", -0.02, 0.25, 0.35, 7),
    "159915.XSHE": ("创业板ETF", 0.00, 0.30, 0.45, 5),
    "513100.XSHG": ("纳指ETF", 0.12, 0.18, 0.25, 8),
    "518880.XSHG": ("黄金ETF", 0.06, 0.12, 0.20, 11),
    "511010.XSHG": ("国债ETF", 0.03, 0.02, 0.00, 12),
    "511880.XSHG": ("银华日利", 0.02, 0.001, 0.00, 12),
}
INDICES = {
    "000001.XSHG": ("上证指数", "510300.XSHG", 3000.0),
    "000905.XSHG": ("中证500", "510500.XSHG", 5000.0),
    "399006.XSHE": ("创业板指", "159915.XSHE", 1700.0),
}


def published_market(path: Path) -> Bundle:
    """Write the market to ``path``."""
    made = Bundle.open(small_market(), verify=False)
    days = made.days[made.days <= np.datetime64("2019-12-31")]
    cut = pd.Timestamp(days[-1])
    frames = {name: _frames(made.path, name) for name in ("daily", "index_daily", "valuation")}
    frames = {name: frame[frame["date"] <= cut] for name, frame in frames.items()}
    paths = {code: _path(place, days) for place, code in enumerate(FUNDS)}
    funds = pd.concat([_bars(code, days, *paths[code], tick=3) for code in FUNDS])
    indices = [
        _bars(code, days, *(level * base for level in paths[fund]), tick=4)
        for code, (_, fund, base) in INDICES.items()
    ]
    members, actions = made.index_members, made.corporate_actions
    return write_bundle(
        path,
        calendar=days,
        securities=pd.concat([_securities(made, days), _entries(days)], ignore_index=True),
        daily=pd.concat([frames["daily"], funds[frames["daily"].columns]], ignore_index=True),
        index_daily=pd.concat([frames["index_daily"], *(frame[frames["index_daily"].columns] for frame in indices)]),
        index_members=members[members["in_date"] <= cut],
        valuation=frames["valuation"],
        corporate_actions=actions[actions["ex_date"] <= cut],
        about={"source": "made for tests of published strategies"},
    )


def _frames(root: Path, name: str) -> pd.DataFrame:
    files = sorted((root / name).glob("*.parquet")) if (root / name).is_dir() else [root / f"{name}.parquet"]
    frame = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    return frame.assign(code=frame["code"].astype(str), date=pd.to_datetime(frame["date"]))


def _path(place: int, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Opens and closes of a fund that starts near 1."""
    _, drift, deviation, swing, months = list(FUNDS.values())[place]
    rng = np.random.default_rng(100 + place)
    time = np.arange(len(days)) / 250
    steps = rng.normal(drift / 250, deviation / 250**0.5, len(days))
    close = np.exp(np.cumsum(steps) + swing * 0.5 * np.sin(time * 2 * np.pi * 12 / months + place))
    before = np.r_[close[0], close[:-1]]
    return before * np.exp(rng.normal(0, deviation / 250**0.5 / 2, len(days))), close


def _bars(code: str, days: np.ndarray, opens: np.ndarray, close: np.ndarray, tick: int) -> pd.DataFrame:
    opens, close = np.round(opens, tick), np.round(close, tick)
    rng = np.random.default_rng(7)
    wide = np.abs(rng.normal(0, 0.004, (2, len(days))))
    before = np.r_[opens[0], close[:-1]]
    volume = np.round(rng.lognormal(15, 0.4, len(days)), -2)
    return pd.DataFrame(
        {
            "code": code,
            "date": days.astype("datetime64[ns]"),
            "open": opens,
            "high": np.round(np.maximum(opens, close) * (1 + wide[0]), tick),
            "low": np.round(np.minimum(opens, close) * (1 - wide[1]), tick),
            "close": close,
            "pre_close": before,
            "volume": volume,
            "money": volume * close,
            "factor": 1.0,
            "high_limit": np.round(before * 1.1, tick),
            "low_limit": np.round(before * 0.9, tick),
            "paused": False,
            "is_st": False,
        }
    )


def _securities(made: Bundle, days: np.ndarray) -> pd.DataFrame:
    rows = made.securities.reset_index()
    return rows[rows["start_date"] <= pd.Timestamp(days[-1])]


def _entries(days: np.ndarray) -> pd.DataFrame:
    kinds = {**{code: (row[0], "fund") for code, row in FUNDS.items()}}
    kinds.update({code: (row[0], "index") for code, row in INDICES.items()})
    return pd.DataFrame(
        {
            "code": list(kinds),
            "display_name": [name for name, _ in kinds.values()],
            "name": [name for name, _ in kinds.values()],
            "type": [kind for _, kind in kinds.values()],
            "start_date": days[:1].astype("datetime64[ns]").repeat(len(kinds)),
            "end_date": np.array(["NaT"] * len(kinds), dtype="datetime64[ns]"),
        }
    )
