"""strategy.py: one self-contained file for JoinQuant's editor (Python 3.6, numpy, pandas).

Top to bottom: the formula in words, the settings a user may change, the kernel functions this formula needs, the
formula as straight lines, ranking, audit, trading. Everything but the settings and the straight lines is copied
word for word from the ground floor (source_text.py).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

from exporter.source_text import Definition, closure
from exporter.switches import Switches, exposure_table, header_lines, rewritten, setting_lines
from jq_strategy import formula as language
from jq_strategy import kernel
from jq_strategy.audit import array_bytes, made_bars, short_digest
from sdk import __version__
from sdk.errors import ConfigError
from sdk.formula.formula_file import FormulaFile
from sdk.market.importing.codes import is_index_code
from sdk.scoring.neutral_choice import NeutralChoice, checked_names, checked_standard
from sdk.scoring.ties import checked_keys

RULE = "# " + "=" * 98


@dataclass(frozen=True)
class Settings:
    """What a user may set in an exported strategy; None: as the formula was trained.

    ``pool_index``, ``benchmark``, ``top_k``: where the formula file names none, 000300.XSHG and 10; the benchmark
    of a trained formula is the index of its pool, which its features and its exposures were measured against.
    ``neutralise``: exposures taken out of the scores, () = none. ``standardise``: rank or zscore.
    ``min_listed_days``: trading days that a stock of the pool must have been listed, 0 = any.
    """

    pool_index: str | None = None
    benchmark: str | None = None
    top_k: int | None = None
    source: str = "formula.json"
    rank_keys: tuple[str, ...] | None = None
    neutralise: tuple[str, ...] | None = None
    standardise: str | None = None
    min_listed_days: int | None = None

    def of(self, formula: FormulaFile) -> Settings:
        """Return the settings with everything decided. ConfigError for what has no meaning."""
        keys = formula.rank_keys if self.rank_keys is None else self.rank_keys
        names = formula.neutral.names if self.neutralise is None else self.neutralise
        standard = formula.neutral.standard if self.standardise is None else self.standardise
        index = formula.pool_index if self.pool_index is None else self.pool_index
        benchmark = formula.pool_index if self.benchmark is None else self.benchmark
        top_k = formula.top_k if self.top_k is None else self.top_k
        days = formula.min_listed_days if self.min_listed_days is None else self.min_listed_days
        for option, code in (("pool", index), ("benchmark", benchmark)):
            if not is_index_code(code):
                raise ConfigError(f"{option} of the export = {code!r}: 聚宽代码的写法 write it like 000300.XSHG")
        if days < 0:
            raise ConfigError(f"min_listed_days of the export = {days}: a number of trading days, 0 or more")
        return replace(
            self,
            pool_index=index,
            benchmark=benchmark,
            top_k=top_k,
            rank_keys=checked_keys(keys, "rank keys of the export"),
            neutralise=checked_names(names, "neutralise of the export"),
            standardise=checked_standard(standard, "standardise of the export"),
            min_listed_days=days,
        )

    @property
    def switches(self) -> Switches:
        """What is on besides ranking and trading."""
        neutral = NeutralChoice(self.neutralise or (), self.standardise or "rank")
        return Switches(neutral, self.min_listed_days or 0)

    @property
    def told(self) -> dict[str, Any]:
        """What a manifest says: names and values, without what is off."""
        off = {"neutralise": self.neutralise, "standardise": self.neutralise, "min_listed_days": self.min_listed_days}
        return {name: value for name, value in asdict(self).items() if off.get(name, True)}


def self_check_digest(formula: FormulaFile) -> str:
    """Return the digest of the formula's scores on the made bars: what every machine must reproduce."""
    bars = made_bars(formula.inputs, formula.lookback_days)
    return short_digest(array_bytes(language.evaluate(formula.tree, bars)[:, 0]))


