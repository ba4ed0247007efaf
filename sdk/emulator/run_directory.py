"""The run directory, written whole or not at all.

Files are written beside the target, synced, and renamed into place. An existing run directory (it has a
``run.json``) or an empty one is replaced; anything else is left alone and the run refused before it starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sdk import files
from sdk.errors import ConfigError

MARK = "run.json"


def check_target(out: Path) -> None:
    """ConfigError when ``out`` holds something that is no run."""
    if out.exists() and not out.is_dir():
        raise ConfigError(f"--out {out} is a file; give a new directory")
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        raise ConfigError(f"--out {out} is a directory that is no backtest run (it has no {MARK}); give a new one")


def write_run(out: Path, contents: Mapping[str, bytes]) -> None:
    """Write ``contents`` (path inside the run -> bytes) as the directory ``out``, replacing an older run."""
    check_target(out)
    with files.fresh_directory(out, MARK) as beside:
        for name, content in contents.items():
            files.write_new(beside / name, content)
