"""get_extras: flags and net values by day and code.

``is_st`` comes from the bars. The net values of funds come from the platform's own table of them, as far as the
bundle has it: ``finance/FUND_NET_VALUE.parquet`` with the columns code (with or without exchange), day, net_value,
sum_value, refactor_net_value. A fund that publishes nothing on a day has NaN there. A net value is known when its
day is over, like any other number of the day. Source: JOINQUANT.md §6.5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from sdk.emulator.api.frames import table
from sdk.emulator.api.prices import PriceReader, code_list
from sdk.emulator.api.visible import Guard
from sdk.emulator.unsupported import unsupported
from sdk.errors import StrategyError, nearest

FUND_TABLE = "finance/FUND_NET_VALUE"
NET_VALUES: Mapping[str, str] = {  # of get_extras -> column of the table
    "unit_net_value": "net_value",
    "acc_net_value": "sum_value",
    "adj_net_value": "refactor_net_value",
}
_OF_FUTURES = ("futures_sett_price", "futures_positions")


class Extras:
    """get_extras of one run."""

    def __init__(self, reader: PriceReader, guard: Guard) -> None:
        self._bars, self._clock, self._guard = reader.bars, reader.clock, guard

    def get_extras(
        self,
        info: str,
        security_list: Any,
        start_date: Any = None,
        end_date: Any = None,
        df: bool = True,
        count: int | None = None,
    ) -> Any:
        """One fact by day and code: a DataFrame (days, codes), or code -> array with ``df=False``."""
        codes = list(dict.fromkeys(code_list(security_list, self._bars, "get_extras")[0]))
        block = self._reader_of(info)
        end = (end_date or self._clock.date) if info == "is_st" else end_date
        stop = self._guard.stop_day("get_extras", end, [info])
        first = self._guard.first_day("get_extras", start_date, count, stop)
        values = block(codes, first, stop)
        return table(codes, self._bars.days[first:stop], values) if df else dict(zip(codes, values, strict=True))

    def _reader_of(self, info: str) -> Any:
        """Return what gives (codes, days) of one fact; UnsupportedCall for what the bundle lacks."""
        if info == "is_st":
            return lambda codes, first, stop: self._bars.block("is_st", codes, first, stop) == 1
        if info in _OF_FUTURES:
            raise unsupported(f"get_extras({info!r})", "a bundle holds no settlement of futures")
        if info not in NET_VALUES:
            known = ("is_st", *NET_VALUES, *_OF_FUTURES)
            raise StrategyError(f"get_extras: no info {info!r}{nearest(str(info), known)}; known: {' '.join(known)}")
        column, has = NET_VALUES[info], self._bars.bundle.table_columns(FUND_TABLE)
        lacking = [name for name in ("code", "day", column) if name not in has]
        if lacking:
            have = f"its table has {' '.join(has)}" if has else f"it has no {FUND_TABLE}.parquet"
            raise unsupported(f"get_extras({info!r})", f"the bundle needs {column} of each fund and day, {have}")
        return lambda codes, first, stop: self._net_values(column, codes, first, stop)

    def _net_values(self, column: str, codes: Sequence[str], first: int, stop: int) -> np.ndarray:
        rows, place, values = self._table
        found = np.full((len(codes), stop - first), np.nan)
        for number, code in enumerate(codes):
            mine = rows.get(code[:6], slice(0))
            inside = (place[mine] >= first) & (place[mine] < stop)
            found[number, place[mine][inside] - first] = values[column][mine][inside]
        return found

    @cached_property
    def _table(self) -> tuple[dict[str, slice], np.ndarray, dict[str, np.ndarray]]:
        """(number of a fund -> its rows, trading day of each row, values), days that are no trading days left out."""
        import pandas as pd

        frame = self._bars.bundle.table(FUND_TABLE)
        dates = frame["day"].to_numpy().astype("datetime64[D]")
        place = np.searchsorted(self._bars.days, dates)
        there = self._bars.days[np.minimum(place, len(self._bars.days) - 1)] == dates
        code, names = pd.factorize(frame["code"])
        numbers, number = np.unique([str(name)[:6] for name in names], return_inverse=True)
        fund = number[code]
        order = np.flatnonzero(there)[np.argsort(fund[there], kind="stable")]
        bounds = np.searchsorted(fund[order], np.arange(len(numbers) + 1)).tolist()
        rows = {each: slice(*bounds[row : row + 2]) for row, each in enumerate(numbers.tolist())}
        columns = [name for name in NET_VALUES.values() if name in frame]
        return rows, place[order], {name: frame[name].to_numpy(dtype=float)[order] for name in columns}
