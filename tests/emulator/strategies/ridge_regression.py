# 机器学习：五个量价特征对下周收益的岭回归，滚动训练，买预测最高的 6 只
from jqdata import *
import numpy as np
import pandas as pd
try:
    import talib
except ImportError:
    talib = None


def initialize(context):
    set_benchmark('000300.XSHG')
    set_option('use_real_price', True)
    g.week, g.num = 0, 6
    run_weekly(trade, 1, '9:30')


def features(close, volume, i):
    return np.column_stack([
        close.iloc[i] / close.iloc[i - 5] - 1,
        close.iloc[i] / close.iloc[i - 20] - 1,
        close.iloc[i - 19:i + 1].pct_change().std(),
        volume.iloc[i - 4:i + 1].mean() / volume.iloc[i - 19:i + 1].mean(),
        close.iloc[i] / close.iloc[i - 19:i + 1].max(),
    ])


def trade(context):
    g.week += 1
    if g.week % 2:
        return
    pool = get_index_stocks('000300.XSHG')
    close = history(90, '1d', 'close', pool).ffill()
    volume = history(90, '1d', 'volume', pool)
    X, y = [], []
    for i in range(25, 85, 5):
        X.append(features(close, volume, i))
        y.append((close.iloc[i + 5 if i + 5 < 90 else 89] / close.iloc[i] - 1).values)
    X, y = np.nan_to_num(np.vstack(X)), np.nan_to_num(np.concatenate(y))
    mu, sd = X.mean(axis=0), X.std(axis=0) + 1e-9
    Z = (X - mu) / sd
    beta = np.linalg.solve(Z.T.dot(Z) + 10 * np.eye(Z.shape[1]), Z.T.dot(y - y.mean()))
    score = pd.Series(((np.nan_to_num(features(close, volume, 89)) - mu) / sd).dot(beta), index=pool)
    current = get_current_data()
    target = [s for s in score.sort_values(ascending=False).index if not current[s].paused][:g.num]
    for s in context.portfolio.positions:
        if s not in target:
            order_target(s, 0)
    for s in target:
        order_target_value(s, context.portfolio.total_value / g.num)
