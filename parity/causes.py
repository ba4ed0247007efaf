"""The causes of PARITY: what each looks like, what would reproduce it, and what a user should do about it.

One row a cause, in the order in which they are tried where several look alike: first those that a file proves by
itself (a token list, a signal day, a pool), then those that a single number proves, last those that put in the other
side's values. A row never decides by its signature alone: the counterfactuals of its row are run, and what removes
the difference decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from parity import counterfactual_candidates as candidates
from parity import counterfactual_trading as trading
from parity.counterfactual import Change
from parity.scene import Scene

Signature = Callable[[Scene], bool]


@dataclass(frozen=True)
class CauseRow:
    """One cause: code, name, where its first difference shows, signature, counterfactuals, and what to change.

    ``layers`` name the layers whose first difference belongs to the cause when it is cured. Which of the changes a
    strategy that was not exported can take, each change says itself (``Change.portable``).
    """

    code: str
    name: str
    layers: tuple[str, ...]
    signature: Signature
    changes: Callable[[Scene], Iterator[Change]]
    sentence: str
    advice: str


def _has(*layers: str) -> Signature:
    return lambda scene: bool(scene.layers.intersection(layers))


def _fields(*words: str) -> Signature:
    return lambda scene: any(word in field for field in scene.fields for word in words)


def _either(*signatures: Signature) -> Signature:
    return lambda scene: any(signature(scene) for signature in signatures)


def _only_figures(scene: Scene) -> bool:
    return scene.run_layers <= {"figure"}


def _only_benchmark(scene: Scene) -> bool:
    return all("benchmark" in field or "excess" in field for field in scene.fields if field) and scene.layers <= {
        "NAV", "figure"
    }  # fmt: skip


def _unseen(*layers: str) -> Signature:
    """The files tell none of these layers, so what is born there shows in what is traded or worth that day."""
    return lambda scene: scene.hidden.issuperset(layers) and bool(scene.layers - {"figure"}) and not (
        _only_benchmark(scene)
    )  # fmt: skip


def _minutes(scene: Scene) -> bool:
    """There are minutes, so the run could have another frequency: then other orders or other prices."""
    return scene.recipe.bundle.minutes is not None and bool(
        scene.layers & {"order", "size", "fill price", "position"}
    )


def _no_holdings(scene: Scene) -> bool:
    """Cash and shares that came or went are not told, but what was ordered or worth afterwards is."""
    return _unseen("cash", "position")(scene) and bool(scene.layers & {"order", "size", "NAV"})


def _blind(scene: Scene) -> bool:
    """Without audit lines all that concerns the signal shows in what is traded."""
    return not scene.audited and (_has("order", "size", "target", "position")(scene) or _no_orders(scene))


_no_orders = _unseen("order", "size")

CAUSES: tuple[CauseRow, ...] = (
    CauseRow(
        "ENV", "环境、版本或残留状态 environment", ("inputs", "score", "target", "order", "cash", "NAV"),
        lambda scene: scene.began_apart or scene.refused, trading.beginnings,
        "两侧起点不同：{words}。残留的状态、资金或未固定的随机数使同一策略两次运行不同 (leftover state or no seed)",
        "从干净状态、同样的初始资金开始，固定随机种子，再比较一次",
    ),
    CauseRow(
        "METRIC", "指标口径 convention", ("figure",), _only_figures, trading.conventions,
        "净值逐日相同，指标不同：口径为 {words}。聚宽：无风险利率 4%，一年 250 天，超额为几何",
        "指标改用聚宽口径（无风险利率 0.04，250 天，几何超额）",
    ),
    CauseRow(
        "BENCH", "基准 benchmark", ("NAV",), _only_benchmark, trading.benchmarks,
        "只有基准曲线不同：{words} (only the benchmark differs)",
        "两侧用同一基准指数，基准自首日前一交易日收盘起算",
    ),
    CauseRow(
        "FREQ", "运行频率与任务时间 schedule", ("inputs", "order"),
        _either(_fields("rebalance", "time"), _blind, _minutes), trading.schedules,
        "调仓时刻不同：{words} (time of the task)",
        "两侧用同一句 run_monthly（同一天、同一时刻）与同一回测频率",
    ),
    CauseRow(
        "UNIV", "股票池 universe", ("inputs",), _either(_fields("pool"), _blind), candidates.pools,
        "股票池不同：{words} (members, ST or delisted stocks of another day)",
        "用调仓当日的成分股 get_index_stocks(index, date)，不要用今天或回测首日的名单",
    ),
    CauseRow(
        "TIME", "时点 what is known when", ("inputs",), _either(_fields("lag"), _blind), candidates.lags,
        "信号日不同：{words} (off-by-one lag)",
        "信号取调仓日的前一交易日：signal_lag = 1，开盘时不知道当日收盘",
    ),
    CauseRow(
        "REPAIR", "公式修复与词表 tokens", ("score",), _either(_fields("tokens"), _has("score"), _blind),
        candidates.formulas,
        "执行的公式不同：{words} (raw tokens or another vocabulary)",
        "两侧都只执行修复后的 tokens_repaired，词表取 formula.json 的 vocabulary；重新导出策略",
    ),
    CauseRow(
        "ADJ", "复权、分红与送转 adjustment", ("inputs", "cash", "position", "score"),
        _either(_has("cash", "position"), _fields("输入"), _blind, _no_holdings), candidates.adjustments,
        "复权或除权处理不同：{words} (adjustment, dividends)",
        "用不复权价与累计因子（只用因子之比）；分红税前 20%，除权日开盘前入账",
    ),
    CauseRow(
        "NORM", "归一化窗口 normalisation", ("score",), _either(_has("score"), _blind), candidates.normalisers,
        "归一化不同：{words} (a statistic over another window)",
        "用 120 日滚动中位数与 MAD；不要用全期统计，也不要缩短预热",
    ),
    CauseRow(
        "LOGIC", "公式重写 re-implemented", ("score",), _either(_has("score"), _blind), candidates.logic,
        "输入与公式相同而得分不同：{words} (compare operator by operator)",
        "直接用导出的 strategy.py 与 jq_strategy.kernel，不要另写一份公式",
    ),
    CauseRow(
        "DATA", "行情数据 data", ("inputs", "fill price", "close valuation", "score"),
        _either(_fields("输入"), _has("fill price", "close valuation"), _blind), candidates.data,
        "行情不同：{words} (other vendor or version)",
        "用同一来源、同一版本的行情包；核对所列日期与代码的原始价量",
    ),
    CauseRow(
        "TIES", "并列 ties", ("rank/ties",), _either(_has("rank/ties"), _blind), candidates.ties,
        "同分先后不同：{words} (equal scores at the cut)",
        "两侧都用 RANK_KEYS 规定的同分先后，不要依赖股票池顺序",
    ),
    CauseRow(
        "FILL", "成交价 fill", ("fill price",), _either(_has("fill price"), _unseen("fill price")), trading.fills,
        "成交价的算法不同：{words} (slippage, open or close)",
        "两侧写同一句 set_slippage；都不写时聚宽默认 0.00246，买卖各半，开盘任务按开盘价成交",
    ),
    CauseRow(
        "FEE", "手续费 fee", ("fee",), _either(_has("fee"), _unseen("fee")), trading.fees,
        "费率不同：{words} (commission, minimum, stamp tax)",
        "两侧写同一句 set_order_cost；都不写时聚宽默认佣金 0.0003、最低 5 元、卖出税 0.001，不按日期调整",
    ),
    CauseRow(
        "SIZE", "数量 size", ("target", "size"), _either(_has("target", "size", "order"), _no_orders), trading.sizes,
        "下单数量的算法不同：{words} (lots, weights, cash cap)",
        "目标金额 = 总资产 / TOP_K，先取整目标再减持仓，资金上限不预留手续费",
    ),
    CauseRow(
        "LIMIT", "涨跌停与停牌 limits", ("order",), _either(_has("order", "size", "position"), _no_orders),
        trading.limits,
        "涨跌停或停牌处理不同：{words} (filled on one side only)",
        "用行情包的 high_limit / low_limit / paused；涨停不买、跌停不卖、停牌不交易",
    ),
)  # fmt: skip

#: Rows with many counterfactuals, asked where no other row helped.
DEEP: tuple[CauseRow, ...] = (
    replace(next(row for row in CAUSES if row.code == "NORM"), changes=candidates.all_windows),
)
#: What the platform's values put in stand for where no named reason reproduces them: layer → cause.
GIVEN = {"inputs": "DATA", "pool": "UNIV", "score": "LOGIC", "rank": "TIES"}
BY_CODE = {row.code: row for row in CAUSES}
