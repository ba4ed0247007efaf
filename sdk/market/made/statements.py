"""The made books as the platform's tables: income, balance, cash_flow, indicator, by quarter and by year.

Ratios are in percent, as the platform gives them: roe = profit of the parent's owners ÷ mean of the equity at both
ends × 100. Growth is against |the base|, so that it has the sign of the change.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from sdk.market.made.books import Books, Figures

Shift = Callable[[np.ndarray], np.ndarray]


def statement_tables(books: Books, codes: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    """Return ``fundamentals/income`` … and their ``_year`` tables."""
    quarter = _Period(books.income, books.balance, books.cash_flow, _back(4), _back(1))
    year = _Period(_summed(books.income), _every_fourth(books.balance), _summed(books.cash_flow), _back(1), _back(1))
    tables = {}
    for suffix, period, pick in (("", quarter, slice(None)), ("_year", year, slice(3, None, 4))):
        stat, public = books.stat[pick], books.public[:, pick]
        for name, figures in period.tables().items():
            tables[f"fundamentals/{name}{suffix}"] = _rows(codes, stat, public, figures)
    return tables


class _Period:
    """One kind of period; ``year_ago`` and ``before`` look up the same figure earlier, NaN at the start."""

    def __init__(self, income: Figures, balance: Figures, cash: Figures, year_ago: Shift, before: Shift) -> None:
        self.income, self.balance, self.cash = income, balance, cash
        self.year_ago, self.before = year_ago, before

    def tables(self) -> dict[str, Figures]:
        """Return the four tables."""
        shares = self.balance["paidin_capital"]
        each = np.round(self.income["np_parent_company_owners"] / shares, 4)
        income = {**self.income, "basic_eps": each, "diluted_eps": each}
        return {"income": income, "balance": self.balance, "cash_flow": self.cash, "indicator": self.indicator()}

    def indicator(self) -> Figures:
        """Return the ratios."""
        income, cash, balance = self.income, self.cash, self.balance
        revenue, net, owners = (
            income[name] for name in ("total_operating_revenue", "net_profit", "np_parent_company_owners")
        )
        equity, assets = (self._mean(balance[name]) for name in ("equities_parent_company_owners", "total_assets"))
        adjusted, sales = np.rint(0.93 * owners), income["operating_revenue"]
        operating, total = income["operating_profit"], income["total_profit"]
        ocf, goods = cash["net_operate_cash_flow"], cash["goods_sale_and_service_render_cash"]
        percent = {
            "roe": (owners, equity),
            "inc_return": (adjusted, equity),
            "roa": (net, assets),
            "net_profit_margin": (net, sales),
            "gross_profit_margin": (sales - income["operating_cost"], sales),
            "expense_to_total_revenue": (income["total_operating_cost"], revenue),
            "operation_profit_to_total_revenue": (operating, revenue),
            "net_profit_to_total_revenue": (net, revenue),
            "operating_expense_to_total_revenue": (income["sale_expense"], revenue),
            "ga_expense_to_total_revenue": (income["administration_expense"], revenue),
            "financing_expense_to_total_revenue": (income["financial_expense"], revenue),
            "operating_profit_to_profit": (operating - income["investment_income"], total),
            "invesment_profit_to_profit": (income["investment_income"], total),
            "adjusted_profit_to_profit": (adjusted, net),
            "goods_sale_and_service_to_revenue": (goods, sales),
            "ocf_to_revenue": (ocf, sales),
            "ocf_to_operating_profit": (ocf, operating),
        }
        grows = {
            "total_revenue": revenue,
            "revenue": sales,
            "operation_profit": operating,
            "net_profit": net,
            "net_profit_to_shareholders": owners,
        }
        return {
            "eps": np.round(owners / balance["paidin_capital"], 4),
            "adjusted_profit": adjusted,
            "operating_profit": operating - income["investment_income"],
            "value_change_profit": income["investment_income"],
            **{name: _percent(*pair) for name, pair in percent.items()},
            **{f"inc_{name}_year_on_year": _growth(now, self.year_ago(now)) for name, now in grows.items()},
            **{f"inc_{name}_annual": _growth(now, self.before(now)) for name, now in grows.items()},
        }

    def _mean(self, ends: np.ndarray) -> np.ndarray:
        before = self.before(ends)
        return np.where(np.isnan(before), ends, (ends + before) / 2)


def _percent(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.round(part / whole * 100, 4)
    return np.where(np.isfinite(found), found, np.nan)


def _growth(now: np.ndarray, then: np.ndarray) -> np.ndarray:
    return _percent(now - then, np.abs(then))


def _back(steps: int) -> Shift:
    def shift(values: np.ndarray) -> np.ndarray:
        return np.concatenate([np.full((len(values), steps), np.nan), values[:, :-steps]], axis=1)

    return shift


def _summed(figures: Figures) -> Figures:
    return {name: values.reshape(len(values), -1, 4).sum(axis=2) for name, values in figures.items()}


def _every_fourth(figures: Figures) -> Figures:
    return {name: values[:, 3::4] for name, values in figures.items()}


def _rows(codes: tuple[str, ...], stat: np.ndarray, public: np.ndarray, figures: Figures) -> pd.DataFrame:
    cells = np.nonzero(~np.isnat(public))
    return pd.DataFrame(
        {
            "code": np.array(codes, dtype=object)[cells[0]],
            "statDate": stat[cells[1]].astype("datetime64[ns]"),
            "pubDate": public[cells].astype("datetime64[ns]"),
            **{name: values[cells] for name, values in figures.items()},
        }
    )
