"""The figures on series small enough to check by hand, and the forms of edge cases.

The whole set was checked to 1e-12 against platform run ma_crossover_2026 with the exchange's four-decimal closes;
that run's test (``tests/emulator/test_ma_crossover_2026.py``) repeats it as far as the bars beside the project go.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from sdk.scoring.figures import Ledger, Sale, downside_risk, max_drawdown, risk_figures


def ledger(values, benchmark=None, sales=(), bought=None, sold=None, **more):
    values = np.array(values, dtype=float)
    zeros = np.zeros(len(values))
    days = np.arange("2024-01-02", "2024-03-01", dtype="datetime64[D]")[: len(values)]
    levels = np.ones(len(values)) if benchmark is None else np.array(benchmark, dtype=float)
    return Ledger(
        *(days, 100.0, values, levels, zeros if bought is None else np.array(bought)),
        *(zeros if sold is None else np.array(sold), sales),
        **more,
    )


def test_a_year_is_250_sessions():
    figures = risk_figures(ledger([101.0, 102.0]))
    assert figures["annual_algo_return"] == pytest.approx(1.02**125 - 1)
    assert figures["algorithm_return"] == pytest.approx(0.02)


def test_drawdown_starts_from_the_capital():
    assert max_drawdown(np.array([1.0, 0.9, 1.2, 0.96])) == (pytest.approx(0.2), (2, 3))
    assert max_drawdown(np.array([1.0, 1.1, 1.2])) == (0.0, (0, 0))


def test_sortino_looks_at_days_below_the_running_mean_rounded_to_eight_places():
    r = np.array([0.01, -0.02, 0.03, -0.01])
    below = np.array([-0.02 - (-0.005), -0.01 - 0.0025])
    assert downside_risk(r) == pytest.approx(np.std(below, ddof=1) * math.sqrt(250), abs=1e-12)


def test_turnover_is_half_the_traded_value_over_the_mean_account_in_cents():
    figures = risk_figures(ledger([100.001, 100.004], bought=[50.0, 0.0], sold=[0.0, 30.0]))
    assert figures["turnover_rate"] == pytest.approx(40.0 / 2 / 100.0, abs=1e-15)


def test_sales_give_win_ratio_profit_ratio_and_mean_return():
    figures = risk_figures(ledger([100.0, 101.0], sales=(Sale(6.0, 60.0), Sale(-3.0, 30.0), Sale(0.0, 10.0))))
    assert (figures["win_count"], figures["lose_count"]) == (1, 1)
    assert figures["win_ratio"] == pytest.approx(1 / 3)
    assert figures["profit_loss_ratio"] == pytest.approx(2.0)
    assert figures["avg_trade_return"] == pytest.approx(0.0)


def test_without_a_loss_the_profit_ratio_shows_the_profit_and_without_sales_zero():
    assert risk_figures(ledger([101.0, 102.0], sales=(Sale(6.0, 60.0),)))["profit_loss_ratio"] == 6.0
    assert risk_figures(ledger([101.0, 102.0]))["profit_loss_ratio"] == 0.0


def test_position_days_are_averaged_over_securities():
    assert risk_figures(ledger([101.0, 102.0], position_days=24, securities=2))["avg_position_days"] == 12


@pytest.mark.parametrize("values", [[100.0], [100.0, 100.0, 100.0], [50.0, 25.0]])
def test_short_and_flat_runs_give_figures_not_warnings(values):
    with np.errstate(all="raise"):
        figures = risk_figures(ledger(values))
    assert figures["trading_days"] == len(values)
    assert set(figures) == set(risk_figures(ledger([101.0, 102.0])))
