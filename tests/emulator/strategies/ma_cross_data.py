# 双均线（老写法）：用 handle_data 的 data 对象
def initialize(context):
    g.security = '510300.XSHG'
    set_universe([g.security])
    set_commission(PerTrade(buy_cost=0.0003, sell_cost=0.0013, min_cost=5))
    set_slippage(FixedSlippage(0.02))


def handle_data(context, data):
    security = g.security
    average = data[security].mavg(20, 'close')
    fast = data[security].mavg(5)
    price = data[security].close
    cash = context.portfolio.cash
    if data[security].isnan() or average != average:
        return
    if fast > 1.005 * average and context.portfolio.positions[security].amount == 0:
        number = int(cash / price / 100) * 100
        if number > 0:
            order(security, +number)
            log.info('Buying %s' % (security))
    elif fast < average and context.portfolio.positions[security].closeable_amount > 0:
        order_target(security, 0)
        log.info('Selling %s' % (security))
    record(stock_price=price, vwap=data[security].vwap(5), std=data[security].stddev(10))
