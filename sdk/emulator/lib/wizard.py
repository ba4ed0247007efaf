"""``kuanke.wizard``: the functions behind strategies that the platform's form-filling editor writes.

    stops        security_stoploss, portfolio_stopprofit, index_stoploss_diefu …: sell, remember what did not sell
    sizes        order_style, judge_security_max_proportion, max_buy_value_or_amount, sell_by_amount_or_percent_…
    filters      financial_data_filter_dayu / xiaoyu / qujian (greater, less, between), situation_filter_…, ipo_days_…
    judgements   <indicator>_judge_dayu …, and of two lines _judge_jincha (crosses up) / sicha / duotou / kongtou

# platform: the library is not documented; what each does was read from published copies of it and written anew. A
judgement that fails writes an ERROR and is False, as there.
"""

from __future__ import annotations

import datetime
import functools
import importlib
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sdk.emulator.lib.absent import Absent
from sdk.emulator.lib.wizard_lines import average, line_names
from sdk.errors import JqalphaError

Names = Mapping[str, Any]
# one line against a number: name -> (indicator, which of its lines)
VALUES = {
    **{"MACD_DIF": ("MACD", 0), "MACD_DEA": ("MACD", 1), "MACD_HIST": ("MACD", 2)},
    **{"KDJ_K": ("KDJ", 0), "KDJ_D": ("KDJ", 1), "KDJ_J": ("KDJ", 2)},
    **{"BBands_upperband": ("Bollinger_Bands", 0), "BBands_lowerband": ("Bollinger_Bands", 2)},
    **{name: (name, None) for name in ("MA", "MA_MONEY", "MA_VOLUME", "ATR", "CCI", "RSI", "BIAS")},
}
COMPARED: dict[str, Callable[[float, Any], bool]] = {
    "dayu": lambda now, value: bool(now > value),
    "xiaoyu": lambda now, value: bool(now < value),
    "qujian": lambda now, value: bool(value[0] < now < value[1]),
}
# two lines against each other, each (…, before, now)
CROSSED: dict[str, Callable[[Any, Any], bool]] = {
    "jincha": lambda one, other: bool(one[-1] > other[-1] and one[-2] < other[-2]),
    "sicha": lambda one, other: bool(one[-1] < other[-1] and one[-2] > other[-2]),
    "duotou": lambda one, other: bool(one[-1] > other[-1]),
    "kongtou": lambda one, other: bool(one[-1] < other[-1]),
}
RISING = (
    "CDL3WHITESOLDIERS",
    "CDLMORNINGSTAR",
    "CDLMORNINGDOJISTAR",
    "CDLHAMMER",
    "CDLINVERTEDHAMMER",
    "CDLPIERCING",
)
FALLING = (
    *("CDL2CROWS", "CDL3BLACKCROWS", "CDLDARKCLOUDCOVER", "CDLEVENINGSTAR", "CDLEVENINGDOJISTAR"),
    *("CDLSHOOTINGSTAR", "CDLHANGINGMAN", "CDLDOJISTAR"),
)


def wizard_names(names: Names) -> dict[str, Any]:
    """Return what ``from kuanke.wizard import *`` adds; ``names`` is the strategy's namespace."""
    lines = line_names(names)
    judged = {**_judgements(names, lines), **_situations(names)}
    guarded = {name: _guarded(function, names["log"]) for name, function in judged.items()}
    return {**_imports(), **lines, **guarded, **_stops(names), **_sizes(names), **_filters(names)}


def _imports() -> dict[str, Any]:
    """What the library itself imports, and so hands on with a star."""
    import pandas as pd

    try:
        talib: Any = importlib.import_module("talib")
    except ModuleNotFoundError:
        talib = Absent("talib")
    found = {"np": np, "pd": pd, "talib": talib, "datetime": datetime, "mean": np.mean, "traceback": traceback}
    return {**found, "reduce": functools.reduce}


def _guarded(function: Callable[..., bool], log: Any) -> Callable[..., bool]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> bool:
        try:
            return function(*args, **kwargs)
        except JqalphaError:
            raise
        except Exception:  # noqa: BLE001 - the library catches all, so its users rely on False
            log.error(traceback.format_exc())
            return False

    return call


