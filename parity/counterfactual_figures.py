"""The same NAV under other conventions of the figures: risk-free rate, days a year, arithmetic excess.

Everything follows from the figures that are printed, with P and B the total returns and n the sessions:

    n = 250 ln(1 + P) ÷ ln(1 + annual return);   annual' = (1 + P)^(D/n) − 1;   every deviation × √(D ÷ 250)

and each ratio's denominator is its numerator divided by the ratio. Platform: 4 %, 250 days, geometric excess.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from parity.counterfactual import FigureRule
from sdk.report.numbers import Reading
from sdk.scoring.figures import RISK_FREE, SESSIONS_A_YEAR


def convention(risk_free: float, sessions: int, arithmetic: bool = False) -> FigureRule:
    """Return the rule that recomputes figures: rate a year, sessions a year, excess as P − B."""

    def rule(figures: Mapping[str, Reading]) -> Mapping[str, Reading]:
        told = {key: reading.value for key, reading in figures.items() if reading.value is not None}
        try:
            made = _recomputed(told, risk_free, sessions, arithmetic)
        except (KeyError, ZeroDivisionError, ValueError, OverflowError):
            return figures
        return {**figures, **{key: Reading(repr(value), value) for key, value in made.items() if key in figures}}

    return rule


def _recomputed(told: Mapping[str, float], risk_free: float, sessions: int, arithmetic: bool) -> dict[str, float]:
    total, bench, beta = told["algorithm_return"], told["benchmark_return"], told["beta"]
    n = round(SESSIONS_A_YEAR * math.log1p(total) / math.log1p(told["annual_algo_return"]))
    wider = math.sqrt(sessions / SESSIONS_A_YEAR)

    def annual(value: float, a_year: int) -> float:
        return float((1 + value) ** (a_year / n) - 1)

    def ratio(key: str, before: float, after: float) -> dict[str, float]:
        old = told.get(key)
        return {key: after / (before / old * wider)} if old else {}

    own, market = annual(total, sessions), annual(bench, sessions)
    before, market_before = annual(total, SESSIONS_A_YEAR), annual(bench, SESSIONS_A_YEAR)
    excess = (1 + total) / (1 + bench) - 1
    excess_before, excess_after = annual(excess, SESSIONS_A_YEAR), annual(excess, sessions)
    return {
        "annual_algo_return": own,
        "alpha": own - (risk_free + beta * (market - risk_free)),
        "algorithm_volatility": told["algorithm_volatility"] * wider,
        "benchmark_volatility": told["benchmark_volatility"] * wider,
        **ratio("sharpe", before - RISK_FREE, own - risk_free),
        **ratio("sortino", before - RISK_FREE, own - risk_free),
        **ratio("information", before - market_before, own - market),
        **ratio("excess_return_sharpe", excess_before - RISK_FREE, excess_after - risk_free),
        **({"excess_return": total - bench} if arithmetic else {}),
    }


CONVENTIONS: dict[str, FigureRule] = {
    f"无风险利率 {rate:.1%}，一年 {days} 天{'，算术超额' if arithmetic else ''}": convention(rate, days, arithmetic)
    for arithmetic in (False, True)
    for rate in (RISK_FREE, 0.0, 0.03, 0.02, 0.015, 0.025)
    for days in (SESSIONS_A_YEAR, 252, 242, 244, 245, 365)
    if (rate, days, arithmetic) != (RISK_FREE, SESSIONS_A_YEAR, False)
}
