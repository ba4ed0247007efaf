"""What the platform does where its documentation is silent or contradicts itself: rules as data.

Each rule has one value in force, the alternatives the engine also knows, the evidence and how sure we are. The
engine reads the rules; nobody hard-codes one. ``run_backtest(rules={"name": "value"})`` and
``--rule name=value`` choose another value, and the run writes down what differs. ``docs/emulator.md`` is made
from these tables (``rules_page.py``).

How sure: ``observed`` = in real platform output; ``documented`` = the platform's text; ``inferred`` = follows
from one of the two; ``guess`` = a choice that still waits for evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sdk.emulator.rule import Rule
from sdk.emulator.rules_data import DATA_RULES
from sdk.emulator.rules_trading import TRADING_RULES
from sdk.errors import ConfigError, nearest

__all__ = ["RULES", "Rule", "RuleBook"]

RULES: tuple[Rule, ...] = (*TRADING_RULES, *DATA_RULES)
_TABLE: Mapping[str, Rule] = {rule.name: rule for rule in RULES}


class RuleBook(Mapping[str, str]):
    """The rules in force for one run: the table with a few values changed; ConfigError for what it lacks."""

    def __init__(self, changes: Mapping[str, object] | None = None) -> None:
        self.changes: dict[str, str] = {}
        for name, value in (changes or {}).items():
            self.changes[name] = _checked(name, str(value))

    def __getitem__(self, name: str) -> str:
        return self.changes[name] if name in self.changes else _TABLE[name].value

    def __iter__(self) -> Iterator[str]:
        return iter(_TABLE)

    def __len__(self) -> int:
        return len(_TABLE)


def _checked(name: str, value: str) -> str:
    rule = _TABLE.get(name)
    if rule is None:
        raise ConfigError(f"no rule {name!r}{nearest(name, _TABLE)} (docs/emulator.md lists them)")
    if rule.alternatives and value not in (rule.value, *rule.alternatives):
        raise ConfigError(f"rule {name}={value!r}: choose one of {' '.join((rule.value, *rule.alternatives))}")
    if not rule.alternatives and not _same_form(value, rule.value):
        raise ConfigError(f"rule {name}={value!r}: write it like {rule.value}")
    return value


_NUMBER = r"\d+(\.\d+)?"


def _same_form(value: str, example: str) -> bool:
    """True when ``value`` is a number, a clock time or a list of numbers like ``example``."""
    form = re.sub(_NUMBER, "#", example)
    return re.fullmatch(re.escape(form).replace(re.escape("#"), _NUMBER), value) is not None
