# 把每日净值与选股结果写进研究文件，再读回来决定仓位
from jqdata import *
import json
import pickle
from io import BytesIO
import pandas as pd


def initialize(context):
    set_option('use_real_price', True)
    write_file('curve.csv', 'date,value\n')
    write_file('state.json', json.dumps({'count': 0}))
    run_weekly(weekly, 2, '9:30')
    run_daily(after, 'after_close')


def weekly(context):
    state = json.loads(read_file('state.json'))
    state['count'] += 1
    curve = pd.read_csv(BytesIO(read_file('curve.csv')))
    full = len(curve) < 10 or curve['value'].iloc[-1] >= curve['value'].iloc[-10:].mean()
    for s in ('510300.XSHG', '159915.XSHE'):
        order_target_value(s, context.portfolio.total_value * (0.48 if full else 0.2))
    write_file('state.json', json.dumps(state))
    write_file('pool.pkl', pickle.dumps({'full': full, 'day': str(context.current_dt.date())}))


def after(context):
    write_file('curve.csv', '%s,%.2f\n' % (context.current_dt.date(), context.portfolio.total_value), append=True)
    send_message('净值 %.4f' % (context.portfolio.total_value / context.portfolio.starting_cash))


def on_strategy_end(context):
    print(json.loads(read_file('state.json')), pickle.loads(read_file('pool.pkl'))['day'])
