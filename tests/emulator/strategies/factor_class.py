# 自定义因子：动量与反转的合成，去极值、标准化、对数市值中性化后每月选 10 只
from jqdata import *
from jqfactor import Factor, calc_factors, neutralize, standardlize, winsorize, winsorize_med
import numpy as np
import pandas as pd


class Momentum(Factor):
    name = 'momentum'
    max_window = 61
    dependencies = ['close', 'volume']

    def calc(self, data):
        close = data['close']
        return close.iloc[-6] / close.iloc[0] - 1


class Reversal(Factor):
    name = 'reversal'
    max_window = 6
    dependencies = ['close']

    def calc(self, data):
        return -(data['close'].iloc[-1] / data['close'].iloc[0] - 1)


def initialize(context):
    set_benchmark('000300.XSHG')
    set_option('use_real_price', True)
    run_monthly(rebalance, 1, '9:30')


def rebalance(context):
    stocks = get_index_stocks('000300.XSHG')
    day = context.previous_date
    factors = calc_factors(stocks, [Momentum(), Reversal()], start_date=day, end_date=day)
    score = pd.Series(0.0, index=stocks)
    for name, weight in (('momentum', 0.6), ('reversal', 0.4)):
        values = factors[name].iloc[-1]
        values = winsorize_med(values, scale=5, inclusive=True, inf2nan=True)
        values = winsorize(values, qrange=[0.02, 0.98])
        values = neutralize(values, how=['ln_circulating_market_cap'], date=day, add_constant=True)
        score = score + weight * standardlize(values, inf2nan=True).fillna(0)
    now = get_current_data()
    target = [s for s in score.sort_values(ascending=False).index if not now[s].paused][:10]
    for s in list(context.portfolio.positions):
        if s not in target:
            order_target_value(s, 0)
    for s in target:
        order_target_value(s, context.portfolio.total_value / 10)
