"""Reading the printed expression language: ``(MOM20 - TSUM20(RET))`` -> tree.

    expression = operand {symbol operand}        symbols + - * / as the kernel's tables define them
    operand    = (symbol) operand                a leading minus: NEG
               | NAME                            a feature; PRESS, VOL, LIQ are read as their long names
               | NAME "(" expression {"," expression} ")"
               | "(" expression ")"

What is printed is always fully bracketed. Without brackets * and / bind tighter than + and -, and equal symbols are
taken from the left, because x + y + z is a different number of roundings from x + (y + z).

Every name and symbol comes from the kernel's tables: a new operator is readable on the day it is defined. The
parser keeps its own stack; nothing in the text can exhaust Python's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from jq_strategy import formula as language
from jq_strategy import kernel
from sdk.errors import FormulaError, nearest
from sdk.formula.trees import MAX_NESTING, Tree, check_nesting

BINDING = {"+": 1, "-": 1, "*": 2, "/": 2}
MAX_OPEN = 2 * MAX_NESTING  # (-a) opens two at a level
TIGHTEST = 9  # a leading sign, and any symbol that has no place in BINDING
_WORD = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True)
class Word:
    """One name, symbol, bracket or comma of the text, and the column it starts in (from 1)."""

    text: str
    column: int


@dataclass(frozen=True)
class _Pending:
    """An operator or an open bracket that still waits for operands; ``name`` is None for a plain bracket."""

    name: str | None
    binding: int
    column: int
    opened_at: int  # how many values were there before it


def parse(text: str, variables: frozenset[str] = frozenset()) -> Tree:
    """Return the tree of an expression; ``variables`` are extra names allowed in place of features.

    Raises FormulaError naming the column, what stands there, the nearest valid name and what to write instead.
    """
    words = _words(text)
    if not words:
        raise FormulaError("表达式为空 · the expression is empty; write e.g. (MOM20 - TSUM20(RET))")
    return check_nesting(_Reader(text, words, variables).read())


def symbols() -> dict[tuple[str, int], str]:
    """Return the operator's name by (symbol, arity)."""
    return {(entry.symbol, entry.arity): entry.name for entry in kernel.OPERATORS if entry.symbol}


def _words(text: str) -> list[Word]:
    marks = sorted({symbol for symbol, _ in symbols()} | {"(", ")", ","}, key=lambda mark: (-len(mark), mark))
    words, place = [], 0
    while place < len(text):
        found = _WORD.match(text, place)
        mark = found.group() if found else next((m for m in marks if text.startswith(m, place)), None)
        if mark:
            words.append(Word(mark, place + 1))
            place += len(mark)
        elif text[place].isspace():
            place += 1
        else:
            raise _problem(text, place + 1, f"{text[place]!r} is not part of the language", " ".join(marks))
    return words


def _problem(text: str, column: int, what: str, expected: str = "") -> FormulaError:
    shown = text if len(text) <= 60 else f"…{text[max(column - 30, 0) : column + 30]}…"
    wanted = f"; expected {expected}" if expected else ""
    return FormulaError(f"第 {column} 列 · column {column} of {shown!r}: {what}{wanted}")


