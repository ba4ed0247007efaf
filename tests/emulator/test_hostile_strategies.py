"""Strategies that are odd, wrong or rude: each ends in a finished run or one clear failure, never in a crash."""

from __future__ import annotations

import json

import pytest

from sdk.emulator.runner import run_backtest
from tests.emulator.markets import made_bundle

CODE = "600000.XSHG"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    bars = {CODE: {"open": [10.0, 10.5, 11.0, 11.5]}}
    return made_bundle(tmp_path_factory.mktemp("hostile") / "market", bars, start="2024-01-02")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "initialize = None",
        "def initialize(context): pass\ndel initialize",
        "# -*- coding: gbk -*-\nx = '中文'",
        f"def handle_data(context, data):\n    order('{CODE}', 1e300)\n    order_value('{CODE}', -1e300)",
        f"def handle_data(context, data):\n    order('{CODE}', np.int64(9)); order_value('{CODE}', np.float64(5e3))",
        "def initialize(context):\n    log.info(); print(); print(None, [1, 2]); log.info('\\ud800')",
        f"def initialize(context):\n    order('{CODE}', 100)",
        "def initialize(context):\n    context.mine = 1\n    context.portfolio\n    print(context.mine)",
        "def initialize(context):\n    set_benchmark('399999.XSHE')",
        f"def handle_data(context, data):\n    print(attribute_history('{CODE}', 100)['close'].sum())",
        "def initialize(context):\n    run_daily(later, '16:30')\ndef later(context):\n    order('600000.XSHG', 100)",
        f"def handle_data(context, data):\n    try: query(1)\n    except Exception: order('{CODE}', 100)",
    ],
)
def test_odd_strategies_finish(bundle, tmp_path, body):
    result = run_backtest(f"{body}\n\n", bundle, "2024-01-02", "2024-01-05", 100_000, tmp_path / "run")
    assert result.status == "done", result.error
    assert len(result.days) == 4
    page = json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))
    assert page["status"] == "done"
    assert len((tmp_path / "run/result.csv").read_text(encoding="gbk").splitlines()) == 5


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
        ("def initialize(context):\n    initialize(context)", "RecursionError"),
        ("import no_such_module", "ModuleNotFoundError"),
        (f"def handle_data(context, data):\n    assert order(['{CODE}'], 100) is None\n    1 / 0", "找不到标的"),
        ("def handle_data(context, data):\n    data['600001.XSHE'].close", "did you mean '600000.XSHG'"),
        ("def initialize(context):\n    set_option('use_real_prices', True)", "did you mean 'use_real_price'"),
        ("def initialize(context):\n    set_slippage(0.02)", "expected FixedSlippage"),
        ("def initialize(context):\n    set_order_cost(OrderCost(), type='stok')", "did you mean 'stock'"),
        ("def initialize(context):\n    log.set_level('order', 'eror')", "did you mean 'error'"),
        ("def initialize(context):\n    set_benchmark({'000300.XSHG': 2})", "add up to at most 1"),
        ("def initialize(context):\n    context.portfolio.available_cash = 1e9", "AttributeError"),
        ("def initialize(context):\n    record(x='high')", "only numbers can be recorded"),
        ("def initialize(context):\n    read_file('data.csv')", "this run wrote no such file"),
    ],
)
def test_wrong_strategies_fail_with_words_and_a_whole_directory(bundle, tmp_path, body, words):
    result = run_backtest(f"{body}\n\n", bundle, "2024-01-02", "2024-01-05", 100_000, tmp_path / "run")
    assert result.status == "failed"
    log = (tmp_path / "run/log.txt").read_text(encoding="utf-8")
    assert words in log
    assert log.startswith("2024-01-02 0") or log.count("\n") > 1
    assert "user_code.py" in log
    assert (tmp_path / "run/position.csv").exists()


def test_a_callback_with_the_wrong_arguments_is_named(bundle):
    result = run_backtest("def initialize(): pass\n", bundle, "2024-01-02", "2024-01-05")
    assert result.log[-1].endswith("TypeError: initialize() takes 0 positional arguments but 1 was given")


def test_a_user_cannot_change_the_account_or_an_order(bundle):
    strategy = f"""
def handle_data(context, data):
    o = order('{CODE}', 100)
    position = context.portfolio.positions['{CODE}']
    for target, name in ((o, 'filled'), (position, 'total_amount'), (context.portfolio, 'cash')):
        try:
            setattr(target, name, 1)
        except AttributeError:
            print('refused')
"""
    result = run_backtest(strategy, bundle, "2024-01-02", "2024-01-02", 100_000)
    assert [line[-7:] for line in result.log if "Order" not in line] == ["refused"] * 3
