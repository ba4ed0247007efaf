"""The books of the made companies: quarterly statements that add up, and the day each became public.

All amounts are whole CNY of a single quarter (balance: at its end), arrays are (stocks, quarters). What adds up:

    operating_profit = revenue + investment_income − total_operating_cost
    total_profit = operating_profit + non_operating_revenue − non_operating_expense
    net_profit = total_profit − income_tax_expense = np_parent_company_owners + minority_profit
    total_assets = total_liability + total_owner_equities, each the sum of its parts
    cash_equivalent_increase = net operating + investing + financing cash flow

Profit follows from equity and a return on equity that wanders slowly around the company's own level; equity grows by
what is not paid out. Publication as in China: annual reports from March to April, Q1 in the second half of April,
Q2 in August, Q3 in the second half of October. The dice are their own, so bars do not depend on them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sdk.market.made.cast import Cast
from sdk.market.made.draws import Draws
from sdk.market.made.trading import Bars

YEARS_BEFORE = 3
PUBLISHED_AFTER = ((16, 30), (41, 62), (15, 31), (62, 118))  # days after the end of Q1 … Q4: first, one past last
SEASON = (0.90, 1.05, 1.00, 1.05)
KEPT = 0.7  # share of a profit that stays in the company
Figures = dict[str, np.ndarray]


@dataclass(frozen=True)
class Books:
    """``stat`` are the quarters' last days; ``public`` (stocks, quarters), NaT where there is no statement.

    The first quarter is a Q1 and the number of quarters a multiple of four.
    """

    stat: np.ndarray
    public: np.ndarray
    income: Figures
    balance: Figures
    cash_flow: Figures

    @property
    def exists(self) -> np.ndarray:
        """Which statements were published."""
        return ~np.isnat(self.public)


def keep_books(cast: Cast, draws: Draws, bars: Bars, rng: np.random.Generator) -> Books:
    """Write the books of every company from three years before the first day on."""
    stat = _quarter_ends(cast.days)
    column = np.clip(np.searchsorted(cast.days, stat, side="right") - 1, 0, len(cast.days) - 1)
    shares = np.rint(bars.shares[:, column] / draws.float_share[:, np.newaxis])
    equity, profit = _profits(draws, len(stat), rng)
    income = _income(equity, profit, rng)
    public = _publication(cast, stat, rng)
    return Books(stat, public, income, _balance(equity, shares, rng), _cash_flow(income, rng))


def _quarter_ends(days: np.ndarray) -> np.ndarray:
    first = days[0].astype("datetime64[Y]") - YEARS_BEFORE
    years = int((days[-1].astype("datetime64[Y]") - first).astype(int)) + 1
    months = first.astype("datetime64[M]") + 3 * np.arange(1, 4 * years + 1)
    return months.astype("datetime64[D]") - 1


def _profits(draws: Draws, quarters: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return (equity at the end of each quarter, profit of the parent's owners)."""
    stocks = len(draws.price)
    price_to_book = np.exp(rng.normal(0.8, 0.5, stocks)).clip(0.5, 12)
    level = rng.normal(0.085, 0.06, stocks).clip(-0.12, 0.28)
    shock = 0.025 * rng.standard_normal((stocks, quarters))
    equity, profit = np.empty((stocks, quarters)), np.empty((stocks, quarters))
    wealth, drift = draws.price * draws.shares / price_to_book, np.zeros(stocks)
    for quarter in range(quarters):
        drift = 0.85 * drift + shock[:, quarter]
        profit[:, quarter] = np.rint(wealth * (level + drift) / 4 * SEASON[quarter % 4])
        wealth = wealth + np.where(profit[:, quarter] > 0, KEPT, 1.0) * profit[:, quarter]
        equity[:, quarter] = wealth
    return np.rint(equity), profit


