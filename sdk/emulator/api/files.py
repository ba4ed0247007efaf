"""read_file, write_file, send_message: files of the strategy, kept inside the run.

Files live in memory while the strategy runs and are written to ``files/`` of the run directory at the end; a
path that would leave it is refused. Source: JOINQUANT.md §6.7.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from sdk.errors import StrategyError

LONGEST_NAME = 200


class StrategyFiles:
    """Path -> bytes."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.messages: list[str] = []

    def write_file(self, path: str, content: str | bytes, append: bool = False) -> None:
        """Write or append text (UTF-8) or bytes."""
        key = _inside(path)
        both = (name for name in self.content if name.startswith(f"{key}/") or key.startswith(f"{name}/"))
        if clash := next(both, None):
            raise StrategyError(f"write_file({path!r}): a file cannot be a folder as well, there is {clash!r}")
        data = content.encode("utf-8") if isinstance(content, str) else bytes(content)
        self.content[key] = self.content.get(key, b"") + data if append else data

    def read_file(self, path: str) -> bytes:
        """Return what this run wrote before."""
        key = _inside(path)
        if key not in self.content:
            raise StrategyError(
                f"read_file({path!r}): this run wrote no such file; only files of the run can be read"
            )
        return self.content[key]

    def send_message(self, message: str, channel: str = "weixin") -> None:
        """Does nothing in a backtest but keep the text."""
        self.messages.append(str(message)[:200])


def _inside(path: str) -> str:
    parts = PurePosixPath(str(path).replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or not parts.parts:
        raise StrategyError(f"{path!r} is outside the run directory; use a relative path without '..'")
    if any("\0" in part or len(part.encode("utf-8", "replace")) > LONGEST_NAME for part in parts.parts):
        raise StrategyError(f"{str(path)[:80]!r}: no file can have this name (NUL, or over {LONGEST_NAME} bytes)")
    return str(parts)
