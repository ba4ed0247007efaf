"""One formula from whatever the user has: a file, a list of ids, a list of names, or an expression.

    formula.json, old.json     a file (sdk/formula/formula_file.py), or a directory with a formula.json
    19 0 18 7 · [19, 0, 18, 7] token ids, repaired if they have to be
    MOM20 RET TSUM20 SUB       names in token order, repaired if they have to be
    (MOM20 - TSUM20(RET))      an expression

A vocabulary that is not named is the only one, or the oldest of several that read the same formula.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from sdk.errors import FormulaError
from sdk.formula import infix
from sdk.formula.formula_file import FormulaFile, from_tokens, load
from sdk.formula.token_lists import (
    check_vocabulary,
    ids_of,
    to_names,
    to_tokens,
    vocabulary_of_ids,
    vocabulary_of_names,
)

_IDS = re.compile(r"[\s,\[\]]*-?\d[-\d.\s,\[\]]*")
_NAMES = re.compile(r"\s*[^\W\d]\w*(?:[\s,]+[^\W\d]\w*)+\s*")
_FILE = re.compile(r"\.[A-Za-z]\w*$|^[~./].*/")


@dataclass(frozen=True)
class Reading:
    """A formula that was read, and from what: ``file``, ``ids``, ``names`` or ``expression``."""

    formula: FormulaFile
    form: str
    vocabulary_named: bool


def read_formula(text: str, vocabulary: str | None = None, token_mode: str = "postfix") -> Reading:
    """Read a formula in any of its forms. Raises FormulaError naming the place, the value and the next step."""
    if vocabulary is not None:
        check_vocabulary(vocabulary)
    text = text.strip()
    named = vocabulary is not None
    if _FILE.search(text) or _is_place(text):
        return Reading(load(Path(text).expanduser(), vocabulary, token_mode), "file", named)
    if _IDS.fullmatch(text):
        ids = _ids(text)
        return Reading(from_tokens(ids, vocabulary or vocabulary_of_ids(ids, token_mode), token_mode), "ids", named)
    if _NAMES.fullmatch(text):
        words = re.split(r"[\s,]+", text)
        chosen = vocabulary or vocabulary_of_names(words)
        return Reading(from_tokens(ids_of(words, chosen), chosen, token_mode), "names", named)
    tree = infix.parse(text)
    chosen = vocabulary or vocabulary_of_names(to_names(tree))
    return Reading(from_tokens(to_tokens(tree, chosen, token_mode), chosen, token_mode), "expression", named)


def _is_place(text: str) -> bool:
    """Whether a text names a file or a directory with a formula; a text too long for a name is none."""
    try:
        place = Path(text).expanduser()
        return place.is_file() or (place / "formula.json").is_file()
    except (OSError, ValueError, RuntimeError):
        return False


def _ids(text: str) -> list[int]:
    bare = re.split(r"[\s,]+", text.strip(" ,"))
    listed = text if "[" in text or "]" in text else f"[{','.join(bare)}]"
    try:
        found = json.loads(listed)
    except (ValueError, RecursionError) as problem:
        raise FormulaError(f"不是 id 的列表 · not a list of ids: {problem}; write 19 0 18 7") from None
    for position, token in enumerate(found):
        if not isinstance(token, int):
            raise FormulaError(f"第 {position} 个 token · token {position} is {token!r}: ids are whole numbers")
    return found
