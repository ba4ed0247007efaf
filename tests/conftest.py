"""Places that many tests share: the project's root, the folder of real data beside it, small made markets."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


def shared(relative: str) -> Path:
    """Return a path of the real data; skip, saying so loudly, where the folder is absent."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f"REAL DATA ABSENT: {path} does not exist, this test proved nothing")
    return path
