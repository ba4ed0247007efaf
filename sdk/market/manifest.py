"""The manifest: what a bundle says about itself, and whether its files are still the ones it spoke of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sdk.errors import MarketError
from sdk.market.layout import FILE_NAME, FORMAT, MANIFEST, REQUIRED_FILES, SCHEMA


def read_manifest(root: Path) -> dict[str, Any]:
    """Return the manifest of the bundle at ``root``; MarketError in one line if it is not one we can read."""
    place = root / MANIFEST
    if not root.is_dir():
        raise MarketError(f"{root} is not a market bundle: no such directory; make one with `jqalpha market synth`")
    if not place.is_file():
        raise MarketError(f"{root} is not a market bundle: it has no {MANIFEST}")
    try:
        manifest = json.loads(place.read_text("utf-8"))
    except (ValueError, OSError) as error:
        raise MarketError(f"{place} is not readable JSON ({error}); build the bundle again") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise MarketError(f"{root} is not a market bundle: {MANIFEST} does not say format {FORMAT!r}")
    if manifest.get("schema") != SCHEMA:
        raise MarketError(f"{place}: schema {manifest.get('schema')!r}, this version reads {SCHEMA}; import it again")
    if not isinstance(manifest.get("coverage"), dict):
        raise MarketError(f"{place}: 'coverage' is missing; build the bundle again")
    _check_files(place, manifest.get("files"))
    return manifest


class StoredFiles:
    """The files of a bundle, each compared with its sha256 before it is read for the first time.

    MarketError at once for one that is missing. ``hashes=False`` compares nothing.
    """

    def __init__(self, root: Path, files: Mapping[str, str], hashes: bool) -> None:
        for name in sorted(files):
            if not (root / name).is_file():
                raise MarketError(f"{root}: {name} is missing, although {MANIFEST} lists it; build the bundle again")
        self._root, self._files = root, dict(files)
        self._trusted = set() if hashes else set(files)

    def path(self, name: str) -> Path:
        """Return the path of a file, whether or not it was compared: for messages and names of columns."""
        return self._root / name

    def trusted(self, name: str) -> Path:
        """Return the path of a file that is still the one written down; MarketError when it has changed."""
        path = self.path(name)
        if name not in self._trusted:
            written = self._files[name]
            try:
                found = sha256_of(path)
            except OSError as error:
                raise MarketError(f"{path} cannot be read ({error})") from error
            if found != written:
                raise MarketError(
                    f"{self._root}: {name} has changed since it was written "
                    f"(sha256 {found[:12]}…, {MANIFEST} says {written[:12]}…); build the bundle again"
                )
            self._trusted.add(name)
        return path


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fingerprint_of(files: Mapping[str, str]) -> str:
    """A manifest names files inside its own directory only, and at least the required ones."""
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _check_files(place: Path, files: object) -> None:
    """A manifest names files inside its own directory only, and at least the required ones."""
    if not isinstance(files, dict) or not all(isinstance(digest, str) for digest in files.values()):
        raise MarketError(f"{place}: 'files' must map file names to sha256; build the bundle again")
    for name in files:
        if not FILE_NAME.fullmatch(name) or ".." in name:
            raise MarketError(f"{place}: {name!r} is not a file name inside a bundle")
    for name in REQUIRED_FILES:
        if name not in files:
            raise MarketError(f"{place}: {name} is not listed; a bundle cannot do without it")
