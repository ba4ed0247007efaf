# 低估值加质量：每月取市净率 0.1 – 3、净资产收益率为正的股票，按 ROE/PB 排名持有前 8 只，跌破 12% 止损。
from jqdata import *


def initialize(context):
    set_benchmark("000300.XSHG")
    set_option("use_real_price", True)
    set_option("avoid_future_data", True)
    set_order_cost(
        OrderCost(open_tax=0, close_tax=0.001, open_commission=0.0003, close_commission=0.0003, min_commission=5), type="stock"
    )
    log.set_level("order", "error")
    g.count = 8
    run_monthly(adjust, monthday=2, time="10:00")
    run_daily(stop_loss, time="14:50")


def adjust(context):
    q = (
        query(valuation.code, valuation.pb_ratio, indicator.roe)
        .filter(valuation.pb_ratio.between(0.1, 3), indicator.roe > 0)
        .order_by((indicator.roe / valuation.pb_ratio).desc())
        .limit(40)
    )
    df = get_fundamentals(q, date=context.previous_date)
    current = get_current_data()
    wanted = [code for code in df["code"] if not current[code].paused and not current[code].is_st][: g.count]
    for code in list(context.portfolio.positions.keys()):
        if code not in wanted:
            order_target_value(code, 0)
    if wanted:
        for code in wanted:
            order_target_value(code, context.portfolio.total_value / len(wanted))
    log.info("候选 %d 只，持有 %d 只" % (len(df), len(wanted)))


def stop_loss(context):
    for code, position in list(context.portfolio.positions.items()):
        if position.closeable_amount > 0 and position.price < position.avg_cost * 0.88:
            log.info("止损 %s 成本 %.2f 现价 %.2f" % (code, position.avg_cost, position.price))
            order_target(code, 0)
