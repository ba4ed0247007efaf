# 与 monthly_top10.py 相同，但每个交易日开盘调仓。
from jqdata import *


def initialize(context):
    set_benchmark("000300.XSHG")
    set_option("use_real_price", True)
    set_option("avoid_future_data", True)
    log.set_level("order", "error")
    run_daily(rebalance, time="open")


def rebalance(context):
    pool = get_index_stocks("000300.XSHG", context.previous_date)
    closes = history(21, "1d", "close", pool, df=False)
    momentum = {code: values[-1] / values[0] - 1 for code, values in closes.items() if values[0] > 0}
    chosen = sorted(momentum, key=lambda code: (-momentum[code], code))[:10]
    for code in list(context.portfolio.positions):
        if code not in chosen:
            order_target_value(code, 0)
    for code in chosen:
        order_target_value(code, context.portfolio.total_value / 10)
