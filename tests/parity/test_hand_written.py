"""A strategy that was not exported: what can be changed from outside is tried, the rest is said not to have been."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from parity.compare import compare_sides
from parity.counterfactual import Recipe
from parity.counterfactual_text import NotApplicable, benchmark_of, with_task
from parity.explain import explain_verdict
from parity.explanation import Explanation
from parity.search_process import explain_apart
from parity.side import read_side
from parity.strategy_run import RunPlan
from sdk.emulator.isolated import Limits
from sdk.emulator.runner import run_backtest
from sdk.errors import ParityError
from sdk.market.bundle import Bundle
from tests.bundles import small_market
from tests.conftest import ROOT, shared
from tests.emulator.markets import real_bundle
from tests.emulator.test_templates import TEMPLATE_2016
from tests.parity.test_verdict import run

STRATEGY = ROOT / "examples/strategies/monthly_momentum.py"
PLAN = RunPlan("2019-01-03", "2019-06-28", 500_000.0)
TASK = '    run_monthly(rebalance, 1, time="open")\n'
COST = "OrderCost(close_tax={}, open_commission={}, close_commission={}, min_commission=5)"
FAULTS = (
    ("FILL", "    set_slippage(FixedSlippage(0))\n", {}, 1.0),
    ("FEE", f"    set_order_cost({COST.format(0.001, 0.0003, 0.0003)}, type='stock')\n", {}, 1.0),
    ("FEE", f"    set_order_cost({COST.format(0.0005, 0.00025, 0.00025)}, type='stock')\n", {}, 1.0),
    ("ADJ", "", {"dividend_tax": "0"}, 1.0),
    ("BENCH", '    set_benchmark("000905.XSHG")\n', {}, 1.0),
    ("ENV", "", {}, 2.0),
)


def platform(folder: Path, text: str, rules: dict[str, str], cash: float = PLAN.cash) -> Path:
    """Run a strategy as the platform would have; the four files are left."""
    run_backtest(text, Bundle.open(small_market()), PLAN.start, PLAN.end, cash, folder, rules=rules)
    for name in ("run.json", "timings.json"):
        (folder / name).unlink()
    return folder


def explained(folder: Path, download: Path) -> Explanation:
    """Compare a run of the strategy with the download, and search."""
    run_backtest(STRATEGY, Bundle.open(small_market()), PLAN.start, PLAN.end, PLAN.cash, folder)
    verdict = compare_sides(read_side(folder), read_side(download))
    assert not verdict.equal
    return explain_verdict(verdict, STRATEGY, small_market(), PLAN)


@pytest.mark.parametrize(("code", "line", "rules", "factor"), FAULTS, ids=lambda part: str(part)[:24].strip())
def test_a_cause_outside_the_strategy_is_named(code, line, rules, factor, tmp_path: Path) -> None:
    text = STRATEGY.read_text("utf-8").replace(TASK, line + TASK)
    told = explained(tmp_path / "local", platform(tmp_path / "platform", text, rules, PLAN.cash * factor))
    assert [cause.code for cause in told.causes] == [code]
    assert told.unattributed_bp == pytest.approx(0.0, abs=1e-6)
    assert any("不是 jqalpha export 导出的策略" in remark for remark in told.remarks)


def test_at_the_close_instead_of_the_open_is_named(tmp_path: Path) -> None:
    text = STRATEGY.read_text("utf-8").replace('time="open"', 'time="close"')
    (cause,) = explained(tmp_path / "local", platform(tmp_path / "platform", text, {})).causes
    assert cause.code == "FREQ"
    assert 'time="close"' in cause.sentence


def test_another_choice_of_stocks_is_left_open_and_that_is_said(tmp_path: Path) -> None:
    other = "get_trade_days(end_date=context.previous_date, count=2)[0]", "count=97"
    text = STRATEGY.read_text("utf-8").replace("context.previous_date", other[0]).replace("count=126", other[1])
    told = explained(tmp_path / "local", platform(tmp_path / "platform", text, {}))
    assert not told.causes
    assert abs(told.unattributed_bp or 0.0) > 1
    assert any("选股不同时先确认两侧是同一份文件" in remark for remark in told.remarks)
    assert not told.rederived


def test_the_command_names_the_cause_and_shows_it_everywhere(tmp_path: Path, capsys) -> None:
    """The old engine's fees, found by the command from the log alone: the strategy is the platform's template."""
    real_bundle(tmp_path / "market", ["000001.XSHE"], ["000300.XSHG"], "2016-01-04", "2016-12-30")
    (tmp_path / "template.py").write_text(TEMPLATE_2016, "utf-8")
    download, out = shared("platform_runs/template_000001_2016"), tmp_path / "out"
    dates = ("--start", "2016-06-01", "--end", "2016-12-30", "--cash", 100_000)
    assert run(tmp_path / "template.py", download, "--market", tmp_path / "market", "--out", out, *dates) == 1
    told = json.loads((out / "parity.json").read_text("utf-8"))
    assert [cause["code"] for cause in told["causes"]] == ["FEE"]
    assert "手续费取整到分 [commission_rounding = cent]" in told["causes"][0]["sentence"]
    assert "手续费取整到分" in capsys.readouterr().out
    assert "手续费取整到分" in (out / "parity.html").read_text("utf-8")


# ------------------------------------------------------------------------------------------ what any text can take
def test_the_only_task_is_scheduled_anew_under_its_own_name() -> None:
    text = "def initialize(context):\n    run_daily(trade, time='09:35')  # each day\n"
    assert '    run_monthly(trade, 1, time="close")\n' in with_task(text, 'run_monthly(rebalance, 1, time="close")')
    with pytest.raises(NotApplicable, match="2 tasks"):
        with_task(text + "    run_weekly(other, 1)\n", "run_daily(rebalance)")
    with pytest.raises(NotApplicable, match="0 tasks"):
        with_task("def handle_data(context, data):\n    pass\n", "run_daily(rebalance)")


def test_the_benchmark_is_read_off_the_text() -> None:
    assert benchmark_of("BENCHMARK = '000905.XSHG'\n") == "000905.XSHG"
    assert benchmark_of("def initialize(context):\n    set_benchmark( '000016.XSHG' )\n") == "000016.XSHG"
    assert benchmark_of("") == "000300.XSHG"


# ------------------------------------------------------------------------------------------ a process of its own
@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    download = platform(tmp_path / "platform", STRATEGY.read_text("utf-8").replace(TASK, FAULTS[0][1] + TASK), {})
    run_backtest(STRATEGY, Bundle.open(small_market()), PLAN.start, PLAN.end, PLAN.cash, tmp_path / "local")
    return tmp_path / "local", download


def test_the_search_sees_no_credentials_and_prints_nothing(two, tmp_path: Path, monkeypatch, capfd) -> None:
    monkeypatch.setenv("JQDATA_PASSWORD", "secret")
    text = STRATEGY.read_text("utf-8") + f"\nimport os\nprint('shown')\nopen({str(tmp_path / 'names')!r}, 'w').write("
    (tmp_path / "curious.py").write_text(text + "' '.join(os.environ))\n", "utf-8")
    told = explain_apart(two, tmp_path / "curious.py", small_market(), PLAN)
    assert [cause.code for cause in told.causes] == ["FILL"]
    names = (tmp_path / "names").read_text("utf-8").split()
    assert "PATH" in names
    assert "JQDATA_PASSWORD" in os.environ
    assert "JQDATA_PASSWORD" not in names
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def initialize(context):\n    while True:\n        pass\n", "时间上限 4 秒"),
        ("def initialize(context):\n    import os\n    os._exit(7)\n", "exit code 7"),
        ("def initialize(context):\n    1 / 0\n", "ZeroDivisionError"),
    ],
)
def test_a_strategy_that_hangs_dies_or_fails_ends_the_search_with_a_reason(two, tmp_path, text, words) -> None:
    (tmp_path / "bad.py").write_text(text, "utf-8")
    with pytest.raises(ParityError, match=words):
        explain_apart(two, tmp_path / "bad.py", small_market(), PLAN, Limits(4.0, 4096))


def test_a_security_that_the_bundle_lacks_is_named(tmp_path: Path) -> None:
    folder = platform(tmp_path / "platform", STRATEGY.read_text("utf-8"), {})
    table = folder / "transaction.csv"
    text = table.read_bytes().decode("gbk")
    first = text.splitlines(keepends=True)[1]
    table.write_bytes((text + first.replace("000001.XSHE", "600837.XSHG")).encode("gbk"))
    told = explained(tmp_path / "local", folder)
    assert "600837.XSHG" in told.remarks[0]


@pytest.mark.parametrize(("time", "said"), [("14:50", True), ("open", False)])
def test_orders_within_the_day_on_a_bundle_without_minutes_are_remarked(
    time: str, said: bool, tmp_path: Path
) -> None:
    text = STRATEGY.read_text("utf-8").replace('time="open"', f'time="{time}"')
    text = text.replace(TASK.replace("open", time), FAULTS[0][1] + TASK.replace("open", time))
    told = explained(tmp_path / "local", platform(tmp_path / "platform", text, {}))
    assert any("没有分钟线，而另一侧在 14:50 下单" in remark for remark in told.remarks) == said


def test_a_run_directory_alone_is_told_how_to_have_causes_named(two, capsys) -> None:
    assert run(*two) == 1
    assert "--strategy" in capsys.readouterr().err
    assert run(*two, "--no-causes") == 1
    assert capsys.readouterr().err == ""
    assert run(two[0], two[0]) == 0
    assert capsys.readouterr().err == ""


def test_a_recipe_of_a_text_that_was_not_exported_is_changed_from_outside_only() -> None:
    from parity.causes import CAUSES
    from parity.scene import Scene

    recipe = Recipe(STRATEGY.read_text("utf-8"), Bundle.open(small_market()), PLAN.start, PLAN.end, PLAN.cash)
    side = read_side(shared("platform_runs/gbk_exports_2023"))
    scene = Scene(recipe, side, side, compare_sides(side, side), ())
    offered = {
        row.code: [change.portable for change in row.changes(scene)]
        for row in CAUSES
        if row.code in ("FILL", "FEE", "SIZE", "LIMIT", "BENCH", "METRIC", "TIME", "TIES", "NORM")
    }
    for code in ("FILL", "FEE", "SIZE", "LIMIT", "BENCH", "METRIC"):
        assert any(offered[code]), code
    for code in ("TIME", "TIES", "NORM"):
        assert not any(offered[code]), code
