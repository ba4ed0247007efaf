"""Same run, same bytes: in every file of the run directory, within a process and across processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sdk.emulator.runner import run_backtest
from sdk.market.bundle import Bundle
from tests.bundles import small_market
from tests.conftest import ROOT

SPAN = ("2019-01-02", "2019-06-28")
BUSY = """
import random
def initialize(context):
    set_option('use_real_price', True)
    half = context.portfolio.starting_cash / 2
    set_subportfolios([SubPortfolioConfig(half, 'stock'), SubPortfolioConfig(half, 'stock')])
    run_monthly(move, 1, '9:30')
    run_daily(wait, 'before_open')
    g.seen = set()
def move(context):
    pool = get_index_stocks('000300.XSHG')
    for pindex in (0, 1):
        for code in list(context.subportfolios[pindex].positions):
            order_target(code, 0, pindex=pindex)
        for code in pool[pindex * 7 : pindex * 7 + 7]:
            order_value(code, 40000, pindex=pindex)
    g.seen |= set(pool)
    inout_cash(1000)
    transfer_cash(0, 1, 500)
    record(seen=len(g.seen), value=context.portfolio.total_value)
    write_file('notes/seen.txt', ' '.join(sorted(g.seen)))
    print({name for name in ('a', 'b')} == {'b', 'a'})
def wait(context):
    for code in list(context.portfolio.positions)[:2]:
        order(code, 100, LimitOrderStyle(get_current_data()[code].last_price))
def on_event(context, event):
    log.info(event.name, event.security, event.pindex, event.dividends)
"""


def contents(folder):
    """path inside the run -> bytes, of all files but the timings."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert "timings.json" in found
    return {name: data for name, data in found.items() if name != "timings.json"}


def same(left, right):
    assert sorted(left) == sorted(right)
    for name, data in left.items():
        assert data == right[name], name
        assert data, name


def test_two_runs_in_one_process_write_the_same_bytes(tmp_path):
    bundle = Bundle.open(small_market(), verify=False)
    for name in ("a", "b"):
        result = run_backtest(BUSY, bundle, *SPAN, out=tmp_path / name, name="busy")
        assert result.status == "done", result.error
        bundle = Bundle.open(small_market(), verify=False)
    first = contents(tmp_path / "a")
    names = ["files/notes/seen.txt", "log.txt", "position.csv", "result.csv", "run.json", "transaction.csv"]
    assert sorted(first) == names
    assert first["log.txt"].count(b"INFO  - Dividends\n") > 0
    same(first, contents(tmp_path / "b"))


def test_a_failed_run_is_the_same_twice_as_well(tmp_path):
    bundle = Bundle.open(small_market(), verify=False)
    for name in ("a", "b"):
        broken = BUSY + "def after_trading_end(context):\n    if context.current_dt.month == 3: 1 / 0\n"
        assert run_backtest(broken, bundle, *SPAN, out=tmp_path / name, name="busy").status == "failed"
    same(contents(tmp_path / "a"), contents(tmp_path / "b"))


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["examples/strategies/weekly_small_value.py", ""])
def test_the_hash_seed_of_the_process_changes_no_byte(tmp_path, strategy):
    if not strategy:
        strategy = tmp_path / "busy.py"
        strategy.write_text(BUSY)
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "sdk.cli", "backtest", str(strategy), "--market", str(small_market())]
        options = ["--start", "2019-01-02", "--end", "2019-12-31", "--out", str(tmp_path / seed)]
        done = subprocess.run(
            [*command, *options], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    same(contents(tmp_path / "1"), contents(tmp_path / "2"))
