# 配对：两只宽基 ETF 的价差 z 值，偏离两倍标准差换仓
import numpy as np


def initialize(context):
    g.a, g.b, g.n = '510300.XSHG', '510500.XSHG', 60
    g.state = ''
    set_benchmark('000300.XSHG')
    set_option('use_real_price', True)
    run_daily(trade, '9:30')


def zscore():
    close = history(g.n, '1d', 'close', [g.a, g.b], df=False)
    x, y = close[g.a], close[g.b]
    beta = np.cov(x, y)[0, 1] / np.var(x, ddof=1)
    spread = y - beta * x
    return (spread[-1] - spread.mean()) / spread.std()


def trade(context):
    z = zscore()
    value = context.portfolio.total_value
    new = g.state
    if z > 1.5:
        new = 'a'
    elif z < -1.5:
        new = 'b'
    elif abs(z) < 0.2:
        new = 'half'
    if new != g.state:
        shares = {'a': (1.0, 0.0), 'b': (0.0, 1.0), 'half': (0.5, 0.5)}[new]
        for code, share in sorted(zip((g.a, g.b), shares), key=lambda pair: pair[1]):
            order_target_value(code, value * share)
        g.state = new
    record(z=z)
