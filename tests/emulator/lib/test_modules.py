"""What a strategy may import, what a star import hides, and what it reads about the rest."""

from __future__ import annotations

import pytest

from sdk.emulator.lib.third_party import PACKAGES
from sdk.emulator.runner import run_backtest
from sdk.errors import StrategyError
from tests.emulator.markets import made_bundle

CODE = "600000.XSHG"


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    return made_bundle(tmp_path_factory.mktemp("market") / "bundle", {CODE: {"open": [10.0] * 5}})


def run(market, text):
    return run_backtest(text + "\n", market, "2024-01-02", "2024-01-02", 100_000)


@pytest.mark.parametrize(
    "text",
    [
        "get_price, g, log, order, OrderStatus, datetime, timedelta, math, np, pd, zeros, query, finance",
        "from jqdata import *\nget_price, order_target_value",
        "import jqdata\njqdata.get_price, jqdata.order",
        "import jqdata as jq\njq.attribute_history",
        "from jqdata import finance, jy, macro",
        "from kuanke.user_space_api import *\nrun_daily",
        "from kuanke.wizard import *",
        "import jqfactor\njqfactor.winsorize_med",
        "from jqfactor import Factor, calc_factors, get_factor_values, neutralize, standardlize, winsorize",
        "from jqlib.technical_analysis import *\nMACD, BOLL",
        "from jqlib.technical_analysis import MACD, KDJ",
        "import jqlib.technical_analysis as ta\nta.RSI",
        "from jqlib import technical_analysis\ntechnical_analysis.RSI",
        "from jqlib.optimizer import *\nMaxSharpeRatio, Bound",
        "from jqlib.alpha101 import *\nalpha_101",
        "from jqlib.alpha191 import alpha_191",
        "try:\n    import shapely_is_not_here\nexcept ImportError:\n    pass",
        "from datetime import datetime\nfrom jqdata import *\ndatetime.now().year + datetime(2024, 1, 2).month",
        "from datetime import datetime\nfrom jqdata import *\ndatetime.timedelta(1) + datetime.datetime(2024, 1, 2)",
        "from datetime import datetime\nfrom jqdata import *\nassert isinstance(datetime.today(), datetime)",
        "from jqdata import *\nassert datetime.date(2024, 1, 2).day == datetime.strptime('02', '%d').day",
        "from jqdata import *\nassert sum([1, 2]) == 3 and max(1, 2) == 2 and datetime.date and abs(-1) == 1",
        "from jqfactor import *\nfrom jqlib.technical_analysis import *\nassert any([True]) and round(1.4) == 1",
    ],
)
def test_importing(market, text):
    result = run(market, text)
    assert result.status == "done", result.log


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("from jqdata import no_such_name", "cannot import name 'no_such_name'"),
        ("import jqdata\n\nimport jqdatasdk", "(策略第 3 行)：策略里不用 jqdatasdk"),
        ("from jqdatasdk import *", "改为 from jqdata import *"),
        (
            "from jqlib.optimizer import *\nportfolio_optimizer()",
            "jqlib.optimizer.portfolio_optimizer() 本地回测不支持",
        ),
        (
            "from jqlib.alpha101 import *\nalpha_001('2024-01-02')",
            "jqlib.alpha101.alpha_001() 本地回测不支持 (策略第 2 行)",
        ),
        ("from jqdata import jy\njy.run_query()", "jy.run_query 本地回测不支持"),
        ("xrange(3)", "name 'xrange' is not defined"),
    ],
)
def test_what_is_not_offered_says_what_to_do(market, text, words):
    result = run(market, text)
    assert result.status == "failed"
    assert words in result.log[-1]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("print 'hello'", "Python 2 的 print 语句；平台是 Python 3，写成 print(…)"),
        ("print context.current_dt", "写成 print(…)"),
        ("exec 'a = 1'", "Python 2 的 exec 语句"),
        ("a = 1 <> 2", "写成 !="),
        ("a = 0777", "写成 0o777"),
        ("a = 10L", "去掉 L"),
        ("a = `5`", "写成 repr(…)"),
        ("a = ur'x'", "写成 r''"),
        ("raise ValueError, 'x'", "写成 raise A(text)"),
    ],
)
def test_python_2_is_one_clear_sentence_with_the_line(market, line, words):
    with pytest.raises(StrategyError) as caught:
        run(market, f"def initialize(context):\n    {line}")
    assert words in str(caught.value)
    assert "line 2" in str(caught.value)


def test_python_2_exceptions_and_tabs(market):
    with pytest.raises(StrategyError, match="except A as e"):
        run(market, "try:\n    pass\nexcept ValueError, KeyError:\n    pass")
    with pytest.raises(StrategyError, match="四个空格"):
        run(market, "def f():\n        a = 1\n\tb = 2")


@pytest.mark.parametrize("name", sorted(PACKAGES))
def test_a_missing_package_names_the_line_and_the_way_out(market, name, monkeypatch):
    import builtins

    real = builtins.__import__

    def absent(module, *args, **kwargs):
        if module.partition(".")[0] == name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(module, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    unused = run(market, f"import {name}\nfrom {name}.part import thing as other")
    guarded = run(market, f"try:\n    import {name}\nexcept ImportError as error:\n    print(error)")
    starred = run(market, f"from {name} import *")
    result = run(market, f"import {name}.part as p\np.thing(1)")
    monkeypatch.undo()
    assert unused.status == "done", unused.log
    assert f"import {name} (策略第 2 行)：本机没有安装" in guarded.log[-1]
    assert starred.status == "failed"
    assert result.status == "failed"
    assert "ModuleNotFoundError" in result.log[-1]
    assert (
        f"{name}.part.thing (策略第 2 行)：本机没有安装 {name}；pip install '{PACKAGES[name][0]}'" in result.log[-1]
    )


def test_a_strategy_may_catch_a_missing_package(market):
    text = "try:\n    import talib_is_not_here\nexcept ImportError as error:\n    print(error.name)"
    assert run(market, text).log[-1].endswith("talib_is_not_here")


def test_a_file_saved_on_a_chinese_windows_is_read(market, tmp_path):
    file = tmp_path / "saved.py"
    file.write_bytes("def initialize(context):\n    log.info('初始化')\n".encode("gb18030"))
    assert "初始化" in run_backtest(file, market, "2024-01-02", "2024-01-02").log[0]
    file.write_bytes(b"# \xff\xff\n")
    with pytest.raises(StrategyError, match="neither UTF-8 nor GB18030"):
        run_backtest(file, market, "2024-01-02", "2024-01-02")
