# 分钟网格：以五日均价为中枢，价格每下一格挂限价单买入一份，回升一格挂限价单卖出一份；
# 15 分钟均线向下时不买。需要带分钟线的行情与 --frequency minute。
from jqdata import *


def initialize(context):
    set_benchmark("000300.XSHG")
    set_option("use_real_price", True)
    log.set_level("order", "error")
    g.step = 0.015
    g.parts = 5
    g.codes = []


def before_trading_start(context):
    listed = get_all_securities(date=context.previous_date)
    money = history(20, "1d", "money", sorted(listed.index)).mean()
    g.codes = list(money.dropna().sort_values(ascending=False).index[:3])
    g.middle = {code: attribute_history(code, 5, "1d", ["close"])["close"].mean() for code in g.codes}


def handle_data(context, data):
    if context.current_dt.minute % 5 != 0:
        return
    waiting = {order.security for order in get_open_orders().values()}
    for code in g.codes:
        if code in waiting or get_current_data()[code].paused:
            continue
        price = data[code].close
        if price != price:  # 行情包的第一根分钟线之前没有价格
            continue
        closes = attribute_history(code, 4, "15m", ["close"])["close"]
        level = int((g.middle[code] - price) / (g.middle[code] * g.step))
        position = context.portfolio.positions.get(code)
        held = position.total_amount if position else 0
        part = int(context.portfolio.total_value / len(g.codes) / g.parts / price / 100) * 100
        if level > 0 and held < level * part and closes[-1] >= closes[0]:
            order(code, part, LimitOrderStyle(round(price * 0.999, 2)))
        elif position and position.closeable_amount >= part > 0 and price > position.avg_cost * (1 + g.step):
            order(code, -part, LimitOrderStyle(round(price * 1.001, 2)))


def after_trading_end(context):
    record(仓位=context.portfolio.positions_value / context.portfolio.total_value)
