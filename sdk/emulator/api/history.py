"""attribute_history, history, get_price, get_bars: bars as pandas or numpy, in the platform's shapes.

``history`` and ``attribute_history`` never show today, not even after the close. Sources: JOINQUANT.md §6.1 –
§6.3. pandas is imported at the first call that needs it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sdk.emulator.api.prices import DEFAULT_FIELDS, PriceReader, code_list
from sdk.emulator.api.visible import Guard, as_datetime
from sdk.errors import StrategyError


class History:
    """The bar calls of one run."""

    def __init__(self, reader: PriceReader, guard: Guard) -> None:
        self._reader, self._guard = reader, guard
        self._bars = reader.bars

    # --------------------------------------------------------------------------- attribute_history, history
    def attribute_history(
        self,
        security: str,
        count: int,
        unit: str = "1d",
        fields: Any = DEFAULT_FIELDS,
        skip_paused: bool = True,
        df: bool = True,
        fq: str | None = "pre",
    ) -> Any:
        """Last ``count`` days of one security up to yesterday; halted days are skipped by default."""
        self._reader.unit(unit, "attribute_history")
        names = self._reader.fields(fields, "attribute_history")
        code = self._bars.need(security)
        stop = self._reader.clock.day
        first, pick = self._span(code, _count(count, "attribute_history"), stop, skip_paused)
        blocks = self._reader.blocks([code], names, first, stop, fq)
        columns = {name: block[0] if pick is None else block[0][pick] for name, block in blocks.items()}
        if not df:
            return columns
        days = self._bars.days[first:stop]
        return _frame(columns, days if pick is None else days[pick])

    def history(
        self,
        count: int,
        unit: str = "1d",
        field: str = "avg",
        security_list: Any = None,
        df: bool = True,
        skip_paused: bool = False,
        fq: str | None = "pre",
    ) -> Any:
        """One field of several securities up to yesterday: days × codes."""
        self._reader.unit(unit, "history")
        name = self._reader.fields(field, "history")[0]
        asked = self._reader.settings.universe if security_list is None else security_list
        codes, _ = code_list(asked, self._bars, "history")
        stop, days = self._reader.clock.day, _count(count, "history")
        if skip_paused:
            columns = {}
            for code in codes:
                first, pick = self._span(code, days, stop, True)
                row = self._reader.blocks([code], [name], first, stop, fq)[name][0][pick]
                columns[code] = np.concatenate([np.full(days - len(row), np.nan), row])
            return _frame(columns, None) if df else columns
        first = max(stop - days, 0)
        block = self._reader.blocks(codes, [name], first, stop, fq)[name]
        return _table(codes, self._bars.days[first:stop], block) if df else dict(zip(codes, block, strict=True))

    def _span(self, code: str, count: int, stop: int, skip_paused: bool) -> tuple[int, np.ndarray | None]:
        """First day, and with ``skip_paused`` the positions after it that traded."""
        if not skip_paused:
            return max(stop - count, 0), None
        paused, close = self._bars.series("paused", code), self._bars.series("close", code)
        width = count + 30
        while True:
            first = max(stop - width, 0)
            traded = np.flatnonzero((paused[first:stop] != 1) & ~np.isnan(close[first:stop]))
            if len(traded) >= count or first == 0:
                return first, traded[-count:] if count else traded[:0]
            width *= 2

    # -------------------------------------------------------------------------------------------- get_price
    def get_price(
        self,
        security: Any,
        start_date: Any = None,
        end_date: Any = None,
        frequency: str = "daily",
        fields: Any = None,
        skip_paused: bool = False,
        fq: str | None = "pre",
        count: int | None = None,
        panel: bool = True,
        fill_paused: bool = True,
    ) -> Any:
        """Bars from ``start_date`` or the last ``count`` days to ``end_date`` (default: the newest known day)."""
        self._reader.unit(frequency, "get_price")
        names = self._reader.fields(fields, "get_price")
        codes, many = code_list(security, self._bars, "get_price")
        if count is not None and start_date is not None:
            raise StrategyError("get_price: give either count or start_date, not both")
        if skip_paused and many and panel:
            raise StrategyError("get_price: skip_paused=True with several securities needs panel=False")
        stop = self._guard.stop_day("get_price", end_date, names)
        if not many and skip_paused and count is not None:
            first, pick = self._span(codes[0], _count(count, "get_price"), stop, True)
            columns = {k: v[0][pick] for k, v in self._reader.blocks(codes, names, first, stop, fq).items()}
            return _frame(columns, self._bars.days[first:stop][pick])
        first = self._first(start_date, count, stop)
        blocks = self._reader.blocks(codes, names, first, stop, fq, fill_paused)
        days = self._bars.days[first:stop]
        keep = self._traded(codes, first, stop) if skip_paused else None
        if not many:
            one = {name: block[0] if keep is None else block[0][keep[0]] for name, block in blocks.items()}
            return _frame(one, days if keep is None else days[keep[0]])
        if not panel:
            return _long(codes, days, blocks, keep)
        return FieldFrames({name: _table(codes, days, block) for name, block in blocks.items()})

    def _first(self, start_date: Any, count: int | None, stop: int) -> int:
        if count is not None:
            return max(stop - _count(count, "get_price"), 0)
        start = np.datetime64(as_datetime("2015-01-01" if start_date is None else start_date, "get_price").date())
        return min(int(np.searchsorted(self._bars.days, start)), stop)

    def _traded(self, codes: list[str], first: int, stop: int) -> np.ndarray:
        paused, close = (self._bars.block(name, codes, first, stop) for name in ("paused", "close"))
        return (paused != 1) & ~np.isnan(close)

    # --------------------------------------------------------------------------------------------- get_bars
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
        """Last ``count`` traded days: structured array, dict of them for a list, or pandas with ``df``.

        ``include_now`` adds today's unfinished bar: open = high = low = close = today's open, volume 0.
        """
        self._reader.unit(unit, "get_bars")
        names = [fields] if isinstance(fields, str) else list(fields)
        values = self._reader.fields([name for name in names if name != "date"], "get_bars")
        codes, many = code_list(security, self._bars, "get_bars")
        stop = self._guard.stop_day("get_bars", end_dt, values)
        fq = None if fq_ref_date is None else "pre"
        now = include_now and end_dt is None and self._reader.clock.in_session
        size = _count(count, "get_bars")
        found = {}
        for code in codes:
            rows = self._bar_rows(code, size, stop, names, values, fq)
            found[code] = np.concatenate([rows, self._unfinished(code, names, fq)])[-size:] if now else rows
        if not df:
            return found if many else found[codes[0]]
        import pandas as pd

        frames = {code: pd.DataFrame({name: rows[name] for name in names}) for code, rows in found.items()}
        return pd.concat(frames) if many else frames[codes[0]]

    def _bar_rows(
        self, code: str, count: int, stop: int, names: list[str], values: list[str], fq: str | None
    ) -> np.ndarray:
        first, pick = self._span(code, count, stop, True)
        blocks = self._reader.blocks([code], values, first, stop, fq)
        columns: dict[str, Any] = {name: block[0][pick] for name, block in blocks.items()}
        return _structured(names, {"date": self._bars.days[first:stop][pick].astype(object), **columns})

    def _unfinished(self, code: str, names: list[str], fq: str | None) -> np.ndarray:
        """Today's bar as it is at the open; no row for a halted stock."""
        day = self._reader.clock.day
        known = self._bars.series("paused", code)[day] == 0
        opening = self._reader.blocks([code], ["open"], day, day + 1, fq)["open"][0]
        prices = dict.fromkeys(("open", "high", "low", "close", "avg"), opening)
        values = {"date": self._bars.days[day : day + 1].astype(object), **prices}
        row = _structured(names, {name: values.get(name, np.zeros(1)) for name in names})
        return row if known else row[:0]


