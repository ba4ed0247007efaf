"""How a strategy lives: callbacks, names, imports, and what happens when it is wrong or raises."""

from __future__ import annotations

import json
import sys

import pytest
from click.testing import CliRunner

from sdk.emulator.cli import backtest
from sdk.emulator.runner import run_backtest
from sdk.errors import ConfigError, JqalphaError, StrategyError, UnsupportedCall
from tests.emulator.markets import made_bundle

CODE = "600000.XSHG"
SPAN = ("2024-01-02", "2024-01-04")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    bars = {CODE: {"open": [10.0, 10.5, 11.0, 11.5, 12.0]}}
    return made_bundle(tmp_path_factory.mktemp("lifecycle") / "market", bars, start="2023-12-29")


def said(result):
    return [line.split(" - ", 2)[-1].strip() for line in result.log]


def test_callbacks_run_in_the_platforms_order_at_its_times(bundle):
    strategy = """
def initialize(context): log.info('initialize')
def after_code_changed(context): log.info('changed')
def process_initialize(context): log.info('process')
def before_trading_start(context): log.info('before')
def handle_data(context, data): log.info('data')
def after_trading_end(context): log.info('after')
def on_strategy_end(context): log.info('end')
"""
    result = run_backtest(strategy, bundle, "2023-12-30", "2024-01-01")
    assert [line[:19] + line.split(" - ")[-1] for line in result.log] == [
        "2023-12-30 00:00:00initialize",
        "2023-12-30 00:00:00changed",
        "2023-12-30 00:00:00process",
        "2024-01-01 09:00:00before",
        "2024-01-01 09:30:00data",
        "2024-01-01 15:30:00after",
        "2024-01-01 23:59:59end",
    ]


@pytest.mark.parametrize(
    "head",
    [
        "",
        "from jqdata import *",
        "import jqdata\nfrom jqdata import order_value, attribute_history",
        "from kuanke.user_space_api import *",
        "import kuanke.user_space_api as api\norder_value = api.order_value",
        "import jqdata as j\norder_value = j.order_value",
    ],
)
def test_the_api_is_there_whatever_is_imported(bundle, head):
    strategy = (
        head
        + f"""
def initialize(context):
    g.days = 0
    set_option('use_real_price', True)

def handle_data(context, data):
    g.days += 1
    closes = attribute_history('{CODE}', 1, '1d', ['close'], df=False)
    print(closes['close'][0], context.previous_date)
    if g.days == 1:
        order_value('{CODE}', 5000)
"""
    )
    result = run_backtest(strategy, bundle, *SPAN)
    assert result.status == "done", result.error
    assert said(result)[:2] == ["10.5", "2024-01-01"]
    assert len(result.trades) == 1


def test_nothing_of_a_run_stays_in_the_process(bundle):
    before = set(sys.modules)
    run_backtest("from jqdata import *\nimport jqdata, kuanke.user_space_api\n", bundle, *SPAN)
    left = {
        name for name in set(sys.modules) - before if name.startswith(("jqdata", "kuanke", "user_code", "jqfactor"))
    }
    assert left == set()
    with pytest.raises(ImportError):
        __import__("jqdata")


def test_a_strategy_may_run_another_backtest_inside_itself_without_a_trace(bundle):
    inner = "def initialize(context):\n    g.name = 'inner'\n    log.info('inner')\n"
    results = []
    sys.modules["tests.emulator._hook"] = type(sys)("hook")
    sys.modules["tests.emulator._hook"].run = lambda: results.append(run_backtest(inner, bundle, *SPAN))
    outer = """
from tests.emulator._hook import run
def initialize(context):
    g.name = 'outer'
    run()
    log.info(g.name)
"""
    try:
        result = run_backtest(outer, bundle, *SPAN)
    finally:
        del sys.modules["tests.emulator._hook"]
    assert (said(result), said(results[0])) == (["outer"], ["inner"])


def test_a_library_beside_the_strategy_can_be_imported_and_sees_the_api(bundle, tmp_path):
    (tmp_path / "my_signals.py").write_text("from jqdata import *\ndef speak():\n    log.info('from the library')\n")
    (tmp_path / "strategy.py").write_text("import my_signals\ndef initialize(context):\n    my_signals.speak()\n")
    assert said(run_backtest(tmp_path / "strategy.py", bundle, *SPAN)) == ["from the library"]


def test_a_library_reaches_the_strategy_as_user_code(bundle, tmp_path):
    (tmp_path / "deeper.py").write_text("import user_code\ndef speak():\n    user_code.log.info(user_code.WORDS)\n")
    (tmp_path / "strategy.py").write_text(
        "import deeper, sys\nWORDS = 'mine'\ndef initialize(context):\n    deeper.speak()\n"
        "    import user_code\n    user_code.WORDS = 'changed'\n    deeper.speak()\n    log.info(WORDS)\n"
        "    log.info('user_code' in sys.modules)\n"
    )
    result = run_backtest(tmp_path / "strategy.py", bundle, *SPAN)
    assert said(result) == ["mine", "changed", "changed", "False"]


