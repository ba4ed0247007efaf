# 短线反转：5 日跌得最多的 10 只里剔除停牌与开盘跌停，持有 5 天
from jqdata import *
import datetime as dt


def initialize(context):
    set_option('use_real_price', True)
    set_option('avoid_future_data', True)
    set_order_cost(OrderCost(open_commission=0.00025, close_commission=0.00025, close_tax=0.001, min_commission=5), type='stock')
    log.set_level('order', 'error')
    g.bought = {}
    run_daily(sell, '9:30')
    run_daily(buy, '9:30')


def sell(context):
    for s in list(g.bought):
        g.bought[s] += 1
        if g.bought[s] > 5:
            o = order_target(s, 0)
            if o is not None and o.filled == o.amount and str(o.status) == 'held':
                del g.bought[s]


def buy(context):
    pool = get_index_stocks('000300.XSHG')
    st = get_extras('is_st', pool, end_date=context.previous_date, count=1).iloc[-1]
    pool = [s for s in pool if not st[s]]
    data = get_price(pool, end_date=context.previous_date, count=6, fields=['close', 'paused'], panel=False)
    data = data[data['paused'] == 0]
    first = data.groupby('code')['close'].first()
    last = data.groupby('code')['close'].last()
    losers = (last / first - 1).sort_values().index[:10]
    today = get_current_data()
    for s in losers:
        if len(g.bought) >= 10:
            break
        if s in g.bought or today[s].paused or today[s].day_open <= today[s].low_limit:
            continue
        o = order_value(s, context.portfolio.total_value / 12)
        if o is not None and o.status in (OrderStatus.held, OrderStatus.filled):
            g.bought[s] = 0
