"""Writing that never loses what was there: write beside, fsync, rename."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def write_bytes(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data`` in one step; on any error the old file stays as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    finally:
        Path(beside).unlink(missing_ok=True)


def write_new(path: Path, data: bytes) -> None:
    """Write a file of a directory that nobody sees yet; it is on the disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def write_text(path: Path, text: str) -> None:
    """Replace ``path`` by UTF-8 text in one step."""
    write_bytes(path, text.encode("utf-8"))


def to_json(value: Any) -> str:
    """Return the one JSON form used for every stored file: sorted keys, two spaces, a final newline."""
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False) + "\n"


def sha256(data: bytes) -> str:
    """Return the hex SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


def objection(target: Path, marker: str, kind: str) -> str:
    """Say why a directory of ``kind`` must not or cannot be written to ``target``; an empty text where it may.

    It may where nothing is, where an empty directory is, and where the file ``marker`` is a JSON object whose
    ``format`` is ``kind``. The name of the marker alone proves nothing: a bundle and an export both have a
    manifest.json, a training run and a backtest both have a run.json. To be asked before long work, not after it.
    """
    target = target.absolute()
    standing = next(place for place in target.parents if place.exists())
    if not standing.is_dir():
        return f"{standing} is a file, not a directory: choose another place"
    if not os.access(standing, os.W_OK | os.X_OK):
        return f"{standing} cannot be written to (read-only, or not yours): choose another place"
    if not target.is_dir():
        return f"{target} exists and is not a directory: choose another place" if target.exists() else ""
    if not any(target.iterdir()):
        return ""
    try:
        page = json.loads((target / marker).read_text("utf-8"))
    except FileNotFoundError:
        return f"{target} exists and holds no {marker}: it is left alone, choose another place"
    except (OSError, ValueError) as problem:
        return f"{target / marker} cannot be read ({problem}): it is left alone, choose another place"
    found = page.get("format") if isinstance(page, dict) else None
    if found == kind:
        return ""
    return f"{target} holds something else ({marker} says format {found!r}, not {kind!r}): choose another place"


@contextmanager
def fresh_directory(target: Path, marker: str, kind: str) -> Iterator[Path]:
    """Yield a directory beside ``target`` that replaces it when the block succeeds.

    FileExistsError with the ``objection`` if there is one. When the block raises, the target is
    untouched and nothing is left behind.
    """
    target = target.absolute()
    if why := objection(target, marker, kind):
        raise FileExistsError(why)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        yield beside
        os.chmod(beside, 0o755)
        old = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.old."))
        try:
            if target.exists():
                os.replace(target, old / target.name)
            os.replace(beside, target)
        except OSError:
            if (old / target.name).exists():
                os.replace(old / target.name, target)
            raise
        finally:
            shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
