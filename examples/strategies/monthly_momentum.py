# 沪深300成分内的月度动量：每月第一个交易日开盘，等权持有过去 120 日（跳过最近 5 日）涨幅最大的 10 只。
from jqdata import *


def initialize(context):
    set_benchmark("000300.XSHG")
    set_option("use_real_price", True)
    set_option("avoid_future_data", True)
    log.set_level("order", "error")
    set_order_cost(
        OrderCost(close_tax=0.0005, open_commission=0.0003, close_commission=0.0003, min_commission=5), type="stock"
    )
    g.index = "000300.XSHG"
    g.hold = 10
    run_monthly(rebalance, 1, time="open")


def rebalance(context):
    target = choose(context)
    today = get_current_data()
    for code in context.portfolio.positions:
        if code not in target and not today[code].paused:
            order_target(code, 0, protected(code, today[code].low_limit))
    value = context.portfolio.total_value / g.hold
    for code in target:
        order_target_value(code, value, protected(code, today[code].high_limit))
    log.info("持有 %s" % " ".join(sorted(context.portfolio.positions)))


def choose(context):
    pool = get_index_stocks(g.index)
    prices = get_price(
        pool, end_date=context.previous_date, count=126, fields=["close", "paused"], panel=False, fill_paused=True
    )
    closes = prices.set_index(["time", "code"])["close"].unstack()
    momentum = (closes.iloc[-6] / closes.iloc[0] - 1).dropna()
    today = get_current_data()
    open_to_buy = [code for code in momentum.index if not today[code].paused and not today[code].is_st]
    return list(momentum[open_to_buy].sort_values(ascending=False, kind="mergesort").index[: g.hold])


def protected(code, price):
    # 科创板市价单必须带保护限价
    return MarketOrderStyle(price) if code.startswith("688") else None
