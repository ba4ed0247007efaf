# 同一策略里的月、周、日任务与各回调；状态都放在 g 上
from jqdata import *


class Counter(object):
    def __init__(self):
        self.calls = {}

    def hit(self, name):
        self.calls[name] = self.calls.get(name, 0) + 1


def initialize(context):
    g.counter = Counter()
    g.pool = []
    g.days = 0
    set_option('use_real_price', True)
    enable_profile()
    disable_cache()


def after_code_changed(context):
    unschedule_all()
    run_monthly(pick, 1, '9:00', '000300.XSHG', force=True)
    run_weekly(buy, 1, '9:31')
    run_weekly(sell_weak, 3, '9:31')
    run_daily(check, '14:55')
    run_daily(report, 'close')


def process_initialize(context):
    g.__cache = {}


def before_trading_start(context):
    g.days += 1


def pick(context):
    g.counter.hit('pick')
    days = get_trade_days(end_date=context.previous_date, count=60)
    prices = get_price(get_index_stocks('000300.XSHG'), start_date=days[0], end_date=days[-1], fields='close', panel=False)
    table = prices.pivot(index='time', columns='code', values='close')
    g.pool = (table.iloc[-1] / table.iloc[0]).sort_values(ascending=False).index[:6].tolist()


def buy(context):
    g.counter.hit('buy')
    for s in g.pool:
        if s not in context.portfolio.long_positions:
            order_value(s, context.portfolio.available_cash / 4)


def sell_weak(context):
    g.counter.hit('sell')
    for s, p in list(context.portfolio.positions.items()):
        if p.closeable_amount > 0 and p.price < p.avg_cost * 0.97:
            order_target(s, 0)


def check(context):
    g.counter.hit('check')
    for o in get_open_orders().values():
        cancel_order(o)


def report(context):
    record(total=context.portfolio.total_value)


def on_strategy_end(context):
    log.info('%d 天，%s' % (g.days, sorted(g.counter.calls.items())))
