# Dual Thrust：开盘价高于昨收一定幅度视为突破，次日检验离场
from jqdata import *


def initialize(context):
    set_option("use_real_price", True)
    set_benchmark("399006.XSHE")
    g.code, g.days, g.k1, g.k2 = "159915.XSHE", 4, 0.2, 0.2
    run_daily(lambda_free_trade, "9:30", "000300.XSHG")


def lambda_free_trade(context):
    df = attribute_history(g.code, g.days, "1d", ["high", "low", "close"])
    hh, lc = df["high"].max(), df["close"].min()
    hc, ll = df["close"].max(), df["low"].min()
    span = max(hh - lc, hc - ll)
    last = df["close"].iloc[-1]
    price = get_current_data()[g.code].day_open
    held = context.portfolio.positions[g.code].total_amount > 0
    if price > last + g.k1 * span and not held:
        order_target_value(g.code, context.portfolio.total_value * 0.95)
    elif price < last - g.k2 * span and held:
        order_target_value(g.code, 0)


def after_trading_end(context):
    if context.portfolio.returns < -0.5:
        log.error("亏损过半")
