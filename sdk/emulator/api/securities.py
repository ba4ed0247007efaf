"""Lists and facts of securities, index members, trading days, valuation.

Sources: JOINQUANT.md §6.5, §6.6. Dates default to the current date of the run; a later one is refused or cut
by ``visible.py``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sdk.emulator.api.prices import FIELDS, PriceReader, code_list
from sdk.emulator.api.visible import Guard, as_datetime
from sdk.emulator.instruments import kind_of_code, security_type
from sdk.emulator.unsupported import unsupported
from sdk.errors import StrategyError

LIVE = dt.date(2200, 1, 1)
FUND_TYPES = ("etf", "lof", "mmf", "fja", "fjb", "fjm")
TYPES = ("stock", "index", "conbond", *FUND_TYPES)  # what a bundle can have; the platform has more
# the longer mark first: XSHE holds SH
_EXCHANGES = ((("XSHE", "SZ"), "XSHE"), (("XSHG", "SH"), "XSHG"))
_SHANGHAI = ("5", "6", "9", "11", "204")


@dataclass(frozen=True)
class SecurityInfo:
    """``get_security_info``."""

    code: str
    display_name: str
    name: str
    start_date: dt.date
    end_date: dt.date
    type: str
    parent: str | None = None


class Securities:
    """The calls of one run about what exists."""

    def __init__(self, reader: PriceReader, guard: Guard) -> None:
        self._reader, self._guard, self._bars = reader, guard, reader.bars
        self._members: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = {}
        self._lists: dict[tuple[str, int], list[str]] = {}

    def get_security_info(self, code: str, date: Any = None) -> SecurityInfo:
        """Name, dates and type of one security."""
        self._bars.need(code)
        listing = self._bars.listing
        if code in self._bars.strangers:  # listed on a day that never comes, so every filter of new stocks drops it
            kind = security_type(code, "", kind_of_code(code))
            return SecurityInfo(code, code, code, LIVE, LIVE, kind)
        if code not in listing.row:
            raise StrategyError(f"get_security_info: the bundle has bars of {code!r} but no entry in securities")
        row = listing.row[code]
        start, end = _date(listing.start_date[row]), _end(listing.end_date[row])
        return SecurityInfo(code, listing.display_name[row], listing.name[row], start, end, self._types[row])

    @cached_property
    def _types(self) -> list[str]:
        """The platform's type of each row of the listing (rule ``fund_types``)."""
        listing = self._bars.listing
        if self._bars.rules["fund_types"] == "fund":
            return listing.type
        return [security_type(*row) for row in zip(listing.code, listing.display_name, listing.type, strict=True)]

    def get_all_securities(self, types: Any = (), date: Any = None) -> Any:
        """DataFrame by code; no types = stocks; with a date those listed on that date."""
        import pandas as pd

        wanted = {types} if isinstance(types, str) else set(types or ["stock"])
        kinds = wanted | {"fund", *FUND_TYPES} if "fund" in wanted else wanted
        listing = self._bars.listing
        if not kinds & {*TYPES, *listing.type}:
            raise unsupported(f"get_all_securities({sorted(wanted)})", f"a bundle has {' '.join(TYPES)}")
        day = None if date is None else np.datetime64(self._guard.date("get_all_securities", date))
        keep = np.isin(self._types, sorted(kinds))
        if day is not None:
            keep &= (listing.start_date <= day) & (np.isnat(listing.end_date) | (day <= listing.end_date))
        ends = np.where(np.isnat(listing.end_date), np.datetime64(LIVE), listing.end_date)
        columns = {
            "display_name": np.array(listing.display_name, dtype=object)[keep],
            "name": np.array(listing.name, dtype=object)[keep],
            "start_date": listing.start_date[keep].astype("datetime64[s]"),
            "end_date": ends[keep].astype("datetime64[s]"),
            "type": np.array(self._types, dtype=object)[keep],
        }
        return pd.DataFrame(columns, index=pd.Index(np.array(listing.code, dtype=object)[keep], dtype=object))

    def get_index_stocks(self, index_symbol: str, date: Any = None) -> list[str]:
        """Members of an index on a date, ascending."""
        day = np.datetime64(self._guard.date("get_index_stocks", date))
        if index_symbol not in self._members or not self._bars.days[0] <= day <= self._bars.days[-1]:
            self._bars.bundle.members(index_symbol, day)  # raises for an unknown index, a day outside the data
            self._members[index_symbol] = _spans(self._bars.bundle.index_members, index_symbol)
        codes, first, last, changes = self._members[index_symbol]
        key = index_symbol, int(np.searchsorted(changes, day, "right"))
        if key not in self._lists:
            inside = (first <= day) & (np.isnat(last) | (day <= last))
            self._lists[key] = list(dict.fromkeys(codes[inside].tolist()))
        return list(self._lists[key])

    def get_trade_days(self, start_date: Any = None, end_date: Any = None, count: int | None = None) -> np.ndarray:
        """Trading days as an array of dates up to ``end_date`` (default today)."""
        days = self._bars.days
        end = self._reader.clock.date if end_date is None else as_datetime(end_date, "get_trade_days").date()
        stop = int(np.searchsorted(days, np.datetime64(end), side="right"))
        if count is not None:
            first = max(stop - int(count), 0)
        elif start_date is None:
            raise StrategyError("get_trade_days: give start_date or count")
        else:
            start = as_datetime(start_date, "get_trade_days").date()
            first = int(np.searchsorted(days, np.datetime64(start)))
        return days[first:stop].astype(object)

    def get_all_trade_days(self) -> np.ndarray:
        """All trading days of the bundle as dates."""
        return self._bars.days.astype(object)

    def get_valuation(
        self,
        security: Any,
        start_date: Any = None,
        end_date: Any = None,
        fields: Any = None,
        count: int | None = None,
    ) -> Any:
        """Valuation rows (code, day, fields); a day is known after its close. Fields: what the bundle has."""
        import pandas as pd

        codes, _ = code_list(security, self._bars, "get_valuation")
        has = [name for name in self._bars.bundle.fields if name not in (*FIELDS, "is_st")]
        names: Sequence[str] = [fields] if isinstance(fields, str) else list(fields or has)
        names = [name for name in names if name not in ("code", "day")]
        lacking = [name for name in names if name not in has]
        if lacking or not names:
            raise unsupported(
                f"get_valuation(fields={lacking})", f"this bundle has {' '.join(has) or 'no valuation'}"
            )
        stop = self._guard.stop_day("get_valuation", end_date, names)
        first = self._guard.first_day("get_valuation", start_date, count, stop)
        days = self._bars.days[first:stop].astype(object)
        columns: dict[str, Any] = {
            "code": np.repeat(np.array(codes, dtype=object), len(days)),
            "day": np.tile(days, len(codes)),
        }
        columns.update({name: self._bars.block(name, codes, first, stop).reshape(-1) for name in names})
        frame = pd.DataFrame(columns)
        return frame.dropna(subset=list(names), how="all").reset_index(drop=True)

    def normalize_code(self, code: Any) -> Any:
        """JoinQuant's form of a code: 600519, '600519.SH', 'sh600519', 600519 as number, or a list of them."""
        if not isinstance(code, str | int | np.integer):
            return [self.normalize_code(each) for each in code]
        digits = re.search(r"\d{6}", f"{code:06d}" if not isinstance(code, str) else code)
        if digits is None:
            raise StrategyError(f"normalize_code: {code!r} has no six digits")
        text, six = str(code).upper(), digits.group()
        for marks, exchange in _EXCHANGES:
            if any(mark in text for mark in marks):
                return f"{six}.{exchange}"
        guess = f"{six}.XSHG" if six.startswith(_SHANGHAI) else f"{six}.XSHE"
        other = f"{six}.XSHE" if guess.endswith("G") else f"{six}.XSHG"
        return other if self._bars.known(other) and not self._bars.known(guess) else guess


def _spans(frame: Any, index_symbol: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return (code, first member day, last member day or NaT, days on which the list changes) of one index.

    Codes ascend, and so do the days of change.
    """
    rows = frame[frame["index_code"] == index_symbol].sort_values(["code", "in_date"])
    dates = [rows[name].to_numpy().astype("datetime64[D]") for name in ("in_date", "out_date")]
    changes = np.unique(np.concatenate([dates[0], dates[1][~np.isnat(dates[1])] + np.timedelta64(1, "D")]))
    return rows["code"].to_numpy(dtype=object), dates[0], dates[1], changes


def _date(day: np.datetime64) -> dt.date:
    return dt.date.fromisoformat(str(day))


def _end(day: np.datetime64) -> dt.date:
    return LIVE if np.isnat(day) else _date(day)