def test_print_and_log_take_many_arguments_and_formats(bundle):
    strategy = """
def initialize(context):
    print('a', 1)
    log.info('%s=%.2f', 'x', 1.005)
    log.info('100%, sure', 2)
    log.warn('careful')
    log.error({'k': 1})
    log.debug('two\\nlines')
    log.set_level('strategy', 'error')
    log.info('hidden')
    print('hidden too')
    log.error('shown')
"""
    result = run_backtest(strategy, bundle, *SPAN)
    assert [line[22:] for line in result.log] == [
        *("INFO  - a", "INFO  - 1", "INFO  - x=1.00", "INFO  - 100%, sure", "INFO  - 2", "WARNING - careful"),
        *("ERROR - {'k': 1}", "DEBUG - two\nlines", "ERROR - shown"),
    ]


def test_a_missing_attribute_of_g_reads_as_on_the_platform(bundle):
    strategy = "def initialize(context):\n    pass\n\ndef handle_data(context, data):\n    print(g.count)\n"
    result = run_backtest(strategy, bundle, *SPAN)
    assert result.status == "failed"
    assert result.log[-1] == (
        "2024-01-02 09:30:00 - ERROR - Traceback (most recent call last):\n"
        '  File "/' + 'tmp/strategy/user_code.py", line 5, in handle_data\n'
        "    print(g.count)\n"
        "AttributeError: 'StrategyGlobals' object has no attribute 'count'"
    )


def test_a_run_that_fails_keeps_what_it_had_and_says_failed(bundle, tmp_path):
    strategy = f"""
def initialize(context):
    set_option('use_real_price', True)
def handle_data(context, data):
    order('{CODE}', 100)
    if str(context.current_dt)[:10] == '2024-01-04':
        1 / 0
"""
    result = run_backtest(strategy, bundle, *SPAN, out=tmp_path / "run")
    page = json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))
    assert (result.status, page["status"]) == ("failed", "failed")
    assert page["error"] == "ZeroDivisionError: division by zero"
    assert len(result.days) == 2
    assert len((tmp_path / "run/result.csv").read_text(encoding="gbk").splitlines()) == 3
    assert len((tmp_path / "run/transaction.csv").read_text(encoding="gbk").splitlines()) == 4


def test_a_syntax_error_is_one_line_with_file_and_line(bundle, tmp_path):
    path = tmp_path / "bad.py"
    path.write_text("def initialize(context):\n    x = = 1\n")
    with pytest.raises(StrategyError, match=r"bad\.py, line 2: 语法错误"):
        run_backtest(path, bundle, *SPAN, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("use", "named"),
    [
        ("margincash_open('600000.XSHG', 100)", r"margincash_open\(\).*策略第 2 行.*stock_margin"),
        ("marginsec_close('600000.XSHG', 100)", r"marginsec_close\(\)"),
        ("jy.run_query(1)", r"jy\.run_query.*策略第 2 行.*platform"),
        ("macro.MAC_CPI_MONTH", r"macro\.MAC_CPI_MONTH.*策略第 2 行.*macro/MAC_CPI_MONTH\.parquet"),
        ("get_fundamentals(query(indicator.roe))", r"FinancialIndicatorDay.*策略第 2 行.*fundamentals/indicator"),
        ("finance.STK_HOLDER_NUM", r"finance\.STK_HOLDER_NUM.*策略第 2 行.*finance/STK_HOLDER_NUM\.parquet"),
        ("get_industry_stocks('801780')", r"get_industry_stocks.*industries\.parquet"),
        ("set_option('futures_margin_rate.IF', 0.1)", "futures_margin_rate.IF.*策略第 2 行"),
    ],
)
def test_an_official_call_that_is_not_offered_names_itself_and_a_way_out(bundle, use, named):
    result = run_backtest(f"def initialize(context):\n    {use}\n", bundle, *SPAN)
    assert isinstance(result.error, UnsupportedCall)
    with pytest.raises(UnsupportedCall, match=named):
        raise result.error


