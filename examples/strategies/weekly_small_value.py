# 每周调仓：成分股中流通市值最小的 10 只，跌破成本 10% 止损，日志写下每笔成交。
from jqdata import *


def initialize(context):
    set_benchmark("000300.XSHG")
    set_option("use_real_price", True)
    set_option("avoid_future_data", True)
    set_slippage(PriceRelatedSlippage(0.002))
    g.hold = 10
    run_weekly(rebalance, 1, time="9:30")
    run_daily(stop_loss, time="9:30")
    run_daily(report, time="after_close")


def rebalance(context):
    pool = get_index_stocks("000300.XSHG")
    table = get_valuation(pool, end_date=context.previous_date, fields=["circulating_market_cap"], count=1)
    table = table.sort_values(["circulating_market_cap", "code"])
    today = get_current_data()
    target = [code for code in table["code"] if not today[code].paused and not code.startswith("688")][: g.hold]
    for code in context.portfolio.positions:
        if code not in target:
            order_target_value(code, 0)
    free = g.hold - len(context.portfolio.positions)
    cash = context.portfolio.available_cash
    for code in target:
        if free > 0 and code not in context.portfolio.positions:
            order_value(code, cash / free)


def stop_loss(context):
    for code, position in context.portfolio.positions.items():
        if position.closeable_amount > 0 and position.price < 0.9 * position.avg_cost:
            log.warn("止损 %s 成本 %.2f 现价 %.2f" % (code, position.avg_cost, position.price))
            order_target(code, 0)


def report(context):
    for trade in get_trades().values():
        log.info("成交 %s" % trade)
    portfolio = context.portfolio
    record(持仓数=len(portfolio.positions), 仓位=portfolio.positions_value / portfolio.total_value)
