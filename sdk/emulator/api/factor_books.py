"""Factors made of statements: TTM sums, margins, growth, leverage, as public on each day.

TTM = the four quarters up to the latest one that was public; NaN when one of them is missing. ``ratio`` factors are
fractions, not percent, as on the platform. Balance figures are those of the latest public quarter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from sdk.emulator.bars import BarStore
from sdk.emulator.query.facts import Facts
from sdk.emulator.unsupported import unsupported

TABLES = {
    **{"income": "income_statement_day", "balance": "balance_sheet_day", "cash_flow": "cash_flow_statement_day"},
    "indicator": "financial_indicator_day",
}


class BookView:
    """Statements of some codes as they were public on the days ``first`` … ``stop`` − 1."""

    def __init__(self, facts: Facts, bars: BarStore, codes: list[str], first: int, stop: int) -> None:
        self._facts, self._bars, self._codes, self._span = facts, bars, codes, (first, stop)

    @cached_property
    def shares(self) -> np.ndarray:
        """Total shares, (codes, days)."""
        if not self._bars.has("capitalization"):
            raise unsupported("get_factor_values of a figure per share", "this bundle has no capitalization")
        return self._bars.block("capitalization", self._codes, *self._span) * 1e4

    @cached_property
    def market_value(self) -> np.ndarray:
        """Market value in CNY, (codes, days)."""
        if not self._bars.has("market_cap"):
            raise unsupported("get_factor_values of a figure by market value", "this bundle has no market_cap")
        return self._bars.block("market_cap", self._codes, *self._span) * 1e8

    def quarter(self, column: str, table: str = "income", back: int = 0) -> np.ndarray:
        """The figure of one quarter, ``back`` quarters before the latest public one."""
        return self._each_day(table, column, (back,))

    def end(self, column: str) -> np.ndarray:
        """A balance figure of the latest public quarter."""
        return self._each_day("balance", column, (0,))

    def end_before(self, column: str) -> np.ndarray:
        """The same a year earlier."""
        return self._each_day("balance", column, (4,))

    def ttm(self, column: str, table: str = "income") -> np.ndarray:
        """Sum of the last four quarters."""
        return self._each_day(table, column, (0, 1, 2, 3))

    def ttm_of(self, column: str, years: int, table: str = "income") -> np.ndarray:
        """The same ``years`` earlier."""
        return self._each_day(table, column, tuple(range(4 * years, 4 * years + 4)))

    def end_of(self, column: str, years: int) -> np.ndarray:
        """A balance figure ``years`` before the latest public quarter."""
        return self._each_day("balance", column, (4 * years,))

    def ttm_before(self, column: str, table: str = "income") -> np.ndarray:
        """The same a year earlier."""
        return self._each_day(table, column, (4, 5, 6, 7))

    def _each_day(self, table: str, column: str, back: tuple[int, ...]) -> np.ndarray:
        """(codes, days): Σ of ``column`` over the quarters ``back`` before the latest public one."""
        name = TABLES[table]
        if column not in self._facts.columns(name):
            raise unsupported(f"get_factor_values: {table}.{column}", "this bundle has no such column of statements")
        found = self._facts.statements(name)
        quarter = found.stat.astype("datetime64[M]").astype(int) // 3
        quarter = quarter - (quarter.min() if len(quarter) else 0)
        values = found.frame[column].to_numpy(float)
        companies = int(found.company.max()) + 1 if len(values) else 0
        place = dict(zip(found.code, found.company.tolist(), strict=True))
        rows = np.array([place.get(code, -1) for code in self._codes])
        width = int(quarter.max()) + 1 if len(quarter) else 0
        result = np.full((len(rows), self._span[1] - self._span[0]), np.nan)
        for number, day in enumerate(self._bars.days[self._span[0] : self._span[1]]):
            known = np.flatnonzero(self._facts.public(found, day))
            table_now = np.full((companies + 1, width + max(back)), np.nan)  # the last row stays empty
            table_now[found.company[known], quarter[known] + max(back)] = values[known]
            latest = np.full(companies + 1, -1)
            np.maximum.at(latest, found.company[known], quarter[known])
            columns = np.maximum(latest, 0)[:, np.newaxis] + max(back) - np.array(back)
            sums = np.take_along_axis(table_now, columns, axis=1).sum(axis=1)
            result[:, number] = np.where(latest < 0, np.nan, sums)[rows]
        return result


@dataclass(frozen=True)
class BookFactor:
    """One factor."""

    category: str
    words: str
    value: Callable[[BookView], np.ndarray]


def _sum(column: str, table: str = "income") -> Callable[[BookView], np.ndarray]:
    return lambda x: x.ttm(column, table)


def _growth(column: str, table: str = "income") -> Callable[[BookView], np.ndarray]:
    def value(x: BookView) -> np.ndarray:
        before = x.ttm_before(column, table)
        return (x.ttm(column, table) - before) / np.where(before == 0, np.nan, np.abs(before))

    return value


def _ratio(part: str, whole: str) -> Callable[[BookView], np.ndarray]:
    return lambda x: x.end(part) / x.end(whole)


_OWNERS, _EQUITY = "np_parent_company_owners", "equities_parent_company_owners"
BOOK_FACTORS: Final[dict[str, BookFactor]] = {
    "net_profit_ttm": BookFactor("basics", "净利润TTM", _sum("net_profit")),
    "np_parent_company_owners_ttm": BookFactor("basics", "归母净利润TTM", _sum(_OWNERS)),
    "operating_revenue_ttm": BookFactor("basics", "营业收入TTM", _sum("operating_revenue")),
    "total_operating_revenue_ttm": BookFactor("basics", "营业总收入TTM", _sum("total_operating_revenue")),
    "operating_profit_ttm": BookFactor("basics", "营业利润TTM", _sum("operating_profit")),
    "total_profit_ttm": BookFactor("basics", "利润总额TTM", _sum("total_profit")),
    "net_operate_cash_flow_ttm": BookFactor(
        *("basics", "经营活动现金流量净额TTM", _sum("net_operate_cash_flow", "cash_flow"))
    ),
    "gross_profit_ttm": BookFactor(
        *("basics", "毛利TTM", lambda x: x.ttm("operating_revenue") - x.ttm("operating_cost"))
    ),
    "roe_ttm": BookFactor("quality", "权益回报率TTM", lambda x: x.ttm(_OWNERS) / x.end(_EQUITY)),
    "roa_ttm": BookFactor("quality", "资产回报率TTM", lambda x: x.ttm("net_profit") / x.end("total_assets")),
    "gross_income_ratio": BookFactor(
        *("quality", "销售毛利率", lambda x: 1 - x.ttm("operating_cost") / x.ttm("operating_revenue"))
    ),
    "net_profit_ratio": BookFactor(
        *("quality", "销售净利率", lambda x: x.ttm("net_profit") / x.ttm("operating_revenue"))
    ),
    "debt_to_asset_ratio": BookFactor("quality", "债务总资产比", _ratio("total_liability", "total_assets")),
    "current_ratio": BookFactor("quality", "流动比率", _ratio("total_current_assets", "total_current_liability")),
    "eps_ttm": BookFactor("pershare", "每股收益TTM", lambda x: x.ttm(_OWNERS) / x.shares),
    "net_asset_per_share": BookFactor("pershare", "每股净资产", lambda x: x.end(_EQUITY) / x.shares),
    "total_operating_revenue_per_share_ttm": BookFactor(
        *("pershare", "每股营业总收入TTM", lambda x: x.ttm("total_operating_revenue") / x.shares)
    ),
    "net_profit_growth_rate": BookFactor("growth", "净利润增长率", _growth("net_profit")),
    "np_parent_company_owners_growth_rate": BookFactor("growth", "归母净利润增长率", _growth(_OWNERS)),
    "operating_revenue_growth_rate": BookFactor("growth", "营业收入增长率", _growth("operating_revenue")),
    "total_profit_growth_rate": BookFactor("growth", "利润总额增长率", _growth("total_profit")),
    "net_operate_cashflow_growth_rate": BookFactor(
        *("growth", "经营活动现金流增长率", _growth("net_operate_cash_flow", "cash_flow"))
    ),
    "total_asset_growth_rate": BookFactor(
        *("growth", "总资产增长率", lambda x: x.end("total_assets") / x.end_before("total_assets") - 1)
    ),
}
