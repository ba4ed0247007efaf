# 追涨：尾盘 14:50 买入当日涨幅超过 6% 且未封板的股票，次日 10:30 止盈，14:40 无论盈亏卖出；盘中挂止损单。
# 需要带分钟线的行情：jqalpha backtest examples/strategies/minute_limit_up.py --frequency minute（或 day）
from jqdata import *


def initialize(context):
    set_benchmark("000300.XSHG")
    set_option("use_real_price", True)
    set_option("avoid_future_data", True)
    log.set_level("order", "error")
    g.rise = 0.06
    g.most = 3
    run_daily(stop_loss, time="open+1m", reference_security="000300.XSHG")
    run_daily(take_profit, time="10:30")
    run_daily(sell_all, time="14:40")
    run_daily(chase, time="14:50")
    run_daily(report, time="after_close")


def stop_loss(context):
    for code, position in context.portfolio.positions.items():
        if position.closeable_amount > 0:
            order_target(code, 0, StopMarketOrderStyle("stop_loss", round(position.avg_cost * 0.95, 2)))


def take_profit(context):
    for code, position in context.portfolio.positions.items():
        if position.closeable_amount > 0 and position.price > position.avg_cost * 1.02:
            log.info("止盈 %s 成本 %.2f 现价 %.2f" % (code, position.avg_cost, position.price))
            order_target(code, 0)


def sell_all(context):
    for code, position in context.portfolio.positions.items():
        if position.closeable_amount > 0:
            order_target(code, 0)


def chase(context):
    today = get_current_data()
    yesterday = history(1, "1d", "close", sorted(get_all_securities(date=context.previous_date).index)).iloc[0]
    risen = []
    for code, close in yesterday.items():
        item = today[code]
        if item.paused or item.is_st or code.startswith("688") or not close > 0:
            continue
        rise = item.last_price / close - 1
        if rise > g.rise and item.last_price < item.high_limit:
            # 最近半小时仍在放量上涨
            bars = get_bars(code, 2, unit="30m", fields=["close", "volume"], include_now=True)
            if len(bars) == 2 and bars["close"][-1] >= bars["close"][0]:
                risen.append((rise, code))
    for rise, code in sorted(risen, reverse=True)[: g.most]:
        log.info("追涨 %s 涨幅 %.2f%%" % (code, rise * 100))
        order_value(code, context.portfolio.available_cash / g.most)


def report(context):
    portfolio = context.portfolio
    record(持仓数=len(portfolio.positions), 仓位=portfolio.positions_value / portfolio.total_value)
