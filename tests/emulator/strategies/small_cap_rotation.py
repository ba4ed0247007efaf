# 小市值轮动：每周一次，剔除停牌、ST、科创板、次新股与涨跌停，买流通市值最小的 8 只
from jqdata import *
import pandas as pd


def initialize(context):
    set_benchmark('000300.XSHG')
    set_option('use_real_price', True)
    set_option('avoid_future_data', True)
    log.set_level('order', 'error')
    set_slippage(FixedSlippage(0.02), type='stock')
    set_order_cost(OrderCost(open_tax=0, close_tax=0.001, open_commission=0.0003, close_commission=0.0003,
                             close_today_commission=0, min_commission=5), type='stock')
    g.stock_num = 8
    g.limit_days = 250
    run_daily(prepare, time='9:05', reference_security='000300.XSHG')
    run_weekly(adjust, weekday=1, time='9:30', reference_security='000300.XSHG')
    run_daily(print_position, time='15:10', reference_security='000300.XSHG')


def prepare(context):
    g.hold_list = list(context.portfolio.positions)
    g.high_limit_list = []
    if g.hold_list:
        df = get_price(g.hold_list, end_date=context.previous_date, frequency='daily',
                       fields=['close', 'high_limit'], count=1, panel=False, fill_paused=False)
        df = df[df['close'] == df['high_limit']]
        g.high_limit_list = list(df.code)


def filter_new(context, stocks):
    day = context.previous_date
    return [s for s in stocks if not day - get_security_info(s).start_date < datetime.timedelta(days=g.limit_days)]


def filter_paused_st(stocks):
    current = get_current_data()
    return [s for s in stocks if not current[s].paused and not current[s].is_st
            and 'ST' not in current[s].name and '*' not in current[s].name and '退' not in current[s].name]


def filter_limit(context, stocks):
    last = history(1, unit='1d', field='close', security_list=stocks)
    current = get_current_data()
    return [s for s in stocks if s in context.portfolio.positions
            or current[s].low_limit < last[s].iloc[-1] < current[s].high_limit]


def adjust(context):
    stocks = get_all_securities('stock', context.previous_date).index.tolist()
    stocks = [s for s in stocks if not (s.startswith('68') or s[0] in '48')]
    stocks = filter_paused_st(filter_new(context, stocks))
    df = get_valuation(stocks, end_date=context.previous_date, fields=['circulating_market_cap'], count=1)
    df = df.sort_values('circulating_market_cap')
    target = filter_limit(context, list(df['code'])[:g.stock_num * 3])[:g.stock_num]
    for stock in g.hold_list:
        if stock not in target and stock not in g.high_limit_list:
            order_target_value(stock, 0)
    position_count = len(context.portfolio.positions)
    if len(target) > position_count:
        value = context.portfolio.cash / (len(target) - position_count)
        for stock in target:
            if stock not in context.portfolio.positions:
                if order_target_value(stock, value) is not None and len(context.portfolio.positions) == len(target):
                    break


def print_position(context):
    for position in list(context.portfolio.positions.values()):
        ret = 100 * (position.price / position.avg_cost - 1)
        log.info('代码:{} 成本:{:.2f} 现价:{} 收益率:{:.2f}% 持仓:{}'.format(
            position.security, position.avg_cost, position.price, ret, position.total_amount))
