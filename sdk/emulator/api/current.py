"""What is known of a security now: ``get_current_data()[code]`` and the ``data[code]`` of handle_data.

Both are lazy: nothing is looked up before an attribute is read. Sources: JOINQUANT.md §6.4, §1.3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sdk.emulator.api.axes import Axis, DayAxis
from sdk.emulator.api.prices import PriceReader
from sdk.emulator.quotes import Quotes

# what the two items show when printed
_CURRENT = ("code", "name", "last_price", "day_open", "high_limit", "low_limit", "paused", "is_st")
_UNIT = ("security", "open", "close", "high", "low", "volume", "money", "factor", "pre_close", "paused")


class CurrentData(dict[str, "SecurityCurrentData"]):
    """code -> today's facts; filled by ``[code]``, never by ``in`` or iteration."""

    def __init__(self, reader: PriceReader, quotes: Quotes, industry: Callable[[str], str]) -> None:
        super().__init__()
        self._reader, self._quotes, self._industry = reader, quotes, industry

    def __missing__(self, code: str) -> SecurityCurrentData:
        item = SecurityCurrentData(self._reader.bars.need(code), self._reader, self._quotes, self._industry)
        self[code] = item
        return item


class SecurityCurrentData:
    """Facts of today; valid today only."""

    __slots__ = ("_industry", "_quotes", "_reader", "code")

    def __init__(self, code: str, reader: PriceReader, quotes: Quotes, industry: Callable[[str], str]) -> None:
        self.code, self._reader, self._quotes, self._industry = code, reader, quotes, industry

    @property
    def last_price(self) -> float:
        """Latest price; before 09:30 the previous close."""
        return self._quotes.last_price(self.code)

    @property
    def day_open(self) -> float:
        """Today's open; NaN before it is known (rule ``day_open_from``)."""
        return self._quotes.day_open(self.code)

    @property
    def high_limit(self) -> float:
        """Today's upper limit; NaN where the day has none."""
        return self._quotes.value("high_limit", self.code, self._reader.clock.day)

    @property
    def low_limit(self) -> float:
        """Today's lower limit; NaN where the day has none."""
        return self._quotes.value("low_limit", self.code, self._reader.clock.day)

    @property
    def paused(self) -> bool:
        """Halted, not listed yet, or delisted."""
        return self._quotes.paused(self.code)

    @property
    def is_st(self) -> bool:
        """ST of any kind today."""
        return bool(self._reader.bars.series("is_st", self.code)[self._reader.clock.day] == 1)

    @property
    def name(self) -> str:
        """Display name. The bundle keeps the latest one."""
        return self._reader.bars.instrument(self.code).name

    @property
    def industry_code(self) -> str:
        """Code of the industry, as ``Groups.industry_code`` finds it."""
        return self._industry(self.code)

    def __repr__(self) -> str:
        return f"SecurityCurrentData({ {name: getattr(self, name) for name in _CURRENT} })"


class BarData(dict[str, "SecurityUnitData"]):
    """``data`` of handle_data: yesterday's bars (in minute frequency the previous minute's), by ``[code]``."""

    def __init__(self, reader: PriceReader, axis: Axis) -> None:
        super().__init__()
        self._reader, self._axis = reader, axis
        self._place = axis.now() - 1

    def __missing__(self, code: str) -> SecurityUnitData:
        item = SecurityUnitData(self._reader.bars.need(code), self._reader, self._axis, self._place)
        self[code] = item
        return item


class SecurityUnitData:
    """One bar of one security, pre-adjusted to today; NaN where the data begin.

    # platform: ``pre_close`` is the close of the bar before; mavg, vwap and stddev count days in either frequency.
    """

    __slots__ = ("_axis", "_place", "_reader", "security")

    def __init__(self, code: str, reader: PriceReader, axis: Axis, place: int) -> None:
        self.security, self._reader, self._axis, self._place = code, reader, axis, place

    def _get(self, field: str) -> float:
        return self._axis.value(field, self.security, self._place)

    open = property(lambda self: self._get("open"))
    close = property(lambda self: self._get("close"))
    high = property(lambda self: self._get("high"))
    low = property(lambda self: self._get("low"))
    volume = property(lambda self: self._get("volume"))
    money = property(lambda self: self._get("money"))
    factor = property(lambda self: self._get("factor"))
    high_limit = property(lambda self: self._get("high_limit"))
    low_limit = property(lambda self: self._get("low_limit"))
    avg = property(lambda self: self._get("avg"))
    price = avg
    paused = property(lambda self: bool(self._get("paused")))

    @property
    def pre_close(self) -> float:
        """Close of the day before (ex-adjusted), or of the minute before."""
        return (
            self._get("pre_close")
            if isinstance(self._axis, DayAxis)
            else self._axis.value("close", self.security, self._place - 1)
        )

    @property
    def returns(self) -> float:
        """close ÷ pre_close − 1."""
        return self.close / self.pre_close - 1

    def __repr__(self) -> str:
        return f"SecurityUnitData({ {name: getattr(self, name) for name in _UNIT} })"

    def isnan(self) -> bool:
        """True without a bar."""
        return bool(np.isnan(self.close))

    def mavg(self, days: int, field: str = "close") -> float:
        """Mean of the last ``days`` traded days; NaN when there are fewer."""
        return self._over(days, field, lambda rows: rows[field].mean())

    def stddev(self, days: int) -> float:
        """Deviation of the last ``days`` closes; NaN when there are fewer."""
        return self._over(days, "close", lambda rows: rows["close"].std())

    def vwap(self, days: int) -> float:
        """Σ money ÷ Σ volume of the last ``days`` traded days; NaN when there are fewer."""
        return self._over(days, "volume", lambda rows: rows["money"].sum() / rows["volume"].sum())

    def _over(self, days: int, field: str, fold: Any) -> float:
        stop, bars = self._reader.clock.day, self._reader.bars
        traded = np.flatnonzero(bars.series("paused", self.security)[:stop] == 0)[-days:]
        if len(traded) < days:
            return float("nan")
        first = int(traded[0])
        names = ["money", "volume"] if field == "volume" else [field]
        blocks = self._reader.blocks([self.security], names, first, stop, "pre")
        return float(fold({name: block[0][traded - first] for name, block in blocks.items()}))
