"""formula.json: one formula with both token lists, its words, its reach, and where it came from.

The raw list is what the policy wrote, the repaired list is what is computed, shown, traded and exported. Both are
kept for ever. A loaded file is believed only if repairing its raw list gives its repaired list again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jq_strategy import formula as language
from jq_strategy.ranking import ordered_keys
from sdk import files
from sdk.errors import ConfigError, FormulaError, JqalphaError, nearest
from sdk.formula.token_lists import vocabulary_of_ids
from sdk.formula.trees import check_nesting
from sdk.scoring.neutral_choice import NeutralChoice, choice_of_training, listed_days_of_training
from sdk.scoring.ties import checked_keys

FORMAT = "jqalpha-formula-1"
TOP_K, POOL_INDEX = 10, "000300.XSHG"  # of a formula whose file does not say
_REQUIRED = ("vocabulary", "token_mode", "tokens_raw", "tokens_repaired", "expression", "lookback_days")
_KINDS = {
    "tokens": list,
    "tokens_raw": list,
    "tokens_repaired": list,
    "vocabulary": str,
    "token_mode": str,
    "training": dict,
}


@dataclass(frozen=True)
class FormulaFile:
    """A formula as it is stored; build it with ``from_tokens`` or ``load``."""

    vocabulary: str
    token_mode: str
    tokens_raw: tuple[int, ...]
    tokens_repaired: tuple[int, ...]
    expression: str
    lookback_days: int
    training: dict[str, Any] = field(default_factory=dict)
    format: str = FORMAT

    @property
    def tree(self) -> tuple:
        """The tree of the repaired tokens."""
        return language.parse(self.tokens_repaired, self.vocabulary, self.token_mode)

    @property
    def rank_keys(self) -> tuple[str, ...]:
        """The secondary keys that the formula was trained with, code last; code alone where the file names none."""
        return ordered_keys(self.training.get("rank_keys", ("code",)))

    @property
    def neutral(self) -> NeutralChoice:
        """What was taken out of the scores in training; nothing where the file does not say."""
        return choice_of_training(self.training)

    @property
    def min_listed_days(self) -> int:
        """How many trading days a stock had to be listed in training; 0 where the file does not say."""
        return listed_days_of_training(self.training)

    @property
    def top_k(self) -> int:
        """How many stocks the formula was trained to hold; 10 where the file does not say."""
        return _top_k_of(self.training)

    @property
    def pool_index(self) -> str:
        """The index whose members the formula was trained on; 000300.XSHG where the file does not say."""
        return _pool_index_of(self.training)

    @property
    def inputs(self) -> list[str]:
        """The names of the bars that the formula reads."""
        return language.inputs_of(self.tree)


def from_tokens(
    tokens: list[int] | tuple[int, ...],
    vocabulary: str,
    token_mode: str = "postfix",
    training: dict[str, Any] | None = None,
) -> FormulaFile:
    """Repair a raw token list and describe the result. Raises FormulaError naming what is wrong and where.

    An empty list, an unknown id, and a formula nested deeper than any walk of it could bear are refused.
    """
    if not tokens:
        raise FormulaError("the token list is empty: a formula needs at least one token, e.g. [0] for RET")
    try:
        report = language.repair(tokens, vocabulary, token_mode)
        tree = check_nesting(language.parse(report.repaired, vocabulary, token_mode))
    except language.FormulaProblem as problem:
        raise FormulaError(str(problem)) from problem
    return FormulaFile(
        vocabulary=vocabulary,
        token_mode=token_mode,
        tokens_raw=report.raw,
        tokens_repaired=report.repaired,
        expression=language.expression(tree),
        lookback_days=language.lookback_days(tree),
        training=dict(training or {}),
    )


def save(formula: FormulaFile, path: Path) -> None:
    """Write formula.json atomically."""
    files.write_text(path, files.to_json(asdict(formula)))


def load(path: Path, vocabulary: str | None = None, token_mode: str = "postfix") -> FormulaFile:
    """Read formula.json, or an older file: a bare list of ids or ``{"tokens": [...]}``.

    A directory, of a training run or an export, stands for its formula.json.

    An older file gets the vocabulary that is named, or else the only reading of its ids (``vocabulary_of_ids``).
    Raises FormulaError for text that is not JSON, missing or unknown keys, unknown tokens, an empty list, an older
    file whose vocabulary is not certain, and a file that contradicts itself or what was asked for.
    """
    path = path / "formula.json" if path.is_dir() else path
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as problem:
        raise FormulaError(f"{path}: 读不到文件 · cannot be read: {problem.strerror}") from None
    except (ValueError, RecursionError) as problem:
        raise FormulaError(f"{path}: not JSON ({problem}); expected formula.json or a list of token ids") from None
    try:
        if isinstance(content, list):
            return _older({"tokens": content}, vocabulary, token_mode)
        if isinstance(content, dict) and "tokens" in content and "format" not in content:
            return _older(content, vocabulary, token_mode)
        return _checked(content, path, vocabulary)
    except FormulaError as problem:
        raise FormulaError(f"{path}: {problem}" if str(path) not in str(problem) else str(problem)) from None


def _older(content: dict[str, Any], vocabulary: str | None, token_mode: str) -> FormulaFile:
    _check_kinds(content)
    tokens = content["tokens"]
    _check_asked(content, "vocabulary", vocabulary)
    _check_asked(content, "token_mode", token_mode)
    vocabulary = vocabulary or content.get("vocabulary")
    if vocabulary is None and tokens:
        vocabulary = vocabulary_of_ids(tokens, token_mode)
    return from_tokens(tokens, vocabulary or next(iter(language.VOCABULARIES)), token_mode)


def _check_kinds(content: dict[str, Any]) -> None:
    for key, value in content.items():
        if key in _KINDS and not isinstance(value, _KINDS[key]):
            raise FormulaError(f"{key!r} must be a {_KINDS[key].__name__}, got {type(value).__name__}")


def _check_asked(content: dict[str, Any], key: str, asked: str | None) -> None:
    if asked is not None and content.get(key, asked) != asked:
        raise FormulaError(
            f"文件与选项矛盾 · the file says {key} {content[key]!r}, asked for was {asked!r}; "
            f"add --{key.replace('_', '-')} {content[key]} or correct the file"
        )


def _checked(content: Any, path: Path, vocabulary: str | None) -> FormulaFile:
    if not isinstance(content, dict):
        raise FormulaError(f"{path}: expected an object or a list, got {type(content).__name__}")
    if content.get("format") != FORMAT:
        raise FormulaError(f"{path}: format is {content.get('format')!r}, expected {FORMAT!r}")
    missing = [key for key in _REQUIRED if key not in content]
    if missing:
        raise FormulaError(f"{path}: key {missing[0]!r} is missing")
    allowed = (*_REQUIRED, "format", "training")
    for key in content:
        if key not in allowed:
            raise FormulaError(f"{path}: unknown key {key!r}{nearest(key, allowed)}")
    _check_kinds(content)
    _check_asked(content, "vocabulary", vocabulary)
    formula = from_tokens(
        content["tokens_raw"], content["vocabulary"], content["token_mode"], content.get("training")
    )
    _check_training(formula)
    for key in ("tokens_repaired", "expression", "lookback_days"):
        stored, computed = content[key], getattr(formula, key)
        if (tuple(stored) if isinstance(stored, list) else stored) != computed:
            raise FormulaError(
                f"{path}: {key} is {stored} but tokens_raw gives {list(computed) if key[0] == 't' else computed}; "
                "the file was edited by hand or made by another version: export it again"
            )
    return formula


def _check_training(formula: FormulaFile) -> None:
    choice_of_training(formula.training, FormulaError)
    listed_days_of_training(formula.training, FormulaError)
    _top_k_of(formula.training, FormulaError)
    _pool_index_of(formula.training, FormulaError)
    given = formula.training.get("rank_keys", [])
    if not isinstance(given, list) or not all(isinstance(key, str) for key in given):
        raise FormulaError(f"'rank_keys' must be a list of names, got {given!r}")
    checked_keys(given, "'rank_keys'", FormulaError)


def _top_k_of(training: Mapping[str, Any], error: type[JqalphaError] = ConfigError) -> int:
    number = training.get("top_k", TOP_K)
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise error(f"'top_k' must be a whole number of stocks, 1 or more, got {number!r}")
    return number


def _pool_index_of(training: Mapping[str, Any], error: type[JqalphaError] = ConfigError) -> str:
    """Return the index; ``error`` for anything but a code, since it becomes a line of the exported file."""
    index = training.get("pool_index", POOL_INDEX)
    if not isinstance(index, str) or not re.fullmatch(r"[0-9A-Za-z]+\.[A-Z]+", index, re.ASCII):
        raise error(f"'pool_index' must be the code of an index such as {POOL_INDEX}, got {index!r}")
    return index
