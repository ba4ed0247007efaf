"""One training run from settings to run directory: the call behind ``jqalpha train`` and the examples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click

from sdk.formula.formula_file import FormulaFile
from sdk.market.bundle import Bundle
from sdk.training.config import TrainConfig
from sdk.training.learn import SearchResult, StepRecord, search
from sdk.training.precision import compare_precisions
from sdk.training.reward import Judge
from sdk.training.run_dir import write_run


def train_formula(
    bundle: Bundle, config: TrainConfig, out: Path, on_step: Callable[[StepRecord], None] = lambda record: None
) -> tuple[Path, FormulaFile, SearchResult]:
    """Search on a bundle and write ``out/<id>/``; return the directory, the best formula and the whole result."""
    judge = Judge(bundle, config)
    for name, reason in judge.refused.items():
        click.echo(f"不使用 {name}：{reason}", err=True)
    result, precision = search(config, judge, on_step), None
    if config.precision == "float32":
        exact = Judge(bundle, config.model_copy(update={"precision": "float64"}))
        precision = compare_precisions(
            judge.panel, exact.panel, judge.market, result.last_batch, config.vocabulary, config.top_k
        )
        click.echo(str(precision), err=True)
        result = replace(result, judgement=exact.judge(result.tokens))
    directory, formula = write_run(out, config, result, bundle.fingerprint, judge.period, precision)
    return directory, formula, result