# --------------------------------------------------------------------------------------------------- judgements
def _judgements(names: Names, lines: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., bool]]:
    def last(indicator: str, place: int | None, security: str, *sizes: Any, **more: Any) -> float:
        found = lines[indicator](security, *sizes, **more)
        return float(np.ravel((found if place is None else found[place])[security])[-1])

    def value(indicator: str, place: int | None, compare: Any) -> Callable[..., bool]:
        return lambda security, value, *sizes, **more: compare(
            last(indicator, place, security, *sizes, **more), value
        )

    found = {
        f"{name}_judge_{word}": value(indicator, place, compare)
        for name, (indicator, place) in VALUES.items()
        for word, compare in COMPARED.items()
    }
    for name, pair in _pairs(names, lines).items():
        for word, crossed in CROSSED.items():
            found[f"{name}_judge_{word}"] = lambda *args, pair=pair, crossed=crossed, **more: crossed(
                *pair(*args, **more)
            )
    for patterns, sign in ((RISING, 1), (FALLING, -1)):
        for name in patterns:
            found[f"{name}_judge"] = functools.partial(_pattern, names, name, sign)
    return found


def _pairs(names: Names, lines: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., tuple[Any, Any]]]:
    def of_one(name: str) -> Callable[..., tuple[Any, Any]]:
        def pair(security: str, *sizes: Any, **more: Any) -> tuple[Any, Any]:
            one, other, _ = lines[name](security, *sizes, **more)
            return one[security], other[security]

        return pair

    def of_two(name: str) -> Callable[..., tuple[Any, Any]]:
        def pair(security: str, short_timeperiod: int = 5, long_timeperiod: int = 10) -> tuple[Any, Any]:
            return lines[name](security, short_timeperiod)[security], lines[name](security, long_timeperiod)[security]

        return pair

    def trix(security: str, trix_timeperiod: int = 60, matrix_timeperiod: int = 5) -> tuple[Any, Any]:
        line = lines["TRIX"](security, trix_timeperiod)[security]
        return line, average(line, matrix_timeperiod)

    def dma(security: str, fastperiod: int = 5, slowperiod: int = 60, amaperiod: int = 20) -> tuple[Any, Any]:
        close = names["attribute_history"](security, slowperiod * 2, "1d", ["close"], df=False)["close"]
        line = average(close, fastperiod) - average(close, slowperiod)
        return line, average(line, amaperiod)

    def bbi(security: str, *sizes: Any, **more: Any) -> tuple[Any, Any]:
        price = names["get_current_data"]()[security].day_open
        return [np.nan, price], [np.nan, lines["BBI"](security, *sizes, **more)[security]]

    return {
        **{name: of_one(name) for name in ("MACD", "KDJ")},
        **{name: of_two(name) for name in ("MA", "MA_MONEY", "MA_VOLUME", "EMA")},
        **{"TRIX": trix, "DMA": dma, "BBI": bbi},
    }


def _pattern(names: Names, name: str, sign: int, security: str) -> bool:
    """True when TA-Lib finds the candle pattern on the last day."""
    talib = importlib.import_module("talib")
    bars = names["attribute_history"](security, 40, "1d", ("open", "high", "low", "close"), df=False)
    return bool(getattr(talib, name)(*(bars[field] for field in ("open", "high", "low", "close")))[-1] * sign > 0)


def _situations(names: Names) -> dict[str, Callable[..., bool]]:
    def bars(security: str, field: str, count: int, skip: bool = True) -> np.ndarray:
        values = names["attribute_history"](security, count, "1d", [field], skip_paused=skip, df=False)
        return np.asarray(values[field], dtype=float)

    def ipo_days(context: Any, security: str) -> int:
        return int((context.current_dt.date() - names["get_security_info"](security).start_date).days)

    def gain(security: str, days: int) -> float:
        closes = bars(security, "close", days + 1, skip=False)
        return float(closes[-1] / closes[0] - 1)

    def flowing(
        context: Any, security: str, search: str, value: Any, which_day: str = "previous", *, compare: Any
    ) -> bool:
        day = context.previous_date if which_day == "previous" else context.current_dt.date()
        found = names["get_money_flow"](security, end_date=day, fields=search, count=1)
        return bool(compare(float(found.iloc[0, 0]), value))

    def above(security: str, search: str, value: int, word: str) -> bool:
        values = bars(security, search, value)
        return COMPARED[word](float(values[-1]), float(values.mean()))

    def between(security: str, search: str, value: Any) -> bool:
        values = bars(security, search, max(value))
        return COMPARED["qujian"](float(values[-1]), (values.mean(), values[-min(value) :].mean()))

    found: dict[str, Callable[..., bool]] = {"situation_filter_qujian_ma": between}
    for word, compare in COMPARED.items():
        found[f"situation_filter_{word}"] = lambda security, search, value, compare=compare: compare(
            bars(security, search, 1)[-1], value
        )
        found[f"n_day_chg_{word}"] = lambda security, n, value, compare=compare: compare(gain(security, n), value)
        found[f"ipo_days_{word}"] = lambda context, security, value, compare=compare: compare(
            ipo_days(context, security), value
        )
        found[f"money_flow_{word}"] = functools.partial(flowing, compare=compare)
    for word in ("dayu", "xiaoyu"):
        found[f"situation_filter_{word}_ma"] = functools.partial(above, word=word)
    return {
        **found,
        "limit_filter": lambda security: _away_from_limit(names["get_current_data"]()[security]),
        "per_limit_filter": lambda security: bool(
            bars(security, "close", 1)[-1] <= 0.98 * bars(security, "high_limit", 1)[-1]
        ),
        "not_sell_in_n_days": lambda context, security, n=10: _held_days(names, context, security) > n,
        "max_hold_days": lambda context, security, n=60: _held_days(names, context, security) > n,
    }


