"""Everything a strategy can name: the offered calls, and the official names that are not offered.

The same names are there without any import, after ``from jqdata import *`` and after
``from kuanke.user_space_api import *`` (JOINQUANT.md §9). The list of what is offered is this file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sdk.emulator.api.current import CurrentData
from sdk.emulator.api.data_names import data_names
from sdk.emulator.api.extras import Extras
from sdk.emulator.api.futures import Futures
from sdk.emulator.api.groups import Groups
from sdk.emulator.api.subportfolios import SubPortfolioConfig
from sdk.emulator.api.visible import FutureDataError
from sdk.emulator.corporate_actions import DividendsEvent, ForcedLiquidationEvent
from sdk.emulator.costs import OrderCost, PerTrade
from sdk.emulator.lib.modules import factor_names, platform_modules
from sdk.emulator.orders import (
    LimitOrderStyle,
    MarketOrderStyle,
    OrderStatus,
    StopLimitOrderStyle,
    StopMarketOrderStyle,
)
from sdk.emulator.session import Session
from sdk.emulator.slippage import FixedSlippage, PriceRelatedSlippage, StepRelatedSlippage
from sdk.emulator.unsupported import unbuilt_names


def strategy_names(session: Session) -> dict[str, Any]:
    """Return name -> object for the strategy's module."""
    settings, history, securities, trading = session.settings, session.history, session.securities, session.trading
    schedule, files, futures = session.schedule, session.files, Futures(session.reader, session.guard)
    names: dict[str, Any] = {
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
        "set_subportfolios": session.subportfolios.set_subportfolios,
        "transfer_cash": session.subportfolios.transfer_cash,
        "inout_cash": session.subportfolios.inout_cash,
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
        "batch_submit_orders": trading.batch_submit_orders,
        "batch_cancel_orders": trading.batch_cancel_orders,
        "get_open_orders": trading.get_open_orders,
        "get_orders": trading.get_orders,
        "get_trades": trading.get_trades,
        "DividendsEvent": DividendsEvent,
        "ForcedLiquidationEvent": ForcedLiquidationEvent,
        "MarketOrderStyle": MarketOrderStyle,
        "LimitOrderStyle": LimitOrderStyle,
        "StopMarketOrderStyle": StopMarketOrderStyle,
        "StopLimitOrderStyle": StopLimitOrderStyle,
        "OrderStatus": OrderStatus,
        # data
        "attribute_history": history.attribute_history,
        "history": history.history,
        "get_price": history.get_price,
        "get_bars": session.bar_calls.get_bars,
        "get_call_auction": session.auction.get_call_auction,
        "get_ticks": session.ticks.get_ticks,
        "get_current_tick": session.ticks.get_current_tick,
        "subscribe": session.subscriptions.subscribe,
        "unsubscribe": session.subscriptions.unsubscribe,
        "unsubscribe_all": session.subscriptions.unsubscribe_all,
        "get_current_data": _current_data(session),
        "get_index_stocks": securities.get_index_stocks,
        "get_all_securities": securities.get_all_securities,
        "get_security_info": securities.get_security_info,
        "get_trade_days": securities.get_trade_days,
        "get_all_trade_days": securities.get_all_trade_days,
        "get_extras": Extras(session.reader, session.guard).get_extras,
        "get_valuation": securities.get_valuation,
        "get_future_contracts": futures.get_future_contracts,
        "get_dominant_future": futures.get_dominant_future,
        **data_names(session),
        "normalize_code": securities.normalize_code,
        "FutureDataError": FutureDataError,
        # files, messages, curves
        "record": session.recorder.record,
        "read_file": files.read_file,
        "write_file": files.write_file,
        "send_message": files.send_message,
    }
    names.update(factor_names(session, names))
    return names


def importable_modules(session: Session, names: Mapping[str, Any]) -> dict[str, Callable[[], Mapping[str, Any]]]:
    """Return the platform's modules that a strategy may import: path -> what makes its names, called when asked."""
    return platform_modules(session, names)


def _current_data(session: Session) -> Callable[[], CurrentData]:
    kept: dict[int, CurrentData] = {}
    groups = Groups(session.reader, session.guard, session.securities, session.rules)

    def get_current_data(security_list: Any = None) -> CurrentData:
        """Today's facts, code by code, looked up when read; the old argument ``security_list`` changes nothing."""
        day = session.clock.day
        if day not in kept:
            kept.clear()
            kept[day] = CurrentData(session.reader, session.quotes, groups.industry_code)
        return kept[day]

    return get_current_data


def _nothing(*_: Any, **__: Any) -> None:
    """Accepted and without effect here."""
