"""get_call_auction: the opening auction as far as bars know it: its price is the day's open.

Rows ``code time current …`` (time 09:25:00), today's from 09:25 on, halted days left out, future days dropped without
a word (JOINQUANT.md §6.6, §6.9). How many shares the auction traded stands in no bar: ``volume`` and ``money`` are
NaN, refused, or taken from the first minute bar, which holds the auction and one minute more (rule
``call_auction_volume``). The order book (``a1_p`` …) does not exist here: NaN or refused.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sdk.emulator.api.prices import PriceReader, code_list
from sdk.emulator.api.visible import as_datetime
from sdk.emulator.minutes import MinuteStore
from sdk.emulator.unsupported import unsupported

_AUCTION = 9 * 3600 + 25 * 60
_UNSEEN = ("volume", "money", *(f"{side}{level}_{what}" for side in "ab" for level in range(1, 6) for what in "pv"))


class CallAuction:
    """get_call_auction of one run."""

    def __init__(self, reader: PriceReader, minutes: MinuteStore, volume_rule: str) -> None:
        self._bars, self._clock, self._minutes = reader.bars, reader.clock, minutes
        self._first_minute = volume_rule == "first_minute"
        self._gives_nan = volume_rule == "nan"
        self.unknown = 0

    def get_call_auction(
        self, security: Any, start_date: Any = None, end_date: Any = None, fields: Any = None
    ) -> Any:
        """Auctions of one or several securities from ``start_date`` to ``end_date`` (default: today)."""
        names = ["time", "current", "volume", "money"] if fields is None else list(fields)
        self._check(names)
        codes, _ = code_list(security, self._bars, "get_call_auction")
        first, stop = self._days(start_date, end_date)
        rows = [
            self._row(code, day, names) for code in codes for day in range(first, stop) if self._traded(code, day)
        ]
        import pandas as pd

        return pd.DataFrame(rows, columns=["code", *names])

    def _check(self, names: list[str]) -> None:
        if self._gives_nan:
            self.unknown += not {"time", "current"}.issuperset(names)
            names = [name for name in names if name not in _UNSEEN]
        known = {"time", "current", *(("volume", "money") if self._first_minute else ())}
        unknown = [name for name in names if name not in known]
        if unknown and not self._first_minute and set(unknown) <= {"volume", "money"}:
            raise unsupported(
                f"get_call_auction field {unknown[0]!r}",
                "no bar knows it; use fields=['time', 'current'], or rule call_auction_volume=first_minute",
            )
        if unknown or (self._first_minute and not self._minutes.offered):
            raise unsupported(f"get_call_auction fields {unknown or names}", "use fields=['time', 'current']")

    def _days(self, start: Any, end: Any) -> tuple[int, int]:
        known = self._clock.day + (self._clock.seconds >= _AUCTION and self._clock.date == self._today)
        dates = [
            self._clock.date if value is None else as_datetime(value, "get_call_auction").date()
            for value in (start, end)
        ]
        first, stop = (np.datetime64(dates[0]), np.datetime64(dates[1]) + np.timedelta64(1, "D"))
        days = self._bars.days
        return int(np.searchsorted(days, first)), min(int(np.searchsorted(days, stop)), known)

    @property
    def _today(self) -> Any:
        return self._bars.days[self._clock.day].item()

    def _traded(self, code: str, day: int) -> bool:
        return bool(self._bars.series("paused", code)[day] == 0 and self._bars.series("open", code)[day] > 0)

    def _row(self, code: str, day: int, names: list[str]) -> list[Any]:
        import pandas as pd

        values: dict[str, Any] = {
            **dict.fromkeys(_UNSEEN, float("nan")),
            "time": pd.Timestamp(self._bars.days[day]) + pd.Timedelta(seconds=_AUCTION),
            "current": float(self._bars.series("open", code)[day]),
        }
        for name in ("volume", "money"):
            if name in names and self._first_minute:
                values[name] = self._minutes.value(name, code, day, 0)
        return [code, *(values[name] for name in names)]
