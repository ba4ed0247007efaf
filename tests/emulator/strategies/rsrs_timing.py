# RSRS 择时：最高价对最低价回归的斜率，标准化后乘 R²，过线持有沪深300ETF
import numpy as np
import pandas as pd


def initialize(context):
    g.security = '510300.XSHG'
    g.ref = '000300.XSHG'
    g.N, g.M = 18, 200
    g.buy, g.sell = 0.7, -0.7
    g.slopes = []
    g.init = True
    set_benchmark(g.ref)
    set_option('use_real_price', True)
    set_slippage(PriceRelatedSlippage(0.001))
    set_commission(PerTrade(buy_cost=0.0002, sell_cost=0.0002, min_cost=5))
    run_daily(market_open, time='open', reference_security='000300.XSHG')


def fit(high, low):
    slope, intercept = np.polyfit(low, high, 1)
    guess = slope * low + intercept
    r2 = 1 - ((high - guess) ** 2).sum() / ((len(high) - 1) * np.var(high, ddof=1))
    return slope, r2


def market_open(context):
    if g.init:
        prices = attribute_history(g.ref, g.M + g.N, '1d', ['high', 'low'])
        for i in range(g.M):
            part = prices.iloc[i:i + g.N]
            g.slopes.append(fit(part.high.values, part.low.values)[0])
        g.init = False
    prices = attribute_history(g.ref, g.N, '1d', ['high', 'low'], df=False)
    slope, r2 = fit(prices['high'], prices['low'])
    g.slopes.append(slope)
    section = g.slopes[-g.M:]
    z = (section[-1] - np.mean(section)) / np.std(section)
    score = z * r2
    record(rsrs=score)
    held = g.security in context.portfolio.positions.keys()
    if score > g.buy and not held:
        log.info('市场风险在合理范围, 买入 %s', g.security)
        order_value(g.security, context.portfolio.available_cash)
    elif score < g.sell and held:
        log.info('市场风险过大, 清仓')
        order_target(g.security, 0)
