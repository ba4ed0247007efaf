"""Wrong units, found by ratios that must be near 1.

    money ÷ (volume × close)                            CNY, shares, CNY
    close × circulating_cap × 1e4 ÷ (circulating_market_cap × 1e8)
    volume ÷ (circulating_cap × 1e4) × 100 ÷ turnover_ratio                 turnover in percent

The median of such a ratio over all traded rows is 1 within a few percent in a sound file; a power of ten says
which unit was meant. A few stocks off while the rest is right are named.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from sdk.market.importing.problems import SHOWN, Problem
from sdk.market.importing.reading import Sheet

NEAR = 1.6  # a ratio within this factor of a value is that value
UnitTable = tuple[tuple[float, str, str, str], ...]  # ratio, column, what is wrong, next step
TRADED_MONEY: UnitTable = (
    (100.0, "volume", "is in lots (手, 100 shares), not in shares", "use --volume-unit lots"),
    (0.1, "volume", "is in lots and money in thousand CNY", "use --volume-unit lots --money-unit thousand"),
    (0.001, "money", "is in thousand CNY, not in CNY", "use --money-unit thousand"),
    (0.0001, "money", "is in 10,000 CNY (万元), not in CNY", "multiply it by 10,000"),
    (0.01, "close", "prices are in fen, not in CNY", "divide the price columns by 100"),
    (1e-8, "money", "is in 100 million CNY (亿元), not in CNY", "multiply it by 1e8"),
)
MARKET_VALUE = (
    (1e-4, "circulating_cap", "is in 1e8 shares, JoinQuant's unit is 1e4 shares", "multiply it by 1e4"),
    (1e4, "circulating_cap", "is in shares, JoinQuant's unit is 1e4 shares", "divide it by 1e4"),
    (1e-8, "circulating_market_cap", "is in CNY, JoinQuant's unit is 1e8 CNY", "divide it by 1e8"),
    (1e-4, "circulating_market_cap", "is in 1e4 CNY, JoinQuant's unit is 1e8 CNY", "divide it by 1e4"),
)
TURNOVER = ((100.0, "turnover_ratio", "is a fraction, JoinQuant's unit is percent", "multiply it by 100"),)
FEN_PRICE = 500.0  # a median close above this, all whole numbers, is in fen


def check_traded_units(sheet: Sheet) -> Iterator[Problem]:
    """Yield problems of the units of volume, money and prices of a file of daily bars."""
    frame = sheet.frame
    traded = frame[frame["volume"] > 0]
    if "money" in frame:
        ratio = traded["money"] / (traded["volume"] * traded["close"])
        yield from _verdict(sheet, ratio, traded["code"], TRADED_MONEY, "money ÷ (volume × close)")
    elif len(traded) and traded["close"].median() > FEN_PRICE and (traded["close"] % 1 == 0).all():
        yield Problem(
            sheet.file, "close", "prices look like fen, not CNY", len(frame), (), "divide the price columns by 100"
        )


def check_valuation_units(sheet: Sheet, bars: pd.DataFrame) -> Iterator[Problem]:
    """Yield problems of the units of a valuation file, seen beside the bars (code, date, close, volume)."""
    frame = sheet.frame
    if "circulating_cap" not in frame and "turnover_ratio" not in frame:
        return
    both = frame.merge(bars[["code", "date", "close", "volume"]], on=["code", "date"])
    both = both[both["volume"] > 0]
    if {"circulating_cap", "circulating_market_cap"} <= set(frame.columns):
        ratio = both["close"] * both["circulating_cap"] * 1e4 / (both["circulating_market_cap"] * 1e8)
        words = "close × circulating_cap ÷ circulating_market_cap"
        yield from _verdict(sheet, ratio, None, MARKET_VALUE, words)
    if {"circulating_cap", "turnover_ratio"} <= set(frame.columns):
        ratio = both["volume"] / (both["circulating_cap"] * 1e4) * 100 / both["turnover_ratio"]
        yield from _verdict(sheet, ratio, None, TURNOVER, "volume ÷ circulating_cap ÷ turnover_ratio")


def _verdict(
    sheet: Sheet,
    ratio: pd.Series,
    codes: pd.Series | None,
    table: UnitTable,
    words: str,
) -> Iterator[Problem]:
    """Compare the median ratio with 1, then with the table; with ``codes``, then look for codes that are off."""
    known = ratio[np.isfinite(ratio) & (ratio > 0)]
    if known.empty:
        return
    median = float(known.median())
    if not _near(median, 1.0):
        for value, column, what, step in table:
            if _near(median, value):
                yield Problem(sheet.file, column, what, len(known), (f"median of {words} = {median:.4g}",), step)
                return
        what = f"units cannot be right: the median of {words} is {median:.4g}, it should be 1"
        yield Problem(
            sheet.file, table[0][1], what, len(known), (), "store volume in shares, money and prices in CNY"
        )
    elif codes is not None:
        by_code = known.groupby(codes.loc[known.index], observed=True).median()
        off = by_code[(by_code > NEAR) | (by_code < 1 / NEAR)]
        if len(off):
            examples = tuple(f"{code}: {words} = {value:.4g}" for code, value in off.head(SHOWN).items())
            what = f"other units than the rest of the file: {len(off)} codes"
            yield Problem(sheet.file, table[0][1], what, int(known.index.size), examples)


def _near(value: float, target: float) -> bool:
    return target / NEAR < value < target * NEAR
