"""log.txt as the platform writes it: one entry a line, logical time, padded level.

    2026-01-05 09:30:00 - INFO  - 金叉买入 …
    2026-01-05 09:30:00 - WARNING - …

An entry may hold newlines (a traceback); they continue without a prefix. ``print`` is ``log.info``; of several
arguments each becomes an entry, unless the first is a %-format for the others. Nothing else ever writes here.
Source: JOINQUANT.md §7.1; platform: line forms of all files in platform_runs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from sdk.emulator.clock import Clock
from sdk.errors import StrategyError, nearest

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
NAMES = ("order", "history", "strategy", "system")
_PADDED = {level: f" - {level.upper():<5} - " for level in LEVELS}


class Logbook:
    """The entries of one run, kept in memory until the run directory is written; ``tee`` gets each as well."""

    def __init__(self, clock: Clock, rules: Mapping[str, str]) -> None:
        self._clock = clock
        self._own_line = rules["log_extra_arguments"] == "own_line"
        self._least = dict.fromkeys(NAMES, 10)
        self.entries: list[str] = []
        self.tee: Callable[[str], object] | None = None

    def set_level(self, name: str, level: str) -> None:
        """Hide entries of ``name`` below ``level``."""
        if name not in NAMES:
            raise StrategyError(f"log.set_level: no log {name!r}{nearest(str(name), NAMES)}")
        if level not in LEVELS:
            raise StrategyError(f"log.set_level: no level {level!r}{nearest(str(level), LEVELS)}")
        self._least[name] = LEVELS[level]

    def shows(self, name: str, level: str) -> bool:
        """True when an entry of this kind would be kept; lets callers skip building the text."""
        return LEVELS[level] >= self._least[name]

    def write(self, name: str, level: str, text: str) -> None:
        """Append one entry unless its level is hidden."""
        if LEVELS[level] >= self._least[name]:
            entry = self._clock.text + _PADDED[level] + text
            self.entries.append(entry)
            if self.tee is not None:
                self.tee(f"{entry}\n")

    def say(self, level: str, *parts: object) -> None:
        """Append what the strategy says."""
        if len(parts) > 1 and isinstance(parts[0], str) and "%" in parts[0]:
            # what is no format for these arguments is an entry of its own
            with contextlib.suppress(TypeError, ValueError):
                parts = (parts[0] % parts[1:],)
        if len(parts) > 1 and not self._own_line:
            parts = (" ".join(str(part) for part in parts),)
        for part in parts or ("",):
            self.write("strategy", level, str(part))

    def text(self) -> str:
        """The whole file; every entry ends with a newline."""
        return "".join(f"{entry}\n" for entry in self.entries)


class Log:
    """``log`` of a strategy."""

    __slots__ = ("_book",)

    def __init__(self, book: Logbook) -> None:
        self._book = book

    def __repr__(self) -> str:
        return "log"

    def debug(self, *parts: object) -> None:
        """DEBUG entry."""
        self._book.say("debug", *parts)

    def info(self, *parts: object) -> None:
        """INFO entry."""
        self._book.say("info", *parts)

    def warning(self, *parts: object) -> None:
        """WARNING entry."""
        self._book.say("warning", *parts)

    warn = warning

    def error(self, *parts: object) -> None:
        """ERROR entry."""
        self._book.say("error", *parts)

    def set_level(self, name: str, level: str) -> None:
        """Hide entries of a log below a level."""
        self._book.set_level(name, level)
