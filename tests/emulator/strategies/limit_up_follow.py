# 打板次日：昨日首次涨停，今日高开不超过 3% 买入，次日开盘卖出
from jqdata import *


def initialize(context):
    set_option('use_real_price', True)
    set_option('avoid_future_data', True)
    set_slippage(FixedSlippage(0))
    g.n = 4
    run_daily(sell, time='9:30')
    run_daily(buy, time='9:30')


def sell(context):
    today = get_current_data()
    for s in context.portfolio.positions:
        p = context.portfolio.positions[s]
        if p.sellable_amount > 0 and today[s].last_price < today[s].high_limit:
            order_target(s, 0)


def buy(context):
    stocks = list(get_all_securities(['stock'], context.previous_date).index)
    df = get_price(stocks, end_date=context.previous_date, count=2, fields=['close', 'high_limit', 'paused'], panel=False)
    df['hit'] = (df['close'] >= df['high_limit'] * 0.97) & (df['paused'] == 0)
    table = df.pivot(index='time', columns='code', values='hit').fillna(False).astype(bool)
    first = [s for s in table.columns if table[s].iloc[-1] and not table[s].iloc[0]]
    today = get_current_data()
    close = {s: v[-1] for s, v in history(1, '1d', 'close', first, df=False).items()} if first else {}
    for s in first:
        if len(context.portfolio.positions) >= g.n or today[s].paused or today[s].is_st:
            continue
        if 1.0 < today[s].day_open / close[s] < 1.03:
            order_value(s, context.portfolio.available_cash / (g.n - len(context.portfolio.positions)))
