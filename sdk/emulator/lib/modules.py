"""The modules of the platform that a strategy may import, and what each holds.

A module is a function that is called when the strategy first imports it, so nothing is loaded for a strategy
that does not ask. ``jqdata``, ``kuanke.user_space_api`` and ``kuanke.wizard`` hold the names that are there
without any import (the last has its own besides, ``wizard.py``) and ``datetime``, module and class in one
(``preset.Datetime``); none of the others is a builtin or one of numpy's names, so a star import hides no ``sum``
(JOINQUANT.md §9: reports of a hidden ``sum`` are unproven).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sdk.emulator.lib.preset import DATETIME
from sdk.emulator.session import Session
from sdk.emulator.unsupported import Unbuilt

Module = Callable[[], Mapping[str, Any]]
JQFACTOR = (
    *("Factor", "calc_factors", "winsorize", "winsorize_med", "standardlize", "neutralize"),
    *("get_factor_values", "get_all_factors", "get_factor_kanban_values", "analyze_factor"),
)
OPTIMIZER = (
    *("portfolio_optimizer", "MinVariance", "MaxProfit", "MaxSharpeRatio", "MinTrackingError", "RiskParity"),
    *("MaxScore", "MinScore", "MaxFactorValue", "MinFactorValue", "WeightConstraint", "WeightEqualConstraint"),
    *("AnnualStdConstraint", "AnnualProfitConstraint", "IndustryConstraint", "IndustriesConstraint"),
    *("MarketConstraint", "ExposureConstraint", "BarraConstraint", "IndustryDeviationConstraint"),
    *("IndustriesDeviationConstraint", "TrackingErrorConstraint", "TurnoverConstraint", "RatioConstraint"),
    *("MaxDrawdownConstraint", "Bound", "IndustryBound", "LiquidityBound", "CapBound"),
)
ALPHAS = {"jqlib.alpha101": 101, "jqlib.alpha191": 191}
WEIGHTS = "use equal weights, or compute the weights with numpy on get_price"
ALPHA = "compute the factor with numpy on get_price, or use an exported formula"


def platform_modules(session: Session, names: Mapping[str, Any]) -> dict[str, Module]:
    """Return import path -> what makes its names; ``names`` is the strategy's own namespace."""

    def technical() -> Mapping[str, Any]:
        from sdk.emulator.lib.technical import technical_names

        return technical_names(session)

    def factor() -> Mapping[str, Any]:
        return {name: names[name] for name in JQFACTOR}

    def optimizer() -> Mapping[str, Any]:
        return {name: Unbuilt(f"jqlib.optimizer.{name}", WEIGHTS) for name in OPTIMIZER}

    def alphas(path: str, count: int) -> Module:
        return lambda: {
            f"alpha_{number:03d}": Unbuilt(f"{path}.alpha_{number:03d}", ALPHA) for number in range(1, count + 1)
        }

    def wizard() -> Mapping[str, Any]:
        from sdk.emulator.lib.wizard import wizard_names

        return {**api(), **wizard_names(names)}

    def api() -> Mapping[str, Any]:
        return {**names, "datetime": DATETIME}

    return {
        "jqdata": api,
        "kuanke.user_space_api": api,
        "kuanke.wizard": wizard,
        "jqfactor": factor,
        "jqlib.technical_analysis": technical,
        "jqlib.optimizer": optimizer,
        **{path: alphas(path, count) for path, count in ALPHAS.items()},
    }


def factor_names(session: Session, names: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of ``jqfactor`` that is built here; ``names`` is looked into when a call is made."""
    from sdk.emulator.lib.exposures import Exposures
    from sdk.emulator.lib.factors import Factor, factor_calculator
    from sdk.emulator.lib.neutral import neutralizer
    from sdk.emulator.lib.preprocess import standardlize, winsorize_med, winsorizer

    exposures = Exposures(session, names)
    return {
        "Factor": Factor,
        "calc_factors": factor_calculator(session, exposures),
        "neutralize": neutralizer(session, exposures),
        "winsorize": winsorizer(session.rules["winsorize_border"]),
        "winsorize_med": winsorize_med,
        "standardlize": standardlize,
    }