def test_names_that_the_platform_does_not_have_stay_unknown(bundle):
    assert isinstance(run_backtest("order_percent('x', 1)\n", bundle, *SPAN).error, NameError)
    assert isinstance(run_backtest("from jqdata import nonsense\n", bundle, *SPAN).error, ImportError)
    assert run_backtest("from jqfactor import get_factor_values\n", bundle, *SPAN).status == "done"
    assert run_backtest("from jqlib.technical_analysis import *\nimport jqlib\n", bundle, *SPAN).status == "done"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start": "2030-01-01", "end": "2030-02-01"}, "the bundle covers 2023-12-29"),
        ({"end": "2025-01-01"}, "run at most to 2024-01-04"),
        ({"start": "2010-01-01"}, "start at 2023-12-29 or later"),
        ({"start": "2024-01-04", "end": "2024-01-02"}, "is after end"),
        ({"start": "soon"}, "is not a date"),
        ({"cash": -1}, "cash=-1"),
        ({"rules": {"stock_price_roundin": "x"}}, "did you mean 'stock_price_rounding'"),
        ({"rules": {"stock_price_rounding": "up"}}, "choose one of nearest floor none"),
    ],
)
def test_bad_arguments_are_one_clear_error(bundle, change, words):
    arguments = {"start": SPAN[0], "end": SPAN[1], "cash": 1000.0, "rules": None, **change}
    with pytest.raises(ConfigError, match=words):
        run_backtest("pass\n", bundle, **arguments)


def test_a_directory_that_is_no_run_is_never_touched(bundle, tmp_path):
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers/thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match=r"holds no run\.json: it is left alone"):
        run_backtest("pass\n", bundle, *SPAN, out=tmp_path / "papers")
    assert [path.name for path in (tmp_path / "papers").iterdir()] == ["thesis.txt"]
    run_backtest("pass\n", bundle, *SPAN, out=tmp_path / "run")
    run_backtest("pass\n", bundle, *SPAN, out=tmp_path / "run")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["papers", "run"]


def test_files_of_the_strategy_stay_in_the_run_directory(bundle, tmp_path):
    strategy = """
def initialize(context):
    write_file('notes/a.txt', '一')
    write_file('notes/a.txt', b'2', append=True)
    print(read_file('notes/a.txt').decode())
    record(x=1)
def handle_data(context, data):
    record(price=data['600000.XSHG'].close)
"""
    result = run_backtest(strategy, bundle, *SPAN, out=tmp_path / "run")
    assert result.status == "done", result.error
    assert (tmp_path / "run/files/notes/a.txt").read_bytes() == "一2".encode()
    header, *rows = (tmp_path / "run/result.csv").read_text(encoding="gbk").splitlines()
    assert header.endswith("超额收益(%),x,price")
    assert [row.split(",")[-1] for row in rows] == ["10.5", "11", "11.5"]
    for path in ("../x", "/etc/passwd", "a/../../x", ""):
        bad = run_backtest(f"def initialize(context):\n    write_file({path!r}, 'x')\n", bundle, *SPAN)
        assert "outside the run directory" in str(bad.error)
    for calls, words in (
        ("write_file('a', 'x'); write_file('a/b', 'x')", "cannot be a folder as well"),
        ("write_file('a/b', 'x'); write_file('a', 'x')", "cannot be a folder as well"),
        ("write_file('x' * 300, 'x')", "no file can have this name"),
        ("write_file('x\\0', 'x')", "no file can have this name"),
    ):
        bad = run_backtest(f"def initialize(context):\n    {calls}\n", bundle, *SPAN, out=tmp_path / "bad")
        assert words in str(bad.error)
        assert (tmp_path / "bad/run.json").is_file()
    fine = "def initialize(context):\n    write_file('a', 'x'); write_file('a', 'y'); write_file('ab', 'z')\n"
    assert run_backtest(fine, bundle, *SPAN).status == "done"


def test_the_command_prints_the_figures_and_exits_with_1_when_the_strategy_fails(bundle, tmp_path):
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text("def initialize(context):\n    pass\n")
    bad.write_text("def handle_data(context, data):\n    1 / 0\n")
    common = ["--market", str(bundle.path), "--start", SPAN[0], "--end", SPAN[1]]
    done = CliRunner().invoke(backtest, [str(good), *common, "--out", str(tmp_path / "a")])
    assert done.exit_code == 0, done.output
    for label in ("策略收益", "最大回撤区间", "超额收益夏普比率", "完成：3 个交易日"):
        assert label in done.output
    page = tmp_path / "a/report.html"
    assert f"网页 {page}" in done.output.replace("\n", "")
    assert "good.py" in page.read_text("utf-8")
    bare = CliRunner().invoke(backtest, [str(good), *common, "--out", str(tmp_path / "a"), "--no-report"])
    assert "网页" not in bare.output
    assert not page.exists(), "a page of the run before"
    failed = CliRunner().invoke(backtest, [str(bad), *common, "--out", str(tmp_path / "b")])
    assert failed.exit_code == 1
    assert "失败" in failed.output
    assert "ZeroDivisionError" in failed.output
    wrong = CliRunner().invoke(backtest, [str(good), *common, "--rule", "nonsense"])
    assert isinstance(wrong.exception, JqalphaError)
