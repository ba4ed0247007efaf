"""The platform's official names, as data: what a strategy may write, and where that is documented.

``tools/support_matrix.py`` runs a strategy that tries every one of them and writes ``docs/support.md`` from what
happened; a name that is neither offered nor has a word in ``unsupported.py`` fails a test.

``kind`` says how a name is tried (``{}`` in ``form`` stands for it):

    name      it is in the namespace without import          callback   the engine calls a function of that name
    module    it can be imported from the module ``form``    member     the object ``form`` has it, read when held
    start     the statement ``form`` runs in initialize      bar        the statement ``form`` runs in handle_data
    figure    it is a figure of the result                   frequency  a run of that frequency starts

Sources: the API page (策略API介绍) and JOINQUANT.md, section in ``source``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["name", "callback", "module", "member", "start", "bar", "figure", "frequency"]


@dataclass(frozen=True)
class Group:
    """Official names that are tried in the same way."""

    title: str
    source: str
    kind: Kind
    names: tuple[str, ...]
    form: str = "{}"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_TIMES = (
    *("open", "open+5m", "open-10m", "close", "close-10m", "close - 10m", "before_open", "after_close"),
    *("every_bar", "9:30", "09:30", "14:50", "14:50:30", "00:01", "23:59"),
)
_ACCOUNT = "inout_cash available_cash transferable_cash locked_cash long_positions short_positions positions_value"
_ORDER_FUNCTIONS = ("order", "order_target", "order_value", "order_target_value")
_FIELDS = "open close high low volume money factor high_limit low_limit avg pre_close paused open_interest"

OFFICIAL: tuple[Group, ...] = (
    Group(
        *("回调函数 Callbacks", "§1.1", "callback"),
        _words(
            "initialize after_code_changed process_initialize before_trading_start handle_data after_trading_end "
            "on_strategy_end on_event handle_tick"
        ),
    ),
    Group("定时运行 Schedule", "§1.4", "name", ("run_daily", "run_weekly", "run_monthly", "unschedule_all")),
    Group("run_daily(time=…)", "§1.4, §12", "start", _TIMES, "run_daily(task, time={!r})"),
    Group(
        "run_weekly",
        "§1.4",
        "start",
        ("1", "5", "-1", "-5"),
        "run_weekly(task, {}, '9:30', '000300.XSHG', force=True)",
    ),
    Group(
        "run_monthly", "§1.4", "start", ("1", "23", "-1"), "run_monthly(task, monthday={}, time='open', force=False)"
    ),
    Group("运行频率 Frequency", "§1.3", "frequency", ("day", "minute", "tick")),
    Group(
        *("策略设置 Settings", "§2", "name"),
        _words(
            "set_benchmark set_option set_universe set_order_cost set_commission set_slippage OrderCost PerTrade "
            "FixedSlippage PriceRelatedSlippage StepRelatedSlippage disable_cache enable_profile"
        ),
    ),
    Group(
        *("set_option", "§2.1", "start"),
        (
            *("'use_real_price', True", "'avoid_future_data', False", "'order_volume_ratio', 1.0"),
            *("'t0_mode', False", "'match_with_order_book', False", "'always_match_market_order', False"),
            *("'match_by_signal', False", "'futures_margin_rate', 0.15", "'futures_margin_rate.IF', 0.15"),
            *("'margincash_interest_rate', 0.08", "'margincash_margin_rate', 1.0"),
            *("'marginsec_interest_rate', 0.10", "'marginsec_margin_rate', 1.0"),
        ),
        "set_option({})",
    ),
    Group("set_benchmark", "§2.2", "start", ("'000300.XSHG'", "{'000300.XSHG': 0.5}"), "set_benchmark({})"),
    Group(
        *("set_order_cost(type=…)", "§2.3", "start"),
        _words(
            "stock fund mmf fja fjb fjm index_futures futures bond_fund stock_fund QDII_fund mixture_fund "
            "money_market_fund"
        ),
        "set_order_cost(OrderCost(), type={!r})",
    ),
    Group(
        *("set_slippage", "§2.4", "start"),
        (
            *("FixedSlippage(0)", "PriceRelatedSlippage(0.00246), type='stock'"),
            *("StepRelatedSlippage(2), type='futures'", "FixedSlippage(0.02), type='fund', ref='510300.XSHG'"),
        ),
        "set_slippage({})",
    ),
    Group(
        "log.set_level", "§2.2", "start", ("order", "history", "strategy", "system"), "log.set_level({!r}, 'debug')"
    ),
    Group("日志 log", "§7.1", "member", _words("debug info warn warning error set_level"), "log"),
    Group(
        *("下单 Orders", "§3.1", "name"),
        (
            *_ORDER_FUNCTIONS,
            *_words("cancel_order get_open_orders get_orders get_trades batch_submit_orders batch_cancel_orders"),
        ),
    ),
    Group(
        *("下单方式 Order styles", "§3.6, §3.11", "name"),
        _words("MarketOrderStyle LimitOrderStyle StopMarketOrderStyle StopLimitOrderStyle OrderStatus"),
    ),
    Group(
        *("OrderStatus", "§3.11", "member", _words("new open filled canceled rejected held"), "OrderStatus"),
    ),
    Group(
        *("融资融券 Margin trading", "API 融资融券", "name"),
        _words(
            "margincash_open margincash_close margincash_direct_refund marginsec_open marginsec_close "
            "marginsec_direct_refund get_margincash_stocks get_marginsec_stocks get_mtss"
        ),
    ),
    Group("场外基金 Open funds", "API", "name", ("purchase", "redeem", "set_redeem_latency", "get_fund_info")),
    Group("期货 Futures", "API 期货", "name", ("get_dominant_future", "get_future_contracts")),
    Group(
        *("子账户 Subportfolios", "§2.2", "name"),
        ("set_subportfolios", "SubPortfolioConfig", "transfer_cash", "inout_cash"),
    ),
    Group(
        *("set_subportfolios(type=…)", "§2.2", "start", ("stock", "index_futures", "futures", "stock_margin")),
        "set_subportfolios([SubPortfolioConfig(cash=context.portfolio.starting_cash, type={!r})])",
    ),
    Group(
        *("context", "§4.1", "member"),
        _words("portfolio subportfolios current_dt previous_date universe run_params"),
        "context",
    ),
    Group(
        *("context.run_params", "§4.1", "member", _words("start_date end_date type frequency")),
        "context.run_params",
    ),
    Group(
        *("context.portfolio", "§4.2", "member"),
        _words(
            f"{_ACCOUNT} positions total_value returns starting_cash margin cash portfolio_value unsell_positions"
        ),
        "context.portfolio",
    ),
    Group(
        *("context.subportfolios[0]", "§4.2", "member"),
        _words(
            f"{_ACCOUNT} positions total_value type total_liability net_value cash_liability sec_liability interest "
            "maintenance_margin_rate available_margin margin is_dangerous"
        ),
        "context.subportfolios[0]",
    ),
    Group(
        *("Position", "§4.3", "member"),
        _words(
            "security side pindex price total_amount closeable_amount sellable_amount amount today_amount "
            "locked_amount value avg_cost acc_avg_cost hold_cost init_time transact_time"
        ),
        "context.portfolio.positions['600000.XSHG']",
    ),
    Group(
        *("Order", "§3.11", "member"),
        _words(
            "status add_time is_buy amount filled security order_id price avg_cost side action commission "
            "style pindex"
        ),
        "next(iter(get_orders().values()))",
    ),
    Group(
        *("Trade", "§3.11", "member"),
        _words("time security amount price trade_id order_id"),
        "next(iter(get_trades().values()))",
    ),
    Group(
        *("data[code]", "§1.3", "member"),
        _words(
            "open close low high volume money factor high_limit low_limit avg price pre_close paused security "
            "returns isnan mavg vwap stddev"
        ),
        "data['600000.XSHG']",
    ),
    Group(
        *("get_current_data()[code]", "§6.4, §15", "member"),
        _words("last_price high_limit low_limit paused is_st day_open name industry_code"),
        "get_current_data()['600000.XSHG']",
    ),
    Group(
        *("get_security_info(code)", "§6.5", "member"),
        _words("display_name name start_date end_date type parent"),
        "get_security_info('600000.XSHG')",
    ),
    Group(
        *("行情 Prices", "§6.1 – §6.4", "name"),
        _words(
            "get_price history attribute_history get_bars get_current_data get_call_auction get_ticks "
            "get_current_tick subscribe unsubscribe unsubscribe_all"
        ),
    ),
    Group("get_price(fields=…)", "§6.1", "bar", _words(_FIELDS), "get_price('600000.XSHG', count=2, fields={!r})"),
    Group(
        *("get_price(frequency=…)", "§6.1", "bar", _words("daily 1d minute 1m 5m 5d")),
        "get_price('600000.XSHG', count=2, frequency={!r}, end_date=context.current_dt)",
    ),
    Group(
        *("get_price 其余参数", "§6.1", "bar"),
        (
            *("fq=None", "fq='pre'", "fq='post'", "skip_paused=True", "fill_paused=False"),
            *("panel=True", "panel=False"),
        ),
        "get_price(['600000.XSHG'] if 'panel' in {!r} else '600000.XSHG', count=2, {})",
    ),
    Group(
        *("get_bars(unit=…)", "§6.3", "bar", _words("1d 1w 1M 1m 5m 15m 30m 60m 120m")),
        "get_bars('600000.XSHG', 2, unit={!r})",
    ),
    Group(
        *("证券与日历 Securities, calendar", "§6.5", "name"),
        _words(
            "get_all_securities get_security_info get_trade_days get_trade_day get_all_trade_days get_extras "
            "get_index_stocks get_index_weights get_industry_stocks get_industry get_industries get_concept_stocks "
            "get_concept get_concepts normalize_code"
        ),
    ),
    Group(
        *("get_all_securities(types=…)", "§6.5", "bar"),
        _words("stock fund index etf lof futures fja fjb open_fund options"),
        "get_all_securities([{!r}])",
    ),
    Group(
        *("get_extras(info=…)", "§6.5", "bar"),
        _words("is_st acc_net_value unit_net_value futures_sett_price futures_positions adj_net_value"),
        "get_extras({!r}, ['600000.XSHG'], end_date=context.previous_date, count=1)",
    ),
    Group(
        *("基本面 Fundamentals", "§6.6", "name"),
        _words(
            "query valuation indicator income balance cash_flow get_fundamentals get_fundamentals_continuously "
            "get_history_fundamentals get_valuation finance finance.run_query macro macro.run_query bond "
            "bank_indicator security_indicator insurance_indicator"
        ),
    ),
    Group(
        *("其他数据 Other data", "§6.6", "name"),
        _words(
            "get_factor_values get_all_factors get_factor_kanban_values get_money_flow get_billboard_list "
            "get_locked_shares"
        ),
    ),
    Group(
        *("文件、消息、画图 Files, messages, curves", "§6.7", "name"),
        _words("record read_file write_file send_message log g"),
    ),
    Group("研究 Research", "§7.4", "name", ("create_backtest", "get_backtest")),
    Group(
        *("不用导入的名字 Names without import", "§9", "name"),
        _words("datetime timedelta math np pd sum isnan mean array zeros nan ones floor sqrt sign std NaN"),
    ),
    Group(
        *("jqfactor", "§12; API 数据处理函数", "module"),
        _words(
            "Factor calc_factors winsorize winsorize_med standardlize neutralize get_factor_values get_all_factors "
            "get_factor_kanban_values analyze_factor"
        ),
        "jqfactor",
    ),
    Group(
        *("可导入的模块 Modules", "§9", "module"),
        _words(
            "jqdata jqfactor kuanke.user_space_api kuanke.wizard jqlib.technical_analysis jqlib.optimizer "
            "jqlib.alpha101 jqlib.alpha191"
        ),
        "",
    ),
    Group("jqdata", "§9", "module", ("finance", "macro", "get_price", "jy"), "jqdata"),
    Group(
        *("统计指标 Figures", "§8", "figure"),
        _words(
            "algorithm_return annual_algo_return excess_return benchmark_return annual_bm_return alpha beta sharpe "
            "win_ratio profit_loss_ratio max_drawdown sortino avg_excess_return excess_return_max_drawdown "
            "excess_return_sharpe day_win_ratio win_count lose_count information algorithm_volatility "
            "benchmark_volatility max_drawdown_period trading_days avg_trade_return avg_position_days turnover_rate "
            "treasury_return max_leverage"
        ),
    ),
)

# Offered, and this is missing. A note for a name that is not offered fails the test.
PARTIAL: Mapping[str, str] = {
    "send_message": "does nothing, as in a backtest of the platform",
    **dict.fromkeys(("get_dominant_future", "get_future_contracts"), "contracts of a bundle with futures, by volume"),
    "get_call_auction": "time and current; volume, money and order book by rule call_auction_volume",
    "get_current_tick": "price, high, low, volume, money so far as bars know them; no order book, no dt",
    "minute": "on bundles with minute bars",
    "tick": "on bundles with minute bars: a tick at 09:25 and at the end of each minute that traded",
    **dict.fromkeys(("handle_tick", "subscribe"), "in frequency 'tick', made of minute bars; no order book"),
    **dict.fromkeys(("1m", "5m", "15m", "30m", "60m", "120m"), "on bundles with minute bars"),
    **dict.fromkeys(("unit_net_value", "acc_net_value", "adj_net_value"), "bundles with finance/FUND_NET_VALUE"),
    **dict.fromkeys(("macro", "macro.run_query"), "tables that the bundle has"),
    "disable_cache": "accepted, no effect",
    "enable_profile": "accepted, no effect",
    "read_file": "files that this run wrote, and files beside the strategy",
    "get_security_info": "no parent fund",
    "neutralize": "industries and library factors need get_industry, get_factor_values and their data",
    "calc_factors": "dependencies: prices, indices, industries, valuation, statements, get_factor_values",
    "kuanke.wizard": "holds the names of jqdata; the wizard's own functions are not there",
    "jqlib.optimizer": "can be imported, not used",
    "jqlib.alpha101": "can be imported, not used",
    "jqlib.alpha191": "can be imported, not used",
    "jqlib.technical_analysis": "the indicators listed below",
}
