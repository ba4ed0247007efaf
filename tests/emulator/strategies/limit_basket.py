# 一篮子限价单：每两周换成过去 60 日夏普最高的 6 只基金，未成交的收盘前撤单。
import numpy as np
from jqdata import *


def initialize(context):
    set_option("use_real_price", True)
    set_benchmark("000300.XSHG")
    set_order_cost(OrderCost(open_commission=0.0001, close_commission=0.0001, min_commission=0), type="fund")
    g.week = 0
    run_weekly(swap, 1, time="10:00")
    run_daily(clean, time="14:55")


def swap(context):
    g.week += 1
    if g.week % 2 == 0:
        return
    funds = list(get_all_securities(["fund"]).index)
    closes = history(61, "1d", "close", funds).dropna(axis=1)
    returns = np.log(closes).diff().dropna()
    sharpe = returns.mean() / returns.std()
    chosen = list(sharpe.sort_values(ascending=False).index[:6])
    for code in list(context.portfolio.positions):
        if code not in chosen:
            order_target(code, 0)
    share = context.portfolio.total_value / 6.5
    for code in chosen:
        price = closes[code].iloc[-1]
        missing = share - context.portfolio.positions[code].value if code in context.portfolio.positions else share
        if missing > 100 * price:
            order_value(code, missing, LimitOrderStyle(round(price * 1.02, 3)))


def clean(context):
    for each in list(get_open_orders().values()):
        log.info("撤单 %s %d" % (each.security, each.amount - each.filled))
        cancel_order(each)
