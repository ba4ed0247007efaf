"""Every real platform run is judged against the local side that exists of it, as the emulator's replays imply.

A local side is the strategy run on the bars beside the project, or, where there are no bars, the run recomputed from
the platform's own prices (``tests/emulator``). What neither can tell is named by the verdict.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from parity.attribute import walk
from parity.counterfactual import Recipe
from parity.quirks import load_quirks
from parity.side import read_side
from sdk.emulator import exports
from sdk.emulator.runner import run_backtest
from sdk.market.bundle import Bundle
from tests.conftest import ROOT, shared
from tests.emulator import test_etf_three_2023, test_gbk_exports_2023
from tests.emulator.markets import made_bundle, real_bundle, small_cap_bundle
from tests.emulator.test_small_cap_2021 import replayed
from tests.emulator.test_smoke_510300 import FUND, STRATEGY
from tests.emulator.test_templates import TEMPLATE_2016
from tests.parity.test_verdict import run, verdict

LOGGED = {"order", "size", "fill price", "fee"}
AUDITED = {"inputs", "score", "rank/ties", "target"}
DAILY = {"cash", "position", "close valuation", "NAV"}
NO_BARS = "600837.XSHG"  # merged away since: not among the bars of small_cap_2021


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bars of the template runs."""
    folder = tmp_path_factory.mktemp("template") / "market"
    real_bundle(folder, ["000001.XSHE"], ["000300.XSHG"], "2016-01-04", "2019-01-31")
    return folder


def judged(told: dict) -> set[str]:
    """Return the layers of which something was compared."""
    return {layer["layer"] for layer in told["layers"] if layer["compared"]}


def says_what_it_could_not_judge(told: dict) -> bool:
    """Each layer without a comparison has a reason, and the verdict's line names those that the files could show."""
    missing = [layer for layer in told["layers"] if not layer["compared"]]
    shown = {"features", *(AUDITED if told["local"]["log_lines"] and told["platform"]["log_lines"] else ())}
    return bool(missing) and all(
        layer["why"] and (layer["layer"] in told["line"] or layer["layer"] in shown) for layer in missing
    )


@pytest.mark.parametrize("name", ["log_a", "log_b"])
def test_the_smoke_runs_are_equal_where_comparable(tmp_path: Path, name: str) -> None:
    bundle = made_bundle(tmp_path / "market", {FUND: {"open": [4.01] * 3}}, start="2025-01-01", kinds={FUND: "fund"})
    run_backtest(STRATEGY, bundle, "2025-01-02", "2025-01-03", 100_000, tmp_path / "run")
    told = verdict(tmp_path, tmp_path / "run", shared(f"platform_runs/smoke_510300_2025/{name}.txt"), 0)
    assert told["partial"]
    assert judged(told) == LOGGED
    assert says_what_it_could_not_judge(told)


def test_the_2019_template_is_equal_where_comparable(market: Path, tmp_path: Path) -> None:
    """The strategy itself is given: it runs from the day that the log's first line tells."""
    strategy, download = ROOT / "examples/strategies/ma_template.py", shared("platform_runs/template_000001_2019")
    arguments = ("--market", market, "--out", tmp_path, "--end", "2019-01-17", "--cash", 100_000)
    assert run(strategy, download, *arguments) == 0
    told = json.loads((tmp_path / "parity.json").read_text("utf-8"))
    assert told["partial"]
    assert judged(told) == LOGGED
    assert says_what_it_could_not_judge(told)


def test_the_2016_engine_rounded_fees_to_the_cent_and_the_search_says_so(market: Path) -> None:
    platform = read_side(shared("platform_runs/template_000001_2016/log.txt"))
    recipe = Recipe(TEMPLATE_2016, Bundle.open(market), "2016-06-01", "2016-12-30", 100_000.0)
    found = walk(recipe, platform, load_quirks())
    assert found.codes == ("FEE",)
    assert found.steps[0].change.words == "commission_rounding = cent"
    assert found.equal
    assert walk(recipe, platform).codes == ()  # without the quirk the printed target hides it


