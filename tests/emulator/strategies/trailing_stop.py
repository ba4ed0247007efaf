# 移动止盈：持仓最高价回撤 8% 卖出，跌破成本 6% 止损，空位买 20 日新高
from jqdata import *
import numpy as np


def initialize(context):
    set_benchmark('000300.XSHG')
    set_option('use_real_price', True)
    g.peak = {}
    g.num = 5
    run_daily(stop, time='9:30')
    run_daily(enter, time='9:30')
    run_daily(remember, time='15:30')


def remember(context):
    for s in context.portfolio.positions:
        g.peak[s] = max(g.peak.get(s, 0), context.portfolio.positions[s].price)
    for s in set(g.peak) - set(context.portfolio.positions):
        g.peak.pop(s)


def stop(context):
    for s in list(context.portfolio.positions):
        p = context.portfolio.positions[s]
        if p.closeable_amount == 0 or get_current_data()[s].paused:
            continue
        if p.price < g.peak.get(s, p.price) * 0.92 or p.price < p.avg_cost * 0.94:
            log.warn('%s 离场，建仓于 %s，浮盈 %.2f' % (s, p.init_time, p.value - p.avg_cost * p.total_amount))
            order_target(s, 0)


def enter(context):
    free = g.num - len(context.portfolio.positions)
    if free <= 0:
        return
    pool = get_index_stocks('000300.XSHG')
    for s in pool:
        bars = get_bars(s, 21, unit='1d', fields=['date', 'close', 'high'])
        if len(bars) < 21 or s in context.portfolio.positions or get_current_data()[s].paused:
            continue
        if bars['close'][-1] >= np.max(bars['high'][:-1]):
            order_value(s, context.portfolio.available_cash / free)
            free = g.num - len(context.portfolio.positions)
            if free <= 0:
                break
