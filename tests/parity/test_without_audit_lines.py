"""Without audit lines, or with one file only, causes are still named; what was derived here is marked as derived."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from benchmarks.planted_faults import stages
from benchmarks.planted_mutations import MUTATIONS
from parity.attribute import walk
from parity.compare import compare_sides
from parity.counterfactual import Recipe, run_into
from parity.distance import distance
from parity.explain import explain_verdict
from parity.explanation import Explanation
from parity.layers import DIFFERENT, Comparison
from parity.page import write_html
from parity.report import as_dict
from parity.side import read_side
from parity.strategy_run import RunPlan
from parity.terminal import print_verdict
from sdk.market.bundle import Bundle
from tests.bundles import small_market
from tests.emulator.markets import made_bundle

KNOWN = {mutation.words: mutation for mutation in MUTATIONS}
PAGE = 100


def only(*names: str) -> Callable[[Path], None]:
    def keep(folder: Path) -> None:
        for path in list(folder.iterdir()):
            if path.name not in names:
                path.unlink()

    return keep


def without_audits(folder: Path) -> None:
    lines = (folder / "log.txt").read_text("utf-8").splitlines(keepends=True)
    (folder / "log.txt").write_text("".join(line for line in lines if "AUDIT|" not in line), "utf-8")
    (folder / "run.json").unlink()


def first_page(folder: Path) -> None:
    only("log.txt")(folder)
    lines = (folder / "log.txt").read_text("utf-8").splitlines(keepends=True)
    assert len(lines) > PAGE
    (folder / "log.txt").write_text("".join(lines[:PAGE]), "utf-8")


FORMS = {
    "silent log": without_audits,
    "transaction.csv": only("transaction.csv"),
    "position.csv": only("position.csv"),
    "result.csv": only("result.csv"),
    "first page of the log": first_page,
}
FAULTS = (
    *("lag 2", "raw, top of the stack", "code descending", "half the stamp tax", "no slippage", "dividends off"),
    *("95 % invested", "at the close", "Shanghai only", "60 days"),
)
QUICK = (
    *(("lag 2", "silent log"), ("lag 2", "result.csv"), ("raw, top of the stack", "result.csv")),
    *(("dividends off", "result.csv"), ("dividends off", "first page of the log")),
    *(("at the close", form) for form in FORMS),
    *(("code descending", "first page of the log"), ("95 % invested", "first page of the log")),
)
CASES = [
    pytest.param(fault, form, marks=() if (fault, form) in QUICK else pytest.mark.slow)
    for fault in FAULTS
    for form in FORMS
]


@pytest.fixture(scope="module")
def base() -> Recipe:
    return stages("made", small_market())[1][1]


def faulty(base: Recipe, fault: str, form: str, folder: Path) -> Path:
    """Run the faulty strategy and leave of its files what the form leaves."""
    wrong = KNOWN[fault].plant(KNOWN[fault].stage(base))
    run_into(wrong, wrong.end, folder / "whole")
    shutil.copytree(folder / "whole", folder / "platform")
    FORMS[form](folder / "platform")
    return folder / "platform"


@pytest.mark.parametrize(("fault", "form"), CASES)
def test_the_cause_is_named_from_what_is_left(base: Recipe, fault: str, form: str, tmp_path: Path) -> None:
    target = read_side(faulty(base, fault, form, tmp_path))
    found = walk(base, target)
    assert found.codes == (KNOWN[fault].cause,)
    assert found.equal


@pytest.mark.parametrize(
    "pair",
    [
        ("lag 2", "no slippage"),
        pytest.param(
            ("code descending", "95 % invested"), marks=pytest.mark.slow
        ),  # "Shanghai only" is as near that day
        pytest.param(("60 days", "dividends untaxed"), marks=pytest.mark.slow),
    ],
    ids="+".join,
)
def test_two_causes_are_named_from_a_silent_log(base: Recipe, pair: tuple[str, str], tmp_path: Path) -> None:
    wrong = base
    for fault in pair:
        wrong = KNOWN[fault].plant(wrong)
    run_into(wrong, wrong.end, tmp_path / "platform")
    without_audits(tmp_path / "platform")
    found = walk(base, read_side(tmp_path / "platform"))
    assert set(found.codes) == {KNOWN[fault].cause for fault in pair}
    assert found.equal


def test_distance_counts_sizes_of_numbers_and_whole_records() -> None:
    def differing(local: str, platform: str) -> Comparison:
        return Comparison("size", "数量 amount", "2018-07-02 09:30:00", "600519.XSHG", local, platform, DIFFERENT)

    assert distance([differing("100股", "95股")]) == pytest.approx(0.05)
    assert distance([differing("-5", "5")]) == 1.0
    assert distance([differing("无 none", "买 buy 100股 filled")]) == 1.0
    assert distance([differing("2018-06-29", "2018-06-28"), differing("0", "0.00")]) == 1.0
    assert distance([]) == 0.0


# --------------------------------------------------------------------------------------------------- derived layers
def explained(base: Recipe, download: Path, folder: Path) -> tuple[dict, Explanation]:
    (folder / "strategy.py").write_text(base.strategy, "utf-8")
    local = run_into(base, base.end, folder / "local")
    verdict = compare_sides(local, read_side(download))
    plan = RunPlan(base.start, base.end, base.cash)
    told = explain_verdict(verdict, folder / "strategy.py", small_market(), plan)
    write_html(verdict, folder / "page.html", told)
    return as_dict(verdict, told), told


@pytest.fixture(scope="module")
def whole_market() -> Recipe:
    """The stage on the whole bundle, as a path: what the command can open."""
    recipe = stages("made", small_market())[1][1]
    return replace(recipe, bundle=Bundle.open(small_market()))


def test_layers_of_the_signal_are_derived_and_marked(whole_market: Recipe, tmp_path: Path) -> None:
    download = faulty(whole_market, "lag 2", "silent log", tmp_path)
    page, told = explained(whole_market, download, tmp_path)
    layers = {layer.layer: layer for layer in told.rederived}
    inputs = layers["inputs"]
    assert inputs.different
    assert (inputs.day, inputs.field) == ("2018-07-02", "信号日 lag")
    assert (inputs.local, inputs.platform) == ("2018-06-29", "2018-06-28")
    assert inputs.until == ""
    assert {"score", "rank/ties", "target"} <= set(layers)
    # the verdict itself is made of files alone
    assert {layer["layer"]: layer["compared"] for layer in page["layers"]}["inputs"] == 0
    assert next(row for row in page["rederived"] if row["layer"] == "inputs")["platform"] == "2018-06-28"
    console = Console(record=True, width=200, markup=False, file=io.StringIO())
    print_verdict(compare_sides(read_side(tmp_path / "local"), read_side(download)), console, told)
    for text in (console.export_text(), (tmp_path / "page.html").read_text("utf-8")):
        assert "本地重算" in text
        assert "2018-06-28" in text
    html = (tmp_path / "page.html").read_text("utf-8")
    assert "信号日 lag: 平台 2018-06-28，本地 2018-06-29" in html
    assert html.count('<tr class="derived">') == 4


def test_a_fault_after_the_signal_leaves_the_derived_layers_equal(whole_market: Recipe, tmp_path: Path) -> None:
    download = faulty(whole_market, "no slippage", "silent log", tmp_path)
    first_page(download)
    page, told = explained(whole_market, download, tmp_path)
    assert [cause.code for cause in told.causes] == ["FILL"]
    same = {layer.layer: layer.different for layer in told.rederived}
    assert same["inputs"] == same["score"] == same["rank/ties"] == 0
    assert json.dumps(page["rederived"])


def test_what_the_log_tells_is_not_derived(whole_market: Recipe, tmp_path: Path) -> None:
    wrong = KNOWN["lag 2"].plant(whole_market)
    run_into(wrong, wrong.end, tmp_path / "platform")
    page, told = explained(whole_market, tmp_path / "platform", tmp_path)
    assert told.causes
    assert told.rederived == ()
    assert page["rederived"] == []


# ------------------------------------------------------------------------------------------------- minute frequency
HANDLE = """
def initialize(context):
    g.count = 0


def handle_data(context, data):
    if g.count < 3:
        g.count += 1
        order("600519.XSHG", 100)
"""


def test_a_run_in_minutes_against_one_in_days_is_named(tmp_path: Path) -> None:
    bars = {"600519.XSHG": {"open": [100.0, 101.0, 102.0, 103.0, 104.0]}}
    minutes = {"600519.XSHG": np.linspace(100.0, 104.9, 5 * 240).reshape(5, 240)}
    bundle = made_bundle(tmp_path / "market", bars, minutes=minutes)
    recipe = Recipe(HANDLE, bundle, "2024-01-02", "2024-01-08", 1_000_000.0)
    target = run_into(replace(recipe, frequency="minute"), recipe.end, tmp_path / "platform")
    found = walk(recipe, target)
    assert found.codes == ("FREQ",)
    assert found.steps[0].change.words == "回测频率 frequency = minute"
    assert found.equal
    back = walk(replace(recipe, frequency="minute"), run_into(recipe, recipe.end, tmp_path / "days"))
    assert back.codes == ("FREQ",)
    assert back.equal