def _away_from_limit(now: Any) -> bool:
    return bool(now.day_open <= 0.98 * now.high_limit)


def _held_days(names: Names, context: Any, security: str) -> int:
    since = context.portfolio.positions[security].init_time
    return len(names["get_trade_days"](start_date=since, end_date=context.current_dt))


# ------------------------------------------------------------------------------------------------------- stops
def _cost(context: Any) -> float:
    """What all holdings cost, in CNY."""
    return sum(position.total_amount * position.avg_cost for position in context.portfolio.positions.values())


def _stops(names: Names) -> dict[str, Callable[..., Any]]:
    log, g = names["log"], names["g"]

    def sell(context: Any, security: str, unsold: list[str] | None) -> None:
        names["order_target_value"](security, 0)
        if security in context.portfolio.positions and unsold is not None:
            name = names["get_current_data"]()[security].name
            log.info(f"{name}({security}) 未卖出成功，已标记，下一个交易日继续卖出")
            unsold.append(security)

    def sell_all(context: Any, words: str, unsold: list[str] | None, signal: str) -> None:
        log.info(words)
        for security in list(context.portfolio.positions):
            sell(context, security, unsold)
        setattr(g, signal, False)

    def of_portfolio(sign: int, words: str) -> Callable[..., None]:
        def stop(context: Any, limit: float = 1, open_sell_securities: list[str] | None = None) -> None:
            if len(context.portfolio.positions):
                gain = context.portfolio.positions_value / _cost(context) - 1
                if sign * gain >= limit:
                    sell_all(context, words, open_sell_securities, "daily_risk_management")

        return stop

    def of_run(sign: int, words: str) -> Callable[..., None]:
        def stop(context: Any, limit: float = 1, open_sell_securities: list[str] | None = None) -> None:
            if sign * context.portfolio.returns >= limit:
                sell_all(context, words, open_sell_securities, "risk_management_signal")

        return stop

    def of_security(sign: int, words: str) -> Callable[..., None]:
        def stop(context: Any, limit: float = 0.1, open_sell_securities: list[str] | None = None) -> None:
            for security, position in list(context.portfolio.positions.items()):
                if sign * (position.price / position.avg_cost - 1) >= limit:
                    log.info(f"{security}  {words}")
                    sell(context, security, open_sell_securities)

        return stop

    def of_index(fell: Callable[[np.ndarray, float], bool]) -> Callable[..., None]:
        def stop(context: Any, n: int, zs: float, unsold: list[str] | None, index: str | None) -> None:
            close = names["attribute_history"](index or g.index, n + 2, "1d", ["close"], df=False)["close"]
            if fell(np.asarray(close), zs):
                held = len(context.portfolio.positions) > 0
                words = "大盘触及止损线，清仓！" if held else "大盘触及止损线，今日不开仓！"
                sell_all(context, words, unsold, "daily_risk_management")

        return stop

    crossed, dropped = of_index(_below_average), of_index(lambda close, zs: bool(1 - close[-1] / close[0] >= zs))
    return {
        "portfolio_stoploss": of_portfolio(-1, "持仓价值总亏损达止损线，清仓止损！"),
        "portfolio_stopprofit": of_portfolio(1, "持仓价值总盈利达止盈线，清仓止盈！"),
        "portfolio_max_stoploss": of_run(-1, "策略亏损达最大止损线，策略停止交易！"),
        "portfolio_max_stopprofit": of_run(1, "策略盈利达最大止盈线，策略停止交易！"),
        "security_stoploss": of_security(-1, "跌幅达个股止损线，平仓止损！"),
        "security_stopprofit": of_security(1, "涨幅达个股止盈线，平仓止盈！"),
        "index_stoploss_sicha": lambda context, n=60, open_sell_securities=None, stoploss_index=None: crossed(
            context, n, 0.0, open_sell_securities, stoploss_index
        ),
        "index_stoploss_diefu": lambda context, n=10, zs=0.03, open_sell_securities=None, stoploss_index=None: (
            dropped(context, n, zs, open_sell_securities, stoploss_index)
        ),
        "open_sell_func": lambda context, security, open_sell_securities: (
            open_sell_securities.append(security) if security in context.portfolio.positions else None
        ),
        "get_all_avg_cost": _cost,
    }


