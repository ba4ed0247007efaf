# 成长打分：营收与利润同比增速、市盈率分别排名，求和取前 10；每季度第一个月调仓。
import pandas as pd
from jqdata import *


def initialize(context):
    set_option("use_real_price", True)
    set_benchmark("000300.XSHG")
    g.months = [1, 4, 7, 10]
    g.hold = 10
    run_monthly(rebalance, 1, time="open", reference_security="000300.XSHG")


def rebalance(context):
    if context.current_dt.month not in g.months and context.portfolio.positions:
        return
    pool = get_index_stocks("000300.XSHG", date=context.previous_date)
    q = query(
        valuation.code,
        valuation.pe_ratio,
        indicator.inc_revenue_year_on_year,
        indicator.inc_net_profit_year_on_year,
    ).filter(valuation.code.in_(pool), valuation.pe_ratio > 0)
    df = get_fundamentals(q).set_index("code").dropna()
    score = (
        df["inc_revenue_year_on_year"].rank(ascending=False)
        + df["inc_net_profit_year_on_year"].rank(ascending=False)
        + df["pe_ratio"].rank()
    )
    target = list(score.sort_values().index[: g.hold])
    current_data = get_current_data()
    for code in context.portfolio.positions:
        if code not in target and not current_data[code].paused:
            order_target(code, 0)
    cash = context.portfolio.total_value / g.hold
    for code in target:
        if not current_data[code].paused and current_data[code].last_price < current_data[code].high_limit:
            order_target_value(code, cash)
    record(持仓数=len(context.portfolio.positions))
