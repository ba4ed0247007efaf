"""``docs/formula.md``: the formula language on one page, made by ``python -m sdk.formula.language_page``."""

from __future__ import annotations

from pathlib import Path

from jq_strategy import formula as language
from jq_strategy import kernel
from sdk.formula.checks import CHECKS
from sdk.formula.explain import REPAIR_WORDS, range_text
from sdk.formula.patterns import Rewrite
from sdk.formula.ranges import ANYTHING, FEATURE_RANGES
from sdk.formula.rewrites import DELAY_ROWS, REWRITES
from sdk.formula.trees import MAX_NESTING

PAGE = Path(__file__).resolve().parents[2] / "docs" / "formula.md"
HEAD = """# 公式语言 · The formula language

<!-- Made by `python -m sdk.formula.language_page` from the tables of the code; edit the tables there. -->

一个公式是一串 token，默认后缀顺序；每只股票每天得到一个分数，分数只取决于它最近 `lookback_days` 个交易日的行情。
同一个公式有五种写法，互相转换不改变它：

| 写法 form | 例 example |
|---|---|
| 中缀 infix | `(MOM20 - TSUM20(RET))` |
| 后缀 postfix | `MOM20 RET TSUM20 SUB` |
| 前缀 prefix | `SUB MOM20 TSUM20 RET` |
| token（后缀 postfix） | `[19, 0, 18, 7]` |
| token（前缀 prefix，`--token-mode prefix`） | `[7, 19, 18, 0]` |

```
jqalpha formula explain 19 0 18 7                 # 词义、树、修复、回看、规范形、警告
jqalpha formula convert '(MOM20 - TSUM20(RET))'   # 五种写法
jqalpha formula explain old.json --json           # 机器可读 machine form
```

A formula is a list of tokens, postfix by default; it gives one score a stock and day from the last `lookback_days`
trading days and nothing else. Printed expressions are fully bracketed: `(a + b)`, `(a - b)`, `(a * b)`, `(a / b)`,
`(-a)`, `NAME(a, b, …)`. When read, brackets may be left out (`*` and `/` bind tighter, equal symbols from the left),
`ADD(a, b)` is `(a + b)`, and `PRESS`, `VOL`, `LIQ` are the short names of the logs. Formulas nest at most
"""
VOCABULARY = """
## 词表 Vocabularies

编号只在词表内有意义。旧文件（`[…]` 或 `{"tokens": […]}`）没写词表时：含有这些编号的词表若都读出
同一个公式，取其中最早的；否则报错并请你写明 `--vocabulary`，从不猜测。
An older file without a vocabulary gets the oldest of those that all read the same formula from its ids; if two read
differently, you are asked.

"""
REPAIR = """
## 修复 Repair

只有修复后的 token 会被计算、显示、导出、交易；原始 token 一并永久保存。修复合法的公式什么也不改，
修复两次等于修复一次。前缀按反转后的序列修复。 Only the repaired list is ever computed; the raw one is kept beside it.

| 规则 rule | 内容 what it does |
|---|---|
"""
REWRITE = """
## 规范形 Canonical form

下表每一行都不改变分数的任何一位（逐位相同，NaN 也相同）；小写字母代表任意子公式。规范形用于比较和去重
（`hash`），不用于执行：执行的永远是修复后的 token。标“删”的行会去掉一部分，只在整个公式的输入和回看天数都不变时
才做，因为它们决定哪些股票没有分数。
No row changes a bit of a score. Rows marked 删 drop a part and are done only where the whole formula keeps its
inputs and its lookback, which decide who has no score. There is deliberately no row for `(a + b) + c`, `x / (-y)`
or `x - x`.

| 名称 name | 之前 before | 之后 after | 理由 why | 条件 when |
|---|---|---|---|---|
"""
CHECK = """
## 检查 Checks

检查不看数据；它说的对任何行情都成立，它没说的仍可能发生。 What a check says holds on every market.

| 检查 check | 级别 severity | 含义 meaning |
|---|---|---|
"""


def language_page() -> str:
    """Return the whole page."""
    return (
        f"{HEAD.rstrip()} {MAX_NESTING} deep.\n"
        + VOCABULARY
        + _words()
        + REPAIR
        + "".join(
            f"| `{name}` | {REPAIR_WORDS[name]} {meaning} |\n" for name, meaning in language.REPAIR_RULES.items()
        )
        + REWRITE
        + "".join(_row(row) for row in (*DELAY_ROWS, *REWRITES))
        + CHECK
        + "".join(f"| `{row.code}` | {row.severity} | {row.meaning} |\n" for row in CHECKS)
    )


def _words() -> str:
    vocabularies = list(language.VOCABULARIES)
    rule = "|---" * (len(vocabularies) + 5) + "|\n"
    head = f"| {' | '.join(vocabularies)} | 词 word | 含义 meaning | 参数 arity | 天数 days | 取值 range |\n{rule}"
    rows = []
    for feature in kernel.FEATURES:
        values = range_text(FEATURE_RANGES.get(feature.name, ANYTHING))
        rows.append(
            f"| {_ids(feature.name)} | `{feature.name}` | {feature.words} | 0 | {feature.days} | {values} |\n"
        )
    for operator in kernel.OPERATORS:
        symbol = f" `{operator.symbol}`" if operator.symbol else ""
        rows.append(
            f"| {_ids(operator.name)} | `{operator.name}`{symbol} | {operator.words} | {operator.arity} "
            f"| +{operator.depth} | |\n"
        )
    return head + "".join(rows)


def _ids(name: str) -> str:
    return " | ".join(str(names.index(name)) if name in names else "–" for names in language.VOCABULARIES.values())


def _row(row: Rewrite) -> str:
    condition = " ".join(part for part in (row.condition, "删" if row.drops else "") if part)
    why = row.why.replace("|", "\\|")
    return f"| `{row.name}` | `{row.before}` | `{row.after}` | {why} | {condition} |\n"


if __name__ == "__main__":
    PAGE.write_text(language_page(), encoding="utf-8")
