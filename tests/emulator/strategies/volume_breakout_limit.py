# 放量突破：昨日成交量大于 20 日均量 1.8 倍且收阳，今日挂限价单低吸，未成交收盘前撤单
from jqdata import *


def initialize(context):
    set_option('use_real_price', True)
    set_slippage(PriceRelatedSlippage(0.002))
    g.hold_days = {}
    run_daily(place, '9:30')
    run_daily(cancel_all, '14:57')


def place(context):
    for s in list(context.portfolio.positions.keys()):
        g.hold_days[s] = g.hold_days.get(s, 0) + 1
        if g.hold_days[s] >= 6:
            order_target(s, 0, LimitOrderStyle(get_current_data()[s].low_limit))
            g.hold_days.pop(s)
    pool = get_index_stocks('000300.XSHG')
    volume = history(21, '1d', 'volume', pool)
    close, opening = history(1, '1d', 'close', pool).iloc[-1], history(1, '1d', 'open', pool).iloc[-1]
    for s in pool:
        v = volume[s].dropna()
        if len(v) < 21 or s in context.portfolio.positions or len(context.portfolio.positions) >= 8:
            continue
        if v.iloc[-1] > 1.8 * v.iloc[:-1].mean() and close[s] > opening[s] * 1.01:
            order_value(s, context.portfolio.total_value / 8, LimitOrderStyle(round(close[s] * 0.99, 2)))


def cancel_all(context):
    for order_id, each in get_open_orders().items():
        cancel_order(order_id)
        log.info('撤单 %s 委托价 %s' % (each.security, each.style))
