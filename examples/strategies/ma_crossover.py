# 双均线择时：5 日均线上穿 20 日均线买入沪深300，下穿卖出。
from jqdata import *


def initialize(context):
    g.security = "000300.XSHG"
    g.short = 5
    g.long = 20
    set_benchmark("000300.XSHG")
    set_option("use_real_price", True)
    log.info("策略初始化完成")


def handle_data(context, data):
    security = g.security
    closes = attribute_history(security, g.long + 1, "1d", ["close"])["close"]
    short = closes.iloc[-g.short :].mean()
    long = closes.iloc[-g.long :].mean()
    held = context.portfolio.positions[security].total_amount
    if short > long and held == 0:
        order_target_value(security, context.portfolio.available_cash * 0.95)
        log.info("金叉买入 %s，短均=%.2f，长均=%.2f" % (security, short, long))
    elif short < long and held > 0:
        order_target(security, 0)
        log.info("死叉卖出 %s，短均=%.2f，长均=%.2f" % (security, short, long))
