"""get_money_flow, get_billboard_list, get_locked_shares, get_mtss: daily lists of who traded what.

Amounts of money flow are in 1e4 CNY and percent of the day's money, as on the platform; main = xl + l. What happened
on a day is known after its close; unlocks are announced and may lie ahead (``locked_shares`` of future days are not
the future: they are in the calendar of the company). Halted days have no rows. Source: JOINQUANT.md §6.6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sdk.emulator.api.prices import PriceReader, code_list
from sdk.emulator.api.visible import Guard, as_datetime
from sdk.emulator.unsupported import unsupported
from sdk.errors import StrategyError, nearest

SIZES = ("main", "xl", "l", "m", "s")
FLOW_NETS = tuple(f"net_{what}_{size}" for size in SIZES for what in ("amount", "pct"))
FLOW_FIELDS = ("date", "sec_code", "change_pct", *FLOW_NETS)
UNKNOWN_TODAY = ("close",)


class Flows:
    """The calls of one run."""

    def __init__(self, reader: PriceReader, guard: Guard, rules: Mapping[str, str]) -> None:
        self._reader, self._guard, self._bars = reader, guard, reader.bars
        self._cut_unlocks = rules["future_unlocks"] == "cut"
        self._keys: dict[str, tuple[dict[str, int], np.ndarray, np.ndarray]] = {}

    def get_money_flow(
        self,
        security_list: Any,
        start_date: Any = None,
        end_date: Any = None,
        fields: Any = None,
        count: int | None = None,
    ) -> Any:
        """Rows (date, sec_code, change_pct, net_amount_…, net_pct_…) by code and day."""
        call = "get_money_flow"
        rows = self._rows("money_flow", "date", call, security_list, start_date, end_date, count)
        amount = {size: rows[f"net_amount_{size}"].to_numpy() for size in SIZES[1:]}
        amount["main"] = np.round(amount["xl"] + amount["l"], 2)
        place = list(zip(rows["code"], np.searchsorted(self._bars.days, _days(rows["date"])), strict=True))
        money, close, before = (
            np.array([self._bars.series(field, code)[day] for code, day in place], dtype=float)
            for field in ("money", "close", "pre_close")
        )
        columns: dict[str, Any] = {
            "date": rows["date"],
            "sec_code": rows["code"],
            "change_pct": np.round((close / before - 1) * 100, 2),
        }
        for size in SIZES:
            columns[f"net_amount_{size}"] = amount[size]
            columns[f"net_pct_{size}"] = np.round(amount[size] * 1e4 / np.where(money > 0, money, np.nan) * 100, 2)
        return _picked(columns, fields, FLOW_FIELDS, call)

    def get_mtss(
        self,
        security_list: Any,
        start_date: Any = None,
        end_date: Any = None,
        fields: Any = None,
        count: int | None = None,
    ) -> Any:
        """Rows (date, sec_code, fin_value …) of margin trading."""
        rows = self._rows("margin", "date", "get_mtss", security_list, start_date, end_date, count)
        columns = {"date": rows["date"], "sec_code": rows["code"]}
        columns.update({name: rows[name] for name in rows if name not in ("date", "code")})
        return _picked(columns, fields, tuple(columns), "get_mtss")

    def get_billboard_list(
        self, stock_list: Any = None, start_date: Any = None, end_date: Any = None, count: int | None = None
    ) -> Any:
        """龙虎榜 of the days asked for; ``stock_list`` None = all."""
        rows = self._rows("billboard", "day", "get_billboard_list", stock_list, start_date, end_date, count)
        rows["day"] = rows["day"].dt.date
        return rows

    def get_locked_shares(
        self,
        stock_list: Any = None,
        start_date: Any = None,
        end_date: Any = None,
        forward_count: int | None = None,
    ) -> Any:
        """Rows (day, code, num, rate1, rate2) of the unlocks between two days."""
        call = "get_locked_shares"
        frame = self._table("locked_shares", call)
        if start_date is None or (end_date is None) == (forward_count is None):
            raise StrategyError(f"{call}: give start_date, and either end_date or forward_count")
        days = self._bars.days
        begin = np.datetime64(as_datetime(start_date, call).date())
        if forward_count is not None:
            last = min(int(np.searchsorted(days, begin)) + int(forward_count) - 1, len(days) - 1)
            end = days[last]
        else:
            end = np.datetime64(as_datetime(end_date, call).date())
        if self._cut_unlocks:
            end = min(end, np.datetime64(self._reader.clock.date))
        day = _days(frame["day"])
        keep = (day >= begin) & (day <= end)
        if stock_list is not None:
            keep &= np.isin(frame["code"].to_numpy(object), code_list(stock_list, self._bars, call)[0])
        rows = frame[keep].reset_index(drop=True)
        return rows.assign(day=rows["day"].dt.date)

    # ------------------------------------------------------------------------------------------------- common
    def _table(self, name: str, call: str) -> Any:
        if not self._bars.bundle.has_table(name):
            raise unsupported(call, f"this bundle has no {name}.parquet; import one")
        return self._bars.bundle.table(name)

    def _rows(
        self, name: str, day_column: str, call: str, securities: Any, start: Any, end: Any, count: int | None
    ) -> Any:
        """Rows of a table over the days asked for, none of them unfinished; codes as given."""
        frame = self._table(name, call)
        if count is not None and start is not None:
            raise StrategyError(f"{call}: give either count or start_date, not both")
        days = self._bars.days
        stop = self._guard.stop_day(call, end, UNKNOWN_TODAY)
        if count is not None:
            first = max(stop - int(count), 0)
        elif start is None:
            first = 0
        else:
            first = int(np.searchsorted(days, np.datetime64(as_datetime(start, call).date())))
        span = days[first:stop]
        place, company, day = self._key(name, day_column)
        inside = (day >= span[0]) & (day <= span[-1]) if len(span) else np.zeros(len(day), dtype=bool)
        rows = np.flatnonzero(inside)
        if securities is not None:
            codes, _ = code_list(securities, self._bars, call)
            rows = rows[np.isin(company[rows], [place[code] for code in codes if code in place])]
        return frame.iloc[rows].reset_index(drop=True)

    def _key(self, name: str, day_column: str) -> tuple[dict[str, int], np.ndarray, np.ndarray]:
        """Return (number of each code, the numbers of the rows, the days of the rows)."""
        if name not in self._keys:
            frame = self._bars.bundle.table(name)
            codes, company = np.unique(frame["code"].to_numpy(dtype=str), return_inverse=True)
            self._keys[name] = (
                {code: row for row, code in enumerate(codes.tolist())},
                company,
                _days(frame[day_column]),
            )
        return self._keys[name]


def _days(column: Any) -> np.ndarray:
    return column.to_numpy().astype("datetime64[D]")


def _picked(columns: dict[str, Any], fields: Any, known: Sequence[str], call: str) -> Any:
    import pandas as pd

    names = list(known) if fields is None else [fields] if isinstance(fields, str) else list(fields)
    for name in names:
        if name not in columns:
            raise StrategyError(f"{call}: no field {name!r}{nearest(str(name), known)}; known: {' '.join(known)}")
    return pd.DataFrame({name: columns[name] for name in names})
