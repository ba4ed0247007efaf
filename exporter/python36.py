"""The platform's Python on this machine: find it, and have it score bars with an exported strategy."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from exporter import score_on_36
from exporter.neutral_data import NeutralData
from sdk.errors import ExportError

_ASK = "import sys, numpy; print('%d.%d.%d numpy' % sys.version_info[:3], numpy.__version__)"
_HOW = (
    "give one with --python PATH; to make one: python3.6 -m venv .venv36 && "
    ".venv36/bin/pip install numpy==1.14.6 pandas==0.23.4 (or `make setup36`)"
)


def find_python36(given: Path | None = None) -> tuple[Path, str]:
    """Return an interpreter of the platform's era and what it says of itself, e.g. ``3.6.15 numpy 1.14.6``.

    Without ``given``: .venv36 here or beside this package, then python3.6 on the path. Raises ExportError that says
    how to get one.
    """
    beside = Path(__file__).resolve().parent.parent
    places = [given] if given else [base / ".venv36" / "bin" / "python" for base in (Path.cwd(), beside)]
    on_path = shutil.which("python3.6")
    if on_path and not given:
        places.append(Path(on_path))
    found = next((place for place in places if place.exists()), None)
    if found is None:
        looked = ", ".join(str(place) for place in places)
        raise ExportError(f"找不到 CPython 3.6 no Python 3.6 (looked at {looked}); {_HOW}")
    version = _run([str(found), "-c", _ASK], f"{found} cannot import numpy")
    return found, version.strip()


def scores_by_python36(
    python: Path, strategy: str, bars: dict[str, np.ndarray], neutral: NeutralData | None = None
) -> np.ndarray:
    """Return the scores (stocks,) that ``strategy`` (text of strategy.py) computes from bars under ``python``.

    ``neutral``: the exposures of the day, for a strategy that takes them out.
    """
    given = dict(bars)
    if neutral is not None:
        given[score_on_36.STYLES] = neutral.styles
        if neutral.industries is not None:
            given[score_on_36.INDUSTRIES] = np.array(neutral.industries, dtype=str)
    with tempfile.TemporaryDirectory(prefix="jqalpha-score-") as name:
        place = Path(name)
        (place / "strategy.py").write_text(strategy, "utf-8")
        np.savez(place / "bars.npz", **given)  # type: ignore[arg-type]  # its stub takes the names for options
        files = [str(place / part) for part in ("strategy.py", "bars.npz", "scores.npy")]
        _run([str(python), score_on_36.__file__, *files], f"strategy.py failed under {python}")
        return np.load(place / "scores.npy", allow_pickle=False)


def _run(command: list[str], what: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as problem:
        raise ExportError(f"{what}: {problem}; {_HOW}") from problem
    if done.returncode:
        words = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise ExportError(f"{what}: {words[0]}; {_HOW}")
    return done.stdout
