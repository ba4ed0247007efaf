"""What to look at first when a layer is the first that differs: one sentence a layer, Chinese first."""

from __future__ import annotations

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