def _below_average(close: np.ndarray, _: float) -> bool:
    return bool(close[-2] > close[:-2].mean() and close[-1] < close[1:-1].mean())


# ------------------------------------------------------------------------------------------------------- sizes
def _sizes(names: Names) -> dict[str, Callable[..., Any]]:
    def price(security: str) -> float:
        return float(names["get_current_data"]()[security].day_open)

    def order_style(
        context: Any, security_list: Any, max_hold_stocknum: int = 5, style: str = "by_cap_mean", amount: int = 100
    ) -> dict[str, float]:
        """code -> CNY to spend on it."""
        if style == "by_amount":
            return {code: np.nan_to_num(price(code)) * amount for code in security_list}
        if style == "by_cap_mean":
            return dict.fromkeys(security_list, context.portfolio.total_value / max_hold_stocknum)
        column = getattr(names["valuation"], style.removeprefix("by_").removesuffix("_percent"))
        code = names["valuation"].code
        found = names["get_fundamentals"](names["query"](code, column).filter(code.in_(list(security_list))))
        shares = found.iloc[:, 1] / found.iloc[:, 1].sum()
        return dict(zip(found["code"], shares * context.portfolio.available_cash, strict=True))

    def judge_security_max_proportion(
        context: Any, security: str, value: float, security_max_proportion: float = 1
    ) -> float:
        """CNY that may still go into one security: of a held one the room up to its share of all."""
        total = context.portfolio.total_value
        if security not in context.portfolio.positions:
            return float(min(value, total * security_max_proportion))
        position = context.portfolio.positions[security]
        return float(max(security_max_proportion * total - position.total_amount * position.avg_cost, 0))

    def max_buy_value_or_amount(
        security: str, value: float, max_buy_value: float | None = None, max_buy_amount: int | None = None
    ) -> int:
        """Shares in whole hundreds for ``value`` at today's open."""
        cash, opened = value if max_buy_value is None else min(value, max_buy_value), price(security)
        lots = int(cash / opened / 100) * 100 if opened > 0 else 0
        return lots if max_buy_value is not None or max_buy_amount is None else min(lots, max_buy_amount)

    def sell_by_amount_or_percent_or_none(
        context: Any,
        security: str,
        amount: int | None = None,
        percent: float | None = None,
        open_sell_securities: list[str] | None = None,
    ) -> None:
        """Sell a part of more than 100 shares, else all."""
        held = context.portfolio.positions[security].total_amount
        if (amount is not None or percent is not None) and held > 100:
            part = amount if amount is not None else int((percent or 0) * held / 100) * 100
            names["order"](security, -part)
            return
        names["order_target_value"](security, 0)
        if security in context.portfolio.positions and open_sell_securities is not None:
            open_sell_securities.append(security)

    return {
        function.__name__: function
        for function in (
            *(order_style, judge_security_max_proportion, max_buy_value_or_amount),
            sell_by_amount_or_percent_or_none,
        )
    }


# ----------------------------------------------------------------------------------------------------- filters
def _filters(names: Names) -> dict[str, Callable[..., Any]]:
    def asked(security_list: Any, search: Any, *conditions: Any) -> Any:
        code = names["valuation"].code
        return names["get_fundamentals"](
            names["query"](code, search).filter(code.in_(list(security_list)), *conditions)
        )

    def get_sort_dataframe(security_list: Any, search: Any, sort_weight: Any) -> Any:
        """Rank of each code in percent × weight: the largest first for 'desc'."""
        direction, weight = sort_weight
        if search in ("open", "close"):
            prices = names["get_price"](list(security_list), count=1, fields=[search], panel=False)
            values = prices.set_index("code")[search]
        else:
            values = asked(security_list, search).set_index("code")
        return values.rank(ascending=direction == "desc", pct=True) * weight

    return {
        "get_sort_dataframe": get_sort_dataframe,
        "financial_data_filter_dayu": lambda security_list, search, value: list(
            asked(security_list, search, search > value)["code"]
        ),
        "financial_data_filter_xiaoyu": lambda security_list, search, value: list(
            asked(security_list, search, search < value)["code"]
        ),
        "financial_data_filter_qujian": lambda security_list, search, value: list(
            asked(security_list, search, search.between(*value))["code"]
        ),
    }
