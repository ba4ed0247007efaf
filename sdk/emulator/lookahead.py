"""The look-ahead check: does a decision change when everything after it is replaced by other values?

The strategy runs once. Before each probed day the process forks; the copy draws a veil over what an instant of that
day cannot know (veil.py), runs the one day and tells its calls; the original runs the day on the true bars. An order
that differs is a proof: what the strategy had done until the instant depends on what came after it. The first data
call whose answer differs is named as the source, and reported by itself where no order changed that day. A copy that
does not reach the end of its day (killed, out of time) proves nothing: it is counted as not judged.

Per day three copies: before the open (calls before 09:25 count), at the open (calls up to 09:30), after the close
(calls of the whole day). Rule ``future_rows_without_guard`` is ``give``, as on the platform, so that a strategy
without ``avoid_future_data`` really gets the future it asks for.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sdk.emulator.calls import Call, CallRecorder
from sdk.emulator.clock import OPEN
from sdk.emulator.engine import Engine, StrategyRaised
from sdk.emulator.lib.preset import preset_names
from sdk.emulator.namespace import importable_modules, strategy_names
from sdk.emulator.runner import open_session
from sdk.emulator.summary import error_words
from sdk.emulator.veil import Instant, draw_veil
from sdk.emulator.watch import StopRun, within
from sdk.errors import ConfigError
from sdk.market.bundle import Bundle

_SECONDS_A_COPY = 120
_AUCTION = 9 * 3600 + 25 * 60
_LAST_SECOND = {Instant.BEFORE_OPEN: _AUCTION - 1, Instant.OPEN: OPEN, Instant.CLOSE: 24 * 3600}


@dataclass(frozen=True)
class Finding:
    """One proof: on ``date`` the call on ``line`` depends on what ``instant`` cannot know.

    ``kind`` is ``order`` (another order, or none) or ``data`` (another answer, the same orders that day).
    ``source`` is the data call whose answer changed first, empty where none did.
    """

    date: str
    instant: str
    kind: str
    line: int
    call: str
    other: str
    source: str
    source_line: int


@dataclass(frozen=True)
class LookaheadReport:
    """What was probed and found. ``unjudged``: copies that died; ``error``: what the strategy raised, if it did."""

    strategy: str
    days: int
    findings: list[Finding] = field(default_factory=list)
    unjudged: int = 0
    error: str = ""

    @property
    def clean(self) -> bool:
        """True when everything was judged and no decision and no answer changed."""
        return not self.findings and not self.unjudged and not self.error

    def to_json(self) -> str:
        """Return the report as JSON text."""
        return json.dumps({**asdict(self), "clean": self.clean}, ensure_ascii=False, indent=2) + "\n"


def check_lookahead(
    strategy: Path | str,
    bundle: Bundle,
    start: str | dt.date,
    end: str | dt.date,
    cash: float = 1_000_000,
    every: int = 1,
    rules: Mapping[str, object] | None = None,
    on_day: Callable[[int, int], None] = lambda done, days: None,
    frequency: str = "day",
    seconds: float = 0.0,
) -> LookaheadReport:
    """Run ``strategy`` and probe every ``every``-th trading day; see the module's text.

    ``seconds``: time limit of the whole check, wall clock, in the main thread only; 0 = none. A check that reaches
    it tells what it found until then and says so in ``error``.

    Raises ConfigError where processes cannot fork (Windows: use WSL), and for dates and capital as ``run_backtest``.
    """
    if not hasattr(os, "fork"):
        raise ConfigError("the look-ahead check copies the running process (fork): use Linux, macOS or WSL")
    session, module = open_session(
        strategy, bundle, start, end, cash, frequency, {"future_rows_without_guard": "give", **(rules or {})}
    )
    for table in bundle.bar_tables:
        table.load()  # before the copies are made, so that a veil covers it
    recorder = CallRecorder(session.clock)
    engine = _Probing(session, module, recorder, every, on_day)
    names = recorder.wrap(strategy_names(session))
    error: BaseException | None
    try:
        with within(seconds):
            error = engine.run({**preset_names(session.rules), **names}, importable_modules(session, names))
    except StopRun as stop:
        error = stop
    days = len(range(session.first, session.last + 1, every))
    words = "" if error is None else error_words(error)
    return LookaheadReport(module.name, days, engine.findings, engine.unjudged, words)


class _Probing(Engine):
    """An engine that runs each probed day in veiled copies of the process too."""

    def __init__(
        self, session: Any, module: Any, recorder: CallRecorder, every: int, on_day: Callable[[int, int], None]
    ) -> None:
        super().__init__(session, module)
        self._recorder, self._every, self._on_day = recorder, every, on_day
        self.findings: list[Finding] = []
        self.unjudged = 0
        self._alive: list[int] = []

    def _quiet_until(self, day: int, stop: int) -> int:
        return day  # every day is probed

    def _day(self, day: int) -> None:
        first, last = self.session.first, self.session.last
        self._alive.clear()
        copies = {} if (day - first) % self._every else {instant: self._copy(day, instant) for instant in Instant}
        before = len(self._recorder.calls)
        try:
            super()._day(day)
        except StopRun:
            for child in self._alive:  # what stopped the original would hold up its copies too
                os.kill(child, signal.SIGKILL)
            raise
        finally:
            mine = self._recorder.calls[before:]
            for instant, copy in copies.items():
                theirs = copy()
                if theirs is None:
                    self.unjudged += 1
                    continue
                finding = _compare(str(self.session.bars.days[day]), instant, mine, theirs)
                if finding is not None and not any(_same_place(finding, other) for other in self.findings):
                    self.findings.append(finding)
        self._on_day(day - first + 1, last - first + 1)

    def _copy(self, day: int, instant: Instant) -> Callable[[], list[Call] | None]:
        """Fork; return what waits for the copy and gives its calls of the day, None if it died."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)  # no handler of the original may hold up the end
            signal.alarm(_SECONDS_A_COPY)
            code = 1
            try:
                self._run_veiled(day, instant, writing)
                code = 0
            finally:
                os._exit(code)
        os.close(writing)
        self._alive.append(child)

        def calls() -> list[Call] | None:
            with os.fdopen(reading, encoding="utf-8") as pipe:
                text = pipe.read()
            _, status = os.waitpid(child, 0)
            return [Call(*values) for values in json.loads(text)] if status == 0 else None

        return calls

    def _run_veiled(self, day: int, instant: Instant, writing: int) -> None:
        draw_veil(self.session.bars.bundle.bar_tables, day, instant)
        self.session.bars.forget()
        self.session.minutes.hide_from(day + 1 if instant is Instant.CLOSE else day)
        before = len(self._recorder.calls)
        with contextlib.suppress(StrategyRaised):  # what it had called until then is told
            super()._day(day)
        calls = self._recorder.calls[before:]
        with os.fdopen(writing, "w", encoding="utf-8") as pipe:
            json.dump([[call.second, call.name, call.arguments, call.line, call.answer] for call in calls], pipe)


