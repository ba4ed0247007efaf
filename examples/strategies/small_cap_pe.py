# 小市值：每周一在非 ST、非停牌、非科创板股票里取 0 < 市盈率 < 40、净利润为正的市值最小的 8 只，等权。
from jqdata import *


def initialize(context):
    set_benchmark("000300.XSHG")
    set_option("use_real_price", True)
    set_option("avoid_future_data", True)
    set_order_cost(
        OrderCost(close_tax=0.001, open_commission=0.0003, close_commission=0.0003, min_commission=5), "stock"
    )
    log.set_level("order", "error")
    g.stock_num = 8
    run_weekly(adjust, 1, time="9:30")


def choose(context):
    pool = get_all_securities(["stock"], context.previous_date).index.tolist()
    current = get_current_data()
    pool = [code for code in pool if not current[code].paused and not current[code].is_st and code[:3] != "688"]
    q = (
        query(valuation.code, valuation.market_cap)
        .filter(
            valuation.code.in_(pool),
            valuation.pe_ratio.between(0, 40),
            income.net_profit > 0,
        )
        .order_by(valuation.market_cap.asc())
        .limit(g.stock_num * 3)
    )
    return list(get_fundamentals(q).code)


def adjust(context):
    current = get_current_data()
    buy = [code for code in choose(context) if current[code].last_price < current[code].high_limit][: g.stock_num]
    for code in list(context.portfolio.positions):
        if code not in buy:
            order_target_value(code, 0)
    room = g.stock_num - len(context.portfolio.positions)
    if room > 0:
        value = context.portfolio.available_cash / room
        for code in buy:
            if code not in context.portfolio.positions:
                order_value(code, value)
