"""Name the causes of a verdict, given the strategy and the market: what ``jqalpha parity`` calls.

The strategy is run once as it is. Whichever side that run agrees with further is the *anchor*, the side that can be
run again; the other one is walked to, from that run. So a local run of another engine is explained as well as a
platform run of an old file. An exported strategy can be changed in every way; any other only from outside (rules,
market, capital, settings), which the remarks say. The strategy runs inside this process; the command gives it one of
its own (``search_process``).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from parity.attribute import explanation, walk
from parity.compare import Verdict
from parity.counterfactual import Bench, Recipe, Standing
from parity.counterfactual_guess import fills_of, orders_of
from parity.counterfactual_text import benchmark_of, is_exported
from parity.curves import days_of
from parity.explanation import Explanation
from parity.quirks import BUILT_IN, load_quirks
from parity.records import Side
from parity.rederive import rederived
from parity.strategy_run import RunPlan
from sdk.errors import MarketError, ParityError
from sdk.market.bundle import Bundle
from sdk.report.plain_text import plain

_NAMES = {"local": ("本地", "local"), "platform": ("平台", "platform")}
_OTHER_RUN = (
    "重新运行与{0}侧不同，基点相对于重新运行 the strategy run again differs from the {1} side too; "
    "basis points count from that run"
)
_FROM_OUTSIDE = (
    "不是 jqalpha export 导出的策略：试了不改正文的原因（滑点、费用、分红、资金、数量规则、涨跌停、任务时间与"
    "频率、行情、基准、口径），选股不同时再试正文只改一处（数字、开关、指数、代码表、条件、数据日）；别的改动没有试，"
    "选股不同时先确认两侧是同一份文件 "
    "not an exported strategy: other edits of its text were not tried"
)
_LACKS = "行情包没有 the bundle lacks {codes}：另一侧交易过，本地买卖不了；换一份含有它的行情包"
_NO_MINUTES = (
    "行情包没有分钟线，而另一侧在 {times} 下单：本地按当日开盘价成交，成交价不会相同；换一份有分钟线的行情包 "
    "the bundle has no minute bars"
)
_NO_BENCHMARK = "行情包没有基准 {code} 的行情：本地的基准收益恒为 0 the bundle lacks the benchmark"
_SHOWN_CODES, _SHOWN_TIMES = 8, 4


def explain_verdict(
    verdict: Verdict, strategy: Path, market: Path, plan: RunPlan, quirks: Path = BUILT_IN
) -> Explanation:
    """Return the causes of a verdict.

    ParityError for a file that is no text in UTF-8, for quirks without evidence or expired at the end of the run, and
    for a strategy that fails; other errors of the run as ``run_backtest``.
    """
    text = _text_of(strategy)
    known = load_quirks(quirks, plan.end)
    recipe = Recipe(text, Bundle.open(market), plan.start, plan.end, plan.cash, plan.frequency)
    sides = {"local": verdict.local, "platform": verdict.platform}
    own = Bench(verdict.platform).run(recipe, recipe.end)
    agrees = {name: _standing(recipe, own, side) for name, side in sides.items()}
    anchor = "platform" if agrees["platform"].key > agrees["local"].key else "local"
    target = sides["local" if anchor == "platform" else "platform"]
    found = walk(recipe, target, known, own=own)
    told = explanation(found, anchor, plan.cash, target, known)
    remarks = (
        *_lacking_codes(target, recipe.bundle),
        *_lacking_minutes(target, recipe.bundle),
        *_lacking_benchmark(text, recipe.bundle),
        *told.remarks,
        *(() if agrees[anchor].equal else (_OTHER_RUN.format(*_NAMES[anchor]),)),
        *(() if is_exported(text) else (_FROM_OUTSIDE,)),
    )
    return replace(told, remarks=remarks, rederived=rederived(found, anchor, verdict))


def _lacking_codes(side: Side, bundle: Bundle) -> tuple[str, ...]:
    """Say which securities the side traded that the bundle does not know."""
    known = {*bundle.panel().codes, *_indices(bundle)}
    codes = sorted({fill.code for fill in fills_of(side)} - known)
    more = f" … 共 {len(codes)} 只" if len(codes) > _SHOWN_CODES else ""
    return (_LACKS.format(codes=plain(" ".join(codes[:_SHOWN_CODES]), 200) + more),) if codes else ()


def _indices(bundle: Bundle) -> tuple[str, ...]:
    """Return the indices that the bundle has bars of; a bundle of funds may have none."""
    try:
        return bundle.index_panel().codes
    except MarketError:
        return ()


def _lacking_benchmark(text: str, bundle: Bundle) -> tuple[str, ...]:
    """Say that the strategy's benchmark has no bars: its return is then 0 in a local run."""
    code = benchmark_of(text)
    known = code in _indices(bundle) or code in bundle.panel().codes
    return () if known else (_NO_BENCHMARK.format(code=plain(code, 20)),)


def _lacking_minutes(side: Side, bundle: Bundle) -> tuple[str, ...]:
    """Say that the side ordered within the day though the bundle knows no price there but the day's own."""
    times = sorted({order.moment[11:16] for order in orders_of(side)} - {"", "09:30", "15:00"})
    if bundle.minutes is not None or not times:
        return ()
    return (_NO_MINUTES.format(times=plain(" ".join(times[:_SHOWN_TIMES]), 60)),)


def _standing(recipe: Recipe, own: Side, side: Side) -> Standing:
    if days_of(own) != days_of(side):
        own, side = replace(own, figures=None), replace(side, figures=None)  # of another period
    bench = Bench(side)
    bench.take(recipe, own)
    return bench.full(recipe).standing


def _text_of(strategy: Path) -> str:
    try:
        return strategy.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise ParityError(
            f"{plain(str(strategy))}: 无法读取 cannot be read as UTF-8: {problem}; 请重新导出 export it again"
        ) from problem
