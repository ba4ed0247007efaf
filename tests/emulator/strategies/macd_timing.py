# MACD 金叉买入、死叉卖出，五只成分股各占五分之一
from jqdata import *
from jqlib.technical_analysis import *


def initialize(context):
    set_benchmark('000300.XSHG')
    set_option('use_real_price', True)
    log.set_level('order', 'warning')
    g.stocks = get_index_stocks('000300.XSHG')[:5]
    g.last = {}
    run_daily(before_open, 'before_open')
    run_daily(market_open, 'every_bar')


def before_open(context):
    dif, dea, bar = MACD(g.stocks, check_date=context.previous_date, SHORT=12, LONG=26, MID=9)
    g.signal = {}
    for s in g.stocks:
        was = g.last.get(s)
        now = dif[s] > dea[s]
        if was is not None and was != now:
            g.signal[s] = now
        g.last[s] = now


def market_open(context):
    each = context.portfolio.total_value / len(g.stocks)
    for s, up in g.signal.items():
        if up and context.portfolio.available_cash > each * 0.5:
            order_target_value(s, each)
        elif not up and s in context.portfolio.positions:
            order_target_value(s, 0)
