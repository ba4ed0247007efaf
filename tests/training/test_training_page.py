"""docs/training.md is what the tables of settings and gates say, and names every setting."""

from __future__ import annotations

from sdk.training.gates import GATES
from sdk.training.settings import AllSettings
from sdk.training.settings_page import GROUPS, PAGE, training_page


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == training_page(), "run: python -m sdk.training.settings_page"


def test_every_setting_and_every_gate_is_on_the_page() -> None:
    page = training_page()
    assert [group for _, group in GROUPS] == list(AllSettings.__bases__)
    for name, field in AllSettings.model_fields.items():
        assert f"| `{name}` |" in page, name
        assert field.description, name
    for gate in GATES:
        assert f"| `{gate.name}` |" in page, gate.name
