"""The NAV of both sides by day, as cumulative return in percent, and what first differs on each day."""

from __future__ import annotations

import math
from dataclasses import dataclass

from parity.compare import Verdict
from parity.layers import CHINESE, Comparison
from parity.records import Side
from sdk.report.plain_text import plain


@dataclass(frozen=True)
class Curves:
    """Days ascending; a side's return is NaN on a day that it does not tell."""

    days: tuple[str, ...]
    local: tuple[float, ...]
    platform: tuple[float, ...]

    @property
    def gaps(self) -> tuple[float, ...]:
        """Platform − local on each day, in percentage points; NaN where a side tells nothing."""
        return tuple(there - here for here, there in zip(self.local, self.platform, strict=True))

    @property
    def shown(self) -> bool:
        """Whether both sides tell enough days for a line."""
        return all(sum(map(math.isfinite, curve)) > 1 for curve in (self.local, self.platform))


def curves_of(verdict: Verdict) -> Curves:
    """Return the cumulative returns of both sides in percent over all days that either tells."""
    local, platform = returns_of(verdict.local), returns_of(verdict.platform)
    days = tuple(sorted({*local, *platform}))
    return Curves(
        days,
        tuple(local.get(day, math.nan) for day in days),
        tuple(platform.get(day, math.nan) for day in days),
    )


def returns_of(side: Side) -> dict[str, float]:
    """Return day → cumulative return in percent: as printed in result.csv, else from the total values.

    Total values alone do not tell the capital, so they count from their first day.
    """
    printed = {row.day: row.strategy.value for row in side.results or () if row.strategy is not None}
    told = {day: value for day, value in printed.items() if value is not None}
    if told:
        return told
    values = {day: reading.value for day, reading in sorted(side.total_value.items()) if reading.value}
    first = next(iter(values.values()), None)
    return {day: (value / first - 1) * 100 for day, value in values.items() if value is not None and first}


def days_of(side: Side) -> tuple[str, str]:
    """Return the first and last day of the run as far as the files tell them; texts are empty where they do not.

    Daily tables tell both. A log that begins at midnight begins with ``initialize``, so it tells the first day; where
    a log or a list of trades ends says nothing about the end of the run, but an error in it says that it came so far.
    """
    days = [*side.cash, *side.total_value, *(row.day for row in side.results or ())]
    opened = side.log_span[0]
    begun = [opened[:10]] if opened.endswith("00:00:00") else []
    reached = [moment[:10] for moment, _ in side.errors] if days else []
    return min([*days, *begun], default=""), max([*days, *reached], default="")


def starting_cash(side: Side) -> float | None:
    """Return the capital in CNY from the first day's total value and gain; None where the files do not tell both."""
    if not side.results:
        return None
    first = side.results[0]
    total = side.total_value.get(first.day)
    gains = [reading.value for reading in (first.earned, first.lost) if reading is not None]
    if total is None or total.value is None or not gains or None in gains:
        return None
    return round(total.value - sum(gain for gain in gains if gain is not None), 2)


def capital_of_returns(side: Side) -> float | None:
    """Return the roundest capital under which the gains so far make up every printed return; None where none does.

    ``result.csv`` alone prints no value, but the gains of each day in CNY and the return so far in percent.
    """
    low, high, gained = 0.0, math.inf, 0.0
    for row in side.results or ():
        parts = [part.value for part in (row.earned, row.lost) if part is not None and part.value is not None]
        if not parts or row.strategy is None or row.strategy.value is None:
            return None
        gained += sum(parts)
        ends = [(row.strategy.value + way * row.strategy.half_unit) / 100 for way in (-1, 1)]
        bounds = sorted(gained / end for end in ends if end)
        if ends[0] * ends[1] > 0:
            low, high = max(low, bounds[0] - 0.01), min(high, bounds[1] + 0.01)
    if not 0.0 < low <= high < math.inf:
        return None
    for place in range(int(math.log10(high)), -3, -1):
        unit = 10.0**place
        found = round((low + high) / 2 / unit) * unit
        if low <= found <= high:
            return round(found, 2)
    return None


def day_words(day: str, local: float, platform: float, first: Comparison | None, cause: str = "") -> str:
    """Return what the chart says when the pointer rests on a day."""
    parts = [day]
    for name, value in (("平台", platform), ("本地", local)):
        parts.append(f"{name} {value:+.2f}%" if math.isfinite(value) else f"{name} --")
    if math.isfinite(local) and math.isfinite(platform):
        parts.append(f"差 {platform - local:+.2f}%")
    words = "  ".join(parts)
    if first is not None:
        named = " ".join(filter(None, (plain(first.code, 20), CHINESE[first.layer], plain(first.field, 30))))
        words += f"\n当日首个差异 {named}：平台 {plain(first.platform, 60)}，本地 {plain(first.local, 60)}"
    return words + (f"\n原因 {cause}" if cause else "")
