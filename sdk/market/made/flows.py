"""Who traded what in a made market: money flow, 龙虎榜, unlocks, dividend plans, audit opinions.

Money flow: the larger the orders, the more their net buying follows the day's body within its range; the small
ones take the other side, so the four add up to zero. 龙虎榜: at most two stocks a day that closed at a limit, five
buying and five selling branches each. Unlocks are announced amounts; the circulating shares of the bars do not
follow them. Dividend plans: the board's plan comes with the annual report, the details a week before the ex-date.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from sdk.market.made.books import Books
from sdk.market.made.cast import Cast
from sdk.market.made.draws import Draws
from sdk.market.made.trading import Bars

SIZES = (("net_amount_xl", 0.05, 0.04), ("net_amount_l", 0.03, 0.04), ("net_amount_m", 0.0, 0.03))
BILLBOARD_A_DAY, BRANCHES = 2, 5
REASONS = ((106001.0, "涨幅偏离值达7%的证券"), (106002.0, "跌幅偏离值达7%的证券"))
OPINIONS = ((1, "无保留"), (2, "无保留带解释性说明"), (3, "保留意见"))


def flow_tables(
    cast: Cast, draws: Draws, bars: Bars, books: Books, rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """Return the tables ``money_flow``, ``billboard``, ``locked_shares``, ``dividend_plans`` and the opinions."""
    return {
        "money_flow": _money_flow(cast, bars, rng),
        "billboard": _billboard(cast, bars, rng),
        "locked_shares": _locked_shares(cast, draws, bars, rng),
        "dividend_plans": _dividend_plans(cast, bars, books),
        "finance/STK_AUDIT_OPINION": _opinions(cast, books, rng),
    }


def _codes(cast: Cast) -> np.ndarray:
    return np.array(cast.codes, dtype=object)


def _money_flow(cast: Cast, bars: Bars, rng: np.random.Generator) -> pd.DataFrame:
    """Net amounts in 1e4 CNY; no rows on halted days."""
    cells = np.nonzero(cast.alive & ~cast.paused)
    money = bars.money[cells] / 1e4
    span = (bars.high - bars.low)[cells]
    body = (bars.close - bars.open)[cells] / np.where(span == 0, 1, span)
    nets = {
        name: np.round(money * (pull * body + noise * rng.standard_normal(len(money))), 2)
        for name, pull, noise in SIZES
    }
    nets["net_amount_s"] = -np.round(sum(nets.values()), 2)
    date = cast.days[cells[1]].astype("datetime64[ns]")
    return pd.DataFrame({"code": _codes(cast)[cells[0]], "date": date, **nets})


def _billboard(cast: Cast, bars: Bars, rng: np.random.Generator) -> pd.DataFrame:
    trading = cast.alive & ~cast.paused
    up, down = trading & (bars.close == bars.high_limit), trading & (bars.close == bars.low_limit)
    hits = up | down
    chosen = hits & (np.cumsum(hits, axis=0) <= BILLBOARD_A_DAY)
    rows, days = np.nonzero(chosen)
    sides = np.array(list(product(("BUY", "SELL"), range(1, BRANCHES + 1))), dtype=object)
    row, day = np.repeat(rows, len(sides)), np.repeat(days, len(sides))
    direction, rank = np.tile(sides[:, 0], len(rows)), np.tile(sides[:, 1].astype(float), len(rows))
    money = bars.money[row, day]
    large, small = (np.round(money * rng.uniform(0.001, top, len(row)) / rank, 2) for top in (0.06, 0.004))
    bought = np.where(direction == "BUY", large, small)
    sold = np.where(direction == "BUY", small, large)
    reason = np.where(up[row, day], 0, 1)
    branches = np.array([f"造市证券第{number}营业部" for number in range(60)], dtype=object)
    branch = rng.integers(1, 60, len(row))
    return pd.DataFrame(
        {
            "code": _codes(cast)[row],
            "day": cast.days[day].astype("datetime64[ns]"),
            "direction": direction,
            "rank": rank,
            "abnormal_code": np.array([code for code, _ in REASONS])[reason],
            "abnormal_name": np.array([name for _, name in REASONS], dtype=object)[reason],
            "sales_depart_name": branches[branch],
            "buy_value": bought,
            "buy_rate": np.round(bought / money * 100, 4),
            "sell_value": sold,
            "sell_rate": np.round(sold / money * 100, 4),
            "total_value": np.round(bought + sold, 2),
            "net_value": np.round(bought - sold, 2),
            "amount": money,
        }
    )


def _locked_shares(cast: Cast, draws: Draws, bars: Bars, rng: np.random.Generator) -> pd.DataFrame:
    rows = np.repeat(np.flatnonzero(draws.float_share < 0.95), 2)
    column = rng.integers(20, len(cast.days), len(rows))
    keep = cast.alive[rows, column]
    cells = pd.DataFrame({"row": rows[keep], "column": column[keep]}).drop_duplicates()
    row, day = cells["row"].to_numpy(), cells["column"].to_numpy()
    circulating = bars.shares[row, day]
    total = circulating / draws.float_share[row]
    number = np.rint(total * rng.uniform(0.002, 0.02, len(row)))
    return pd.DataFrame(
        {
            "day": cast.days[day].astype("datetime64[ns]"),
            "code": _codes(cast)[row],
            "num": number,
            "rate1": np.round(number / total, 4),
            "rate2": np.round(number / circulating, 4),
        }
    )


def _dividend_plans(cast: Cast, bars: Bars, books: Books) -> pd.DataFrame:
    row, day = np.nonzero((bars.cash_mills > 0) | (bars.ratio_tenths != 10))
    ex_date = cast.days[day]
    year = ex_date.astype("datetime64[Y]")
    announced = books.public[row, np.searchsorted(books.stat, year.astype("datetime64[D]")) - 1]
    details = cast.days[np.maximum(day - 6, 0)]
    plan = np.where(np.isnat(announced), details - 20, np.minimum(announced, details - 10))
    return pd.DataFrame(
        {
            "code": _codes(cast)[row],
            "ex_date": ex_date.astype("datetime64[ns]"),
            "report_date": (year.astype("datetime64[D]") - 1).astype("datetime64[ns]"),
            "board_plan_pub_date": plan.astype("datetime64[ns]"),
            "implementation_pub_date": details.astype("datetime64[ns]"),
        }
    )


def _opinions(cast: Cast, books: Books, rng: np.random.Generator) -> pd.DataFrame:
    """One opinion a company and year, public with the annual report; mostly without reservation."""
    public = books.public[:, 3::4]
    row, year = np.nonzero(~np.isnat(public))
    kind = rng.choice(len(OPINIONS), len(row), p=(0.95, 0.03, 0.02))
    end = books.stat[3::4][year]
    order = np.lexsort((end, row))
    found = pd.DataFrame(
        {
            "code": _codes(cast)[row],
            "start_date": end.astype("datetime64[Y]").astype("datetime64[D]"),
            "end_date": end,
            "pub_date": public[row, year],
            "report_type": 0,
            "opinion_type_id": np.array([code for code, _ in OPINIONS])[kind],
            "opinion_type": np.array([name for _, name in OPINIONS], dtype=object)[kind],
        }
    ).iloc[order]
    for name in ("start_date", "end_date", "pub_date"):
        found[name] = found[name].dt.date
    return found.assign(id=np.arange(1, len(found) + 1)).reset_index(drop=True)
