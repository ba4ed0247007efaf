"""read_file, write_file, send_message: files of the strategy, kept inside the run.

Files live in memory while the strategy runs and are written to ``files/`` of the run directory at the end.
``read_file`` finds what the run wrote, else a file beside the strategy: that folder stands for the root of the
platform's research files; ``run.json`` names what was read from it and its hash. A path that would leave either is
refused. Source: JOINQUANT.md §6.7.
"""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from sdk.errors import StrategyError

LONGEST_NAME = 200


class StrategyFiles:
    """``content``: path -> bytes; ``folder`` of the strategy, None for one that is no file; ``read``: path -> SHA-256
    of what was read from there."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.folder: Path | None = None
        self.read: dict[str, str] = {}
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
        """Return what this run wrote before, or a file beside the strategy."""
        key = _inside(path)
        if key not in self.content:
            return self._beside(key)
        return self.content[key]

    def _beside(self, key: str) -> bytes:
        root = self.folder.resolve() if self.folder is not None else None
        found = None if root is None else (root / key).resolve()
        if root is None or found is None or not found.is_relative_to(root) or not found.is_file():
            where = "" if root is None else " and there is none beside the strategy"
            raise StrategyError(f"read_file({key!r}): this run wrote no such file{where}")
        data = found.read_bytes()
        self.read[key] = hashlib.sha256(data).hexdigest()
        return data

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
