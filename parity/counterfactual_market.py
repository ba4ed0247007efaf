"""One thing changed in a market: a bundle in memory that shows other bars, limits or corporate actions.

Nothing is written. A change is a named function of an array (stocks, days) or of the table of corporate actions;
changes of one bundle apply in the order in which they were made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sdk.market.bundle import Bundle
from sdk.market.calendar import Day
from sdk.market.exchange_rules import limit_down, limit_up, to_fen, to_yuan
from sdk.market.panel import FieldTable, Panel

ArrayChange = Callable[[Panel, np.ndarray], np.ndarray]
TableChange = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class MarketChange:
    """Which fields are changed and how; of indices ``index_fields``; of tables ``actions``, ``members``."""

    name: str
    fields: Mapping[str, ArrayChange] | None = None
    index_fields: Mapping[str, ArrayChange] | None = None
    actions: TableChange | None = None
    members: TableChange | None = None


class ChangedBundle(Bundle):
    """A bundle seen through changes; it shares what the bundle behind it has read."""

    def __init__(self, base: Bundle, changes: Iterable[MarketChange]) -> None:
        self.__dict__.update(base.__dict__)
        for name in ("corporate_actions", "_daily", "_valuation", "_index_daily"):
            self.__dict__.setdefault(name, getattr(base, name))
        self._base, self._changes = base, tuple(changes)
        actions, members = base.corporate_actions, base.index_members
        for change in self._changes:
            actions = actions if change.actions is None else change.actions(actions)
            members = members if change.members is None else change.members(members)
        self.__dict__.update(corporate_actions=actions, index_members=members)

    def panel(
        self,
        codes: Iterable[str] | None = None,
        start: Day | None = None,
        end: Day | None = None,
        fields: Iterable[str] | None = None,
    ) -> Panel:
        """Return the changed bars of stocks and funds."""
        return _changed(self._base.panel(codes, start, end, fields), [change.fields for change in self._changes])

    def index_panel(
        self,
        codes: Iterable[str] | None = None,
        start: Day | None = None,
        end: Day | None = None,
        fields: Iterable[str] | None = None,
    ) -> Panel:
        """Return the changed bars of indices."""
        made = [change.index_fields for change in self._changes]
        return _changed(self._base.index_panel(codes, start, end, fields), made)


def _changed(panel: Panel, changes: list[Mapping[str, ArrayChange] | None]) -> Panel:
    def load(field: str) -> np.ndarray:
        array = panel[field]
        for change in changes:
            if change and field in change:
                array = change[field](panel, array.copy())
        return array

    return Panel(panel.codes, panel.days, FieldTable(panel.values, load))


def without_dividends() -> MarketChange:
    """No cash is paid; bonus shares and splits stay."""
    return MarketChange("no dividends", actions=lambda table: table.assign(cash_pre_tax=0.0))


def without_bonus_shares() -> MarketChange:
    """Shares are neither split nor added; cash stays."""
    return MarketChange("no bonus shares", actions=lambda table: table.assign(share_ratio=1.0))


def without_actions() -> MarketChange:
    """Neither cash nor shares."""
    return MarketChange("no corporate actions", actions=lambda table: table.assign(cash_pre_tax=0.0, share_ratio=1.0))


def later_actions(days: np.ndarray, later: int) -> MarketChange:
    """Cash and shares come ``later`` trading days after the ex-date."""

    def moved(table: pd.DataFrame) -> pd.DataFrame:
        place = np.searchsorted(days, table["ex_date"].to_numpy().astype("datetime64[D]")) + later
        at = np.clip(place, 0, len(days) - 1)
        return table.assign(ex_date=days[at].astype("datetime64[ns]"))

    return MarketChange(f"corporate actions {later} days late", actions=moved)


def without_limits() -> MarketChange:
    """Prices have no limits."""
    return MarketChange(
        "no price limits",
        {
            "high_limit": lambda panel, array: np.where(np.isnan(array), array, 1e9),
            "low_limit": lambda panel, array: np.where(np.isnan(array), array, 0.01),
        },
    )


def other_limits(percent: int) -> MarketChange:
    """Limits of ``percent`` of the previous close for every stock, by the exchange's rule; NaN without one."""

    def limit(rule: Callable[[np.ndarray, int], np.ndarray]) -> ArrayChange:
        def limits(panel: Panel, array: np.ndarray) -> np.ndarray:
            close = panel["pre_close"]
            known = np.isfinite(close)
            return np.where(known, to_yuan(rule(to_fen(np.where(known, close, 1.0)), percent)), np.nan)

        return limits

    return MarketChange(f"limits of {percent} %", {"high_limit": limit(limit_up), "low_limit": limit(limit_down)})


def without_halts() -> MarketChange:
    """Halted stocks trade at the price that is carried."""
    return MarketChange("halts ignored", {"paused": lambda panel, array: np.where(np.isnan(array), array, 0.0)})


def given_bars(values: Mapping[tuple[str, str, str], float], name: str = "the platform's bars") -> MarketChange:
    """Put in single values: (field, code, day YYYY-MM-DD) → value in the field's unit."""

    def change(field: str) -> ArrayChange:
        wanted = [(code, np.datetime64(day), value) for (of, code, day), value in values.items() if of == field]

        def put(panel: Panel, array: np.ndarray) -> np.ndarray:
            row = {code: place for place, code in enumerate(panel.codes)}
            for code, day, value in wanted:
                at = int(np.searchsorted(panel.days, day))
                if code in row and at < len(panel.days) and panel.days[at] == day:
                    array[row[code], at] = value
            return array

        return put

    fields = {field: change(field) for field in dict.fromkeys(field for field, _, _ in values)}
    return MarketChange(name, fields)


def other_base_day(code: str, day: np.datetime64, value: float) -> MarketChange:
    """The benchmark counts from another level on the day before the run."""

    def put(panel: Panel, array: np.ndarray) -> np.ndarray:
        if code in panel.codes:
            array[panel.codes.index(code), panel.days == day] = value
        return array

    return MarketChange(f"benchmark counts from {value:g}", index_fields={"close": put})


def fewer_members(every: int) -> MarketChange:
    """Only every n-th code (in their order) is a member of any index."""

    def kept(table: pd.DataFrame) -> pd.DataFrame:
        codes = sorted(set(table["code"]))[::every]
        return table[table["code"].isin(codes)].reset_index(drop=True)

    return MarketChange(f"every {every}th member", members=kept)
