"""How fast formulas are scored and rewarded, beside a plain torch stack machine and beside what the machine can do.

300 stocks x 1,457 days, 72 rebalances, 512 samples of an untrained policy (length 12), top 10, one thread, medians.
The plain way scores each formula on the whole panel in float32 and loops over the months; ``tuned`` is the same with
rolling sums by cumsum. The converging policy is a real search; its last third is timed.

usage: python -m benchmarks.formula [--quick]

Prints a table; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence

import numpy as np
import torch

from benchmarks import formula_features, formula_onnx, formula_py36, stack_machine
from benchmarks.formula_roofline import batch_work
from benchmarks.machine import measure_machine, median_seconds
from benchmarks.made_bars import open_market, random_bars
from jq_strategy import formula as language
from sdk.formula.panel_scores import PanelScores
from sdk.scoring.monthly import Costs, MonthlyMarket, top_k_portfolios
from sdk.training.config import TrainConfig, make_config
from sdk.training.grammar import Grammar
from sdk.training.learn import make_policy, search
from sdk.training.precision import compare_precisions
from sdk.training.reward import Evaluator, Judgement
from sdk.training.sampling import sample_formulas

STOCKS, DAYS, MONTHS, BATCH, TOP_K = 300, 1457, 72, 512, 10
SIGNAL_DAYS = np.linspace(300, DAYS - 2, MONTHS).astype(np.int64)
PUBLISHED_MS = (
    63.0  # a formula on the published way, 38 ms of score and 25 ms of reward, as reported for such systems
)


def sampled_formulas(count: int) -> list[tuple[int, ...]]:
    """Return samples of an untrained policy: legal lists of at most 12 tokens."""
    config = make_config({})
    grammar = Grammar("v2", 12)
    policy, _ = make_policy(config, grammar)
    return list(sample_formulas(policy, grammar, count, torch.Generator().manual_seed(1)).lists)


def scored_and_rewarded(panel: PanelScores, monthly: MonthlyMarket, lists: Sequence[tuple[int, ...]]) -> None:
    """Score and reward lists, nothing remembered."""
    trees = [language.parse(tokens, "v2") for tokens in lists]
    for scores in panel.batches_of(trees, SIGNAL_DAYS):
        top_k_portfolios(monthly, scores.astype(np.float64, copy=False), TOP_K, Costs())


def measure_search(bars: dict[str, np.ndarray], repeats: int, plain_formulas: int) -> dict[str, float]:
    """Compare score + reward of one batch with the plain way; milliseconds a formula, ratios."""
    monthly, lists = open_market(STOCKS, SIGNAL_DAYS), sampled_formulas(BATCH)
    panel, quick = PanelScores(bars), PanelScores(bars, "float32")
    both = PanelScores(bars, threads=2)
    figures = {}
    for name, which in (("ours_ms", panel), ("ours_float32_ms", quick)):
        scored_and_rewarded(which, monthly, lists)
        figures[name] = median_seconds(lambda p=which: scored_and_rewarded(p, monthly, lists), repeats) / BATCH * 1e3
    figures["ours_two_threads_wall_ms"] = _wall_ms(both, monthly, lists, repeats)
    scores = np.stack(list(panel.scores_of([language.parse(tokens, "v2") for tokens in lists[:64]], SIGNAL_DAYS)))
    reward = median_seconds(lambda: top_k_portfolios(monthly, scores, TOP_K, Costs()), repeats)
    figures["reward_ms"] = reward / 64 * 1e3
    figures["formulas_per_second"] = 1e3 / figures["ours_ms"]
    names = [name for name in language.token_names("v2") if not language.arity_of(name)]
    features = {
        name: torch.tensor(np.nan_to_num(panel.scores((name,), np.arange(DAYS))), dtype=torch.float32)
        for name in names
    }
    for name, operators, count in (
        ("plain", stack_machine.OPERATORS, plain_formulas // 4),
        ("tuned", stack_machine.TUNED, plain_formulas),
    ):

        def plain(table: stack_machine.Operators = operators, some: int = count) -> None:
            for tokens in lists[:some]:
                scored = stack_machine.scores(tokens, "v2", features, table)
                stack_machine.monthly_reward(scored, monthly, TOP_K, Costs())

        figures[f"{name}_torch_ms"] = median_seconds(plain, max(2, repeats // 2)) / count * 1e3
        figures[f"speedup_{name}"] = figures[f"{name}_torch_ms"] / figures["ours_ms"]
    figures["speedup_published"] = PUBLISHED_MS / figures["ours_ms"]
    report = compare_precisions(quick, panel, monthly, lists, "v2", TOP_K)
    figures["float32_changed_sets_share"] = report.share
    figures["float32_changed_formulas_share"] = report.changed_formulas / report.formulas
    return figures


def _wall_ms(panel: PanelScores, monthly: MonthlyMarket, lists: Sequence[tuple[int, ...]], repeats: int) -> float:
    scored_and_rewarded(panel, monthly, lists)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        scored_and_rewarded(panel, monthly, lists)
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2] / BATCH * 1e3


class TimedEvaluator(Evaluator):
    """Notes the CPU seconds of each batch; nothing is banned."""

    banned: frozenset[str] = frozenset()

    def __init__(self, panel: PanelScores, monthly: MonthlyMarket, config: TrainConfig) -> None:
        super().__init__(panel, monthly, config)
        self.seconds: list[float] = []

    def judge_all(self, lists: Sequence[tuple[int, ...]]) -> list[Judgement]:
        start = time.process_time()
        found = super().judge_all(lists)
        self.seconds.append((time.process_time() - start) / len(lists))
        return found


def measure_converging(bars: dict[str, np.ndarray], steps: int, batch: int) -> dict[str, float]:
    """Search and time the evaluator in the last third of the steps: milliseconds a sampled formula."""
    config = make_config({"steps": steps, "batch": batch, "top_k": TOP_K})
    evaluator = TimedEvaluator(PanelScores(bars), open_market(STOCKS, SIGNAL_DAYS), config)
    records = search(config, evaluator).records  # type: ignore[arg-type]
    last = len(records) * 2 // 3
    new = (records[-1].judged - records[last - 1].judged) / (batch * (len(records) - last))
    return {
        "converging_ms": float(np.median(evaluator.seconds[last:])) * 1e3,
        "converging_new_share": new,
        "converging_distinct_share": float(np.mean([record.distinct for record in records[last:]])),
    }


def measure_roofline(machine: dict[str, float]) -> dict[str, float]:
    """Return what the batch's steps move and compute at least, and how long the machine needs for it."""
    trees = [tree for tree in (language.parse(tokens, "v2") for tokens in sampled_formulas(BATCH)) if len(tree) > 1]
    names = [name for name in language.token_names("v2") if not language.arity_of(name)]
    work = batch_work(trees, SIGNAL_DAYS, STOCKS, {name: row for row, name in enumerate(names)})
    return {
        "moved_mb": work["bytes"] / 1e6,
        "mflop": work["flops"] / 1e6,
        "roof_l1_ms": work["bytes"] / machine["triad_l1_gb_s"] / 1e6,
        "roof_flop_ms": work["flops"] / machine["fma_gflop_s"] / 1e6,
        "roof_memory_ms": 2 * work["scores"] / machine["triad_gb_s"] / 1e6,  # scores out and in again
        "whole_panel_memory_ms": 8.0 * 3 * 7.1 * STOCKS * DAYS / machine["triad_gb_s"] / 1e6,
    }


def main() -> None:
    """Measure, print a table, and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer repeats (under 45 s)")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    bars = random_bars(STOCKS, DAYS)
    figures = measure_machine()
    figures.update(measure_search(bars, repeats=5 if quick else 9, plain_formulas=64 if quick else 256))
    figures.update(measure_converging(bars, *((21, 128) if quick else (60, 512))))
    figures["speedup_converging_tuned"] = figures["tuned_torch_ms"] / figures["converging_ms"]
    figures["speedup_converging_plain"] = figures["plain_torch_ms"] / figures["converging_ms"]
    figures.update(measure_roofline(figures))
    figures["times_roof_l1"] = (figures["ours_ms"] - figures["reward_ms"]) / figures["roof_l1_ms"]
    figures.update({f"features_{name}": value for name, value in formula_features.measure(STOCKS, 2_900).items()})
    for name, value in figures.items():
        print(f"{name:<32}{value:>12.4f}")
    if not quick:
        for part in (formula_onnx, formula_py36):
            figures.update(part.measure_all())
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
