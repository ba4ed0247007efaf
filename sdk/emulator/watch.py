"""What keeps a run within its bounds: a time limit, a memory limit, and a copy of what it has done so far.

Used by the process that runs a strategy for the command line (``child.py``); a run inside the caller's process has
no watch and pays nothing. The limits stop the strategy from the inside, so that everything up to that moment is
written; if the process dies anyhow, its parent finds the log up to the last line and the books up to the last
copy (``partial.zip``, taken at most every ``APART`` seconds and for at most a tenth of the time).
"""

from __future__ import annotations

import contextlib
import signal
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sdk.emulator.session import Session

PARTIAL, LOG = "partial.zip", "log.txt"
APART = 1.0
_ENDINGS = {
    signal.SIGTERM: "运行被终止 · terminated from outside",
    signal.SIGINT: "运行被用户中断 · interrupted",
}


class StopRun(BaseException):
    """The run must end now; no Exception, so that ``except Exception`` of a strategy cannot hold it up."""


class Watch:
    """Bounds of one run and its copies in ``folder``; ``seconds`` and ``megabytes`` of 0 are no bounds."""

    def __init__(self, folder: Path, seconds: float, megabytes: int) -> None:
        self._folder, self._seconds, self._megabytes = folder, seconds, megabytes
        self._next = 0.0

    @contextlib.contextmanager
    def over(self, session: Session, files: Callable[[], Mapping[str, bytes]]) -> Iterator[None]:
        """Watch one session inside the block; ``files`` gives the run directory as of now."""
        with (self._folder / LOG).open("w", encoding="utf-8", errors="backslashreplace", buffering=1) as log:
            session.book.tee = log.write
            session.recorder.after_day = lambda: self._copy(files)
            try:
                self._copy(files)
                with self._bounds():
                    yield
            finally:
                session.book.tee = session.recorder.after_day = None

    def _copy(self, files: Callable[[], Mapping[str, bytes]]) -> None:
        started = time.monotonic()
        if started < self._next:
            return
        beside = self._folder / f".{PARTIAL}"
        with zipfile.ZipFile(beside, "w") as archive:
            for name, content in files().items():
                archive.writestr(name, content)
        beside.replace(self._folder / PARTIAL)
        done = time.monotonic()
        self._next = done + max(APART, 10 * (done - started))

    @contextlib.contextmanager
    def _bounds(self) -> Iterator[None]:
        before = {number: signal.signal(number, _stopper(words)) for number, words in _ENDINGS.items()}
        limit_memory(self._megabytes)
        try:
            with within(self._seconds):
                yield
        finally:
            limit_memory(0)
            for number, handler in before.items():
                signal.signal(number, handler)


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Stop the block by StopRun after so many seconds of wall clock; 0, or a system without timers: no bound."""
    if seconds <= 0 or not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, _stopper(time_words(seconds)))
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)  # and again every second: ``except:`` may swallow the first
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def time_words(seconds: float) -> str:
    """Return what is said of a run that took too long."""
    return f"超过时间上限 {seconds:g} 秒，已停止 · stopped at the time limit (--time-limit)"


def _stopper(words: str) -> Callable[[int, Any], None]:
    def stop(number: int, frame: Any) -> None:
        raise StopRun(words)

    return stop


def limit_memory(megabytes: int) -> None:
    """Let the process own at most so much private memory; 0 lifts the limit again. Nothing where it cannot be."""
    try:
        import resource
    except ImportError:
        return
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    soft = megabytes * 2**20 if megabytes else hard
    resource.setrlimit(resource.RLIMIT_DATA, (min(soft, hard) if hard != resource.RLIM_INFINITY else soft, hard))