@pytest.fixture(scope="module")
def small_cap(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, str]]]:
    folder = tmp_path_factory.mktemp("small_cap")
    rows = list(csv.DictReader(shared("platform_runs/small_cap_2021/orders.csv").open(encoding="utf-8")))
    bundle = small_cap_bundle(folder / "market")
    known = set(bundle.panel(fields=["close"]).codes)
    assert {row["security"] for row in rows} - known == {NO_BARS}
    replayed([row for row in rows if row["security"] in known], bundle, folder / "run")
    return folder / "run", rows


@pytest.mark.parametrize("name", ["log.txt", "orders.csv"])
def test_small_cap_differs_only_in_the_stock_without_bars(small_cap, name: str, tmp_path: Path) -> None:
    ours, _ = small_cap
    told = verdict(tmp_path, ours, shared(f"platform_runs/small_cap_2021/{name}"), 1)
    assert {one["code"] for one in told["differences"]} == {NO_BARS}
    assert (told["first"]["layer"], told["first"]["moment"][:10]) == ("order", "2021-01-04")
    assert judged(told) == LOGGED


def test_small_cap_is_equal_without_the_stock_that_has_no_bars(small_cap, tmp_path: Path) -> None:
    ours, rows = small_cap
    lines = shared("platform_runs/small_cap_2021/log.txt").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "log.txt").write_text("".join(line for line in lines if NO_BARS not in line), "utf-8")
    told = verdict(tmp_path, ours, tmp_path / "log.txt", 0)
    counts = {layer["layer"]: layer["compared"] for layer in told["layers"]}
    filled = [row for row in rows if row["status"] == "filled" and row["security"] != NO_BARS]
    assert counts["fill price"] == counts["fee"] == len(filled) == 99
    assert not told["not_judged"]
    assert says_what_it_could_not_judge(told)


def test_the_gbk_tables_equal_the_books_kept_again(tmp_path: Path) -> None:
    """Every row of orders and holdings; the returns are left out, for the benchmark is printed in two decimals."""
    orders, recorder, days, instrument = test_gbk_exports_2023.replayed()
    (tmp_path / "run").mkdir()
    (tmp_path / "run/transaction.csv").write_bytes(exports.transactions(orders, instrument).encode("gbk"))
    (tmp_path / "run/position.csv").write_bytes(exports.positions(recorder, days, instrument).encode("gbk"))
    download = shared("platform_runs/gbk_exports_2023")
    told = verdict(tmp_path, tmp_path / "run", download, 0)
    assert judged(told) == LOGGED | DAILY
    assert sum(layer["compared"] for layer in told["layers"]) > 3_000
    assert not told["not_judged"]
    assert says_what_it_could_not_judge(told)
    assert all(layer in told["line"] for layer in (*AUDITED, "figure"))


def test_the_etf_fills_equal_the_fills_booked_again(tmp_path: Path) -> None:
    """Fees and closed gains are recomputed; of the log only the first day and the end of its gap are there."""
    lines = ["日期,标的,代码,方向,数量,成交价,成交额,平仓盈亏,手续费"]
    for row, fee, sale, _ in test_etf_three_2023.replayed():
        value, gain = float(row["成交价"]) * int(row["数量"].strip("股")), sale.gain if sale else 0.0
        names = (row["日期"], row["标的"], row["代码"], row["方向"], row["数量"], row["成交价"])
        lines.append(",".join((*names, f"{value:.2f}", f"{gain:.2f}", f"{fee:.2f}")))
    (tmp_path / "trades.csv").write_text("\n".join([*lines, ""]), "utf-8")
    folder = shared("platform_runs/etf_three_2023_2026")
    told = verdict(tmp_path, tmp_path / "trades.csv", folder / "trades.csv", 0)
    counts = {layer["layer"]: layer["compared"] for layer in told["layers"]}
    assert counts["fill price"] == counts["order"] == 2 * 436
    assert counts["fee"] == counts["position"] == 436
    told = verdict(tmp_path, tmp_path / "trades.csv", folder / "log_head_tail.md", 0)
    assert {layer["compared"] for layer in told["layers"] if layer["layer"] in ("fill price", "fee")} == {3}
    assert any("未覆盖" in one["why"] and one["values"] > 800 for one in told["not_judged"])
    assert says_what_it_could_not_judge(told)
