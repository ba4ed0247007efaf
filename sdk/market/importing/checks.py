"""What no market can contain: each rule is one line of a table, each finding one ``Problem``.

A rule looks at a whole frame at once and returns the rows it objects to. Rows whose market simply did odd
things are no problem here; those are for ``quality``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from sdk.market.importing.codes import VALID, is_index_code, is_security_code, nearest_code
from sdk.market.importing.problems import SHOWN, Problem
from sdk.market.importing.reading import Sheet

FIRST_DAY = pd.Timestamp("1990-12-19")  # the first trading day of the Shanghai exchange
TOLERANCE = 1e-6
MOST_STRAY = 0.01  # share of odd codes that a list of the whole market may have
PRICES = ("open", "high", "low", "close")

Rule = tuple[str, str, Callable[[pd.DataFrame], "pd.Series[bool]"]]


def _not_positive(column: str) -> Rule:
    return column, "must be a number above 0", lambda f: ~((f[column] > 0) & np.isfinite(f[column]))


def _outside_bar(column: str) -> Rule:
    return (
        column,
        "outside [low, high] of its bar",
        lambda f: (f[column] > f["high"] + TOLERANCE) | (f[column] < f["low"] - TOLERANCE),
    )


def _negative(column: str) -> Rule:
    return column, "must not be negative or missing", lambda f: ~((f[column] >= 0) & np.isfinite(f[column]))


def _no_flag(column: str) -> Rule:
    return column, "must be 0 or 1", lambda f: ~f[column].isin((0.0, 1.0))


BAR_RULES: tuple[Rule, ...] = (
    *(_not_positive(column) for column in (*PRICES, "pre_close", "factor")),
    ("high", "lower than low", lambda f: f["high"] < f["low"] - TOLERANCE),
    *(_outside_bar(column) for column in ("open", "close")),
    *(_negative(column) for column in ("volume", "money")),
    *(_no_flag(column) for column in ("paused", "is_st")),
    ("date", "is not a trading day: a weekend", lambda f: f["date"].dt.day_of_week >= 5),
    ("date", "before the exchanges opened (1990-12-19)", lambda f: f["date"] < FIRST_DAY),
)
# An index may lack a whole bar (its values are then NaN), but never half of one.
INDEX_RULES: tuple[Rule, ...] = (
    ("close", "must be above 0", lambda f: f["close"] <= 0),
    ("high", "lower than low", lambda f: f["high"] < f["low"] - TOLERANCE),
    ("date", "is not a trading day: a weekend", lambda f: f["date"].dt.day_of_week >= 5),
)


def check_bars(sheet: Sheet, rules: tuple[Rule, ...], index: bool = False) -> Iterator[Problem]:
    """Yield the problems of a file of bars: codes, missing dates, repeated rows, then each rule of the table."""
    frame = sheet.frame
    if frame.empty:
        yield Problem(sheet.file, "date", "the file has no row", 1)
        return
    yield from check_codes(sheet, index)
    yield from _objection(sheet, "date", "is missing", frame["date"].isna())
    yield from _repeated(sheet, ["code", "date"])
    for column, what, objects in rules:
        if column in frame:
            yield from _objection(sheet, column, what, objects(frame))


def check_codes(sheet: Sheet, index: bool = False) -> Iterator[Problem]:
    """Yield one problem for all codes that are not JoinQuant's, naming for the first ones what they should be."""
    valid = is_index_code if index else is_security_code
    counts = sheet.frame["code"].value_counts(dropna=False)
    counts = counts[counts > 0].sort_index()
    bad = [code for code in counts.index if not isinstance(code, str) or not valid(code)]
    if bad:
        shown = [f"{code!s} (did you mean {nearest_code(str(code))}?)" for code in bad if nearest_code(str(code))]
        shown += [f"{code!s}" for code in bad if not nearest_code(str(code))]
        what = f"not a JoinQuant code: {len(bad)} codes"
        step = "write codes like 600519.XSHG, 000001.XSHE"
        yield Problem(sheet.file, "code", what, int(counts[bad].sum()), tuple(shown[:SHOWN]), step)


def check_members(sheet: Sheet) -> Iterator[Problem]:
    """Yield the problems of membership intervals."""
    frame = sheet.frame
    yield from check_codes(sheet)
    yield from _objection(sheet, "in_date", "is missing", frame["in_date"].isna())
    yield from _objection(sheet, "out_date", "before in_date", frame["out_date"] < frame["in_date"])


def check_securities(sheet: Sheet) -> Iterator[Problem]:
    """Yield the problems of a list of securities; a stray odd code in it is only a doubt (``remarks``)."""
    frame = sheet.frame
    if stray_codes(frame).mean() > MOST_STRAY:
        yield from check_codes(sheet, index=True)
    yield from _repeated(sheet, ["code"])
    if "end_date" in frame:
        yield from _objection(sheet, "end_date", "before start_date", frame["end_date"] < frame["start_date"])


def stray_codes(frame: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows of a list of securities have a code that is not JoinQuant's."""
    return ~frame["code"].astype(str).str.fullmatch(VALID.pattern)


def check_events(sheet: Sheet) -> Iterator[Problem]:
    """Yield the problems of a list of ex-dates."""
    frame = sheet.frame
    yield from check_codes(sheet)
    yield from _repeated(sheet, ["code", "ex_date"])
    yield from _objection(sheet, "ex_date", "is missing", frame["ex_date"].isna())
    if "implied_cash" in frame:
        yield from _objection(sheet, "implied_cash", "must not be negative", frame["implied_cash"] < 0)


def _repeated(sheet: Sheet, keys: list[str]) -> Iterator[Problem]:
    twice = sheet.frame.duplicated(keys, keep="first")
    yield from _objection(sheet, "+".join(keys), "the same row twice", twice)


def _objection(sheet: Sheet, column: str, what: str, rows: pd.Series[bool]) -> Iterator[Problem]:
    bad = np.flatnonzero(rows.to_numpy())
    if len(bad):
        examples = tuple(_example(sheet.frame, column, row) for row in bad[:SHOWN])
        yield Problem(sheet.file, column, what, len(bad), examples)


def _example(frame: pd.DataFrame, column: str, row: int) -> str:
    """Say which row it is, and what its cell holds: ``600519.XSHG 2020-12-31 close = -1.0``."""
    keys = [
        str(frame[name].iloc[row])[:11].strip() for name in ("code", "date", "ex_date", "in_date") if name in frame
    ]
    keys = [key.removesuffix(" 00:00:00") for key in keys]
    shown = "" if "+" in column or column in ("code", "date") else f" {column} = {frame[column].iloc[row]}"
    if column in ("open", "close", "high") and {"low", "high"} <= set(frame.columns):
        shown += f" (low {frame['low'].iloc[row]}, high {frame['high'].iloc[row]})"
    return " ".join(keys) + shown
