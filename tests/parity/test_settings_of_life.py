"""Settings that users change on one side: costs of funds and of sells, volume cap, real prices; another formula."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from parity.compare import compare_sides
from parity.counterfactual_fees import order_costs
from parity.counterfactual_text import NotApplicable
from parity.explain import explain_verdict
from parity.explanation import Explanation
from parity.side import read_side
from parity.strategy_run import RunPlan
from parity.text_edits import with_task_at
from sdk.emulator.instruments import kind_of_code
from sdk.emulator.runner import run_backtest
from sdk.market.bundle import Bundle
from tests.bundles import small_market
from tests.conftest import ROOT
from tests.emulator.markets import made_bundle
from tests.parity.test_errors_and_beginnings import EXPORTED
from tests.parity.test_text_edits import MOMENTUM, STRONGEST, edited

FUNDS = ["510300.XSHG", "159915.XSHE", "518880.XSHG"]
ROTATION = edited(
    STRONGEST,
    ('["000001.XSHE", "000002.XSHE", "000292.XSHE", "000333.XSHE"]', repr(FUNDS)),
    ("g.days = 20\n", 'g.days = 20\n    set_order_cost(OrderCost(open_commission=0.0002, close_commission=0.0002, '
                      'min_commission=5), type="fund")\n'),
)  # fmt: skip


@pytest.fixture(scope="module")
def funds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three funds at prices of three decimals, and no index at all."""
    draws, folder = np.random.RandomState(3), tmp_path_factory.mktemp("funds") / "market"
    bars = {}
    for code in FUNDS:
        opens = np.round(4 * np.exp(np.cumsum(draws.randn(150) * 0.02)), 3)
        bars[code] = {"open": list(opens), "close": list(np.round(opens * 1.001, 3))}
    made_bundle(folder, bars, start="2024-01-02", kinds=dict.fromkeys(FUNDS, "fund"))
    return folder


def searched(tmp_path: Path, market: Path, plan: RunPlan, text: str, platform: str) -> Explanation:
    """Search between a run and a download of another text."""
    for name, one in (("local", text), ("platform", platform)):
        run_backtest(one, Bundle.open(market), plan.start, plan.end, plan.cash, tmp_path / name)
    (tmp_path / "platform/run.json").unlink()
    verdict = compare_sides(read_side(tmp_path / "local"), read_side(tmp_path / "platform"))
    assert not verdict.equal
    (tmp_path / "strategy.py").write_text(text, "utf-8")
    told = explain_verdict(verdict, tmp_path / "strategy.py", market, plan)
    assert told.unattributed_bp == pytest.approx(0.0, abs=1e-6)
    return told


CHEAP = ("open_commission=0.0002, close_commission=0.0002", "open_commission=0.00005, close_commission=0.00005")


@pytest.mark.parametrize(
    ("before", "after", "code", "words"),
    [
        (*CHEAP, "FEE", "基金 佣金 0.00005，最低 5 元"),
        ("g.days = 20\n", "g.days = 20\n    set_slippage(FixedSlippage(0.004))\n", "FILL", "set_slippage("),
        ("g.days = 20\n", "g.days = 23\n", "LOGIC", "g.days = 23"),
    ],
)
def test_a_rotation_of_funds_on_a_bundle_without_indices(
    before: str, after: str, code: str, words: str, funds: Path, tmp_path: Path
) -> None:
    plan = RunPlan("2024-02-14", "2024-07-26", 100_000.0)
    told = searched(tmp_path, funds, plan, ROTATION, edited(ROTATION, (before, after)))
    assert [cause.code for cause in told.causes] == [code]
    assert words in told.causes[0].sentence
    assert any("行情包没有基准 000300.XSHG" in remark for remark in told.remarks)


