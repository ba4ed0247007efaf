"""What an import finds: problems refuse it, doubts are kept in the bundle and shown by ``jqalpha market check``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sdk.errors import MarketError

SHOWN = 3


@dataclass(frozen=True)
class Problem:
    """Something impossible: ``count`` cells of ``column`` in ``file``, with the first examples in words."""

    file: str
    column: str
    what: str
    count: int
    examples: tuple[str, ...] = ()
    next_step: str = ""

    def line(self) -> str:
        """Return the problem as one line."""
        shown = f"; e.g. {'; '.join(self.examples)}" if self.examples else ""
        step = f" → {self.next_step}" if self.next_step else ""
        return f"{self.file} · {self.column} · {self.what} · {self.count}×{shown}{step}"


@dataclass(frozen=True)
class Doubt:
    """Something that may be true but should be known: kept in the manifest under ``report``."""

    name: str
    count: int
    words: str
    examples: tuple[str, ...] = ()
    known_good: bool = False  # a remark that does not make the bundle doubtful

    def entry(self) -> dict[str, Any]:
        """Return the doubt as plain data for the manifest."""
        level = "note" if self.known_good else "doubt"
        return {
            "name": self.name,
            "level": level,
            "count": self.count,
            "words": self.words,
            "examples": list(self.examples),
        }


def refuse(problems: Iterable[Problem]) -> None:
    """Raise one MarketError that lists all problems; do nothing when there is none."""
    found = list(problems)
    if found:
        lines = "\n".join(f"  {number}. {problem.line()}" for number, problem in enumerate(found, 1))
        noun = "problem" if len(found) == 1 else "problems"
        raise MarketError(f"nothing was imported: {len(found)} {noun}\n{lines}")
