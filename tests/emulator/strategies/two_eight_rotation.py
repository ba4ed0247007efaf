# 二八轮动：沪深300 与 中证500 谁 20 日涨得多买谁，都跌则持国债
import jqdata


def initialize(context):
    set_params()
    set_backtest()
    run_weekly(rotate, 1, time='14:50', reference_security='000300.XSHG')


def set_params():
    g.lag = 20
    g.pairs = {'000300.XSHG': '510300.XSHG', '000905.XSHG': '510500.XSHG'}
    g.safe = '511010.XSHG'


def set_backtest():
    set_benchmark({'000300.XSHG': 0.5, '000905.XSHG': 0.5})
    set_option('use_real_price', True)
    log.set_level('order', 'error')


def gain(code):
    h = attribute_history(code, g.lag + 1, '1d', ('close'), df=False)['close']
    return h[-1] / h[0] - 1


def rotate(context):
    gains = {index: gain(index) for index in g.pairs}
    best = max(gains, key=gains.get)
    target = g.pairs[best] if gains[best] > 0 else g.safe
    log.info('20 日涨幅 %s，目标 %s' % ({k: round(v, 4) for k, v in gains.items()}, target))
    for code in context.portfolio.positions.keys():
        if code != target:
            order_target(code, 0)
    if target not in context.portfolio.positions:
        order_value(target, context.portfolio.available_cash)
