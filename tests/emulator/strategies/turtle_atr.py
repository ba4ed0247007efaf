# 海龟：唐奇安通道突破入场，0.5N 加仓，2N 止损，10 日低点离场
from jqdata import *
import numpy as np


def initialize(context):
    set_benchmark('000300.XSHG')
    set_option('use_real_price', True)
    set_option('order_volume_ratio', 0.25)
    set_slippage(PriceRelatedSlippage(0.00246))
    g.security = '159915.XSHE'
    g.in_date, g.out_date, g.atr_days = 20, 10, 20
    g.unit = 0
    g.sys = 0
    g.last_price = 0.0


def calc_n(security):
    bars = get_bars(security, g.atr_days + 1, '1d', ['high', 'low', 'close'])
    prev = bars['close'][:-1]
    tr = np.maximum(bars['high'][1:] - bars['low'][1:], np.abs(bars['high'][1:] - prev))
    tr = np.maximum(tr, np.abs(prev - bars['low'][1:]))
    return tr.mean()


def handle_data(context, data):
    n = calc_n(g.security)
    price = get_current_data()[g.security].last_price
    g.unit = int(context.portfolio.total_value * 0.01 / n / 100) * 100
    position = context.portfolio.positions
    if g.security not in position:
        high = attribute_history(g.security, g.in_date, '1d', ('high',))['high'].max()
        if price > high:
            if order(g.security, g.unit):
                g.sys, g.last_price = 1, price
                log.info('突破 %s, 买入 %d' % (high, g.unit))
        return
    low = min(attribute_history(g.security, g.out_date, '1d', ['low'])['low'])
    if price < low or price < g.last_price - 2 * n:
        order_target(g.security, 0)
        g.sys = 0
    elif price > g.last_price + 0.5 * n and g.sys < 4:
        if context.portfolio.available_cash > g.unit * price:
            order(g.security, g.unit)
            g.sys += 1
            g.last_price = price
