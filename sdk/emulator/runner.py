"""Run a strategy on a bundle: ``run_backtest`` is what the command line, the trainer's checks and parity call.

The result is the platform's: log.txt, transaction.csv, position.csv, result.csv, and run.json with what was run
(strategy and bundle by hash), how (options, rules that differ) and the figures. Same input, same bytes in every
file except timings.json.
"""

from __future__ import annotations

import datetime as dt
import time
import traceback
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sdk.emulator.engine import Engine
from sdk.emulator.lib.preset import preset_names
from sdk.emulator.namespace import importable_modules, strategy_names
from sdk.emulator.result import RunResult, collect
from sdk.emulator.rules import RuleBook
from sdk.emulator.run_directory import check_target, write_run
from sdk.emulator.session import Session
from sdk.emulator.user_module import UserModule, read_text
from sdk.emulator.watch import StopRun, Watch
from sdk.errors import ConfigError, StrategyError, nearest
from sdk.market.bundle import Bundle

_FREQUENCIES = {"day": "day", "daily": "day", "1d": "day", "minute": "minute", "1m": "minute", "tick": "tick"}


@dataclass(frozen=True)
class Job:
    """What to run, resolved."""

    name: str
    source: str
    folder: Path | None
    start: dt.date
    end: dt.date
    cash: float
    frequency: str
    rules: RuleBook


def run_backtest(
    strategy: Path | str,
    bundle: Bundle,
    start: str | dt.date,
    end: str | dt.date,
    cash: float = 1_000_000,
    out: Path | str | None = None,
    frequency: str = "day",
    rules: Mapping[str, object] | None = None,
    name: str | None = None,
    watch: Watch | None = None,
) -> RunResult:
    """Run ``strategy`` (a file, or its text) from ``start`` to ``end`` inclusive; write ``out`` when given.

    ``frequency`` 'day', 'minute' or 'tick'; the last two need a bundle with minute bars in every month of the run.

    The strategy runs inside the caller's process; ``isolated.run_isolated`` gives it one of its own. A strategy
    that raises gives a result with status ``failed``. StrategyError: it cannot be compiled.
    ConfigError: dates outside the bundle, capital, rules, target directory.
    """
    clock = time.perf_counter
    started = clock()
    job = _resolve(strategy, start, end, cash, frequency, rules, name)
    target = None if out is None else Path(out)
    if target is not None:
        check_target(target)
    session, module = _open(job, bundle)
    prepared = clock()
    names = strategy_names(session)
    engine = Engine(session, module)
    error: BaseException | None
    try:
        with _watched(watch, job, session):
            error = engine.run({**preset_names(job.rules), **names}, importable_modules(session, names))
    except (StopRun, MemoryError) as stop:
        error = stop
    if isinstance(error, MemoryError):
        traceback.clear_frames(error.__traceback__)  # they hold what filled the memory; writing the run needs some
    ran = clock()
    result, files = collect(job, session, error, target)
    if target is not None:
        marks = {"prepare": prepared - started, "run": ran - prepared, "collect": clock() - ran}
        write_run(target, {**files, "timings.json": _timings(marks)})
    return result


def _watched(watch: Watch | None, job: Job, session: Session) -> AbstractContextManager[None]:
    if watch is None:
        return nullcontext()
    unfinished = StopRun("运行没有结束 · the run did not reach its end")
    return watch.over(session, lambda: collect(job, session, unfinished, None)[1])


def open_session(
    strategy: Path | str,
    bundle: Bundle,
    start: str | dt.date,
    end: str | dt.date,
    cash: float,
    frequency: str,
    rules: Mapping[str, object],
) -> tuple[Session, UserModule]:
    """Return a session and the strategy's module, ready to be driven; errors as in ``run_backtest``."""
    return _open(_resolve(strategy, start, end, cash, frequency, rules, None), bundle)


def _open(job: Job, bundle: Bundle) -> tuple[Session, UserModule]:
    module = UserModule(job.source, job.name, job.folder)
    first, last = _span(bundle.days, job.start, job.end)
    session = Session(bundle, job.rules, (job.start, job.end), first, last, job.cash, job.frequency)
    session.files.folder = job.folder
    _check_minutes(session)
    return session, module


def _resolve(
    strategy: Path | str,
    start: str | dt.date,
    end: str | dt.date,
    cash: float,
    frequency: str,
    rules: Mapping[str, object] | None,
    name: str | None,
) -> Job:
    if frequency not in _FREQUENCIES:
        raise ConfigError(
            f"frequency={frequency!r}{nearest(str(frequency), _FREQUENCIES)}; choose 'day', 'minute' or 'tick'"
        )
    frequency = _FREQUENCIES[frequency]
    if not (isinstance(cash, int | float) and 0 < cash < float("inf")):
        raise ConfigError(f"cash={cash!r} must be a positive number of CNY")
    first, last = _date(start, "start"), _date(end, "end")
    if first > last:
        raise ConfigError(f"start {first} is after end {last}")
    is_text = isinstance(strategy, str) and ("\n" in strategy or not strategy.endswith(".py"))
    if is_text:
        return Job(name or "strategy", str(strategy), None, first, last, float(cash), frequency, RuleBook(rules))
    path = Path(strategy)
    try:
        source = read_text(path)
    except OSError as error:
        raise StrategyError(f"{path}: cannot be read ({error.strerror or error})") from error
    return Job(name or path.name, source, path.parent, first, last, float(cash), frequency, RuleBook(rules))


def _date(value: str | dt.date, name: str) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError as error:
        raise ConfigError(f"{name}={value!r} is not a date; write it like 2024-12-31") from error


def _span(days: np.ndarray, start: dt.date, end: dt.date) -> tuple[int, int]:
    """Return the indices of the first and last trading day of the run."""
    have = f"the bundle covers {days[0]} … {days[-1]}"
    if np.datetime64(start) > days[-1] or np.datetime64(end) < days[0]:
        raise ConfigError(f"{start} … {end} has no trading day in this bundle; {have}")
    if np.datetime64(end) > days[-1]:
        raise ConfigError(f"end {end} is later than the data; {have}; run at most to {days[-1]}")
    first = int(np.searchsorted(days, np.datetime64(start)))
    last = int(np.searchsorted(days, np.datetime64(end), side="right")) - 1
    if first == 0 and np.datetime64(start) < days[0] - np.timedelta64(14, "D"):
        raise ConfigError(f"start {start} is earlier than the data; {have}; start at {days[0]} or later")
    if first > last:
        raise ConfigError(f"{start} … {end} has no trading day; {have}")
    return first, last


def _check_minutes(session: Session) -> None:
    if session.frequency == "day":
        return
    lacking = session.minutes.lacking(session.first, session.last)
    if lacking:
        have = "it has none at all" if not session.minutes.offered else f"it lacks {' '.join(lacking[:12])}"
        raise ConfigError(
            f"frequency={session.frequency!r} needs minute bars in this bundle, {have}; "
            "`jqalpha market synth --minutes` makes some, docs/emulator.md says how they are stored"
        )


def _timings(marks: Mapping[str, float]) -> bytes:
    lines = ",\n".join(f'  "{name}_seconds": {seconds:.3f}' for name, seconds in marks.items())
    return f"{{\n{lines}\n}}\n".encode()
