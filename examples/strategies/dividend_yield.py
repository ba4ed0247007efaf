# 红利：近一年股权登记的分红 ÷ 总市值，取股息率最高的 10 只，剔除近一年审计意见有保留的，每季调一次。
import datetime

import pandas as pd
from jqdata import *


def initialize(context):
    set_benchmark("000300.XSHG")
    set_option("use_real_price", True)
    set_option("avoid_future_data", True)
    g.count, g.months = 10, (1, 4, 7, 10)
    run_monthly(rebalance, 3, time="10:00")


def dividend_yield(context, stocks):
    end = context.previous_date
    start = end - datetime.timedelta(days=365)
    frames = []
    for first in range(0, len(stocks), 1000):
        q = query(
            finance.STK_XR_XD.code, finance.STK_XR_XD.a_registration_date, finance.STK_XR_XD.bonus_amount_rmb
        ).filter(
            finance.STK_XR_XD.a_registration_date >= start,
            finance.STK_XR_XD.a_registration_date <= end,
            finance.STK_XR_XD.code.in_(stocks[first : first + 1000]),
        )
        frames.append(finance.run_query(q))
    paid = pd.concat(frames).fillna(0).groupby("code")["bonus_amount_rmb"].sum()
    cap = get_fundamentals(query(valuation.code, valuation.market_cap).filter(valuation.code.in_(list(paid.index))))
    # 分红单位：万元；市值单位：亿元
    return (paid / 10000 / cap.set_index("code")["market_cap"]).dropna().sort_values(ascending=False, kind="stable")


def audited(context, stocks):
    last_year = context.previous_date - datetime.timedelta(days=365)
    kept = []
    for code in stocks:
        q = query(finance.STK_AUDIT_OPINION).filter(
            finance.STK_AUDIT_OPINION.code == code, finance.STK_AUDIT_OPINION.pub_date >= last_year
        )
        if not finance.run_query(q)["opinion_type_id"].isin([2, 3, 4, 5]).any():
            kept.append(code)
    return kept


def rebalance(context):
    if context.current_dt.month not in g.months:
        return
    current = get_current_data()
    stocks = list(get_all_securities("stock", context.previous_date).index)
    stocks = [code for code in stocks if not current[code].is_st and not current[code].paused]
    rate = dividend_yield(context, stocks)
    target = audited(context, list(rate.index[: 2 * g.count]))[: g.count]
    for code in list(context.portfolio.positions):
        if code not in target:
            order_target_value(code, 0)
    for code in target:
        order_target_value(code, context.portfolio.total_value / len(target))
    record(股息率=float(rate[target].mean() * 100))