HALF_YEAR = RunPlan("2019-01-03", "2019-06-28", 500_000.0)
RICH = RunPlan("2019-01-03", "2019-06-28", 50_000_000.0)
COSTS = "open_commission=0.0003, close_commission=0.0003"
INDEX = '    g.index = "000300.XSHG"\n'
SETTINGS = {
    "sells dearer": (HALF_YEAR, (COSTS, COSTS[:-6] + "0.0013"), "FEE", "买入佣金 0.0003，卖出佣金 0.0013"),
    "volume cap": (
        RICH,
        (INDEX, INDEX + '    set_option("order_volume_ratio", 0.001)\n'),
        "SIZE",
        "成交量上限为当日成交量的 0.001 倍",
    ),
    "adjusted prices": (
        HALF_YEAR,
        ('set_option("use_real_price", True)', 'set_option("use_real_price", False)'),
        "ADJ",
        'set_option("use_real_price", False)',
    ),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_of_one_side_is_named(name: str, tmp_path: Path) -> None:
    plan, pair, code, words = SETTINGS[name]
    told = searched(tmp_path, small_market(), plan, MOMENTUM, edited(MOMENTUM, pair))
    assert [cause.code for cause in told.causes] == [code]
    assert words in told.causes[0].sentence


def test_costs_of_stocks_and_of_funds_are_read_apart(tmp_path: Path, funds: Path) -> None:
    plan = RunPlan("2024-02-14", "2024-07-26", 100_000.0)
    run_backtest(ROTATION, Bundle.open(funds), plan.start, plan.end, plan.cash, tmp_path / "funds")
    (cost, *_) = order_costs(read_side(tmp_path / "funds"))
    assert cost.call.endswith("type='fund')")
    assert "open_commission=0.0002" in cost.call
    assert [kind_of_code(code) for code in ("510300.XSHG", "159915.XSHE", "600519.XSHG", "000725.XSHE")] == [
        *("fund", "fund", "stock", "stock")
    ]


def test_another_formula_is_called_so_and_found_at_once(tmp_path: Path) -> None:
    from exporter.strategy_file import Settings, render
    from sdk.formula.formula_file import from_tokens

    plan = RunPlan("2019-04-01", "2019-07-31", 1_000_000.0)
    other = render(from_tokens([2, 16, 9, 1, 3], "v1"), Settings(top_k=6))
    told = searched(tmp_path, small_market(), plan, EXPORTED, other)
    (cause,) = told.causes
    assert cause.code == "REPAIR"
    assert "不是同一条公式" in cause.sentence
    assert "同一个 formula.json" in cause.change
    runs = next(remark for remark in told.remarks if remark.startswith("重新运行"))
    assert int(runs.split()[1]) < 30


SMALL_CAP = (ROOT / "tests/emulator/strategies/small_cap_rotation.py").read_text("utf-8")
TASKS = {
    "weekday": (("weekday=1", "weekday=3"), "FREQ", "run_weekly(rebalance, 3, time="),
    "time": (("time='9:30'", "time='14:30'"), "FREQ", 'time="14:30"，另一侧 "open"'),
    "slippage by kind": (("FixedSlippage(0.02)", "FixedSlippage(0.04)"), "FILL", "FixedSlippage(0.04), type='stock'"),
}


@pytest.mark.parametrize("name", TASKS)
def test_a_strategy_of_three_tasks_that_seldom_orders(name: str, tmp_path: Path) -> None:
    """The task that orders is the one that is moved; a schedule that fits the first day by chance is no cause."""
    pair, code, words = TASKS[name]
    told = searched(tmp_path, small_market(), HALF_YEAR, SMALL_CAP, edited(SMALL_CAP, pair))
    assert [cause.code for cause in told.causes] == [code]
    assert words in told.causes[0].sentence


def test_one_of_several_tasks_is_scheduled_anew_by_its_time() -> None:
    made = with_task_at(SMALL_CAP, "09:30", 'run_monthly(rebalance, -1, time="open")')
    assert '    run_monthly(adjust, -1, time="open")\n' in made
    assert made.count("run_daily(") == SMALL_CAP.count("run_daily(") == 2
    with pytest.raises(NotApplicable, match="0 tasks at 10:00"):
        with_task_at(SMALL_CAP, "10:00", "run_daily(rebalance)")
