"""What to look at first: an error, files not of one run, runs that began apart; else one sentence a layer.

Chinese first. An error or another beginning makes everything after it differ, whatever layer shows it first.
"""

from __future__ import annotations

from parity.compare import Verdict
from parity.compare_errors import ERROR_FIELD
from parity.curves import days_of, starting_cash
from parity.layers import Comparison
from sdk.report.plain_text import plain

FIRST_STEPS = {
    "inputs": "两侧读到的数据不同：先比信号日 lag（应为前一交易日），再比该日成分股，最后比复权因子与行情来源 "
    "(signal day, then pool, then factor and vendor)",
    "features": "特征值不同：两侧的特征代码不是同一份，重新导出策略 (re-export the strategy)",
    "score": "输入相同而得分不同：比较 raw / repaired tokens 与词表，确认平台上是同一个 strategy.py，"
    "且没有全期归一化 (same file? rolling, not global, normalisation?)",
    "rank/ties": "得分相同而名次不同：同分先后 RANK_KEYS 不同，或用股票池顺序决定入选；两侧改为同一组键 "
    "(use the same RANK_KEYS on both sides)",
    "target": "名次相同而目标不同：比较 TOP_K、总资产与权重算法 (TOP_K, total value, weights)",
    "order": "一侧有而另一侧没有的订单，或下单方式与状态不同：比较任务时间、停牌与涨跌停、log 级别 "
    "(time of the task, halts, limits)",
    "size": "同一订单数量不同：比较可用现金、一手股数与价格取值；订单的先后也会影响 (cash, lots, order of orders)",
    "fill price": "成交价不同：比较 set_slippage、开盘价来源与取整；默认滑点为 0.00246，买卖各半 "
    "(slippage, open, rounding)",
    "fee": "手续费不同：比较 set_order_cost 的费率、最低 5 元与印花税；聚宽不会自动调整印花税 "
    "(rates, minimum, stamp tax)",
    "cash": "成交一致而现金不同：多为分红、送转或税，看差异日是否除权日 (dividends on the ex-date)",
    "position": "成交一致而持仓不同：多为送转股或成本算法，看差异日是否除权日 (splits, cost basis)",
    "close valuation": "持仓相同而估值不同：收盘价来源或小数位不同 (close prices of another vendor)",
    "NAV": "净值不同而持仓、现金一致：多为基准或取整 (benchmark, rounding)",
    "figure": "净值相同而指标不同：口径不同（无风险利率 4%，一年 250 天）(risk-free 4 %, 250 days)",
}


def first_step(verdict: Verdict) -> str:
    """Return what to look at first; empty where nothing differs."""
    first = verdict.first
    if first is None:
        return ""
    error = error_before(verdict)
    if error is not None:
        side, text = ("平台", error.platform) if error.local == "无 none" else ("本地", error.local)
        return (
            f"{side}的策略在 {error.moment} 报错而另一侧没有：{plain(text, 160)}；先排除它，之后的差异由它引起 "
            "(an error of the strategy on one side)"
        )
    for name, one in (("平台", verdict.platform), ("本地", verdict.local)):
        if one.contradictions:
            return f"{name}的文件互相矛盾：{one.contradictions[0]}"
    return unequal_starts(verdict) or FIRST_STEPS[first.layer]


def error_before(verdict: Verdict) -> Comparison | None:
    """Return the error on one side alone that stands before everything else on the day of the first difference."""
    day = verdict.first.moment[:10] if verdict.first else ""
    errors = [one for one in verdict.differences if one.field == ERROR_FIELD and one.moment[:10] <= day]
    return errors[0] if errors else None


def unequal_starts(verdict: Verdict) -> str:
    """Say that the runs began on other days or with other capital, as far as both sides tell; else empty."""
    sides = verdict.local, verdict.platform
    days, cash = [days_of(side)[0] for side in sides], [starting_cash(side) for side in sides]
    told = []
    if all(days) and days[0] != days[1]:
        told.append(f"回测首日 本地 {days[0]}，平台 {days[1]}")
    if None not in cash and abs((cash[0] or 0.0) - (cash[1] or 0.0)) > 0.005:
        told.append(f"初始资金 本地 {cash[0]:,.2f}，平台 {cash[1]:,.2f}")
    if not told:
        return ""
    return f"两侧起点不同：{'；'.join(told)}。用同样的首日与资金重新运行一侧再比 (the runs do not begin alike)"
