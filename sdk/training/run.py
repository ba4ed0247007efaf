"""One training run from settings to run directory: the call behind ``jqalpha train`` and the examples.

Search on the training period, select on the validation period, confirm in the emulator, write. While the search runs
its checkpoints lie in ``out/.working/<run id>/``; that directory goes when the run directory stands.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click

from sdk import files
from sdk.errors import ConfigError
from sdk.formula.formula_file import FormulaFile
from sdk.market.bundle import Bundle
from sdk.training.checkpoint import Checkpoints
from sdk.training.config import TrainConfig
from sdk.training.confirmation import Confirmed, Premises, confirmation
from sdk.training.learn import SearchResult, search
from sdk.training.period_screen import PeriodScreen
from sdk.training.precision import PrecisionReport, compare_precisions
from sdk.training.progress import StepRecord
from sdk.training.reward import Judge
from sdk.training.run_dir import FORMAT, MARKER, formula_of, run_id, write_run
from sdk.training.select import Selection, select

Unfinished = Literal["refuse", "resume", "discard"]


@dataclass(frozen=True, eq=False)
class TrainedRun:
    """What a run gave: its directory, the formula that is shipped, the search, the selection."""

    directory: Path
    formula: FormulaFile
    result: SearchResult
    selection: Selection


def train_formula(
    bundle: Bundle,
    config: TrainConfig,
    out: Path,
    on_step: Callable[[StepRecord], None] = lambda record: None,
    unfinished: Unfinished = "refuse",
) -> TrainedRun:
    """Search on a bundle, select, and write ``out/<id>/``.

    ``unfinished``: what to do with checkpoints of the same settings and data: go on from the newest (``resume``),
    delete them (``discard``), or raise ConfigError (``refuse``).
    """
    name = run_id(config, bundle.fingerprint)
    if why := files.objection(out / name, MARKER, FORMAT):
        raise ConfigError(f"--out 不能写在这里 · {why}")
    working = _working(out, name, unfinished)
    judge = Judge(bundle, config)
    for name, reason in judge.refused.items():
        click.echo(f"不使用 {name}：{reason}", err=True)
    if judge.late_features:
        click.echo(f"训练期 {judge.late_features}", err=True)
    widest = int(judge.market.members.sum(axis=0).max())
    if config.top_k >= widest:
        click.echo(
            f"top_k = {config.top_k} 不小于股票池（至多 {widest} 只）：每个公式都买下整个池 · "
            "the whole pool is bought whatever the formula; choose a smaller top_k",
            err=True,
        )
    checkpoints = Checkpoints(working, config.hash, bundle.fingerprint)
    result = search(config, judge, on_step, checkpoints if config.checkpoint_every else None)
    exact, precision = judge, None
    if config.precision == "float32":
        exact, precision = _exact(bundle, config, judge, result)
    selection = select_formula(bundle, config, exact, result)
    formula = formula_of(selection.choice.tokens, result, config, bundle.fingerprint)
    directory = write_run(out, config, (result, selection, formula), bundle.fingerprint, judge.period, precision)
    shutil.rmtree(working, ignore_errors=True)
    return TrainedRun(directory, formula, result, selection)


def select_formula(bundle: Bundle, config: TrainConfig, judge: Judge, result: SearchResult) -> Selection:
    """Return the selection of a finished search; ``judge`` is that of the training period in float64."""
    exact = config.exact
    valid = None if config.valid == ("", "") else PeriodScreen(Judge.on(bundle, exact, config.valid), exact)
    ask = confirmation()

    def confirm(tokens: tuple[int, ...]) -> Confirmed:
        assert ask is not None
        assert valid is not None
        formula = formula_of(tokens, result, config, bundle.fingerprint)
        return ask(formula, bundle, *valid.span, config.part(Premises))

    screens = (PeriodScreen(judge, exact), valid)
    return select(result.candidates, result.trials, config, judge.banned, screens, None if ask is None else confirm)


def _exact(bundle: Bundle, config: TrainConfig, judge: Judge, result: SearchResult) -> tuple[Judge, PrecisionReport]:
    exact = Judge(bundle, config.exact)
    precision = compare_precisions(
        judge.panel, exact.panel, judge.market, result.last_batch, config.vocabulary, config.top_k
    )
    click.echo(str(precision), err=True)
    return exact, precision


def _working(out: Path, name: str, unfinished: Unfinished) -> Path:
    """Return the directory of the checkpoints of a run, as the caller wants it treated."""
    working = out / ".working" / name
    if working.is_dir() and any(working.iterdir()):
        if unfinished == "refuse":
            raise ConfigError(
                f"{working}: 同一设置与数据的训练没有结束 · an unfinished run of the same settings and data; "
                "continue it with --resume or start anew with --fresh"
            )
        if unfinished == "discard":
            shutil.rmtree(working)
    return working
