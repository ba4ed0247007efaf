"""Bundles that tests of every room share, built once and kept for the next run.

``small_market()`` is a made market of 60 stocks and 3 years; ``real_market()`` is the real data, imported.
Each is kept under a directory of the system's temporary folder named after what it was built from (the market
code's own text, the input files' sizes and times), so that a change builds it anew. Building writes beside
and renames once: workers that race build the same bytes, the first one wins, the others take what it left.
"""

from __future__ import annotations

import errno
import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

from sdk import market
from sdk.market.bundle import Bundle
from tests.conftest import shared

CODE = sorted(Path(market.__file__).parent.rglob("*.py"))
REAL = {
    "daily": "market/csi300_union_2015_2026/daily.parquet",
    "index": "market/index_daily/index_daily.parquet",
    "members": "market/csi300_constituents/intervals.parquet",
    "valuation": "market/valuation/valuation_csi300_2020_2025.parquet",
    "securities": "market/securities/securities.parquet",
    "events": "market/ex_events/ex_events_2015_2026.parquet",
}


def small_market(root: Path | None = None) -> Path:
    """Return a made market: 60 stocks, 3 years from 2018, seed 1 (with 300 trading days before)."""
    from sdk.market.made.market import make_market
    from sdk.market.made.spec import MarketSpec

    return _kept(root, "small", "60 3 1", lambda path: make_market(path, MarketSpec(stocks=60, years=3, seed=1)))


def real_market(root: Path | None = None) -> Path:
    """Return the real data as a bundle; the test is skipped, loudly, where the data are absent."""
    from sdk.market.importing.importer import ImportRequest, import_market

    files = {kind: shared(name) for kind, name in REAL.items()}
    stamps = " ".join(f"{kind} {path.stat().st_size} {path.stat().st_mtime_ns}" for kind, path in files.items())
    return _kept(root, "real", stamps, lambda path: import_market(ImportRequest(**files), path))


def _kept(root: Path | None, name: str, inputs: str, build: Callable[[Path], Bundle]) -> Path:
    """Return the bundle built from ``inputs`` by the code as it is now; build it when it is not there yet."""
    text = hashlib.sha256(inputs.encode())
    for path in CODE:
        text.update(path.read_bytes())
    base = root or Path(tempfile.gettempdir()) / "jqalpha-test-bundles"
    place = base / f"{name}-{text.hexdigest()[:16]}"
    if place.is_dir():
        return place
    base.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=base, prefix=f".{name}-") as beside:
        build(Path(beside) / "bundle")
        try:
            (Path(beside) / "bundle").rename(place)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
    return place
