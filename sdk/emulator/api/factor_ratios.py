"""Further factors made of statements: expenses, turnover, structure, cash, figures per share, growth.

``factor_books.py`` says what TTM and a balance figure are. Turnover uses the mean of the balance now and a year
earlier; days = 360 ÷ rate. The growth styles are those of one year, TTM against TTM (the platform takes five years).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from sdk.emulator.api.factor_books import BookFactor, BookView

Value = Callable[[BookView], np.ndarray]
_EQUITY, _OWNERS = "equities_parent_company_owners", "np_parent_company_owners"
_REVENUE, _CASH = "operating_revenue", "net_operate_cash_flow"


def _some(bottom: np.ndarray) -> np.ndarray:
    return np.where(bottom == 0, np.nan, bottom)


def _sum(column: str, table: str = "income") -> Value:
    return lambda x: x.ttm(column, table)


def _of(part: str, whole: str, table: str = "income") -> Value:
    """TTM over TTM; ``table`` is that of the part."""
    return lambda x: x.ttm(part, table) / _some(x.ttm(whole))


def _to_end(part: str, whole: str, table: str = "income") -> Value:
    return lambda x: x.ttm(part, table) / _some(x.end(whole))


def _ends(part: str, whole: str) -> Value:
    return lambda x: x.end(part) / _some(x.end(whole))


def _turnover(flow: str, stock: str) -> Value:
    return lambda x: x.ttm(flow) / _some((x.end(stock) + x.end_before(stock)) / 2)


def _days(rate: Value) -> Value:
    return lambda x: 360 / _some(rate(x))


def _end_a_share(column: str) -> Value:
    return lambda x: x.end(column) / x.shares


def _a_share(column: str, table: str = "income") -> Value:
    return lambda x: x.ttm(column, table) / x.shares


def _growth(column: str, table: str = "income") -> Value:
    def value(x: BookView) -> np.ndarray:
        before = x.ttm_before(column, table)
        return (x.ttm(column, table) - before) / _some(np.abs(before))

    return value


def _eight_years(rate: Callable[[BookView, int], np.ndarray], fewest: int) -> Value:
    """Geometric mean of (1 + rate) over the last eight years, of those that are known, minus 1."""

    def value(x: BookView) -> np.ndarray:
        rates = np.array([rate(x, year) for year in range(8)])
        known = np.isfinite(rates) & (rates > -1)
        size = known.sum(axis=0)
        logs = np.log1p(np.where(known, rates, 0.0)).sum(axis=0)
        return np.where(size >= fewest, np.expm1(logs / np.maximum(size, 1)), np.nan)

    return value


def _margin(x: BookView, year: int) -> np.ndarray:
    return 1 - x.ttm_of("operating_cost", year) / _some(x.ttm_of(_REVENUE, year))


def _ebit(x: BookView) -> np.ndarray:
    return x.ttm("net_profit") + x.ttm("income_tax_expense") + x.ttm("financial_expense")


def _outside(x: BookView) -> np.ndarray:
    return x.ttm("non_operating_revenue") - x.ttm("non_operating_expense")


def _enterprise(x: BookView) -> np.ndarray:
    return x.market_value + x.end("total_liability") - x.end("cash_equivalents")


def _tangible(x: BookView) -> np.ndarray:
    return x.end(_EQUITY) - x.end("intangible_assets") - x.end("good_will")


def _costs(x: BookView) -> np.ndarray:
    columns = ("operating_cost", "sale_expense", "administration_expense", "financial_expense")
    return np.sum([x.ttm(column) for column in columns], axis=0)


def _invested(x: BookView) -> np.ndarray:
    debts = [np.nan_to_num(x.end(column)) for column in ("shortterm_loan", "longterm_loan", "bonds_payable")]
    return x.end("total_owner_equities") + np.sum(debts, axis=0)


def _overheads(x: BookView) -> np.ndarray:
    now = (x.ttm("sale_expense") + x.ttm("administration_expense")) / _some(x.ttm(_REVENUE))
    before = x.ttm_before("sale_expense") + x.ttm_before("administration_expense")
    return now / _some(before / _some(x.ttm_before(_REVENUE)))


_INVENTORY, _RECEIVABLE = _turnover("operating_cost", "inventories"), _turnover(_REVENUE, "account_receivable")
_PAYABLE = _turnover("operating_cost", "accounts_payable")
# category -> factor -> (words, formula)
_TABLE: Final[dict[str, dict[str, tuple[str, Value]]]] = {
    "basics": {
        **{f"{name}_ttm": (f"{name} TTM", _sum(name)) for name in ("operating_cost", "total_operating_cost")},
        **{f"{name}_ttm": (f"{name} TTM", _sum(name)) for name in ("sale_expense", "administration_expense")},
        **{f"{name}_ttm": (f"{name} TTM", _sum(name)) for name in ("financial_expense", "asset_impairment_loss")},
        "net_invest_cash_flow_ttm": ("投资活动现金流量净额TTM", _sum("net_invest_cash_flow", "cash_flow")),
        "net_finance_cash_flow_ttm": ("筹资活动现金流量净额TTM", _sum("net_finance_cash_flow", "cash_flow")),
        "EBIT": ("息税前利润", _ebit),
        "non_operating_net_profit_ttm": ("营业外收支净额TTM", _outside),
        "non_recurring_gain_loss": (
            *("非经常性损益", lambda x: x.quarter(_OWNERS) - x.quarter("adjusted_profit", "indicator")),
        ),
        "retained_earnings": ("留存收益", lambda x: x.end("surplus_reserve_fund") + x.end("retained_profit")),
        "net_working_capital": (
            *("净运营资本", lambda x: x.end("total_current_assets") - x.end("total_current_liability")),
        ),
    },
    "quality": {
        "roe_ttm_8y": (
            "长期权益回报率TTM",
            _eight_years(lambda x, y: x.ttm_of(_OWNERS, y) / _some(x.end_of(_EQUITY, y)), 4),
        ),
        "roa_ttm_8y": (
            "长期资产回报率TTM",
            _eight_years(lambda x, y: x.ttm_of("net_profit", y) / _some(x.end_of("total_assets", y)), 4),
        ),
        "DEGM": ("毛利率增长", lambda x: _margin(x, 0) / _some(_margin(x, 1)) - 1),
        "DEGM_8y": ("长期毛利率增长", _eight_years(lambda x, y: _margin(x, y) / _some(_margin(x, y + 1)) - 1, 1)),
        "roic_ttm": ("投入资本回报率TTM", lambda x: x.ttm(_OWNERS) / _some(_invested(x))),
        "ROAEBITTTM": ("总资产报酬率TTM", lambda x: _ebit(x) / _some(x.end("total_assets"))),
        "total_profit_to_cost_ratio": ("成本费用利润率", lambda x: x.ttm("total_profit") / _some(_costs(x))),
        "net_profit_to_total_operate_revenue_ttm": (
            "净利润与营业总收入之比",
            _of("net_profit", "total_operating_revenue"),
        ),
        "operating_cost_to_operating_revenue_ratio": ("销售成本率", _of("operating_cost", _REVENUE)),
        "operating_profit_ratio": ("营业利润率", _of("operating_profit", _REVENUE)),
        "operating_profit_to_total_profit": ("经营活动净收益与利润总额之比", _of("operating_profit", "total_profit")),
        "admin_expense_rate": ("管理费用与营业总收入之比", _of("administration_expense", "total_operating_revenue")),
        "financial_expense_rate": ("财务费用与营业总收入之比", _of("financial_expense", "total_operating_revenue")),
        "sale_expense_to_operating_revenue": ("营业费用与营业总收入之比", _of("sale_expense", _REVENUE)),
        "goods_service_cash_to_operating_revenue_ttm": (
            *("销售商品收到的现金与营业收入之比", _of("goods_sale_and_service_render_cash", _REVENUE, "cash_flow")),
        ),
        "net_operate_cash_flow_to_operate_income": (
            "经营现金净额与经营收益之比",
            _of(_CASH, "operating_profit", "cash_flow"),
        ),
        "net_non_operating_income_to_total_profit": (
            *("营业外收支利润净额与利润总额之比", lambda x: _outside(x) / _some(x.ttm("total_profit"))),
        ),
        "adjusted_profit_to_total_profit": (
            "扣除非经常损益后的净利润与利润总额之比",
            lambda x: x.ttm("adjusted_profit", "indicator") / _some(x.ttm("total_profit")),
        ),
        "cfo_to_ev": ("经营现金净额与企业价值之比TTM", lambda x: x.ttm(_CASH, "cash_flow") / _some(_enterprise(x))),
        "debt_to_tangible_equity_ratio": (
            *("有形净值债务率", lambda x: x.end("total_liability") / _some(_tangible(x))),
        ),
        "MLEV": (
            "市场杠杆",
            lambda x: (
                x.end("total_non_current_liability") / _some(x.end("total_non_current_liability") + x.market_value)
            ),
        ),
        "SGAI": ("销售管理费用指数", _overheads),
        "inventory_turnover_rate": ("存货周转率", _INVENTORY),
        "inventory_turnover_days": ("存货周转天数", _days(_INVENTORY)),
        "account_receivable_turnover_rate": ("应收账款周转率", _RECEIVABLE),
        "account_receivable_turnover_days": ("应收账款周转天数", _days(_RECEIVABLE)),
        "accounts_payable_turnover_rate": ("应付账款周转率", _PAYABLE),
        "accounts_payable_turnover_days": ("应付账款周转天数", _days(_PAYABLE)),
        "total_asset_turnover_rate": ("总资产周转率", _turnover(_REVENUE, "total_assets")),
        "current_asset_turnover_rate": ("流动资产周转率", _turnover(_REVENUE, "total_current_assets")),
        "fixed_assets_turnover_rate": ("固定资产周转率", _turnover(_REVENUE, "fixed_assets")),
        "equity_turnover_rate": ("股东权益周转率", _turnover(_REVENUE, "total_owner_equities")),
        "quick_ratio": (
            "速动比率",
            lambda x: (
                (x.end("total_current_assets") - x.end("inventories")) / _some(x.end("total_current_liability"))
            ),
        ),
        "cash_to_current_liability": ("现金比率", _ends("cash_equivalents", "total_current_liability")),
        "debt_to_equity_ratio": ("产权比率", _ends("total_liability", _EQUITY)),
        "equity_to_asset_ratio": ("股东权益比率", _ends("total_owner_equities", "total_assets")),
        "equity_to_fixed_asset_ratio": ("股东权益与固定资产比率", _ends("total_owner_equities", "fixed_assets")),
        "fixed_asset_ratio": ("固定资产比率", _ends("fixed_assets", "total_assets")),
        "intangible_asset_ratio": ("无形资产比率", _ends("intangible_assets", "total_assets")),
        "non_current_asset_ratio": ("非流动资产比率", _ends("total_non_current_assets", "total_assets")),
        "long_debt_to_asset_ratio": ("长期负债与资产总计之比", _ends("total_non_current_liability", "total_assets")),
        "long_debt_to_working_capital_ratio": (
            "长期负债与营运资金比率",
            lambda x: (
                x.end("total_non_current_liability")
                / _some(x.end("total_current_assets") - x.end("total_current_liability"))
            ),
        ),
        "net_operate_cash_flow_to_asset": ("总资产现金回收率", _to_end(_CASH, "total_assets", "cash_flow")),
        "net_operate_cash_flow_to_total_liability": (
            "经营现金净额与负债之比",
            _to_end(_CASH, "total_liability", "cash_flow"),
        ),
        "net_operate_cash_flow_to_total_current_liability": (
            *("经营现金净额与流动负债之比", _to_end(_CASH, "total_current_liability", "cash_flow")),
        ),
    },
    "pershare": {
        "retained_profit_per_share": ("每股未分配利润", _end_a_share("retained_profit")),
        "capital_reserve_fund_per_share": ("每股资本公积金", _end_a_share("capital_reserve_fund")),
        "surplus_reserve_fund_per_share": ("每股盈余公积金", _end_a_share("surplus_reserve_fund")),
        "cash_and_equivalents_per_share": ("每股现金及现金等价物余额", _end_a_share("cash_equivalents")),
        "retained_earnings_per_share": (
            *("每股留存收益", lambda x: (x.end("surplus_reserve_fund") + x.end("retained_profit")) / x.shares),
        ),
        "cashflow_per_share_ttm": ("每股现金流量净额TTM", _a_share("cash_equivalent_increase", "cash_flow")),
        "net_operate_cash_flow_per_share": ("每股经营活动现金流量净额", _a_share(_CASH, "cash_flow")),
        "operating_profit_per_share": (*("每股营业利润", lambda x: x.quarter("operating_profit") / x.shares),),
        "operating_profit_per_share_ttm": ("每股营业利润TTM", _a_share("operating_profit")),
        "operating_revenue_per_share_ttm": ("每股营业收入TTM", _a_share(_REVENUE)),
    },
    "growth": {
        "operating_profit_growth_rate": ("营业利润增长率", _growth("operating_profit")),
        "financing_cash_growth_rate": ("筹资活动现金流量净额增长率", _growth("net_finance_cash_flow", "cash_flow")),
        "net_asset_growth_rate": ("净资产增长率", lambda x: x.end(_EQUITY) / _some(x.end_before(_EQUITY)) - 1),
    },
    "style": {
        "debt_to_assets": ("资产负债率", _ends("total_liability", "total_assets")),
        "book_leverage": ("账面杠杆", lambda x: 1 + x.end("total_non_current_liability") / _some(x.end(_EQUITY))),
        "sales_growth": ("营业收入增长率", _growth(_REVENUE)),
        "earnings_growth": ("净利润增长率", _growth(_OWNERS)),
    },
}
RATIO_FACTORS: Final[dict[str, BookFactor]] = {
    name: BookFactor(category, words, value)
    for category, rows in _TABLE.items()
    for name, (words, value) in rows.items()
}