def _compare(date: str, instant: Instant, mine: list[Call], theirs: list[Call]) -> Finding | None:
    """Return the first difference among the calls that the instant has seen, or None."""
    last = _LAST_SECOND[instant]
    true, veiled = ([call for call in calls if call.second <= last] for calls in (mine, theirs))
    pairs = list(zip(true, veiled, strict=False))
    source = next((one for one, other in pairs if not one.is_order and one != other and one.name == other.name), None)
    orders, others = ([call for call in calls if call.is_order] for calls in (true, veiled))
    words = (str(source), source.line) if source else ("", 0)
    for place in range(max(len(orders), len(others))):
        one = orders[place] if place < len(orders) else None
        other = others[place] if place < len(others) else None
        if one != other:
            line = (one or other).line  # type: ignore[union-attr]
            return Finding(date, instant.words, "order", line, str(one or "无"), str(other or "无"), *words)
    if source is not None:
        return Finding(date, instant.words, "data", source.line, str(source), "另一答案", *words)
    return None


def _same_place(one: Finding, other: Finding) -> bool:
    """Tell whether a finding says again what an earlier one said: the same lines, the same instant."""
    return (one.instant, one.kind, one.line, one.source_line) == (
        other.instant,
        other.kind,
        other.line,
        other.source_line,
    )