class _Reader:
    """One pass over the words with two stacks: finished values, and what waits for more of them."""

    def __init__(self, text: str, words: list[Word], variables: frozenset[str]) -> None:
        self.text, self.words, self.variables = text, words, variables
        self.values: list[Tree] = []
        self.waiting: list[_Pending] = []
        self.symbols = symbols()

    def read(self) -> Tree:
        expects_operand, place = True, 0
        while place < len(self.words):
            word = self.words[place]
            calls = place + 1 < len(self.words) and self.words[place + 1].text == "("
            if expects_operand:
                expects_operand = self._operand(word, calls)
                place += 2 if calls and word.text != "(" and _WORD.match(word.text) else 1
            else:
                expects_operand = self._after_operand(word)
                place += 1
            if len(self.waiting) > MAX_OPEN:
                raise self._at(word, f"more than {MAX_OPEN} brackets and signs are open; nest at most {MAX_NESTING}")
        if expects_operand:
            raise _problem(self.text, len(self.text) + 1, "the text ends", "a feature, NAME(...) or (")
        self._reduce(0)
        if self.waiting:
            column = self.waiting[-1].column
            raise _problem(self.text, len(self.text) + 1, f"the bracket of column {column} is never closed", "')'")
        return self.values[0]

    def _at(self, word: Word, what: str, expected: str = "") -> FormulaError:
        return _problem(self.text, word.column, what, expected)

    def _operand(self, word: Word, calls: bool) -> bool:
        """Take the first word of an operand; return whether an operand is still expected."""
        if word.text == "(":
            self.waiting.append(_Pending(None, 0, word.column, len(self.values)))
            return True
        if (word.text, 1) in self.symbols:
            name = self.symbols[word.text, 1]
            self.waiting.append(_Pending(name, TIGHTEST, word.column, len(self.values)))
            return True
        if not _WORD.match(word.text):
            raise self._at(word, f"found {word.text!r}", "a feature, NAME(...) or (")
        name = language.SHORT_NAMES.get(word.text, word.text)
        if name in kernel.OPERATOR_TABLE:
            if not calls:
                wanted = ", ".join("xyzuvw"[: kernel.OPERATOR_TABLE[name].arity])
                raise self._at(word, f"{name} is an operator and needs its operands", f"{name}({wanted})")
            self.waiting.append(_Pending(name, 0, word.column, len(self.values)))
            return True
        if name not in kernel.FEATURE_TABLE and name not in self.variables:
            known = [*kernel.FEATURE_TABLE, *kernel.OPERATOR_TABLE, *language.SHORT_NAMES]
            guess = nearest(word.text.upper(), known) or f"; features are {', '.join(kernel.FEATURE_TABLE)}"
            raise self._at(word, f"unknown name {word.text!r}{guess}")
        if calls:
            raise self._at(word, f"{name} is a feature and takes no operands", f"{name} alone")
        self.values.append((name,))
        return False

    def _after_operand(self, word: Word) -> bool:
        """Take the word behind a finished operand; return whether an operand is expected next."""
        if (word.text, 2) in self.symbols:
            binding = BINDING.get(word.text, TIGHTEST - 1)
            self._reduce(binding)
            self.waiting.append(_Pending(self.symbols[word.text, 2], binding, word.column, len(self.values) - 1))
            return True
        if word.text not in (",", ")"):
            raise self._at(word, f"found {word.text!r} behind a finished operand", "+ - * / , or )")
        self._reduce(0)
        if not self.waiting:
            raise self._at(word, f"found {word.text!r} and no bracket is open", "the end of the text")
        bracket = self.waiting[-1]
        if word.text == ",":
            if bracket.name is None:
                raise self._at(word, "a comma stands in a plain bracket", "NAME(a, b) or ')'")
            return True
        self.waiting.pop()
        if bracket.name is not None:
            self._close(word, bracket)
        return False

    def _close(self, word: Word, call: _Pending) -> None:
        given = len(self.values) - call.opened_at
        arity = language.arity_of(str(call.name))
        if given != arity:
            raise self._at(word, f"{call.name} of column {call.column} takes {arity} operands, got {given}")
        self._build(call, arity)

    def _reduce(self, binding: int) -> None:
        """Build what waits with at least this binding; brackets (binding 0) stay."""
        while self.waiting and self.waiting[-1].binding >= max(binding, 1):
            pending = self.waiting.pop()
            self._build(pending, len(self.values) - pending.opened_at)

    def _build(self, pending: _Pending, arity: int) -> None:
        operands = self.values[len(self.values) - arity :]
        del self.values[len(self.values) - arity :]
        self.values.append((pending.name, *operands))
