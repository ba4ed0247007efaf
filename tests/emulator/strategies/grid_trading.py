# 网格：以首日开盘价为中轴，每跌 4% 买一格，每涨 4% 卖一格
def initialize(context):
    g.security = '510500.XSHG'
    g.base = None
    g.grid = 0.04
    g.level = 0
    set_benchmark('000905.XSHG')
    set_option('use_real_price', True)
    set_order_cost(OrderCost(open_commission=0.0001, close_commission=0.0001, min_commission=0), type='fund')
    set_slippage(FixedSlippage(0))
    run_daily(trade, time='open+5m')
    run_daily(after_close, time='after_close')


def trade(context):
    price = get_current_data()[g.security].last_price
    if g.base is None:
        g.base = price
        order_value(g.security, context.portfolio.total_value * 0.5)
        return
    level = int((price / g.base - 1) / g.grid)
    cash = context.portfolio.starting_cash / 10
    while g.level > level:
        order_value(g.security, cash)
        g.level -= 1
    while g.level < level:
        order_value(g.security, -cash)
        g.level += 1


def after_close(context):
    orders = get_orders()
    trades = get_trades()
    for order_id, each in orders.items():
        log.info('委托 %s %s 数量 %d 成交 %d 状态 %s' % (
            each.security, '买' if each.is_buy else '卖', each.amount, each.filled, each.status))
    record(level=g.level, fills=len(trades), ratio=context.portfolio.positions_value / context.portfolio.total_value)
