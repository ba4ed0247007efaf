# 主力资金：最近三天主力净额之和占成交额最高的 5 只，持有三天；大盘五日线下空仓。
from jqdata import *


def initialize(context):
    set_option("use_real_price", True)
    set_benchmark("000300.XSHG")
    g.held_days = {}
    run_daily(before, time="before_open")
    run_daily(trade, time="open")


def before(context):
    g.candidates = []
    closes = attribute_history("000300.XSHG", 5, "1d", ["close"])["close"]
    if closes.iloc[-1] < closes.mean():
        return
    pool = get_index_stocks("000300.XSHG")
    flow = get_money_flow(pool, end_date=context.previous_date, count=3, fields=["sec_code", "date", "net_pct_main"])
    strength = flow.groupby("sec_code")["net_pct_main"].sum()
    g.candidates = list(strength.sort_values(ascending=False).index[:5])


def trade(context):
    current = get_current_data()
    for code in list(context.portfolio.positions):
        g.held_days[code] = g.held_days.get(code, 0) + 1
        if g.held_days[code] > 3 and order_target(code, 0):
            g.held_days.pop(code)
    free = 5 - len(context.portfolio.positions)
    for code in g.candidates:
        if free <= 0:
            break
        if code in context.portfolio.positions or current[code].paused:
            continue
        if order_value(code, context.portfolio.available_cash / free):
            free -= 1