def formula_lines(formula: FormulaFile) -> list[str]:
    """Return the body of ``formula(bars)``: one line a distinct sub-expression."""
    steps = language.plan(formula.tree)
    delivered = {step.label: step.days for step in steps}
    words = _words()
    lines = []
    for step in steps:
        if step.operands:
            arguments = [
                label if delivered[label] == days else f"tail({label}, {days})" for label, days in step.operands
            ]
            if kernel.OPERATOR_TABLE[step.name].across:
                arguments.append('bars["scored"]')
        else:
            feature = kernel.FEATURE_TABLE[step.name]
            reach = step.days + feature.days - 1
            arguments = [
                f'bars["{name}"]' if reach == formula.lookback_days else f'tail(bars["{name}"], {reach})'
                for name in feature.inputs
            ]
        call = f"{step.label} = {step.name}({', '.join(arguments)})"
        lines.append(f"    {call}  # {words[step.name]}, {step.days}日")
    lines.append(f"    return {steps[-1].label}")
    return lines


def render(formula: FormulaFile, settings: Settings) -> str:
    """Return the text of strategy.py. ConfigError for settings that have no meaning."""
    settings = settings.of(formula)
    steps = language.plan(formula.tree)
    switches = settings.switches
    wanted = {step.name for step in steps} | {"initialize", "tail"} | switches.called
    sections = closure(wanted)
    parts = [_header(formula, settings), _settings(formula, settings)]
    for title, items in sections:
        if title == "调仓":
            words = f'    """返回最后一日的分数 {formula.expression}；bars 为输入名 → (股票, 日)。"""'
            parts.append(_section("公式", ["\n".join(["def formula(bars):", words, *formula_lines(formula)])]))
        texts = [_plain(item) for item in items]
        if title == "调仓":
            texts = rewritten(texts, switches)
        parts.append(_section(title, texts))
        if title == "中性化":
            parts.append(_section("剔除的暴露", [exposure_table(switches.neutral)]))
    return "\n\n\n".join(parts) + "\n"


def _words() -> dict[str, str]:
    words = {feature.name: feature.words for feature in kernel.FEATURES}
    words.update((operator.name, operator.words) for operator in kernel.OPERATORS)
    return words


def _plain(item: Definition) -> str:
    return item.text.replace("  # noqa: BLE001 - whatever", "  # whatever")


def _section(title: str, texts: list[str]) -> str:
    body = texts[0]
    for before, text in pairwise(texts):
        constants = not any(part.startswith(("def ", "@")) for part in (before, text))
        body += ("\n" if constants else "\n\n\n") + text
    return f"{RULE}\n# {title}\n{RULE}\n\n{body}"


def _header(formula: FormulaFile, settings: Settings) -> str:
    used = sorted({step.name for step in language.plan(formula.tree)})
    words = _words()
    more = "".join(f"{line}\n" for line in header_lines(settings.switches))
    meaning = "\n".join(f"    {name:<10} {words[name]}" for name in used)
    return f'''# -*- coding: utf-8 -*-
"""公式因子选股 · 由 jqalpha {__version__} 导出，可整份粘贴到聚宽策略编辑器

公式    {formula.expression}
{meaning}

每月第一个交易日开盘，用前一交易日的分数在 {settings.pool_index} 当日成分股中选前 {settings.top_k} 名，等权持有。
分数只取决于最近 {formula.lookback_days} 个交易日的不复权行情与累计复权因子，没有全历史统计，不看未来。
{more}"""

import hashlib
import struct
from collections import namedtuple

from jqdata import *

import numpy as np'''


def _settings(formula: FormulaFile, settings: Settings) -> str:
    more = "".join(f"\n{line}" for line in setting_lines(settings.switches))
    return f'''{RULE}
# 设置
{RULE}

POOL_INDEX = "{settings.pool_index}"
BENCHMARK = "{settings.benchmark}"
TOP_K = {settings.top_k}
# 同分先后：held 已持有者在前，money 信号日成交额大者在前，code 代码小者在前（总是最后一键）
RANK_KEYS = {settings.rank_keys}{more}

# 公式：原始与修复后的 token 都保留，只执行修复后的；改动公式请重新导出，否则自检不一致、不会调仓
EXPRESSION = "{formula.expression}"
SOURCE = "{settings.source}"
VOCABULARY = "{formula.vocabulary}"
TOKEN_MODE = "{formula.token_mode}"
TOKENS_RAW = {list(formula.tokens_raw)}
TOKENS_REPAIRED = {list(formula.tokens_repaired)}
INPUTS = {formula.inputs}
LOOKBACK_DAYS = {formula.lookback_days}
SELF_CHECK = "{self_check_digest(formula)}"'''
