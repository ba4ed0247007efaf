# 面向对象的大框架写法：规则类组成策略，按顺序执行
from jqdata import *
import numpy as np


class Rule(object):
    def __init__(self, params):
        self.params = params

    def __str__(self):
        return self.__class__.__name__


class FilterPaused(Rule):
    def filter(self, context, stocks):
        current = get_current_data()
        return [s for s in stocks if not current[s].paused]


class FilterNew(Rule):
    def filter(self, context, stocks):
        today = context.current_dt.date()
        return [s for s in stocks if (today - get_security_info(s).start_date).days > self.params['days']]


class FilterPrice(Rule):
    def filter(self, context, stocks):
        low, high = self.params['range']
        current = get_current_data()
        return [s for s in stocks if low <= current[s].last_price <= high]


class SortByHigh(Rule):
    def filter(self, context, stocks):
        scores = []
        for s in stocks:
            h = attribute_history(s, self.params['n'], '1d', ['close', 'high'], df=False)
            if len(h['close']):
                scores.append((h['close'][-1] / np.nanmax(h['high']), s))
        return [s for _, s in sorted(scores, reverse=True)]


class Strategy(object):
    def __init__(self, rules, hold):
        self.rules, self.hold = rules, hold

    def run(self, context):
        stocks = get_index_stocks('000300.XSHG')
        for rule in self.rules:
            before = len(stocks)
            stocks = rule.filter(context, stocks)
            log.debug('%s: %d -> %d' % (rule, before, len(stocks)))
        target = stocks[:self.hold]
        for s in [s for s in context.subportfolios[0].long_positions if s not in target]:
            order_target_value(s, 0, pindex=0)
        for s in target:
            order_target_value(s, context.portfolio.total_value / self.hold, MarketOrderStyle(), pindex=0)


def initialize(context):
    set_option('use_real_price', True)
    log.set_level('strategy', 'info')
    g.strategy = Strategy([FilterPaused({}), FilterNew({'days': 180}), FilterPrice({'range': (2, 200)}), SortByHigh({'n': 60})], 8)
    run_monthly(main, -2, time='9:30')


def main(context):
    g.strategy.run(context)
