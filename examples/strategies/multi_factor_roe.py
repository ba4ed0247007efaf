# 多因子：沪深300 内按 ROE、毛利率、营收同比、市净率（低好）的名次相加，每月换成前 10 名。
from jqdata import *
from jqfactor import get_factor_values


def initialize(context):
    set_benchmark("000300.XSHG")
    set_option("use_real_price", True)
    set_option("avoid_future_data", True)
    g.count = 10
    run_monthly(rebalance, 1, time="9:30")


def rank_table(context):
    stocks = get_index_stocks("000300.XSHG", date=context.previous_date)
    df = get_fundamentals(
        query(
            valuation.code,
            valuation.pb_ratio,
            indicator.roe,
            indicator.gross_profit_margin,
            indicator.inc_revenue_year_on_year,
        ).filter(valuation.code.in_(stocks), valuation.pb_ratio > 0, indicator.roe > 0),
        date=context.previous_date,
    ).dropna()
    df = df.set_index("code")
    df["momentum"] = get_factor_values(list(df.index), ["ROC60"], end_date=context.previous_date, count=1)[
        "ROC60"
    ].iloc[0]
    score = df[["roe", "gross_profit_margin", "inc_revenue_year_on_year", "momentum"]].rank().sum(axis=1)
    return score - df["pb_ratio"].rank()


def rebalance(context):
    score = rank_table(context).sort_index().sort_values(ascending=False, kind="stable")
    target = list(score.index[: g.count])
    log.info("前三名 %s" % score.head(3).to_dict())
    for code in context.portfolio.positions:
        if code not in target:
            order_target(code, 0)
    for code in target:
        order_target_value(code, context.portfolio.total_value / g.count)
