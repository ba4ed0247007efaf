"""The rule table: documented, checked, and every alternative is known to the engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdk.emulator.rules import RULES, RuleBook
from sdk.emulator.rules_page import PAGE, rules_page
from sdk.errors import ConfigError
from tests.conftest import ROOT


def test_the_page_is_the_table():
    assert PAGE == ROOT / "docs/emulator.md"
    assert PAGE.read_text(encoding="utf-8") == rules_page(), "run: python -m sdk.emulator.rules_page"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_is_read_by_the_engine_and_says_why(rule):
    engine = [
        path for path in Path(ROOT / "sdk/emulator").rglob("*.py") if path.name not in ("rules.py", "rules_page.py")
    ]
    text = "\n".join(path.read_text(encoding="utf-8") for path in engine)
    families = ("_price_rounding", "_clock")
    named = f'"{rule.name}"' in text or any(rule.name.endswith(end) and f"{end}" in text for end in families)
    assert named, f"no code reads {rule.name}"
    assert rule.evidence
    assert rule.value not in rule.alternatives


def test_names_and_values_are_checked():
    assert RuleBook({"dividend_tax": 0.1})["dividend_tax"] == "0.1"
    assert RuleBook()["dividend_tax"] == "0.2"
    with pytest.raises(ConfigError, match="did you mean 'dividend_tax'"):
        RuleBook({"dividend_tx": 0.1})
    for name, value in (("dividend_tax", "x"), ("before_open_clock", "9"), ("fund_default_cost", "0.1/0.2")):
        with pytest.raises(ConfigError, match="write it like"):
            RuleBook({name: value})
    assert RuleBook({"before_open_clock": "09:15", "fund_default_cost": "0/0/0/0"})["before_open_clock"] == "09:15"
    assert len({rule.name for rule in RULES}) == len(RULES)
