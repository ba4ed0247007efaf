"""The memory of this process, as Linux tells it. (``ru_maxrss`` would start at what the parent process had.)"""

from __future__ import annotations

from pathlib import Path


def megabytes(field: str) -> float:
    """Return a field of /proc/self/status: ``VmRSS``, resident now, or ``VmHWM``, its peak."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) / 1024
