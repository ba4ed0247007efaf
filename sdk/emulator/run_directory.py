"""The run directory, written whole or not at all.

Files are written beside the target, synced, and renamed into place. An existing run directory of a backtest (its
``run.json`` says so) or an empty one is replaced; anything else is left alone and the run refused before it starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sdk import files
from sdk.errors import ConfigError

MARK, FORMAT = "run.json", "jqalpha-run"


def check_target(out: Path) -> None:
    """ConfigError when ``out`` holds something that is no backtest, or cannot be written."""
    if why := files.objection(out, MARK, FORMAT):
        raise ConfigError(f"--out 不能写在这里 · {why}")


def write_run(out: Path, contents: Mapping[str, bytes]) -> None:
    """Write ``contents`` (path inside the run -> bytes) as the directory ``out``, replacing an older run."""
    check_target(out)
    with files.fresh_directory(out, MARK, FORMAT) as beside:
        for name, content in contents.items():
            files.write_new(beside / name, content)
