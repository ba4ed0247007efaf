# 行业轮动：申万一级行业按成分股 20 日平均涨幅排名，取前三个行业里主力净流入最多的股票各两只；排除近期解禁。
from jqdata import *


def initialize(context):
    set_benchmark("000300.XSHG")
    set_option("use_real_price", True)
    g.industries = get_industries(name="sw_l1").index.tolist()
    g.top, g.each = 3, 2
    run_weekly(rotate, 1, time="open")


def industry_gains(context):
    gains = {}
    for code in g.industries:
        stocks = get_industry_stocks(code, date=context.previous_date)
        if len(stocks) < 2:
            continue
        close = history(21, unit="1d", field="close", security_list=stocks).dropna(axis=1)
        if close.shape[1]:
            gains[code] = float((close.iloc[-1] / close.iloc[0] - 1).mean())
    return sorted(gains, key=lambda code: (-gains[code], code))


def rotate(context):
    current, chosen = get_current_data(), []
    for industry in industry_gains(context)[: g.top]:
        stocks = [code for code in get_industry_stocks(industry) if not current[code].paused]
        flow = get_money_flow(stocks, end_date=context.previous_date, count=5, fields=["sec_code", "net_amount_main"])
        total = flow.groupby("sec_code")["net_amount_main"].sum().sort_values(ascending=False, kind="stable")
        chosen += list(total.index[: g.each])
    unlocked = get_locked_shares(chosen, start_date=context.current_dt.date(), forward_count=20)
    chosen = [code for code in chosen if code not in set(unlocked["code"])]
    for code in list(context.portfolio.positions):
        if code not in chosen:
            order_target(code, 0)
    for code in chosen:
        order_target_value(code, context.portfolio.total_value / (g.top * g.each))
    names = get_industry(chosen, date=context.previous_date)
    log.info(", ".join("%s %s" % (code, names[code]["sw_l1"]["industry_name"]) for code in chosen))
