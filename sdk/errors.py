"""The one tree of errors a user can meet.

A message says what was wrong, where it was found, what was received, the nearest valid choice and the next
step. The command line prints it as one line and exits with ``exit_code``; nothing that existed before is lost.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class JqalphaError(Exception):
    """Base of every error that is the input's fault, not the program's."""

    exit_code = 2


class MarketError(JqalphaError):
    """A bundle or an import file that cannot be believed."""


class FormulaError(JqalphaError):
    """A token list, a vocabulary or a formula file that has no meaning."""


class ConfigError(JqalphaError):
    """A configuration key or value outside its range."""


class ExportError(JqalphaError):
    """An export that could not be written or verified."""


class StrategyError(JqalphaError):
    """A strategy that cannot be compiled, or that raised while it ran."""


class UnsupportedCall(StrategyError):
    """A platform call that the emulator does not offer; names the call and what to use instead."""


class UnsupportedName(UnsupportedCall, AttributeError):
    """The same for an attribute (``finance.STK_LIST``): ``hasattr`` of it is False."""


class ParityError(JqalphaError):
    """A platform or local file that cannot be read."""


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest of ``choices``, or an empty string."""
    found = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.5)
    return f"; did you mean {found[0]!r}?" if found else ""
