"""Everything a strategy can name: the offered calls, and the official names that are not offered.

The same names are there without any import, after ``from jqdata import *`` and after
``from kuanke.user_space_api import *`` (JOINQUANT.md §9). The list of what is offered is this file.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sdk.emulator.api.current import CurrentData
from sdk.emulator.api.data_names import data_names
from sdk.emulator.api.subportfolios import SubPortfolioConfig, subportfolio_setter
from sdk.emulator.api.visible import FutureDataError
from sdk.emulator.costs import OrderCost, PerTrade
from sdk.emulator.orders import LimitOrderStyle, MarketOrderStyle, OrderStatus
from sdk.emulator.session import Session
from sdk.emulator.slippage import FixedSlippage, PriceRelatedSlippage, StepRelatedSlippage
from sdk.emulator.unsupported import JQFACTOR, TECHNICAL, Unbuilt, unbuilt_names


class _LazyPandas:
    """``pd`` without import, loaded at its first use: a strategy that never says ``pd`` never pays for it."""

    def __getattr__(self, name: str) -> Any:
        import pandas

        return getattr(pandas, name)


def strategy_names(session: Session) -> dict[str, Any]:
    """Return name -> object for the strategy's module."""
    settings, history, securities, trading = session.settings, session.history, session.securities, session.trading
    schedule, files = session.schedule, session.files
    return {
        **unbuilt_names(),
        "g": session.g,
        "log": session.log,
        # settings
        "set_option": settings.set_option,
        "set_benchmark": settings.set_benchmark,
        "set_universe": settings.set_universe,
        "set_order_cost": settings.costs.set_order_cost,
        "set_commission": settings.costs.set_commission,
        "set_slippage": settings.slippage.set_slippage,
        "disable_cache": _nothing,
        "enable_profile": _nothing,
        "OrderCost": OrderCost,
        "PerTrade": PerTrade,
        "FixedSlippage": FixedSlippage,
        "PriceRelatedSlippage": PriceRelatedSlippage,
        "StepRelatedSlippage": StepRelatedSlippage,
        "SubPortfolioConfig": SubPortfolioConfig,
        "set_subportfolios": subportfolio_setter(session.account),
        # schedule
        "run_daily": schedule.run_daily,
        "run_weekly": schedule.run_weekly,
        "run_monthly": schedule.run_monthly,
        "unschedule_all": schedule.unschedule_all,
        # orders
        "order": trading.order,
        "order_target": trading.order_target,
        "order_value": trading.order_value,
        "order_target_value": trading.order_target_value,
        "cancel_order": trading.cancel_order,
        "get_open_orders": trading.get_open_orders,
        "get_orders": trading.get_orders,
        "get_trades": trading.get_trades,
        "MarketOrderStyle": MarketOrderStyle,
        "LimitOrderStyle": LimitOrderStyle,
        "OrderStatus": OrderStatus,
        # data
        "attribute_history": history.attribute_history,
        "history": history.history,
        "get_price": history.get_price,
        "get_bars": history.get_bars,
        "get_current_data": _current_data(session),
        "get_index_stocks": securities.get_index_stocks,
        "get_all_securities": securities.get_all_securities,
        "get_security_info": securities.get_security_info,
        "get_trade_days": securities.get_trade_days,
        "get_all_trade_days": securities.get_all_trade_days,
        "get_extras": securities.get_extras,
        "get_valuation": securities.get_valuation,
        **data_names(session),
        "normalize_code": securities.normalize_code,
        "FutureDataError": FutureDataError,
        # files, messages, curves
        "record": session.recorder.record,
        "read_file": files.read_file,
        "write_file": files.write_file,
        "send_message": files.send_message,
    }


def preset_names() -> dict[str, Any]:
    """Return what is there without import but is not part of the star imports, so that it never hides a name."""
    return {
        "datetime": datetime,
        "timedelta": datetime.timedelta,
        "math": math,
        "np": np,
        "pd": _LazyPandas(),
        **{name: getattr(np, name) for name in ("isnan", "mean", "array", "zeros", "nan")},
    }


def importable_modules(names: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the platform's modules that a strategy may import, with what they hold."""
    platform = "run this strategy on the platform, or write the factor with numpy on get_price"
    return {
        "jqdata": dict(names),
        "kuanke.user_space_api": dict(names),
        "jqfactor": {
            **{name: Unbuilt(f"jqfactor.{name}", platform) for name in JQFACTOR},
            **{name: names[name] for name in ("get_factor_values", "get_all_factors")},
        },
        "jqlib.technical_analysis": {
            name: Unbuilt(f"jqlib.technical_analysis.{name}", "write the indicator with numpy on attribute_history")
            for name in TECHNICAL
        },
        "jqlib.optimizer": {"portfolio_optimizer": Unbuilt("portfolio_optimizer", platform)},
    }


def _current_data(session: Session) -> Callable[[], CurrentData]:
    kept: dict[int, CurrentData] = {}

    def get_current_data() -> CurrentData:
        """Today's facts, code by code, looked up when read."""
        day = session.clock.day
        if day not in kept:
            kept.clear()
            kept[day] = CurrentData(session.reader, session.quotes)
        return kept[day]

    return get_current_data


def _nothing(*_: Any, **__: Any) -> None:
    """Accepted and without effect here."""
