"""What a strategy sees when it prints the platform's objects, and lines that only some calls write."""

from __future__ import annotations

import pandas as pd
import pytest

from sdk.emulator.runner import run_backtest
from tests.emulator.markets import made_bundle

A, B = "600000.XSHG", "000002.XSHE"
INDUSTRIES = pd.DataFrame(
    {
        "kind": ["sw_l1", "zjw", "zjw"],
        "industry_code": ["801780", "J66", "K70"],
        "industry_name": ["银行", "货币金融服务", "房地产业"],
        "code": [A, A, B],
        "in_date": pd.to_datetime(["2020-01-01", "2020-01-01", "2024-01-08"]),
        "out_date": pd.NaT,
        "start_date": pd.Timestamp("2020-01-01"),
    }
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    bars = {A: {"open": [10.0] * 6, "close": [10.1] * 6}, B: {"open": [20.0] * 6}}
    tables = {"industries": INDUSTRIES}
    return made_bundle(tmp_path_factory.mktemp("prints") / "market", bars, tables=tables)


def log_of(bundle, body, rules=None, status="done"):
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    head = f"A, B = {A!r}, {B!r}\ndef initialize(context):\n    set_option('use_real_price', True)\n"
    strategy = f"{head}def handle_data(context, data):\n{lines}"
    result = run_backtest(strategy, bundle, "2024-01-04", "2024-01-04", rules=rules)
    assert result.status == status, result.error
    return [line.partition(" - ")[2] for line in result.log]


def test_printed_objects_show_their_values_and_no_addresses(bundle):
    things = "context context.run_params g get_current_data()[A] data[A] context.portfolio context.subportfolios log"
    for thing in things.split():
        line = log_of(bundle, f"g.x = 1\nprint({thing})")[-1]
        assert " at 0x" not in line
    assert log_of(bundle, "g.x = 1\nprint(g)")[-1].endswith("StrategyGlobals({'x': 1})")
    assert "'last_price': 10.0" in log_of(bundle, "print(get_current_data()[A])")[-1]
    assert "'close': 10.1" in log_of(bundle, "print(data[A])")[-1]


def test_positions_print_and_walk_as_a_dict(bundle):
    body = """
order(A, 100)
order(B, 100)
p = context.portfolio.positions
print(p.keys())
print([(code, one.total_amount) for code, one in p.items()], [one.avg_cost for one in p.values()])
print(sorted(p.copy()), A in p, len(p))
"""
    said = [line for line in log_of(bundle, f"set_slippage(FixedSlippage(0)){body}") if "Order" not in line]
    assert said[0].endswith(f"dict_keys(['{A}', '{B}'])")
    assert said[1].endswith(f"[('{A}', 100), ('{B}', 100)]")
    assert said[2].endswith("[10.0, 20.0]")
    assert [line.rpartition(" - ")[2] for line in said[3:]] == [f"['{B}', '{A}']", "True", "2"]


def test_walking_through_items_survives_sales_and_writes_no_warning(bundle):
    body = """
if context.current_dt.day == 4:
    order(A, 100)
    order(B, 100)
else:
    for code, position in context.portfolio.positions.items():
        order_target(B, 0)
        order_target(A, 0)
"""
    head = f"A, B = {A!r}, {B!r}\ndef handle_data(context, data):\n"
    strategy = head + "".join(f"    {line}\n" for line in body.splitlines())
    result = run_backtest(strategy, bundle, "2024-01-04", "2024-01-05")
    assert result.status == "done"
    assert not [line for line in result.log if "positions 中不存在" in line]
    assert [order.is_buy for order in result.trades] == [True, True, False, False]


def test_current_data_knows_the_industry_of_the_day(bundle):
    body = "print(get_current_data()[A].industry_code, repr(get_current_data()[B].industry_code))"
    assert [line.rpartition(" - ")[2] for line in log_of(bundle, body)] == ["J66", "''"]


@pytest.mark.parametrize(("rule", "lines"), [("once", 1), ("always", 2), ("silent", 0)])
def test_a_panel_is_advised_against(bundle, rule, lines):
    body = "for _ in range(2):\n    get_price([A, B], count=1)\n    get_price([A, B], count=1, panel=False)"
    found = log_of(bundle, body, {"panel_line": rule})
    assert len(found) == lines
    assert all(line.startswith("WARNING - 不建议继续使用panel（") for line in found)


def test_skipping_halts_of_several_stocks_is_refused_with_the_platforms_words(bundle):
    found = log_of(bundle, "get_price([A, B], count=1, skip_paused=True)", status="failed")
    assert "get_price 取多只股票数据时, 为了对齐日期, 不能跳过停牌" in found[-1]


def test_the_traceback_tells_what_an_error_came_from(bundle):
    body = """
try:
    1 / 0
except ZeroDivisionError as error:
    raise KeyError('lost') {}
"""
    by_cause = log_of(bundle, body.format("from error"), status="failed")[-1]
    assert "ZeroDivisionError: division by zero\n\nThe above exception was the direct cause" in by_cause
    assert by_cause.endswith("KeyError: 'lost'")
    alone = log_of(bundle, body.format(""), status="failed")[-1]
    assert "During handling of the above exception, another exception occurred:\n\nTraceback" in alone
    quiet = log_of(bundle, body.format("from None"), status="failed")[-1]
    assert quiet.count("Traceback") == 1


def test_a_library_in_a_folder_is_refused_with_the_platforms_words(bundle, tmp_path):
    (tmp_path / "mylib").mkdir()
    (tmp_path / "mylib" / "tools.py").write_text("x = 1\n", encoding="utf-8")
    for line in ("import mylib", "from mylib.tools import x", "from mylib import tools"):
        strategy = tmp_path / "strategy.py"
        strategy.write_text(f"{line}\ndef initialize(context):\n    pass\n", encoding="utf-8")
        result = run_backtest(strategy, bundle, "2024-01-04", "2024-01-04")
        assert "ImportError: 您是否想导入研究中的自定义库? 自定义库暂时不支持文件夹" in result.log[-1]


def test_points_recorded_from_16_00_on_belong_to_the_next_day(bundle):
    strategy = """
def initialize(context):
    run_daily(early, '15:59')
    run_daily(late, '16:00')
def early(context): record(early=context.current_dt.day)
def late(context): record(late=context.current_dt.day)
"""
    result = run_backtest(strategy, bundle, "2024-01-03", "2024-01-05")
    rows = [line.split(",")[-2:] for line in result.texts["result.csv"].splitlines()]
    assert rows == [["early", "late"], ["3", ""], ["4", "3"], ["5", "4"]]


def test_a_wrong_quantity_names_the_call(bundle):
    found = log_of(bundle, "order_target_value(A, float('nan'))", status="failed")
    assert "order_target_value(600000.XSHG): quantity is nan" in found[-1]


def test_read_file_finds_files_beside_the_strategy_and_nothing_else(bundle, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "pool.csv").write_bytes(b"code\n600000.XSHG\n")
    (tmp_path / "secret.txt").write_text("x", encoding="utf-8")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    strategy = folder / "strategy.py"

    def run_with(body):
        strategy.write_text(f"def initialize(context):\n    {body}\n", encoding="utf-8")
        return run_backtest(strategy, bundle, "2024-01-04", "2024-01-04")

    result = run_with("print(read_file('pool.csv').decode().split()[1])")
    assert result.log[0].endswith("600000.XSHG")
    assert any("read_file('pool.csv')" in note and "SHA-256" in note for note in result.notes)
    written = run_with("write_file('pool.csv', 'mine'); print(read_file('pool.csv'))")
    assert written.log[0].endswith("b'mine'")
    assert (folder / "pool.csv").read_bytes() == b"code\n600000.XSHG\n"
    for name in ("link.txt", "../secret.txt", "none.csv"):
        assert run_with(f"read_file({name!r})").status == "failed"


def test_a_recorded_nan_is_an_empty_cell(bundle):
    text = "def handle_data(context, data): record(x=float('nan'), y=float('inf'), z=1.5)"
    result = run_backtest(text, bundle, "2024-01-04", "2024-01-05")
    assert result.status == "done"
    header, first, *_ = result.texts["result.csv"].splitlines()
    assert header.endswith(",x,y,z")
    assert first.endswith(",,,1.5")
