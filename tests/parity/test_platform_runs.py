"""What the emulator's bars say of real platform runs, seen through parity's own eyes; and one real cause is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.attribute import walk
from parity.compare import compare_sides
from parity.counterfactual import Recipe
from parity.quirks import load_quirks
from parity.side import read_side
from sdk.emulator.runner import run_backtest
from sdk.market.bundle import Bundle
from tests.conftest import ROOT, shared
from tests.emulator.markets import made_bundle, real_bundle
from tests.emulator.test_smoke_510300 import FUND, STRATEGY
from tests.emulator.test_templates import TEMPLATE_2016


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("template")
    return real_bundle(folder / "market", ["000001.XSHE"], ["000300.XSHG"], "2016-01-04", "2019-01-31")


@pytest.mark.parametrize("name", ["log_a", "log_b"])
def test_the_smoke_runs_fill_alike(tmp_path: Path, name: str) -> None:
    market = made_bundle(tmp_path / "market", {FUND: {"open": [4.01] * 3}}, start="2025-01-01", kinds={FUND: "fund"})
    run_backtest(STRATEGY, market, "2025-01-02", "2025-01-03", 100_000, tmp_path / "run")
    platform = shared(f"platform_runs/smoke_510300_2025/{name}.txt")
    layers = {
        one.layer: one for one in compare_sides(read_side(tmp_path / "run/log.txt"), read_side(platform)).layers
    }
    for layer in ("order", "size", "fill price", "fee"):
        assert layers[layer].compared, layer
        assert not layers[layer].different, layers[layer].first


def test_the_2019_template_fills_alike(bundle: Bundle, tmp_path: Path) -> None:
    strategy = ROOT / "examples/strategies/ma_template.py"
    run_backtest(strategy, bundle, "2019-01-01", "2019-01-17", 100_000, tmp_path / "run")
    platform = shared("platform_runs/template_000001_2019/log.txt")
    layers = {
        one.layer: one for one in compare_sides(read_side(tmp_path / "run/log.txt"), read_side(platform)).layers
    }
    for layer in ("fill price", "fee"):
        assert layers[layer].compared, layer
        assert not layers[layer].different, layers[layer].first


def test_the_2016_engine_rounded_fees_to_the_cent_and_the_search_says_so(bundle: Bundle) -> None:
    platform = read_side(shared("platform_runs/template_000001_2016/log.txt"))
    recipe = Recipe(TEMPLATE_2016, bundle, "2016-06-01", "2016-12-30", 100_000.0)
    found = walk(recipe, platform, load_quirks())
    assert found.codes == ("FEE",)
    assert found.steps[0].change.words == "commission_rounding = cent"
    assert found.equal
    assert walk(recipe, platform).codes == ()  # without the quirk the printed target hides it
