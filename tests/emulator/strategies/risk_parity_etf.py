# 风险平价：四只 ETF 按波动率倒数配权，偏离 5% 才调整
from jqdata import *
import numpy as np
import pandas as pd


def initialize(context):
    g.etfs = ['510300.XSHG', '513100.XSHG', '518880.XSHG', '511010.XSHG']
    set_benchmark('000300.XSHG')
    set_option('use_real_price', True)
    set_order_cost(OrderCost(open_commission=0.0001, close_commission=0.0001), type='fund')
    set_slippage(PriceRelatedSlippage(0.001), type='fund')
    run_monthly(rebalance, monthday=5, time='9:30', reference_security='000300.XSHG')


def weights():
    df = history(61, '1d', 'close', g.etfs)
    returns = df.pct_change().dropna()
    cov = np.cov(returns.values.T)
    w = 1 / np.sqrt(np.diag(cov))
    w = w / w.sum()
    for _ in range(200):
        marginal = cov.dot(w)
        w = w * np.sqrt(w.dot(marginal) / len(w) / (w * marginal))
        w = w / w.sum()
    return pd.Series(w, index=g.etfs)


def rebalance(context):
    w = weights()
    total = context.portfolio.total_value
    today = {s: context.portfolio.positions[s].value / total for s in g.etfs if s in context.portfolio.positions}
    if all(abs(today.get(s, 0) - w[s]) < 0.05 for s in g.etfs):
        return
    for s in w.sort_values().index:
        order_target_value(s, total * 0.99 * w[s])
    log.info(w.round(3).to_dict())
