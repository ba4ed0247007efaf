"""docs/formula.md is the tables of the code, and its examples are true."""

from __future__ import annotations

from jq_strategy import formula as language
from sdk.formula.forms import forms
from sdk.formula.infix import parse
from sdk.formula.language_page import PAGE, language_page
from sdk.formula.rewrites import REWRITES


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == language_page(), "run: python -m sdk.formula.language_page"


def test_the_page_names_every_word_rule_and_rewrite() -> None:
    page = language_page()
    words = {name for names in language.VOCABULARIES.values() for name in names}
    for name in (*words, *language.REPAIR_RULES, *(row.name for row in REWRITES)):
        assert f"`{name}`" in page


def test_the_forms_on_the_page_are_the_forms() -> None:
    page = language_page()
    for text in forms(parse("(MOM20 - TSUM20(RET))"), "v2").values():
        assert f"`{text}`" in page


def test_the_names_of_the_rewrites_are_their_own() -> None:
    names = [row.name for row in REWRITES]
    assert len(set(names)) == len(names)
