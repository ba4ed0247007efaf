# 低估值低波动：市净率最低的三分之一里，60 日波动最小的 10 只，月初等权
from jqdata import *
import numpy as np
import pandas as pd


def initialize(context):
    set_benchmark('000300.XSHG')
    set_option('use_real_price', True)
    set_option('avoid_future_data', True)
    g.num = 10
    run_monthly(rebalance, monthday=1, time='9:30')


def rebalance(context):
    pool = get_index_stocks('000300.XSHG', context.previous_date)
    value = get_valuation(pool, end_date=context.previous_date, fields=['pb_ratio', 'pe_ratio'], count=1)
    value = value[(value.pb_ratio > 0) & (value.pe_ratio > 0)].set_index('code')
    cheap = value.sort_values('pb_ratio').index[:max(len(value) // 3, g.num)].tolist()
    df = get_price(cheap, end_date=context.previous_date, count=61, fields=['close'], panel=False)
    close = df.pivot(index='time', columns='code', values='close')
    vol = close.pct_change().std().dropna().sort_values()
    current = get_current_data()
    target = [s for s in vol.index if not current[s].paused][:g.num]
    for s in context.portfolio.positions:
        if s not in target:
            order_target_value(s, 0)
    for s in target:
        order_target_value(s, context.portfolio.total_value * 0.98 / len(target))
