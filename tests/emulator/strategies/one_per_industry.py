# 每个申万一级行业选总市值最小的一只，等权；每月第一个交易日调仓，ST 与停牌除外。
import pandas as pd
from jqdata import *


def initialize(context):
    set_option("use_real_price", True)
    set_option("avoid_future_data", True)
    set_benchmark("000300.XSHG")
    set_slippage(PriceRelatedSlippage(0.002), type="stock")
    log.set_level("order", "warning")
    run_monthly(rebalance, 1, time="9:30")


def rebalance(context):
    stocks = list(get_all_securities(["stock"], date=context.previous_date).index)
    st = get_extras("is_st", stocks, end_date=context.previous_date, count=1).iloc[-1]
    stocks = [code for code in stocks if not st[code]]
    cap = get_fundamentals(query(valuation.code, valuation.market_cap).filter(valuation.code.in_(stocks)))
    industry = get_industry(list(cap["code"]), date=context.previous_date)
    cap["industry"] = [industry[code].get("sw_l1", {}).get("industry_code") for code in cap["code"]]
    chosen = cap.dropna().sort_values("market_cap").groupby("industry").head(1)["code"].tolist()
    data = get_current_data()
    chosen = [code for code in chosen if not data[code].paused][:15]
    for code in list(context.portfolio.positions):
        if code not in chosen:
            order_target(code, 0)
    for code in chosen:
        order_target_value(code, context.portfolio.total_value / len(chosen))
    log.info(pd.Series({code: context.portfolio.positions[code].value for code in context.portfolio.positions}).describe())
