"""Two processes with different hash seeds write the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.bundles import small_market
from tests.conftest import ROOT


@pytest.mark.slow
def test_the_hash_seed_of_the_process_changes_no_byte(tmp_path):
    market = small_market()
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "sdk.cli", "backtest", "examples/strategies/weekly_small_value.py"]
        options = ["--market", str(market), "--start", "2019-01-02", "--end", "2019-12-31", "--out", tmp_path / seed]
        done = subprocess.run(
            [*command, *options], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in (tmp_path / "1").iterdir())
    assert "log.txt" in names
    for name in names:
        if name != "timings.json":
            assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name
