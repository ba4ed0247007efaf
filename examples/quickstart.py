"""The main job from end to end, offline, in about a minute: what `make demo` runs.

made market -> short training -> export -> backtest of the exported file -> are the scores of the kernel, of
onnxruntime and of the backtest's log the same bits? -> HTML page. Everything lands under ./demo.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from exporter.export import export_formula
from parity.compare import compare_sides
from parity.report import verdict_line
from parity.scores import compare_scores
from parity.side import read_side
from sdk.emulator.runner import run_backtest
from sdk.market.bundle import Bundle
from sdk.market.made.market import make_market
from sdk.market.made.spec import MarketSpec
from sdk.report.page import write_report
from sdk.training.config import make_config
from sdk.training.run import train_formula

TRAIN_END = "2020-12-31"
TEST = ("2021-01-01", "2022-12-30")


def main(out: Path = Path("demo")) -> int:
    """Run the road; return 0 when every score and every file agrees."""
    started = time.perf_counter()

    def say(step: str) -> None:
        print(f"[{time.perf_counter() - started:5.1f}s] {step}", flush=True)

    make_market(out / "market", MarketSpec(stocks=120, years=5, seed=4, signal=2.0))
    bundle = Bundle.open(out / "market")
    say(f"行情 market: {len(bundle.securities)} 只证券, {bundle.days[0]} … {bundle.days[-1]}")

    config = make_config({"seed": 1, "steps": 30, "batch": 48, "train": ["", TRAIN_END], "max_length": 10})
    trained = train_formula(bundle, config, out / "training", unfinished="resume")  # if it was stopped
    formula, earned = trained.formula, trained.selection.choice.evidence.train
    say(f"训练 training: {formula.expression}，训练期月均超额 {earned.excess.mean():+.2%}")

    verification = export_formula(formula, out / "export", bundle=bundle)
    say(f"导出 export: strategy.py 与 model.onnx，{verification.scores} 个分数逐位核对")

    backtest = run_backtest(out / "export" / "strategy.py", bundle, *TEST, cash=1_000_000, out=out / "backtest")
    again = run_backtest(out / "export" / "strategy.py", bundle, *TEST, cash=1_000_000, out=out / "backtest_again")
    say(
        f"回测 backtest {TEST[0]} … {TEST[1]}: {backtest.status}, 策略 {backtest.figures['algorithm_return']:+.2%}, "
        f"基准 {backtest.figures['benchmark_return']:+.2%}"
    )

    side = read_side(out / "backtest")
    agreement = compare_scores(out / "export", side.audits or (), bundle)
    files = compare_sides(side, read_side(out / "backtest_again"))
    words = (
        f"{agreement.rebalances} 次调仓 {agreement.scores} 个分数: 内核 = onnxruntime = 日志, 逐位相同"
        if agreement.equal
        else f"分数不一致: {agreement.first_difference}"
    )
    say(f"对账 parity: {words}; 两次回测 {verdict_line(files)}")
    page = write_report(
        out / "backtest",
        extra={
            "对账 parity": [words, verdict_line(files)],
            "训练 training": [r.best_so_far for r in trained.result.records],
        },
    )

    good = agreement.equal and files.equal and backtest.status == again.status == "done"
    print()
    for label, path in (
        ("行情包      market", out / "market"),
        ("训练记录    training", trained.directory),
        ("聚宽策略    strategy", out / "export" / "strategy.py"),
        ("ONNX 模型   model", out / "export" / "model.onnx"),
        ("回测结果    backtest", out / "backtest"),
        ("网页报告    report", page),
    ):
        print(f"  {label:<22} {path}")
    print(f"\n{'一致' if good else '不一致'}: {words} ({time.perf_counter() - started:.0f} s)")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(*[Path(argument) for argument in sys.argv[1:2]]))
