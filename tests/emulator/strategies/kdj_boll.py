# KDJ 超卖且收盘跌破布林下轨买入，回到中轨或 J 值超买卖出
from jqdata import *
from jqlib.technical_analysis import KDJ, Bollinger_Bands, RSI
import numpy as np


def initialize(context):
    set_option('use_real_price', True)
    set_order_cost(OrderCost(close_tax=0.001, open_commission=0.0003, close_commission=0.0003, min_commission=5), 'stock')
    g.max_hold = 6
    run_daily(trade, time='9:35')


def trade(context):
    current = get_current_data()
    pool = [s for s in get_index_stocks('000300.XSHG') if not current[s].paused]
    yesterday = context.previous_date
    K, D, J = KDJ(pool, yesterday, N=9, M1=3, M2=3)
    up, mid, low = Bollinger_Bands(pool, check_date=yesterday, timeperiod=20, nbdevup=2, nbdevdn=2)
    strength = RSI(pool, yesterday, N1=6)
    close = history(1, '1d', 'close', pool).iloc[-1]
    for s in list(context.portfolio.positions.keys()):
        if s in J and (J[s] > 90 or close[s] > mid[s]):
            order_target(s, 0)
    room = g.max_hold - len(context.portfolio.positions)
    chosen = [s for s in pool if J[s] < 10 and close[s] < low[s] * 1.01 and strength[s] < 30
              and s not in context.portfolio.positions]
    chosen = sorted(chosen, key=lambda s: J[s])[:max(room, 0)]
    for s in chosen:
        order_value(s, context.portfolio.available_cash / max(room, 1))
    record(holds=len(context.portfolio.positions), candidates=len(chosen))