def _structured(names: list[str], columns: dict[str, Any]) -> np.ndarray:
    """Rows with the fields ``names``; dates as objects, all else float."""
    size = len(next(iter(columns.values())))
    rows = np.empty(size, dtype=[(name, object if name == "date" else float) for name in names])
    for name in names:
        rows[name] = columns[name]
    return rows


class FieldFrames(dict[str, Any]):
    """What stands in for ``pandas.Panel``: field -> DataFrame of days × codes, also as attributes."""

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise AttributeError(name)


def _table(codes: list[str], days: np.ndarray, block: np.ndarray) -> Any:
    """Days × codes as one block of memory: a frame of 300 columns costs as much as one of three."""
    import pandas as pd

    return pd.DataFrame(block.T, index=pd.DatetimeIndex(days.astype("datetime64[ns]")), columns=codes, copy=False)


def _count(count: object, call: str) -> int:
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise StrategyError(f"{call}: count={count!r} must be a whole number of at least 1")
    return int(count)


def _frame(columns: dict[str, np.ndarray], days: np.ndarray | None) -> Any:
    import pandas as pd

    index = None if days is None else pd.DatetimeIndex(days.astype("datetime64[ns]"))
    return pd.DataFrame(columns, index=index, copy=False)


def _long(codes: list[str], days: np.ndarray, blocks: dict[str, np.ndarray], keep: np.ndarray | None) -> Any:
    """Rows (code by code, days ascending) with the columns time, code and the fields."""
    import pandas as pd

    times = np.tile(days.astype("datetime64[ns]"), len(codes))
    labels = np.repeat(np.array(codes, dtype=object), len(days))
    pick: Any = slice(None) if keep is None else keep.reshape(-1)
    columns: dict[str, Any] = {"time": times[pick], "code": pd.Series(labels[pick], dtype=object)}
    columns.update({name: block.reshape(-1)[pick] for name, block in blocks.items()})
    return pd.DataFrame(columns, copy=False)
