"""The emulator's run of the platform's ma_crossover_2026, through the command's own eyes."""

from __future__ import annotations

from pathlib import Path

from parity.compare import compare_sides
from parity.side import read_side
from sdk.emulator.runner import run_backtest
from tests.conftest import ROOT, shared
from tests.emulator.markets import real_bundle

TRADED = ("order", "size", "fill price", "fee", "cash", "position")


def test_orders_fills_fees_cash_and_positions_are_the_platforms(tmp_path: Path) -> None:
    download = shared("platform_runs/ma_crossover_2026")
    bundle = real_bundle(tmp_path / "market", [], ["000300.XSHG"], "2025-10-01", "2026-03-31")
    strategy = ROOT / "examples/strategies/ma_crossover.py"
    run_backtest(strategy, bundle, "2026-01-01", "2026-03-31", 100_000, tmp_path / "run")
    verdict = compare_sides(read_side(tmp_path / "run"), read_side(download))
    layers = {layer.layer: layer for layer in verdict.layers}
    assert all(layers[name].compared and not layers[name].different for name in TRADED)
    daily = [one for one in verdict.differences if one.layer in ("close valuation", "NAV")]
    # The index closes beside the project are up to 0.0002 points off, so a printed cent may differ by one.
    assert all(abs(float(one.local) - float(one.platform)) < 0.0101 for one in daily)
