"""What a strategy reads when it imports something that is not here, or was written for Python 2.

Third-party packages import as usual when they are installed. When one is missing, the first use of it (``absent.py``)
names the line of the strategy, how to install it, and what does the same without it. ``except ImportError`` in a
strategy still works. ``jqdatasdk`` is refused: it asks the network, knows tomorrow, and its calls are those of
``jqdata``.
"""

from __future__ import annotations

import re

from sdk.emulator.unsupported import strategy_line

_NUMPY = "用 numpy 写"
# import name -> (what to install, what does the same without it)
PACKAGES: dict[str, tuple[str, str]] = {
    "talib": ("jqalpha[talib]", "from jqlib.technical_analysis import *"),
    "statsmodels": ("statsmodels", "最小二乘用 numpy.polyfit 或 numpy.linalg.lstsq"),
    "sklearn": ("scikit-learn", "线性回归用 numpy.linalg.lstsq"),
    "scipy": ("scipy", _NUMPY),
    "xgboost": ("xgboost", _NUMPY),
    "lightgbm": ("lightgbm", _NUMPY),
    "torch": ("torch", _NUMPY),
    "tensorflow": ("tensorflow", _NUMPY),
    "keras": ("keras", _NUMPY),
    "cvxpy": ("cvxpy", "等权，或 scipy.optimize"),
    "cvxopt": ("cvxopt", "等权，或 scipy.optimize"),
    "pykalman": ("pykalman", _NUMPY),
    "hmmlearn": ("hmmlearn", _NUMPY),
    "arch": ("arch", _NUMPY),
    "seaborn": ("seaborn", "回测里删去画图"),
    "matplotlib": ("matplotlib", "回测里删去画图"),
    "prettytable": ("prettytable", "log.info"),
    "tqdm": ("tqdm", "删去进度条"),
    "six": ("six", "Python 3 的写法"),
    "requests": ("requests", "回测不联网：write_file / read_file"),
    "tushare": ("tushare", "from jqdata import *"),
    "gensim": ("gensim", _NUMPY),
    "numba": ("numba", _NUMPY),
    "sqlalchemy": ("sqlalchemy", "query(…).filter(…) 不需要它"),
    "openpyxl": ("openpyxl", "write_file"),
    "redis": ("redis", "g 的属性"),
}
REFUSED = {
    "jqdatasdk": "策略里不用 jqdatasdk（它联网取数，回测看得到未来）；改为 from jqdata import *，函数同名",
}
# Text of Python's syntax error -> what it means in a strategy.
PYTHON_2: tuple[tuple[str, str], ...] = (
    (r"Missing parentheses in call to '(print|exec)'", "Python 2 的 {0} 语句；平台是 Python 3，写成 {0}(…)"),
    (r"multiple exception types must be parenthesized", "Python 2 的 except A, e；写成 except A as e"),
    (r"leading zeros in decimal integer", "Python 2 的八进制数 0777；写成 0o777"),
    (r"inconsistent use of tabs and spaces", "制表符与空格混用（Python 2 允许）；统一成四个空格"),
    (r"invalid decimal literal", "Python 2 的长整数 10L；去掉 L"),
)
PYTHON_2_SOURCE: tuple[tuple[str, str], ...] = (
    (r"<>", "Python 2 的 <>；写成 !="),
    (r"`[^`]+`", "Python 2 的反引号；写成 repr(…)"),
    (r"\bur'|\bur\"", "Python 2 的 ur''；写成 r''"),
    (r"^\s*raise\s+\w+\s*,", "Python 2 的 raise A, text；写成 raise A(text)"),
    (r"^\s*print\s+\S", "Python 2 的 print 语句；平台是 Python 3，写成 print(…)"),
    (r"^\s*exec\s+[\"'\w]", "Python 2 的 exec 语句；写成 exec(…)"),
)
PYTHON_2_NAMES = {
    "xrange": "Python 2 的 xrange；写成 range",
    "unicode": "Python 2 的 unicode；写成 str",
    "raw_input": "回测没有输入",
    "basestring": "Python 2 的 basestring；写成 str",
    "reduce": "写 from functools import reduce",
}


def missing_package(name: str) -> str | None:
    """Return what to tell about a module that is not installed; None for one we know nothing of."""
    known = PACKAGES.get(name.partition(".")[0])
    if known is None:
        return None
    install, instead = known
    return f"{name}{_where()}：本机没有安装 {name.partition('.')[0]}；pip install '{install}'，或改用：{instead}"


def refused_module(name: str) -> str | None:
    """Return why a module may not be imported by a strategy; None when it may."""
    reason = REFUSED.get(name.partition(".")[0])
    return None if reason is None else f"import {name}{_where()}：{reason}"


def python_2_hint(message: str, source_line: str) -> str | None:
    """Return what a syntax error means when the line is Python 2; None when it is not."""
    for pattern, hint in PYTHON_2:
        if found := re.search(pattern, message):
            return hint.format(*found.groups())
    return next((hint for pattern, hint in PYTHON_2_SOURCE if re.search(pattern, source_line)), None)


def _where() -> str:
    return f" (策略第 {line} 行)" if (line := strategy_line()) else ""
