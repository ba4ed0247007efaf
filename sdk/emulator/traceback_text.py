"""The traceback that the platform logs when a strategy raises: the strategy's own frames only.

# platform: user frames are ``user_code.py`` below the folder ``strategy`` of the root-level temporary folder
(JOINQUANT.md §7.1); the engine's own frames between them are its private business and differ anyway.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import PurePosixPath
from types import TracebackType

USER_CODE = str(PurePosixPath("/", "tmp", "strategy", "user_code.py"))


def user_traceback(error: BaseException, sources: Mapping[str, list[str]]) -> str:
    """Return the traceback as text; ``sources`` = file -> lines of the strategy and its own libraries.

    What the error came from stands before it, as in Python, unless no line of the strategy raised it.
    """
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and _frames(before.__traceback__, sources):
        between = _CAUSE if error.__cause__ is not None else _WHILE
        return f"{user_traceback(before, sources)}\n\n{between}\n\n{_one(error, sources)}"
    return _one(error, sources)


_CAUSE = "The above exception was the direct cause of the following exception:"
_WHILE = "During handling of the above exception, another exception occurred:"


def _one(error: BaseException, sources: Mapping[str, list[str]]) -> str:
    lines = ["Traceback (most recent call last):"]
    for file, number, function in _frames(error.__traceback__, sources):
        lines.append(f'  File "{file}", line {number}, in {function}')
        if 0 < number <= len(sources[file]):
            lines.append(f"    {sources[file][number - 1].strip()}")
    last = traceback.format_exception_only(type(error), error)
    return "\n".join([*lines, "".join(last).rstrip("\n").replace(f"{type(error).__module__}.", "", 1)])


def _frames(trace: TracebackType | None, sources: Mapping[str, list[str]]) -> list[tuple[str, int, str]]:
    found = []
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename in sources:
            found.append((code.co_filename, trace.tb_lineno, code.co_name))
        trace = trace.tb_next
    return found
