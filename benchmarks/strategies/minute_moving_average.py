# 分钟频率：每分钟对十只股票比较最新价与最近 20 根分钟线的均值，上穿买入，下穿卖出（每只每天至多一次）。
from jqdata import *


def initialize(context):
    set_benchmark("000300.XSHG")
    set_option("use_real_price", True)
    log.set_level("order", "error")
    g.codes = sorted(get_all_securities(date=context.previous_date).index)[:10]


def before_trading_start(context):
    g.done = set()


def handle_data(context, data):
    minute = context.current_dt.minute
    closes = history(20, "1m", "close", g.codes, df=False)
    for code in g.codes:
        price = data[code].close
        average = closes[code].sum() / 20
        if code in g.done or minute % 30:
            continue
        held = code in context.portfolio.positions
        if not held and price > average * 1.001:
            order_target_value(code, context.portfolio.total_value / 10)
            g.done.add(code)
        elif held and price < average * 0.999:
            order_target_value(code, 0)
            g.done.add(code)
