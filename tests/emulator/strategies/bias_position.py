# 乖离率控制仓位：BIAS 越低仓位越重，ATR 决定单笔风险
from jqdata import *
from jqlib.technical_analysis import BIAS, ATR, MA, EMA, CCI, WR, VOL


def initialize(context):
    set_benchmark('399006.XSHE')
    set_option('use_real_price', True)
    log.set_level('order', 'error')
    g.code = '159915.XSHE'
    run_daily(trade, '9:30')


def trade(context):
    now = context.current_dt
    b1, b2, b3 = BIAS(g.code, check_date=now, N1=6, N2=12, N3=24, include_now=False)
    mtr, atr = ATR(g.code, check_date=context.previous_date, timeperiod=14)
    fast, slow = EMA(g.code, now, timeperiod=10), MA(g.code, now, timeperiod=30)
    cci, (wr, wr6) = CCI(g.code, context.previous_date), WR(g.code, context.previous_date)
    vol, mavol5, mavol10 = VOL(g.code, context.previous_date)
    share = 0.3
    if b3[g.code] < -5 or wr[g.code] > 90:
        share = 0.9
    elif fast[g.code] > slow[g.code] and cci[g.code] < 200:
        share = 0.6
    elif b3[g.code] > 8:
        share = 0.1
    value = context.portfolio.total_value
    held = context.portfolio.positions[g.code].value if g.code in context.portfolio.positions else 0
    if abs(held / value - share) > 0.15:
        order_target_value(g.code, value * share)
    record(bias=b3[g.code], atr=atr[g.code], volume=mavol5[g.code])
