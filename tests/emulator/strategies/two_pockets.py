# 两个子账户：一个持有股票（每周动量），一个持有基金（国债与黄金各半，每月再平衡），季度初互相补足。
from jqdata import *


def initialize(context):
    set_option("use_real_price", True)
    set_benchmark("510300.XSHG")
    half = context.portfolio.starting_cash / 2
    set_subportfolios([SubPortfolioConfig(cash=half, type="stock"), SubPortfolioConfig(cash=half, type="stock")])
    set_order_cost(OrderCost(open_commission=0.0002, close_commission=0.0002, min_commission=5), type="fund")
    log.set_level("order", "error")
    run_weekly(trade_stocks, 1, time="9:35")
    run_monthly(trade_funds, 1, time="9:40")
    run_monthly(level_out, 2, time="9:31")


def trade_stocks(context):
    account = context.subportfolios[0]
    pool = get_index_stocks("000300.XSHG")[:30]
    closes = history(11, "1d", "close", pool)
    best = (closes.iloc[-1] / closes.iloc[0]).dropna().sort_values(ascending=False).index[:5]
    for code in list(account.long_positions):
        if code not in best:
            order_target(code, 0, pindex=0)
    for code in best:
        order_target_value(code, account.total_value * 0.95 / 5, pindex=0)


def trade_funds(context):
    account = context.subportfolios[1]
    for code in ("511010.XSHG", "518880.XSHG"):
        order_target_value(code, account.total_value * 0.48, pindex=1)


def level_out(context):
    if context.current_dt.month % 3 != 1:
        return
    first, second = context.subportfolios
    excess = (first.total_value - second.total_value) / 2
    if excess > 0:
        transfer_cash(0, 1, min(excess, first.transferable_cash))
    else:
        transfer_cash(1, 0, min(-excess, second.transferable_cash))
    log.info("账户 %.0f / %.0f" % (first.total_value, second.total_value))
