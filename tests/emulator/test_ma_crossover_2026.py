"""The whole platform run ma_crossover_2026, line by line.

The index bars beside the project were stored as float32 somewhere: closes are up to 0.0002 points off. Figures
made of daily closes can therefore only agree to 2e-6, a printed cent may differ by one; all others agree to 1e-9.
With the exchange's four decimals every figure agrees to 1e-12 (``tests/scoring/test_figures.py`` says how).
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from sdk.emulator.runner import run_backtest
from sdk.emulator.summary import printed
from tests.conftest import ROOT, shared
from tests.emulator.markets import real_bundle

FROM_DAILY_CLOSES = {
    *("benchmark_volatility", "algorithm_volatility", "sharpe", "sortino", "information", "beta", "alpha"),
    *("max_drawdown", "turnover_rate"),
}
CENT = 0.0101
TEXT_FIGURES = {
    "excess_return_sharpe": "ratio",
    "avg_excess_return": "percent",
    "excess_return_max_drawdown": "percent",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ma_crossover")
    bundle = real_bundle(folder / "market", [], ["000300.XSHG"], "2025-10-01", "2026-03-31")
    strategy = ROOT / "examples/strategies/ma_crossover.py"
    return run_backtest(strategy, bundle, "2026-01-01", "2026-03-31", 100_000, folder / "run")


def without_ids(text: str) -> list[str]:
    return re.sub(r"entrust_id=\d+", "entrust_id=#", text).splitlines()


def test_every_line_of_the_log_is_the_platforms(run):
    expected = shared("platform_runs/ma_crossover_2026/log.txt").read_text(encoding="utf-8")
    written = (run.directory / "log.txt").read_text(encoding="utf-8")
    assert without_ids(written) == without_ids(expected)
    assert written.endswith("\n")


def test_entrust_ids_count_up_by_one(run):
    ids = [order.entrust_id for order in run.orders]
    assert ids == list(range(ids[0], ids[0] + 4))


def test_daily_rows_are_the_platforms(run):
    rows = list(csv.DictReader(shared("platform_runs/ma_crossover_2026/daily.csv").open()))
    written = (run.directory / "result.csv").read_text(encoding="gbk").splitlines()[1:]
    assert len(rows) == len(written) == len(run.days) == 56
    for row, line, value in zip(rows, written, run.total_value, strict=True):
        cells = line.split(",")
        assert cells[0] == f"{row['date']} 16:00:00"
        names = ("benchmark_cum_return_pct", "strategy_cum_return_pct", "day_buy_value")
        assert [cells[1], cells[2], cells[5]] == [row[name] for name in names]
        gains = (float(row["day_gain_earn"]), float(row["day_gain_lose"]))
        assert (float(cells[3]), float(cells[4])) == pytest.approx(gains, abs=CENT)
        # implied = the capital plus the printed gains so far, so cents add up
        assert value == pytest.approx(float(row["total_value_implied"]), abs=0.03)


def test_transactions_are_the_platforms(run):
    rows = list(csv.DictReader(shared("platform_runs/ma_crossover_2026/trades.csv").open()))
    written = list(csv.DictReader((run.directory / "transaction.csv").read_text(encoding="gbk").splitlines()))
    assert len(rows) == len(written) == 4
    pairs = (
        ("标的", "标的"),
        ("方向", "交易类型"),
        ("数量", "成交数量"),
        ("成交价", "成交价"),
        ("成交额", "成交额"),
        ("平仓盈亏", "平仓盈亏"),
        ("手续费", "手续费"),
    )
    for row, line in zip(rows, written, strict=True):
        for theirs, ours in pairs:
            assert line[ours] == row[theirs]


def test_positions_are_the_platforms(run):
    rows = list(csv.DictReader(shared("platform_runs/ma_crossover_2026/positions_window.csv").open()))
    lines = (run.directory / "position.csv").read_text(encoding="gbk").splitlines()[1:]
    held = {line.split(",")[0]: line.split(",") for line in lines if ",Cash," not in line}
    cash = {line.split(",")[0]: line.split(",")[7] for line in lines if ",Cash," in line}
    for row in rows:
        cells = held[row["date"]]
        places = {"value": 7, "gain": 8, "dailyGains": 12, "totalValue": 15}
        for name, place in places.items():
            assert float(cells[place]) == pytest.approx(float(row[name]), abs=CENT), name
        assert [cells[6], cells[9], cells[13], cells[16]] == [
            row[name] for name in ("price", "avgCost", "todayAmount", "positionPersent")
        ]
        assert cash[row["date"]] == row["cash_row_value"]


def test_every_figure_is_the_platforms(run):
    stats = json.loads(shared("platform_runs/ma_crossover_2026/stats.json").read_text(encoding="utf-8"))["stats"]
    for name, value in stats.items():
        ours = run.figures[name]
        if name in TEXT_FIGURES:
            assert printed(ours, TEXT_FIGURES[name]) == value, name
        elif isinstance(value, list):
            assert [str(day) for day in ours] == value, name
        elif isinstance(value, str):
            assert ours == value, name
        else:
            tolerance = 2e-6 if name in FROM_DAILY_CLOSES else 1e-9
            assert ours == pytest.approx(value, abs=tolerance), name
    assert set(stats) <= set(run.figures)


def test_a_second_run_writes_the_same_bytes(run, tmp_path: Path):
    bundle = real_bundle(tmp_path / "market", [], ["000300.XSHG"], "2025-10-01", "2026-03-31")
    strategy = ROOT / "examples/strategies/ma_crossover.py"
    again = run_backtest(strategy, bundle, "2026-01-01", "2026-03-31", 100_000, tmp_path / "other")
    names = sorted(path.name for path in run.directory.iterdir())
    assert names == ["log.txt", "position.csv", "result.csv", "run.json", "timings.json", "transaction.csv"]
    for name in names:
        if name != "timings.json":
            assert (again.directory / name).read_bytes() == (run.directory / name).read_bytes(), name
