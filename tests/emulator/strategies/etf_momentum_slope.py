# ETF 动量：对数价格线性回归，年化收益 × R² 打分，持有最强的一只
from jqdata import *
import numpy as np
import math


def initialize(context):
    set_benchmark('000300.XSHG')
    set_option('use_real_price', True)
    set_option("avoid_future_data", True)
    set_slippage(FixedSlippage(0.002))
    set_order_cost(OrderCost(open_tax=0, close_tax=0, open_commission=0.0002, close_commission=0.0002,
                             close_today_commission=0, min_commission=5), type='fund')
    log.set_level('system', 'error')
    g.etf_pool = ['518880.XSHG', '513100.XSHG', '159915.XSHE', '510300.XSHG']
    g.m_days = 25
    run_daily(trade, '9:30')


def MOM(etf):
    df = attribute_history(etf, g.m_days, '1d', ['close'])
    y = np.log(df['close'].values)
    x = np.arange(len(y))
    weights = np.linspace(1, 2, len(y))
    slope, intercept = np.polyfit(x, y, 1, w=weights)
    annualized = math.pow(math.exp(slope), 250) - 1
    residuals = y - (slope * x + intercept)
    r2 = 1 - np.sum(weights * residuals ** 2) / np.sum(weights * (y - np.mean(y)) ** 2)
    return annualized * r2


def get_rank(etf_pool):
    score_list = [MOM(etf) for etf in etf_pool]
    df = pd.DataFrame(index=etf_pool, data={'score': score_list}).sort_values(by='score', ascending=False)
    record(gold=round(df.loc['518880.XSHG', 'score'], 2), best=round(df['score'].iloc[0], 2))
    return list(df.index)


def trade(context):
    target_list = get_rank(g.etf_pool)[:1]
    hold_list = list(context.portfolio.positions)
    for etf in hold_list:
        if etf not in target_list:
            order_target_value(etf, 0)
            print('卖出' + str(etf))
    hold_list = list(context.portfolio.positions)
    if len(hold_list) < 1:
        value = context.portfolio.available_cash
        for etf in target_list:
            if context.portfolio.positions[etf].total_amount == 0:
                order_target_value(etf, value)
                print('买入', str(etf))
