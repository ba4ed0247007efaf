# 指数成分等权：每月 1 日与 -1 日各调一次，先卖后买
from kuanke.user_space_api import *


def initialize(context):
    set_universe(get_index_stocks('000300.XSHG')[:20])
    set_benchmark('000300.XSHG')
    set_option('use_real_price', True)
    run_monthly(rebalance, 1, time='open')
    run_monthly(rebalance, -1, time='open')


def rebalance(context):
    now = get_current_data()
    pool = [s for s in context.universe if not now[s].paused]
    each = context.portfolio.total_value / len(context.universe)
    changes = []
    for s in pool:
        held = context.portfolio.positions[s].value if s in context.portfolio.positions else 0
        changes.append((each - held, s))
    for change, s in sorted(changes):
        if abs(change) > 2000:
            order_value(s, change)
    last = history(1)
    log.info('均价最高 %s 最低 %s' % (last.iloc[-1].max(), last.iloc[-1].min()))
