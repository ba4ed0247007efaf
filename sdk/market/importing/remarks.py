"""What is doubtful but possible in imported files; it is kept in the manifest and shown by ``market check``."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from sdk.market.importing.checks import stray_codes
from sdk.market.importing.problems import Doubt
from sdk.market.importing.reading import Sheet, some


def sheet_doubts(kind: str, sheet: Sheet) -> Iterator[Doubt]:
    """Yield what is odd about a file as such: columns without a use, rows out of order."""
    if sheet.unused:
        words = f"{sheet.file}: columns that are not used: {' '.join(sheet.unused)}"
        yield Doubt(f"{kind}_unused_columns", len(sheet.unused), words, known_good=True)
    if kind == "securities":
        stray = sorted(set(sheet.frame["code"][stray_codes(sheet.frame)].astype(str)))
        if stray:
            words = f"{sheet.file}: codes that are not JoinQuant's, left out"
            yield Doubt("securities_stray_codes", len(stray), words, some(stray), known_good=True)
    if "date" in sheet.frame:
        unordered = _out_of_order(sheet.frame)
        if unordered:
            words = f"{sheet.file}: rows that were not in the order (code, date) or (date, code); sorted"
            yield Doubt(f"{kind}_unsorted", unordered, words, known_good=True)


def daily_doubts(daily: pd.DataFrame, volume_unit: str) -> Iterator[Doubt]:
    """Yield what is doubtful about the bars themselves."""
    if "money_source" in daily:
        estimated = daily["money_source"].astype(str).str.startswith("est")
        yield from _share("estimated_money", estimated, "rows whose money is estimated, not traded")
    if "st_source" in daily:
        inferred = daily["st_source"].astype(str) == "inferred"
        yield from _share("inferred_st", inferred, "rows whose ST flag is inferred, not announced")
    if "paused" in daily:
        trading = (daily["paused"] == 1) & (daily["volume"] > 0)
        yield from _share("paused_but_traded", trading, "rows marked paused that traded")
    if "money" not in daily:
        words = f"without money the unit of volume cannot be verified; it was read as {volume_unit}"
        yield Doubt("volume_unit_unverified", len(daily), words)


def member_doubts(daily: pd.DataFrame, members: pd.DataFrame | None, calendar: np.ndarray) -> Iterator[Doubt]:
    """Yield the survivorship list: members within the calendar of whom there is no bar at all."""
    if members is None:
        return
    inside = members["out_date"].isna() | (members["out_date"] >= pd.Timestamp(calendar[0]))
    inside &= members["in_date"] <= pd.Timestamp(calendar[-1])
    codes = sorted(set(members["code"][inside]) - set(daily["code"].cat.categories))
    if codes:
        words = "index members without a single bar (survivorship): results on this index leave them out"
        yield Doubt("members_without_bars", len(codes), words, tuple(codes))


def securities_doubts(daily: pd.DataFrame, securities: pd.DataFrame) -> Iterator[Doubt]:
    """Yield stocks with bars before their listing or after their delisting."""
    spans = daily.groupby("code", observed=True)["date"].agg(["min", "max"])
    table = securities.set_index("code").reindex(spans.index.astype(str))
    first, last = spans["min"].to_numpy(), spans["max"].to_numpy()
    early = table.index[(first < table["start_date"].to_numpy())]
    late = table.index[(last > table["end_date"].to_numpy())]
    for name, codes, words in (
        ("bars_before_listing", early, "codes with bars before their listing date"),
        ("bars_after_delisting", late, "codes with bars after their delisting date"),
    ):
        if len(codes):
            yield Doubt(name, len(codes), words, some(codes))


def _share(name: str, rows: pd.Series, words: str) -> Iterator[Doubt]:
    count = int(rows.sum())
    if count:
        yield Doubt(name, count, f"{words} ({count / len(rows):.1%} of {len(rows):,})")


def _out_of_order(frame: pd.DataFrame) -> int:
    """Return how many rows break both usual orders, whichever order is broken less."""
    code = frame["code"].astype(str).astype("category")
    keys = {"code": code.cat.codes.to_numpy().astype(np.int64), "date": frame["date"].to_numpy().astype(np.int64)}
    breaks = []
    for major, minor in (("code", "date"), ("date", "code")):
        step, inner = np.diff(keys[major]), np.diff(keys[minor])
        breaks.append(int(((step < 0) | ((step == 0) & (inner < 0))).sum()))
    return min(breaks)
