# 分钟频率，按常见写法：每分钟对一只股票取 DataFrame 形式的分钟线与五分钟线，每半小时看一次是否买卖。
from jqdata import *


def initialize(context):
    set_benchmark("000300.XSHG")
    set_option("use_real_price", True)
    log.set_level("order", "error")
    g.codes = sorted(get_all_securities(date=context.previous_date).index)[:10]
    g.turn = 0


def handle_data(context, data):
    code = g.codes[g.turn % 10]
    g.turn += 1
    average = attribute_history(code, 20, "1m", ["close"])["close"].mean()
    price = get_current_data()[code].last_price
    if context.current_dt.minute % 30 == 0 and context.portfolio.available_cash > 20000 and price > average:
        order_value(code, 20000)
    elif context.current_dt.minute % 30 == 15 and code in context.portfolio.positions:
        order_target(code, 0, LimitOrderStyle(round(price * 1.003, 2)))
