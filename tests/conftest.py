"""Places that many tests share: the project's root, the folder of real data beside it, small made markets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# One thread a worker: the suite runs several workers, and torch would give each of them all cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


def shared(relative: str) -> Path:
    """Return a path of the real data; skip, saying so loudly, where the folder is absent."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f"REAL DATA ABSENT: {path} does not exist, this test proved nothing")
    return path
