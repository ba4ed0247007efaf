# 板块轮动：按代码前缀分主板、中小板、创业板，20 日平均涨幅最大的板块里选 5 只
from jqdata import *
from collections import OrderedDict
import numpy as np

BOARDS = OrderedDict([('沪市主板', ('60',)), ('深市主板', ('000', '001')), ('中小板', ('002', '003')), ('创业板', ('300',))])


def initialize(context):
    set_option('use_real_price', True)
    set_slippage(PriceRelatedSlippage(0.002), type='stock')
    run_weekly(func=weekly, weekday=-1, time='10:00')


def weekly(context):
    df = get_all_securities(['stock'], date=context.current_dt)
    current = get_current_data()
    stocks = [s for s in df.index if not current[s].paused and not current[s].is_st]
    close = history(21, '1d', 'close', stocks, skip_paused=False).dropna(axis=1)
    gain = close.iloc[-1] / close.iloc[0] - 1
    means = {name: gain[[s for s in gain.index if s.startswith(heads)]].mean() for name, heads in BOARDS.items()}
    means = {k: v for k, v in means.items() if not np.isnan(v)}
    best = sorted(means.items(), key=lambda x: x[1], reverse=True)[0][0]
    members = gain[[s for s in gain.index if s.startswith(BOARDS[best])]].sort_values(ascending=False)
    target = list(members.index[:5])
    log.info('最强板块 %s' % best)
    for s in [x for x in context.portfolio.positions if x not in target]:
        order_target(s, 0)
    for s in target:
        order_target_value(s, context.portfolio.portfolio_value / 5)
