"""get_bars: bars that follow the clock.

Units 1m, 5m, 15m, 30m, 60m, 120m (any Xm), 1d, 1w, 1M are aligned to the session, the week, the month; halted days
and minutes without a bar are left out, nothing is filled. A bar is complete when its span is over; ``include_now``
adds the running one as it stands: at the open O = H = L = C = the day's open with volume 0, later what the finished
minutes hold (a bundle without minute bars knows the open only). ``date`` is a date, for minutes the time of the last
minute inside. Source: JOINQUANT.md §6.3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sdk.emulator.api.axes import Axis, Blocks
from sdk.emulator.api.history import History, whole_count
from sdk.emulator.api.prices import PriceReader, code_list
from sdk.emulator.api.visible import Guard, as_datetime
from sdk.emulator.minutes import MinuteStore
from sdk.emulator.unsupported import unsupported
from sdk.market.session_minutes import BARS

Adjust = tuple[str | None, int | None]
_UNKNOWN = ("high", "low", "close", "volume", "money", "avg")
_FIRST = ("open", "pre_close")
_FOLDS: dict[str, Any] = {"high": np.maximum, "low": np.minimum, "volume": np.add, "money": np.add}


class BarCalls:
    """get_bars of one run."""

    def __init__(self, history: History, reader: PriceReader, guard: Guard, minutes: MinuteStore) -> None:
        self._history, self._reader, self._guard, self._minutes = history, reader, guard, minutes
        self._bars, self._clock = reader.bars, reader.clock

    def get_bars(
        self,
        security: Any,
        count: int,
        unit: str = "1d",
        fields: Any = ("date", "open", "high", "low", "close"),
        include_now: bool = False,
        end_dt: Any = None,
        fq_ref_date: Any = "today",
        df: bool = False,
    ) -> Any:
        """Last ``count`` bars: structured array, dict of them for a list, or pandas with ``df``."""
        axis, kind, size = self._history.axis(unit, "get_bars", "dmwM")
        if kind != "m" and size > 1:
            raise unsupported(f"get_bars with {unit!r} bars", "use '1d', '1w' or '1M'")
        names = [fields] if isinstance(fields, str) else list(fields)
        values = self._reader.fields([name for name in names if name != "date"], "get_bars")
        codes, many = code_list(security, self._bars, "get_bars")
        size_asked = whole_count(count, "get_bars")
        is_now = end_dt is None or as_datetime(end_dt, "get_bars") >= self._clock.now
        stop = axis.stop("get_bars", end_dt, values) if kind == "m" else self._guard.stop_bars("get_bars", end_dt)
        adjust = self._reference(fq_ref_date)
        found = {}
        for code in codes:
            rows = self._rows(axis, (kind, size), code, size_asked, stop, values, adjust, include_now, is_now)
            found[code] = _structured(names, rows, kind)
        if not df:
            return found if many else found[codes[0]]
        import pandas as pd

        frames = {code: pd.DataFrame({name: rows[name] for name in names}) for code, rows in found.items()}
        if not many:
            return frames[codes[0]]
        nothing = pd.MultiIndex.from_arrays([[], []])
        return pd.concat(frames) if frames else pd.DataFrame(columns=names, index=nothing)

    def _reference(self, fq_ref_date: Any) -> Adjust:
        """(fq, day index of the factor that counts as 1); the default is the current date."""
        if fq_ref_date is None:
            return None, None
        if isinstance(fq_ref_date, str) and fq_ref_date == "today":
            return "pre", self._clock.day
        day = self._guard.date("get_bars", fq_ref_date, "fq_ref_date")
        return "pre", max(self._bars.day_index(np.datetime64(day)), 0)

    def _rows(
        self,
        axis: Axis,
        unit: tuple[str, int],
        code: str,
        count: int,
        stop: int,
        values: list[str],
        adjust: Adjust,
        include_now: bool,
        is_now: bool,
    ) -> dict[str, np.ndarray]:
        """Return field -> the last ``count`` bars, with ``date``."""
        needed = list(dict.fromkeys([*values, *(("money", "volume", "close") if "avg" in values else ())]))
        width = (count + 2) * _USUAL.get(unit[0], unit[1])
        while True:
            first = max(stop - width, 0)
            place = first + (np.flatnonzero(axis.traded(code, first, stop)) if stop > first else np.empty(0, int))
            keys = self._keys(unit, place)
            if first == 0 or len(np.unique(keys)) > count + 1:
                break
            width *= 2
        blocks = self._blocks(axis, code, needed, (first, stop), adjust)
        columns = {name: row[place - first] for name, row in blocks.items()}
        columns["date"] = axis.labels(first, stop)[place - first]
        running = is_now and include_now and self._clock.in_session and unit[0] != "m"
        if running and (today := self._today(code, needed, adjust)) is not None:
            columns = {name: np.concatenate([column, today[name]]) for name, column in columns.items()}
            keys = np.concatenate([keys, self._keys(unit, np.array([self._clock.day]))])
        if unit != ("d", 1) and unit != ("m", 1):
            columns, keys = _joined(columns, keys)
        if (
            not include_now
            and len(keys)
            and stop < self._end(unit)
            and self._keys(unit, np.array([stop]))[0] == keys[-1]
        ):
            columns = {name: column[:-1] for name, column in columns.items()}
        return {name: column[-count:] for name, column in columns.items()}

    @staticmethod
    def _blocks(axis: Axis, code: str, fields: list[str], span: tuple[int, int], adjust: Adjust) -> Blocks:
        """Field -> row; the factor of get_bars is always the cumulative one (§6.3)."""
        found = axis.blocks(
            [code], [name for name in fields if name != "factor"], *span, adjust[0], reference=adjust[1]
        )
        if "factor" in fields:
            found |= axis.blocks([code], ["factor"], *span, "post")
        return {name: block[0] for name, block in found.items()}

    def _end(self, unit: tuple[str, int]) -> int:
        return len(self._bars.days) * (BARS if unit[0] == "m" else 1)

    def _keys(self, unit: tuple[str, int], place: np.ndarray) -> np.ndarray:
        """A number for each position that is the same inside one bar."""
        kind, size = unit
        if kind == "m":
            return place // BARS * BARS + place % BARS // size
        if kind == "d":
            return place
        days = self._bars.days[place]
        return (days.astype(int) + 3) // 7 if kind == "w" else days.astype("datetime64[M]").astype(int)

    def _today(self, code: str, fields: list[str], adjust: Adjust) -> Blocks | None:
        """The running day's bar; None for a halt."""
        day = self._clock.day
        if self._bars.series("paused", code)[day] != 0:
            return None
        known = [name for name in fields if name not in ("high", "low", "close", "avg", "volume", "money")]
        row = self._blocks(self._history.days, code, ["open", *known], (day, day + 1), adjust)
        opening = row["open"]
        row |= {name: opening if name in ("high", "low", "close", "avg") else np.zeros(1) for name in _UNKNOWN}
        bars = self._minutes.newest(self._clock.seconds)
        if bars and self._minutes.has(code, day):
            span = (day * BARS, day * BARS + bars)
            minutes = self._blocks(self._history.minutes, code, list(_UNKNOWN), span, adjust)
            row |= _joined(minutes, np.zeros(bars))[0]
        return {name: row[name] for name in fields} | {"date": self._bars.days[day : day + 1]}


_USUAL = {"d": 1, "w": 6, "M": 24}


def _joined(columns: Blocks, keys: np.ndarray) -> tuple[Blocks, np.ndarray]:
    """Join rows with the same key into one."""
    if len(keys) == 0:
        return columns, keys
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    ends = np.r_[starts[1:], len(keys)] - 1
    joined = {}
    for name, column in columns.items():
        if name in _FIRST:
            joined[name] = column[starts]
        elif name in _FOLDS:
            joined[name] = _FOLDS[name].reduceat(column, starts)
        else:
            joined[name] = column[ends]
    if "avg" in columns:
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = joined["money"] / joined["volume"]
        joined["avg"] = np.where(joined["volume"] > 0, mean, joined["close"])
    return joined, keys[starts]


def _structured(names: list[str], columns: Blocks, kind: str) -> np.ndarray:
    """Rows with the fields ``names``; dates and times as objects, all else float."""
    rows = np.empty(len(columns["date"]), dtype=[(name, object if name == "date" else float) for name in names])
    for name in names:
        rows[name] = columns[name].astype(object) if name == "date" else columns[name]
    return rows
