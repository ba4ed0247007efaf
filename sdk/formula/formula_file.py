"""formula.json: one formula with both token lists, its words, its reach, and where it came from.

The raw list is what the policy wrote, the repaired list is what is computed, shown, traded and exported. Both are
kept for ever. A loaded file is believed only if repairing its raw list gives its repaired list again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jq_strategy import formula as language
from sdk import files
from sdk.errors import FormulaError, nearest

FORMAT = "jqalpha-formula-1"
_REQUIRED = ("vocabulary", "token_mode", "tokens_raw", "tokens_repaired", "expression", "lookback_days")


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
    def inputs(self) -> list[str]:
        """The names of the bars that the formula reads."""
        return language.inputs_of(self.tree)


def from_tokens(
    tokens: list[int] | tuple[int, ...],
    vocabulary: str,
    token_mode: str = "postfix",
    training: dict[str, Any] | None = None,
) -> FormulaFile:
    """Repair a raw token list and describe the result. Raises FormulaError naming what is wrong and where."""
    if not tokens:
        raise FormulaError("the token list is empty: a formula needs at least one token, e.g. [0] for RET")
    try:
        report = language.repair(tokens, vocabulary, token_mode)
        tree = language.parse(report.repaired, vocabulary, token_mode)
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
    """Read formula.json, or an older file: a bare list of ids or ``{"tokens": [...]}`` with a vocabulary named.

    Raises FormulaError for text that is not JSON, missing or unknown keys, unknown tokens, an empty list, an older
    file without a vocabulary, and a file whose parts contradict each other.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise FormulaError(f"{path}: no such file") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as problem:
        raise FormulaError(f"{path}: not JSON ({problem}); expected formula.json or a list of token ids") from None
    older = content if isinstance(content, list) else content.get("tokens") if isinstance(content, dict) else None
    try:
        if older is not None:
            return _older(older, path, vocabulary, token_mode)
        return _checked(content, path)
    except FormulaError as problem:
        raise FormulaError(f"{path}: {problem}" if str(path) not in str(problem) else str(problem)) from None


def _older(tokens: Any, path: Path, vocabulary: str | None, token_mode: str) -> FormulaFile:
    if vocabulary is None:
        known = ", ".join(language.VOCABULARIES)
        raise FormulaError(f"{path}: an older formula file does not say its vocabulary; add --vocabulary ({known})")
    if not isinstance(tokens, list):
        raise FormulaError(f"{path}: 'tokens' must be a list of ids, got {type(tokens).__name__}")
    return from_tokens(tokens, vocabulary, token_mode)


def _checked(content: Any, path: Path) -> FormulaFile:
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
    formula = from_tokens(
        content["tokens_raw"], content["vocabulary"], content["token_mode"], content.get("training")
    )
    for key in ("tokens_repaired", "expression", "lookback_days"):
        stored, computed = content[key], getattr(formula, key)
        if (tuple(stored) if isinstance(stored, list) else stored) != computed:
            raise FormulaError(
                f"{path}: {key} is {stored} but tokens_raw gives {list(computed) if key[0] == 't' else computed}; "
                "the file was edited by hand or made by another version: export it again"
            )
    return formula
