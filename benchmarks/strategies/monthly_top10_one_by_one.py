# 与 monthly_top10.py 相同，但逐只调用 attribute_history。
from jqdata import *


def initialize(context):
    set_benchmark("000300.XSHG")
    set_option("use_real_price", True)
    set_option("avoid_future_data", True)
    log.set_level("order", "error")
    run_monthly(rebalance, 1, time="open")


def rebalance(context):
    pool = get_index_stocks("000300.XSHG", context.previous_date)
    closes = {code: attribute_history(code, 21, "1d", ["close"], df=False)["close"] for code in pool}
    momentum = {code: values[-1] / values[0] - 1 for code, values in closes.items() if values[0] > 0}
    chosen = sorted(momentum, key=lambda code: (-momentum[code], code))[:10]
    for code in list(context.portfolio.positions):
        if code not in chosen:
            order_target_value(code, 0)
    for code in chosen:
        order_target_value(code, context.portfolio.total_value / 10)
