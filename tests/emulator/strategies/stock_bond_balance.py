# 股债平衡：股 50% 债 30% 其余货币基金，季度再平衡，货币基金当日可回转
import datetime


def initialize(context):
    g.stock, g.bond, g.cash = '510300.XSHG', '511010.XSHG', '511880.XSHG'
    g.month = None
    set_option('use_real_price', True)
    set_order_cost(OrderCost(open_tax=0, close_tax=0, open_commission=0.0001, close_commission=0.0001, min_commission=0), type='fund')
    set_order_cost(OrderCost(), type='mmf')
    set_slippage(FixedSlippage(0.001), type='fund', ref='510300.XSHG')


def handle_data(context, data):
    month = context.current_dt.month
    if g.month is not None and (month == g.month or month not in (1, 4, 7, 10)):
        return
    g.month = month
    total = context.portfolio.total_value
    plan = [(g.cash, 0.0), (g.stock, 0.5), (g.bond, 0.3)]
    for code, share in plan:
        order_target_value(code, total * share)
    free = context.portfolio.available_cash
    if free > 20000:
        order_value(g.cash, free - 1000)


def after_trading_end(context):
    p = context.portfolio
    record(stock=p.positions[g.stock].value / p.total_value, cash=p.available_cash / p.total_value)
