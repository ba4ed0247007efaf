# 两个子账户：一个按月持有近 20 日最强的五只，一个按周持有最弱的五只；每季把利润划一半给落后的账户
# Two accounts: last month's winners monthly, losers weekly; each quarter cash moves to the account that is behind.
from jqdata import *


def initialize(context):
    set_benchmark("000300.XSHG")
    set_option("use_real_price", True)
    log.set_level("order", "error")
    set_order_cost(
        OrderCost(close_tax=0.0005, open_commission=0.0003, close_commission=0.0003, min_commission=5), "stock"
    )
    half = context.portfolio.starting_cash / 2
    set_subportfolios([SubPortfolioConfig(cash=half, type="stock"), SubPortfolioConfig(cash=half, type="stock")])
    run_monthly(hold_winners, 1, time="open")
    run_weekly(hold_losers, 1, time="open")
    run_monthly(level, -1, time="open")


def hold_winners(context):
    hold(context, 0, reverse=True)


def hold_losers(context):
    hold(context, 1, reverse=False)


def hold(context, pindex, reverse):
    account = context.subportfolios[pindex]
    closes = history(20, "1d", "close", get_index_stocks("000300.XSHG")).dropna(axis=1)
    growth = closes.iloc[-1] / closes.iloc[0]
    chosen = sorted(growth.index, key=lambda code: (growth[code], code), reverse=reverse)[:5]
    for code in account.positions:
        if code not in chosen:
            order_target(code, 0, pindex=pindex)
    for code in chosen:
        order_target_value(code, account.total_value / 5, pindex=pindex)
    log.info("账户 %d: %.2f 元，持有 %s" % (pindex, account.total_value, sorted(account.positions)))


def level(context):
    if context.current_dt.month % 3:
        return
    ahead, behind = sorted(context.subportfolios, key=lambda account: -account.total_value)
    amount = min((ahead.total_value - behind.total_value) / 2, ahead.transferable_cash)
    source = 0 if ahead.total_value == context.subportfolios[0].total_value else 1
    if amount > 0:
        transfer_cash(from_pindex=source, to_pindex=1 - source, cash=amount)
        log.info("从账户 %d 划转 %.2f 元" % (source, amount))