def _income(equity: np.ndarray, profit: np.ndarray, rng: np.random.Generator) -> Figures:
    shape = profit.shape
    season = np.tile(SEASON, shape[1] // 4)
    turn = np.exp(rng.normal(-0.1, 0.5, (shape[0], 1)) + 0.08 * rng.standard_normal(shape))
    revenue = np.rint(np.maximum(equity * turn / 4 * season, np.abs(profit) / 0.4))

    def part(low: float, high: float) -> np.ndarray:
        return np.rint(revenue * rng.uniform(low, high, (shape[0], 1)))

    net = np.rint(profit / (1 - rng.uniform(0, 0.08, (shape[0], 1))))
    tax = np.rint(np.where(net > 0, 0.18 * net, 0.0))
    extra, loss, gains = part(0.001, 0.005), part(0.001, 0.004), part(0.0, 0.02)
    operating = net + tax - extra + loss
    cost = revenue + gains - operating
    expenses = {
        "operating_tax_surcharges": part(0.003, 0.01),
        "sale_expense": part(0.02, 0.09),
        "administration_expense": part(0.02, 0.07),
        "financial_expense": part(-0.005, 0.02),
        "rd_expenses": part(0.0, 0.05),
        "asset_impairment_loss": part(0.0, 0.004),
    }
    return {
        "total_operating_revenue": revenue,
        "operating_revenue": revenue,
        "total_operating_cost": cost,
        "operating_cost": cost - sum(expenses.values()),
        **expenses,
        "investment_income": gains,
        "operating_profit": operating,
        "non_operating_revenue": extra,
        "non_operating_expense": loss,
        "total_profit": net + tax,
        "income_tax_expense": tax,
        "net_profit": net,
        "np_parent_company_owners": profit,
        "minority_profit": net - profit,
    }


def _balance(equity: np.ndarray, shares: np.ndarray, rng: np.random.Generator) -> Figures:
    shape = equity.shape

    def parts(whole: np.ndarray, shares_of: dict[str, float], rest: str) -> Figures:
        found = {name: np.rint(whole * share) for name, share in shares_of.items()}
        return {**found, rest: whole - sum(found.values())}

    minority = np.rint(equity * rng.uniform(0, 0.06, (shape[0], 1)))
    owners = equity + minority
    debt_ratio = (rng.uniform(0.15, 0.7, (shape[0], 1)) + 0.01 * rng.standard_normal(shape)).clip(0.05, 0.85)
    debt = np.rint(owners * debt_ratio / (1 - debt_ratio))
    assets = owners + debt
    current, current_debt = np.rint(assets * rng.uniform(0.35, 0.75, (shape[0], 1))), np.rint(debt * 0.7)
    return {
        "total_assets": assets,
        "total_current_assets": current,
        **parts(
            current,
            {
                **{"cash_equivalents": 0.3, "account_receivable": 0.25, "inventories": 0.25},
                **{"bill_receivable": 0.04, "other_receivable": 0.03, "advance_payment": 0.03},
            },
            "other_current_assets",
        ),
        "total_non_current_assets": assets - current,
        **parts(
            assets - current,
            {
                **{"fixed_assets": 0.55, "constru_in_process": 0.08, "intangible_assets": 0.12, "good_will": 0.05},
                **{"development_expenditure": 0.01, "longterm_equity_invest": 0.06, "deferred_tax_assets": 0.02},
            },
            "other_non_current_assets",
        ),
        "total_liability": debt,
        "total_current_liability": current_debt,
        **parts(
            current_debt,
            {
                **{"shortterm_loan": 0.3, "accounts_payable": 0.4, "notes_payable": 0.05, "advance_peceipts": 0.06},
                **{"salaries_payable": 0.03, "taxs_payable": 0.03, "interest_payable": 0.005},
                **{"dividend_payable": 0.005, "non_current_liability_in_one_year": 0.05},
            },
            "other_current_liability",
        ),
        "total_non_current_liability": debt - current_debt,
        **parts(debt - current_debt, {"longterm_loan": 0.5, "bonds_payable": 0.2}, "other_non_current_liability"),
        "total_owner_equities": owners,
        "equities_parent_company_owners": equity,
        "minority_interests": minority,
        "paidin_capital": shares,
        "surplus_reserve_fund": np.rint(equity * 0.08),
        "capital_reserve_fund": np.rint(equity * 0.3),
        "retained_profit": equity - shares - np.rint(equity * 0.08) - np.rint(equity * 0.3),
        "total_sheet_owner_equities": assets,
    }


def _cash_flow(income: Figures, rng: np.random.Generator) -> Figures:
    revenue, net = income["operating_revenue"], income["net_profit"]
    operating = np.rint(0.95 * net + 0.05 * revenue * rng.standard_normal(net.shape))
    sales = np.rint(revenue * rng.uniform(0.95, 1.12, (len(net), 1)))
    built = np.rint(revenue * rng.uniform(0.01, 0.1, (len(net), 1)))
    investing = -built + np.rint(0.02 * revenue * rng.standard_normal(net.shape))
    spent, disposed = np.rint(1.05 * built), np.rint(0.05 * built)
    paid = np.rint(np.where(net > 0, (1 - KEPT) * net, 0.0))
    financing = -paid + np.rint(0.02 * revenue * rng.standard_normal(net.shape))
    return {
        "goods_sale_and_service_render_cash": sales,
        "subtotal_operate_cash_inflow": np.rint(1.02 * sales),
        "subtotal_operate_cash_outflow": np.rint(1.02 * sales) - operating,
        "net_operate_cash_flow": operating,
        "fix_intan_other_asset_acqui_cash": built,
        "fix_intan_other_asset_dispo_cash": disposed,
        "subtotal_invest_cash_inflow": investing + spent,
        "subtotal_invest_cash_outflow": spent,
        "net_invest_cash_flow": investing,
        "dividend_interest_payment": paid,
        "net_finance_cash_flow": financing,
        "cash_equivalent_increase": operating + investing + financing,
    }


def _publication(cast: Cast, stat: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return when each statement became public; a Q1 report never comes before the annual report."""
    stocks = len(cast.codes)
    public = np.empty((stocks, len(stat)), dtype="datetime64[D]")
    for quarter, end in enumerate(stat):
        low, high = PUBLISHED_AFTER[quarter % 4]
        public[:, quarter] = end + rng.integers(low, high, stocks)
        if quarter and quarter % 4 == 0:
            public[:, quarter] = np.maximum(public[:, quarter], public[:, quarter - 1])
    listed, gone = cast.listed[:, np.newaxis], cast.days[cast.last][:, np.newaxis]
    late = (cast.first > 0)[:, np.newaxis]
    public = np.where(late & (public < listed), np.maximum(public, listed - 15), public)
    never = (public > gone) | (late & (stat < listed - 3 * 366))
    return np.where(never, np.datetime64("NaT", "D"), public)
